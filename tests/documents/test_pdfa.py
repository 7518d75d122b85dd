"""Every document of the gallery is what it says it is: PDF/A-3a for archives, PDF/UA-1 for screen readers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from reportlab.pdfgen.canvas import Canvas

from tests.documents.gallery import NAMED
from tests.support.verapdf import ACCESSIBLE, ARCHIVE, NotValidated, refused, validate

pytestmark = pytest.mark.xdist_group("verapdf")


def drawn(folder: Path, documents: dict[str, Callable[[], bytes]]) -> list[Path]:
    files = []
    for name, render in documents.items():
        files.append(folder / f"{name}.pdf")
        files[-1].write_bytes(render())
    return files


def plain(folder: Path) -> Path:
    """What ReportLab makes on its own: no tags, no language, a font that is not embedded."""
    file = folder / "plain.pdf"
    canvas = Canvas(str(file))
    canvas.drawString(100, 700, "An invoice for nobody")
    canvas.save()
    return file


def test_all_documents_are_for_archives_and_for_screen_readers(tmp_path: Path) -> None:
    files = drawn(tmp_path, NAMED)
    assert files
    assert "\n".join(refused(files)) == ""


def test_a_plain_page_is_neither(tmp_path: Path) -> None:
    archive, accessible = validate([plain(tmp_path)])
    assert (archive.flavour, accessible.flavour) == (ARCHIVE, ACCESSIBLE)
    assert not archive.passed and any("embedded" in rule for rule in archive.broken)
    assert not accessible.passed and any("tagged" in rule for rule in accessible.broken)
    assert len(refused([plain(tmp_path)])) == 2


def test_a_document_that_lost_its_metadata_is_refused(tmp_path: Path) -> None:
    name, render = next(iter(NAMED.items()))
    broken = (
        render().replace(b"<pdfaid:part>3", b"<pdfaid:part>7").replace(b'pdfaid:part="3"', b'pdfaid:part="7"')
    )
    assert broken != render()
    file = tmp_path / f"{name}.pdf"
    file.write_bytes(broken)
    assert [text.splitlines()[0] for text in refused([file], [ARCHIVE])] == [f"{name}.pdf is no PDF/3a:"]


def test_what_cannot_be_read_is_refused_and_stops_no_other(tmp_path: Path) -> None:
    torn = tmp_path / "torn.pdf"
    torn.write_bytes(plain(tmp_path).read_bytes()[:700])
    assert [answer.passed for answer in validate([torn, plain(tmp_path)])] == [False] * 4


def test_no_answer_is_no_yes(tmp_path: Path) -> None:
    with pytest.raises(NotValidated):
        validate([tmp_path / "with\na line break.pdf"])
