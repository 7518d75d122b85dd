"""Every document of the gallery is what it says it is: PDF/A-3a for archives, PDF/UA-1 for screen readers.

One run of veraPDF looks at all of them, and at some that it must refuse.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from reportlab.pdfgen.canvas import Canvas

from tests.documents.gallery import NAMED
from tests.support.verapdf import ACCESSIBLE, ARCHIVE, Answer, NotValidated, validate

pytestmark = pytest.mark.xdist_group("verapdf")


def plain(folder: Path) -> bytes:
    """What ReportLab makes on its own: no tags, no language, a font that is not embedded."""
    file = folder / "canvas.pdf"
    canvas = Canvas(str(file))
    canvas.drawString(100, 700, "An invoice for nobody")
    canvas.save()
    return file.read_bytes()


def mislabelled(pdf: bytes) -> bytes:
    changed = pdf.replace(b"<pdfaid:part>3<", b"<pdfaid:part>7<")
    assert changed != pdf
    return changed


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, str], Answer]:
    """By name and flavour."""
    folder = tmp_path_factory.mktemp("pdfa")
    good = {name: render() for name, render in NAMED.items()}
    bad = {"plain": plain(folder), "torn": plain(folder)[:700], "nothing": b""}
    bad["mislabelled"] = mislabelled(next(iter(good.values())))
    files = []
    for name, pdf in {**bad, **good}.items():
        files.append(folder / f"{name}.pdf")
        files[-1].write_bytes(pdf)
    return {(answer.file.stem, answer.flavour): answer for answer in validate(files)}


@pytest.mark.parametrize("flavour", [ARCHIVE, ACCESSIBLE])
def test_all_documents_are_for_archives_and_for_screen_readers(
    answers: dict[tuple[str, str], Answer], flavour: str
) -> None:
    assert [str(answers[name, flavour]) for name in NAMED if not answers[name, flavour].passed] == []
    assert all(answers[name, flavour].checks > 100 for name in NAMED)


def test_a_plain_page_is_neither(answers: dict[tuple[str, str], Answer]) -> None:
    archive, accessible = answers["plain", ARCHIVE], answers["plain", ACCESSIBLE]
    assert not archive.passed and any("embedded" in rule for rule in archive.broken)
    assert not accessible.passed and any("tagged" in rule for rule in accessible.broken)


def test_a_document_that_says_it_is_something_else_is_refused(answers: dict[tuple[str, str], Answer]) -> None:
    wrong = answers["mislabelled", ARCHIVE]
    assert not wrong.passed and any("part" in rule for rule in wrong.broken)
    assert answers["mislabelled", ACCESSIBLE].passed


@pytest.mark.parametrize("name", ["torn", "nothing"])
def test_what_cannot_be_read_is_refused_and_stops_no_other(
    answers: dict[tuple[str, str], Answer], name: str
) -> None:
    assert not answers[name, ARCHIVE].passed and not answers[name, ACCESSIBLE].passed


def test_no_answer_is_no_yes(tmp_path: Path) -> None:
    with pytest.raises(NotValidated):
        validate([tmp_path / "with\na line break.pdf"])
