"""`portal payments …`: the ERP's file. What reading any file has in common is tested with orders."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import peewee as pw
import pytest
from click.testing import Result

from tests.conftest import TestClock
from tests.mail.cast import person, subscription
from tests.support.kept import keep_invoice
from tests.support.orders import lines
from tests.support.papers import a_credit_note, an_invoice
from tests.support.remitted import RESEND, SAMPLE, a_payment, bad_lines
from webapp.assembly import Portal
from webapp.commands import intake_import, payments
from webapp.data.billing import OPEN, PAID, Invoice, Payment
from webapp.domain.intake.intake_reading import LONGEST
from webapp.domain.payments.payment_document import published_schema
from webapp.domain.payments.payments import take_payment

Run = Callable[..., Result]


@pytest.fixture
def run(type_in: Run) -> Run:
    return lambda *arguments: type_in("payments", *arguments)


@pytest.fixture(autouse=True)
def invoices(portal: Portal, clock: TestClock) -> None:
    """Those that the sample files are about."""
    for code, numbers in (("fr", (42, 43, 44)), ("jp", (42,))):
        with portal.at(portal.sites[code]):
            bought = subscription(person(now=clock.now), now=clock.now)
            for number in numbers:
                keep_invoice(bought, an_invoice(code, number=f"{code.upper()}-2026-0000{number}"))
            keep_invoice(bought, a_credit_note(code))


def counts(result: Result) -> dict[str, int]:
    report = json.loads(result.stdout)
    return {kind: report[kind] for kind in ("accepted", "known", "refused")}


def states(portal: Portal) -> list[str]:
    with portal.at(portal.sites["fr"]):
        return [
            one.state for one in Invoice.select().where(Invoice.kind == "invoice").order_by(Invoice.number)
        ]


def test_the_sample_files_are_taken_once(run: Run, write_lines: Callable[..., Path], portal: Portal) -> None:
    sample = write_lines(*lines(SAMPLE))
    first = run("import", sample, "--json")
    assert json.loads(first.stdout) == {"accepted": 6, "known": 0, "refused": 0, "refusals": []}
    assert first.exit_code == 0
    assert states(portal) == [PAID, PAID, OPEN]
    assert counts(run("import", sample, "--json")) == {"accepted": 0, "known": 6, "refused": 0}
    resent = run("import", write_lines(*lines(RESEND)), "--json")
    assert (counts(resent), resent.exit_code) == ({"accepted": 0, "known": 2, "refused": 0}, 0)
    assert states(portal) == [PAID, PAID, OPEN]


def test_the_good_lines_of_a_mixed_file_go_in_and_the_others_can_be_mended(
    run: Run, write_lines: Callable[..., Path], portal: Portal
) -> None:
    bad, good = list(bad_lines()), lines(SAMPLE)
    path = write_lines(*good[:2], *(line for _, line, _, _ in bad), *good[2:])
    result = run("import", path, "--json")
    assert (result.exit_code, counts(result)) == (1, {"accepted": 6, "known": 0, "refused": len(bad)})
    told = [(told["line"], told["code"], told["field"]) for told in json.loads(result.stdout)["refusals"]]
    assert told == [(3 + index, code, field) for index, (_, _, code, field) in enumerate(bad)]
    refused = path.with_name(path.name + ".refused.jsonl")
    assert refused.read_bytes() == b"".join(line + b"\n" for _, line, _, _ in bad)
    refused.write_bytes(a_payment(reference="mended", amount="1.00") + b"\n")
    assert counts(run("import", refused, "--json")) == {"accepted": 1, "known": 0, "refused": 0}


def test_the_summary_is_for_people(run: Run, write_lines: Callable[..., Path]) -> None:
    path = write_lines(a_payment(amount="800.00"), a_payment(reference="2", currency="CHF"))
    result = run("import", path)
    assert result.stdout.splitlines() == [
        "accepted 1, known 0, refused 1",
        "line 2: currency: the invoice is in EUR, the record says CHF (currency_not_of_invoice)",
    ]
    assert "More was paid than the invoice asks for: 1 × (line 1)" in result.stderr
    assert "lines.jsonl.refused.jsonl" in result.stderr


def test_a_line_that_is_too_long_is_refused_without_being_read(
    run: Run, write_lines: Callable[..., Path]
) -> None:
    result = run("import", write_lines(a_payment(reference="9" * (LONGEST + 1)), a_payment()), "--json")
    (told,) = json.loads(result.stdout)["refusals"]
    assert (told["line"], told["code"], told["field"]) == (1, "value_too_long", "reference")
    assert counts(result)["accepted"] == 1


def test_a_failing_database_stops_the_import_and_loses_nothing(
    run: Run, write_lines: Callable[..., Path], portal: Portal, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_lines(*(a_payment(reference=str(number), amount="1.00") for number in range(1, 5)))

    def fail_at_three(received: Any, **others: Any) -> Any:
        if received.document.reference == "3":
            raise pw.OperationalError("the disk is full")
        return take_payment(received, **others)

    monkeypatch.setattr(payments, "take_payment", fail_at_three)
    monkeypatch.setattr(intake_import, "PAUSES", (0.0,))
    result = run("import", path, "--json")
    assert result.exit_code == 2
    assert "line 3" in result.stderr
    assert counts(result) == {"accepted": 2, "known": 0, "refused": 0}
    monkeypatch.undo()
    assert counts(run("import", path, "--json")) == {"accepted": 2, "known": 2, "refused": 0}
    with portal.at(portal.sites["fr"]):
        assert (Payment.select().count(), Invoice.get(Invoice.number == "FR-2026-000042").paid) == (4, 400)


def test_the_schema_is_written(run: Run, tmp_path: Path) -> None:
    assert run("schema", tmp_path / "payment.schema.json").exit_code == 0
    assert (tmp_path / "payment.schema.json").read_text(encoding="utf-8") == published_schema()
