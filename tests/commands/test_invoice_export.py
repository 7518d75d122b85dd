"""`portal invoices export`: the archive of everything issued, complete and the same each time."""

from __future__ import annotations

import csv
import os
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from tests.conftest import TestClock
from tests.mail.cast import person, subscription
from tests.support.kept import keep_invoice
from tests.support.papers import a_credit_note, an_invoice
from webapp.assembly import Portal
from webapp.data.billing import CREDITED, DUE, Invoice
from webapp.data.documents import StoredDocument

NUMBERS = ["FR-2026-000042", "FR-2026-000043", "FR-CN-2026-000007"]


@pytest.fixture(autouse=True)
def issued(portal: Portal, clock: TestClock) -> None:
    """Two invoices of which one is credited, one of another site, and one that has no number yet."""
    with portal.at(portal.sites["fr"]):
        bought = subscription(person(now=clock.now), now=clock.now)
        first = keep_invoice(bought, an_invoice("fr", po_number="=1+1"), state=CREDITED)
        keep_invoice(bought, _of_december(an_invoice("fr")))
        keep_invoice(bought, a_credit_note("fr"), credits=first)
        unissued = dict.fromkeys(("number", "issued_on", "issued_at", "tax", "gross", "due_on"))
        values = {name: value for name, value in first.__data__.items() if name != "id"}
        Invoice.insert({**values, **unissued, "state": DUE, "content": "", "cause": "due"}).execute()
    with portal.at(portal.sites["ch"]):
        keep_invoice(subscription(person(now=clock.now), now=clock.now), an_invoice("ch"))


def _of_december(document: Any) -> Any:
    buyer = replace(document.buyer, name="Bâtiment, Fils & Cie")
    return replace(document, number="FR-2026-000043", issued_on=date(2026, 12, 1), buyer=buyer)


@pytest.fixture
def export(type_in: Callable[..., Result], tmp_path: Path) -> Callable[..., Result]:
    def run(*options: str, site: str = "fr", out: str = "out") -> Result:
        return type_in("invoices", "export", "--site", site, "--out", tmp_path / out, *options)

    return run


def index(folder: Path) -> list[dict[str, str]]:
    with (folder / "index.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_all_files_of_all_documents_are_written_and_listed(
    export: Callable[..., Result], portal: Portal, tmp_path: Path
) -> None:
    result = export()
    assert (result.exit_code, result.stdout) == (
        0,
        f"3 invoices and credit notes are in {tmp_path / 'out'}.\n",
    )
    found = contents(tmp_path / "out")
    names = {f"{number}{end}" for number in NUMBERS for end in (".pdf", "-cii.xml", "-ubl.xml")}
    assert set(found) == names | {"index.csv"}
    lines = index(tmp_path / "out")
    assert [line["number"] for line in lines] == NUMBERS
    for line in lines:
        for form in ("pdf", "cii", "ubl"):
            assert sha256(found[line[f"{form}_file"]]).hexdigest() == line[f"{form}_sha256"]
    with portal.at(portal.sites["fr"]):
        stored = {row.file_name: bytes(row.content) for row in StoredDocument.select()}
    assert {name: content for name, content in found.items() if name != "index.csv"} == stored


def test_the_index_says_what_an_accountant_looks_for(export: Callable[..., Result], tmp_path: Path) -> None:
    export()
    first, second, note = index(tmp_path / "out")
    told = {
        "kind": "invoice",
        "issued_on": "2026-11-22",
        "company": "Société Lyonnaise de Bâtiment SARL",
        "po_number": "'=1+1",  # no formula for a spreadsheet program
        "net": "590.00",
        "tax": "118.00",
        "gross": "708.00",
        "currency": "EUR",
        "state": "credited",
        "paid": "0.00",
        "due_on": "2026-12-22",
        "credits": "",
    }
    assert {name: first[name] for name in told} == told
    assert (second["company"], second["state"]) == ("Bâtiment, Fils & Cie", "open")
    assert (note["kind"], note["state"], note["credits"], note["due_on"]) == (
        "credit_note",
        "given",
        "FR-2026-000042",
        "",
    )


def test_a_second_run_changes_nothing_and_adds_what_is_missing(
    export: Callable[..., Result], tmp_path: Path
) -> None:
    export()
    folder = tmp_path / "out"
    before = contents(folder)
    for path in folder.iterdir():
        os.utime(path, (0, 0))
    (folder / "FR-2026-000042.pdf").unlink()
    (folder / "FR-2026-000043-ubl.xml").write_bytes(b"<half")
    assert export().exit_code == 0
    assert contents(folder) == before
    touched = {path.name for path in folder.iterdir() if path.stat().st_mtime > 0}
    assert touched == {"FR-2026-000042.pdf", "FR-2026-000043-ubl.xml"}


@pytest.mark.parametrize(
    ("options", "numbers"),
    [
        (("--from", "2026-11-23"), ["FR-2026-000043"]),
        (("--to", "2026-11-30"), ["FR-2026-000042", "FR-CN-2026-000007"]),
        (("--from", "2026-12-01", "--to", "2026-12-01"), ["FR-2026-000043"]),
        (("--from", "2027-01-01"), []),
    ],
)
def test_days_of_issue_are_included_from_the_first_to_the_last(
    export: Callable[..., Result], tmp_path: Path, options: tuple[str, ...], numbers: list[str]
) -> None:
    assert export(*options).exit_code == 0
    assert [line["number"] for line in index(tmp_path / "out")] == numbers


def test_where_no_e_invoice_is_understood_there_are_pdfs_alone(
    export: Callable[..., Result], tmp_path: Path
) -> None:
    export(site="ch")
    assert set(contents(tmp_path / "out")) == {"CH-2026-000042.pdf", "index.csv"}
    (line,) = index(tmp_path / "out")
    assert (line["cii_file"], line["ubl_sha256"]) == ("", "")


def test_an_altered_document_is_told_and_stops_no_other(
    export: Callable[..., Result], portal: Portal, tmp_path: Path
) -> None:
    export(out="first")
    with portal.at(portal.sites["fr"]):
        altered = StoredDocument.file_name == "FR-2026-000042.pdf"
        StoredDocument.update(content=b"%PDF-forged").where(altered).execute()
    result = export()
    assert result.exit_code == 1
    assert "pdf of invoice FR-2026-000042 was altered" in result.stderr
    assert [line["number"] for line in index(tmp_path / "out")] == NUMBERS[1:]
    assert "FR-2026-000042.pdf" not in contents(tmp_path / "out")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--from", "2026-12-02", "--to", "2026-12-01"), "before the first"),
        (("--from", "soon"), "soon"),
    ],
)
def test_days_that_can_not_be_meant_are_refused_in_words(
    export: Callable[..., Result], options: tuple[str, ...], words: str
) -> None:
    result = export(*options)
    assert result.exit_code != 0
    assert words in result.stderr
    assert "Traceback" not in result.stderr


def test_a_folder_that_can_not_be_made_is_told_in_words(
    export: Callable[..., Result], tmp_path: Path
) -> None:
    (tmp_path / "taken").write_text("")
    result = export(out="taken/out")
    assert result.exit_code == 1
    assert "can't be written" in result.stderr
    assert export(site="xx").exit_code == 1
