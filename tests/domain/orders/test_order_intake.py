"""An order becomes a pending subscription: once, completely, at its site."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.orders import GOOD, RESEND, SAMPLE, an_order, bad_lines, lines
from tests.support.taking import counts_at, refusal, rows_at, take
from webapp.assembly import Portal
from webapp.data.accounts import Account, Membership, Person
from webapp.data.audit import AuditEvent
from webapp.data.outbox import OutboxMessage
from webapp.data.subscriptions import LAPSED, PENDING, SHELF_GONE, Order, Subscription
from webapp.domain.companies.vat_ids import vat_id_is_right
from webapp.domain.orders import order_intake
from webapp.domain.orders.order_document import read_order
from webapp.domain.orders.order_intake import WrongSite, take_order
from webapp.domain.orders.order_refusals import CODES, OrderRefused
from webapp.domain.orders.order_terms import check_terms, site_of

# ---- one order


def test_an_order_becomes_a_pending_subscription(portal: Portal, now: datetime) -> None:
    outcome = take(portal, an_order())
    assert outcome.kind == "accepted"
    with portal.at(portal.sites["fr"]):
        found = Subscription.get()
        assert found.public_id == "SUB-FR-200001"
        assert (found.status, found.shelf) == (PENDING, "pending")
        assert (found.quantity, found.unit_price, found.currency) == (3, 59_000, "EUR")
        assert (found.commitment, found.billing_period) == ("annual", "annual")
        assert found.po_number == "BC 2026-113"
        assert found.activate_before == datetime(
            2027, 2, 18, 23, 0, tzinfo=UTC
        )  # midnight of 19 February in Paris
        assert found.administrator.email == "alice@example.com"
        assert found.account.name == "Exemple Construction SAS"
        assert Membership.get().person == found.administrator
        for word in ("profis", "sub-fr-200001", "bc 2026-113", "0700000001"):
            assert word in found.search_key
        assert found.order.document == an_order().decode()
        assert found.order.received_at == now


def test_the_administrator_is_mailed_and_the_shop_is_on_record(portal: Portal) -> None:
    take(portal, an_order())
    with portal.at(portal.sites["fr"]):
        mail, event = OutboxMessage.get(), AuditEvent.get()
        assert (mail.kind, mail.to_email, mail.language) == ("activation", "alice@example.com", "fr")
        assert "/activate/0700000001" in mail.text
        assert (event.action, event.actor_kind) == ("order.accepted", "shop")
        assert json.loads(event.details)["order_number"] == "0700000001"


def test_a_language_is_the_sites_own(portal: Portal) -> None:
    swiss = {"site": "ch", "currency": "CHF", "language": "de"}
    assert take(portal, an_order(swiss)).subscription.language == "de_CH"


def test_numbers_run_per_site(portal: Portal) -> None:
    french = [take(portal, an_order(order_number=f"F{number}")).subscription.public_id for number in range(3)]
    german = take(portal, an_order(site="de", language="de")).subscription.public_id
    assert french == ["SUB-FR-200001", "SUB-FR-200002", "SUB-FR-200003"]
    assert german == "SUB-DE-200001"


def test_the_same_person_is_found_again_whatever_the_case(portal: Portal) -> None:
    take(portal, an_order())
    take(
        portal,
        an_order({"order_number": "2", "purchaser.email": "ALICE@EXAMPLE.COM", "purchaser.name": "A. E."}),
    )
    with portal.at(portal.sites["fr"]):
        person = Person.get()
        assert (person.email, person.name) == ("alice@example.com", "Alice Exemple")
        assert Subscription.select().where(Subscription.administrator == person).count() == 2
        assert Membership.select().count() == 1


def test_the_same_address_at_two_sites_is_two_persons(portal: Portal) -> None:
    take(portal, an_order())
    take(portal, an_order(site="de", language="de"))
    for code in ("fr", "de"):
        assert counts_at(portal, code)["Person"] == 1


def test_the_latest_order_updates_the_company_and_says_so(portal: Portal) -> None:
    take(portal, an_order())
    take(portal, an_order({"order_number": "2", "account.address.city": "Paris", "account.vat_id": None}))
    with portal.at(portal.sites["fr"]):
        account = Account.get()
        assert (account.city, account.vat_id) == ("Paris", "FR40303265045")
        details = json.loads(AuditEvent.select().order_by(AuditEvent.id.desc()).get().details)
        assert details["account_changes"] == {"city": ["Lyon", "Paris"]}


def test_an_order_that_comes_too_late_does_not_update_the_company(portal: Portal) -> None:
    take(portal, an_order())
    take(
        portal,
        an_order({"order_number": "2", "account.name": "Old SAS", "ordered_at": "2024-01-01T00:00:00Z"}),
    )
    with portal.at(portal.sites["fr"]):
        assert Account.get().name == "Exemple Construction SAS"


@pytest.mark.parametrize(
    ("ordered_at", "kind"),
    [("2026-08-24T00:00:00+02:00", "accepted"), ("2026-08-23T23:59:59+02:00", "lapsed")],
)
def test_day_90_is_in_time_and_day_91_is_not(portal: Portal, ordered_at: str, kind: str) -> None:
    assert take(portal, an_order(ordered_at=ordered_at)).kind == kind


def test_a_lapsed_order_is_kept_and_nobody_is_mailed(portal: Portal) -> None:
    outcome = take(portal, an_order(ordered_at="2026-01-01T00:00:00Z"))
    assert outcome.kind == "lapsed"
    assert (outcome.subscription.status, outcome.subscription.shelf) == (LAPSED, SHELF_GONE)
    counts = counts_at(portal)
    assert (counts["Subscription"], counts["OutboxMessage"]) == (1, 0)


def test_clocks_may_differ_a_little(portal: Portal, now: datetime) -> None:
    soon, later = now + timedelta(minutes=5), now + timedelta(minutes=5, seconds=1)
    assert refusal(portal, an_order(ordered_at=later.isoformat())) == ("date_in_future", "ordered_at")
    assert take(portal, an_order(ordered_at=soon.isoformat())).kind == "accepted"


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        (
            {"site": "jp", "language": "ja", "currency": "JPY", "unit_price": "590.00"},
            "invalid_price",
            "unit_price",
        ),
        ({"unit_price": "590.001"}, "invalid_price", "unit_price"),
        ({"currency": "XQX"}, "unknown_currency", "currency"),
        ({"currency": "CHF"}, "currency_not_of_site", "currency"),
        ({"site": "zz"}, "unknown_site", "site"),
        ({"language": "de"}, "language_not_on_site", "language"),
        ({"term": "monthly", "billing_period": "annual"}, "invalid_term", "billing_period"),
    ],
)
def test_what_the_site_does_not_know_is_refused(portal: Portal, changes: Any, code: str, field: str) -> None:
    assert refusal(portal, an_order(changes)) == (code, field)


def test_prices_have_the_decimals_of_their_currency(portal: Portal) -> None:
    japanese = {"site": "jp", "language": "ja", "currency": "JPY", "unit_price": "88500"}
    assert take(portal, an_order(japanese)).subscription.unit_price == 88_500
    assert take(portal, an_order(unit_price="590.5")).subscription.unit_price == 59_050


def test_a_year_may_be_billed_by_the_month(portal: Portal) -> None:
    found = take(portal, an_order(billing_period="monthly")).subscription
    assert (found.commitment, found.billing_period) == ("annual", "monthly")


def test_a_wrong_vat_id_and_unknown_fields_are_warnings(portal: Portal) -> None:
    changes = {"account.vat_id": "FRXX999999999", "cost_center": 7, "account.address.floor": "3"}
    outcome = take(portal, an_order(changes))
    assert [warning.field for warning in outcome.warnings] == [
        "account.vat_id",
        "cost_center",
        "account.address.floor",
    ]
    with portal.at(portal.sites["fr"]):
        order = Order.get()
        assert order.warnings.count("\n") == 2
        assert json.loads(order.document)["cost_center"] == 7


@pytest.mark.parametrize(
    ("vat_id", "country", "right"),
    [
        ("FR40303265045", "FR", True),
        ("FR 40 303 265 045", "FR", True),
        ("FR40303265046", "FR", False),
        ("IE6433435F", "FR", True),
        ("CHE-100.155.212", "CH", True),
        ("CHE-100.155.212 MWST", "CH", True),
        ("CHE-100.155.213", "CH", False),
        ("EL094259216", "GR", True),
        ("999999999999999", "AE", True),
        ("Übung", "DE", False),
    ],
)
def test_vat_ids_are_checked_where_their_form_is_known(vat_id: str, country: str, right: bool) -> None:
    assert vat_id_is_right(vat_id, country) is right


def test_an_order_of_another_site_is_not_taken_here(portal: Portal) -> None:
    with portal.at(portal.sites["de"]), pytest.raises(WrongSite):
        take_order(read_order(an_order()), catalogue=portal.catalogue, now=portal.clock())


# ---- sent again


def test_the_same_order_again_changes_nothing(portal: Portal) -> None:
    first = take(portal, an_order())
    before = rows_at(portal)
    again = take(portal, an_order())
    assert (again.kind, again.subscription) == ("known", first.subscription)
    assert rows_at(portal) == before


def test_other_content_under_a_known_number_is_a_conflict(portal: Portal) -> None:
    take(portal, an_order())
    before = rows_at(portal)
    assert refusal(portal, an_order(quantity=4)) == ("order_number_conflict", "order_number")
    assert rows_at(portal) == before


def test_a_known_order_stays_known_when_the_catalogue_changes(portal: Portal) -> None:
    take(portal, an_order())
    emptied = type(portal.catalogue)({})
    with portal.at(portal.sites["fr"]):
        again = take_order(read_order(an_order()), catalogue=emptied, now=portal.clock())
    assert again.kind == "known"


def test_a_refused_order_leaves_no_trace(portal: Portal, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*args: object, **kwargs: object) -> None:
        raise RuntimeError("the last step fails")

    take(portal, an_order(order_number="1"))
    before = rows_at(portal)
    monkeypatch.setattr(order_intake, "enqueue_activation_mail", fail)
    with pytest.raises(RuntimeError):
        take(portal, an_order({"order_number": "2", "account.address.city": "Paris"}))
    assert rows_at(portal) == before


# ---- the sample files


def test_the_sample_is_taken_once_and_known_afterwards(portal: Portal) -> None:
    first = [take(portal, line) for line in lines(SAMPLE)]
    assert Counter(outcome.kind for outcome in first) == {"accepted": 58, "lapsed": 2}
    assert [number for number, outcome in enumerate(first, 1) if outcome.kind == "lapsed"] == [17, 60]
    codes = {json.loads(line)["site"] for line in lines(SAMPLE)}
    before = {code: rows_at(portal, code) for code in codes}
    again = [take(portal, line).kind for line in [*lines(SAMPLE), *lines(RESEND)]]
    assert set(again) == {"known"}
    assert {code: rows_at(portal, code) for code in codes} == before


def test_the_samples_traps_are_stepped_over(portal: Portal) -> None:
    taken = {
        read_order(line).document.order_number: take(portal, line).subscription for line in lines(SAMPLE)
    }
    po_numbers = {number: found.po_number for number, found in taken.items()}
    assert po_numbers["0344100111"] == "4500998877"
    assert po_numbers["0344100148"] == "=SUM(A1:A2)"
    assert po_numbers["0314100148"] == "000451"
    assert taken["0314100370"].ordered_at - taken["0314100333"].ordered_at == timedelta(hours=1)
    with portal.at(portal.sites["ch"]):
        same = Person.select().where(Person.email_key == "reto.beispiel@example.com")
        assert [person.email for person in same] == ["RETO.BEISPIEL@EXAMPLE.COM"]
        francois = Subscription.get(Subscription.public_id == taken["0334100185"].public_id)
        assert francois.language == "fr_CH"
    with portal.at(portal.sites["es"]):
        assert Account.select().where(Account.search_key.contains("canon")).count() == 1


def test_every_bad_order_is_refused_and_changes_nothing(portal: Portal) -> None:
    for line in lines(SAMPLE):
        take(portal, line)
    before = {site.code: rows_at(portal, site.code) for site in portal.sites}
    for name, line, code, field in bad_lines():
        assert refusal(portal, line) == (code, field), name
    assert {site.code: rows_at(portal, site.code) for site in portal.sites} == before


# ---- whatever is sent

VALUES = st.none() | st.booleans() | st.integers() | st.text(max_size=80) | st.lists(st.text(), max_size=2)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=200)
@given(changes=st.dictionaries(st.sampled_from(sorted(GOOD)), VALUES, max_size=3))
def test_terms_accept_or_refuse_any_values(sqlite_portal: Portal, changes: dict[str, Any]) -> None:
    try:
        document = read_order(an_order(changes)).document
        site = site_of(document, sites=sqlite_portal.sites)
        check_terms(document, site=site, catalogue=sqlite_portal.catalogue, now=sqlite_portal.clock())
    except OrderRefused as refused:
        assert refused.code in CODES


@pytest.fixture
def sqlite_portal(make_portal: Any, sqlite_engine: Any) -> Portal:
    return make_portal(sqlite_engine)
