"""`portal invoices …`: what waits, deciding, issuing again, crediting."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import pytest
from click.testing import CliRunner, Result
from flask.cli import ScriptInfo

from tests.support.billed import active, address, an_issued, many_due
from webapp import create_app
from webapp.assembly import Portal
from webapp.commands import cli
from webapp.data.audit import AuditEvent
from webapp.data.billing import BillingDetails, Invoice
from webapp.domain import audit

Run = Callable[..., Result]
AUSTIN = address("US", city="Austin", region="TX", postal_code="78701")
VIENNA = address("AT", city="Wien", postal_code="1010")


@pytest.fixture
def run(portal: Portal) -> Run:
    app = create_app(portal)

    def run(*arguments: object) -> Result:
        info = ScriptInfo(create_app=lambda: app)
        return CliRunner().invoke(cli, ["invoices", *map(str, arguments)], obj=info)

    return run


@pytest.fixture
def waiting(portal: Portal, now: datetime) -> str:
    """The reference of an invoice in Texas."""
    with portal.at(portal.sites["us"]):
        return f"{active(portal, now=now, account=AUSTIN, unit_price='100').public_id}/2026-11-22"


def states(portal: Portal, code: str) -> list[str]:
    with portal.at(portal.sites[code]):
        return [one.state for one in Invoice.select().order_by(Invoice.id)]


def test_what_waits_is_listed_with_its_question(
    run: Run, waiting: str, portal: Portal, now: datetime
) -> None:
    with portal.at(portal.sites["fr"]):
        active(portal, now=now, account=VIENNA)
    result = run("waiting")
    assert result.exit_code == 0
    fr, question_fr, us, question_us = result.stdout.splitlines()
    assert fr.startswith("fr  SUB-FR-") and question_fr.startswith("    The customer in 1010 Wien AT")
    assert us == f"us  {waiting}  Builders  500.00 USD net"
    assert question_us.endswith("which one counts at 78701 Austin TX US?")
    assert result.stderr.startswith("2 waiting")
    assert run("waiting", "--site", "us").stdout.splitlines() == [us, question_us]


def test_nothing_waits(run: Run) -> None:
    result = run("waiting", "--site", "fr")
    assert (result.exit_code, result.stdout, result.stderr) == (0, "", "0 waiting\n")


def test_a_decision_issues_the_invoice(run: Run, waiting: str, portal: Portal) -> None:
    arguments = ("decide", "--site", "us", waiting, "--category", "S", "--rate", "8.25", "--reason", "Texas")
    result = run(*arguments)
    assert (result.exit_code, result.stdout) == (0, "Invoice INV-2026-000001 is issued: 541.25 USD.\n")
    assert states(portal, "us") == ["open"]
    with portal.at(portal.sites["us"]):
        event = AuditEvent.get(AuditEvent.action == audit.INVOICE_TAX_DECIDED)
        assert event.actor_kind == "operator"
    again = run(*arguments)
    assert (again.exit_code, "waits for a decision" in again.stderr) == (1, True)
    assert run("waiting").stdout == ""


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"--site": "xx"}, "There is no site “xx”"),
        ({"--category": "X"}, "“X” is not one of the categories"),
        ({"--rate": "much"}, "“much” is no rate"),
        ({"--category": "AE"}, "has the rate 0"),
        ({"--reason": " "}, "a reason has"),
        ({"REF": "SUB-US-1/2026-11-22"}, "No invoice SUB-US-1/2026-11-22 waits"),
    ],
)
def test_what_cannot_be_decided_is_said_in_words(
    run: Run, waiting: str, portal: Portal, changes: dict[str, str], words: str
) -> None:
    options = {"--site": "us", "--category": "S", "--rate": "8.25", "--reason": "Texas"} | changes
    reference = options.pop("REF", waiting)
    result = run("decide", reference, *(part for pair in options.items() for part in pair))
    assert result.exit_code == 1
    assert words in result.stderr
    assert "Traceback" not in result.stderr
    assert states(portal, "us") == ["waiting"]


def test_what_can_be_issued_by_now_is(run: Run, waiting: str, portal: Portal, now: datetime) -> None:
    with portal.at(portal.sites["fr"]):
        vienna = active(portal, now=now, account=VIENNA)
        where = {"name": "Builders", "line1": "1", "postal_code": "1010", "city": "Wien", "country": "AT"}
        by = vienna.administrator
        BillingDetails.create(
            account=vienna.account, **where, vat_id="ATU13585627", changed_by=by, changed_at=now
        )
        many_due(vienna, 2, now=now)
    assert states(portal, "fr") == ["waiting", "due", "due"]
    result = run("issue")
    assert (result.exit_code, result.stdout) == (0, "3 issued, 1 waiting\n")
    assert states(portal, "fr") == ["open"] * 3
    assert states(portal, "us") == ["waiting"]
    assert run("issue", "--site", "fr").stdout == "0 issued, 0 waiting\n"


def test_an_invoice_is_taken_back(run: Run, portal: Portal, now: datetime) -> None:
    with portal.at(portal.sites["fr"]):
        number = an_issued(portal, now=now).number
    arguments = ("credit", "--site", "fr", number, "--reason", "Adresse erronée")
    result = run(*arguments)
    assert result.stdout == "Credit note AV-2026-000001 takes back invoice FA-2026-000001.\n"
    assert states(portal, "fr") == ["credited", "given"]
    again = run(*arguments)
    assert (again.exit_code, "credited already" in again.stderr) == (1, True)
    assert run("credit", "--site", "fr", "AV-2026-000001", "--reason", "x").exit_code == 1
    unknown = run("credit", "--site", "fr", "FA-2026-000099", "--reason", "x")
    assert (unknown.exit_code, "no invoice FA-2026-000099" in unknown.stderr) == (1, True)
