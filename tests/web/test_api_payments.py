"""The API's payments: the manners of `portal payments import`."""

from __future__ import annotations

import pytest
from flask import Flask

from tests.support.cast import ALICE, Cast
from tests.support.remitted import a_payment, bad_lines
from tests.web.conftest import on_sqlite
from tests.web.shop import Shop, refusal
from webapp.assembly import Portal
from webapp.data.billing import PAID, Invoice, Payment


@pytest.fixture
def shop(app: Flask) -> Shop:
    return Shop(app)


@pytest.fixture
def number(cast: Cast) -> str:
    return cast.row(ALICE, "active").invoice


def test_a_payment_counts_once_and_is_answered_alike(shop: Shop, number: str, portal: Portal) -> None:
    payment = a_payment(invoice_number=number, amount="99999.00", note="x")
    first, again = shop.post("/payments", payment), shop.post("/payments", payment)
    assert (first.status_code, again.status_code, first.data) == (201, 200, again.data)
    told = first.get_json()
    assert (told["amount"], told["currency"], told["invoice_number"]) == ("99999.00", "EUR", number)
    assert [warning.partition(" ")[0] for warning in told["warnings"]] == ["More", "note:"]
    with portal.at(portal.sites["fr"]):
        invoice = Invoice.get(Invoice.number == number)
        assert (invoice.state, invoice.paid, Payment.select().count()) == (PAID, 9999900, 1)


@on_sqlite
def test_other_content_is_a_conflict(shop: Shop, number: str) -> None:
    shop.post("/payments", a_payment(invoice_number=number))
    told = shop.post("/payments", a_payment(invoice_number=number, amount="1.00"))
    assert refusal(told) == (409, "payment_reference_conflict", "reference")


@on_sqlite
def test_refusals_are_those_of_the_file(shop: Shop) -> None:
    wanted = [
        (name, line, code, field) for name, line, code, field in bad_lines() if code != "unknown_invoice"
    ]
    for name, line, code, field in wanted:
        status, told, where = refusal(shop.post("/payments", line))
        assert (status in (409, 422)) and (
            (told, where) == (code, field) or told in ("unknown_site", "unknown_invoice")
        ), name


@on_sqlite
def test_payments_of_another_site_are_taken_there_only(shop: Shop) -> None:
    assert refusal(shop.post("/payments", a_payment(site="de"))) == (422, "unknown_site", "site")
    assert refusal(shop.post("/payments", a_payment())) == (422, "unknown_invoice", "invoice_number")


@on_sqlite
def test_many_payments_at_once(shop: Shop, number: str) -> None:
    good = a_payment(invoice_number=number, amount="1.00")
    lines = shop.batch(
        "payments", good, b"nothing", good, a_payment(invoice_number=number, reference="2", amount="-1.00")
    )
    assert [line.get("status") for line in lines] == [201, 422, 200, 201, None]
    assert lines[-1] == {"done": {"accepted": 2, "known": 1, "refused": 1}}


@on_sqlite
def test_a_payment_with_a_key_is_carried_out_once(shop: Shop, number: str) -> None:
    key = {"Idempotency-Key": "p-1"}
    answers = [shop.post("/payments", a_payment(invoice_number=number), headers=key) for _time in range(2)]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[1].headers["Idempotency-Replayed"] == "true"
