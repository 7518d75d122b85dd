"""What the shop is told: in the transaction of what happened, by every rule that makes it happen."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from contextlib import suppress
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import InvalidToken

from tests.conftest import TestClock
from tests.domain.lifecycle.quantities import add, fewer, keep
from tests.domain.seats.seating import House
from tests.support.cast import accept, place_order
from webapp.assembly import Portal
from webapp.data.audit import AuditEvent
from webapp.data.billing import Invoice
from webapp.data.database import atomic
from webapp.data.subscriptions import Subscription
from webapp.data.webhooks import WebhookEndpoint, WebhookMessage
from webapp.domain import audit
from webapp.domain.invoices import credit_notes
from webapp.domain.lifecycle import endings, renewals
from webapp.domain.payments.payment_methods import pay_by_invoice
from webapp.domain.seats import seats
from webapp.domain.subscriptions import transfer
from webapp.domain.subscriptions.cancellation import plan_cancellation, undo_cancellation
from webapp.domain.subscriptions.purchase_orders import NEXT_TERM, change_po_number
from webapp.domain.subscriptions.transfer import transfer_administration
from webapp.domain.webhooks import webhook_endpoints, webhooks
from webapp.domain.webhooks.webhook_document import InvoiceEvent, SeatEvent, published_schema, read_event
from webapp.domain.webhooks.webhook_endpoints import EndpointRefused, EndpointUnknown
from webapp.jobs.lapse import lapse
from webapp.payments import INVOICE
from webapp.sites import Site


@pytest.fixture
def listen(portal: Portal, bound_fr: Site, clock: TestClock) -> Callable[..., WebhookEndpoint]:
    def add(*events: str, url: str = "https://shop.example/hooks") -> WebhookEndpoint:
        options = {"vault": portal.vault, "reach": portal.reach, "now": clock.now}
        return webhook_endpoints.add(url, events=events, **options)[0]

    return add


@pytest.fixture
def listening(listen: Callable[..., WebhookEndpoint]) -> WebhookEndpoint:
    return listen()


def told(endpoint: WebhookEndpoint | None = None) -> list[str]:
    found = WebhookMessage.select().order_by(WebhookMessage.id)
    return [one.event for one in (found.where(WebhookMessage.endpoint == endpoint) if endpoint else found)]


def last() -> WebhookMessage:
    return WebhookMessage.select().order_by(WebhookMessage.id.desc()).get()


# ---- every event, by its rule


# What the audit trail calls what the shop is told; an event of the trail without one here is the house's own.
TOLD = {
    audit.ORDER_ACCEPTED: webhooks.ORDER_ACCEPTED,
    audit.SUBSCRIPTION_ACTIVATED: webhooks.ACTIVATED,
    audit.SUBSCRIPTION_LAPSED: webhooks.LAPSED,
    audit.SUBSCRIPTION_RENEWED: webhooks.RENEWED,
    audit.CANCELLATION_PLANNED: webhooks.CANCELLATION_PLANNED,
    audit.CANCELLATION_UNDONE: webhooks.CANCELLATION_UNDONE,
    audit.SUBSCRIPTION_ENDED: webhooks.ENDED,
    audit.SUBSCRIPTION_TRANSFERRED: webhooks.TRANSFERRED,
    audit.TRANSFER_TAKEN_BACK: webhooks.TRANSFERRED,
    audit.LICENCES_ADDED: webhooks.QUANTITY_CHANGED,
    audit.LICENCES_REDUCED: webhooks.QUANTITY_CHANGED,
    audit.LICENCES_KEPT: webhooks.QUANTITY_CHANGED,
    audit.PURCHASE_ORDER_CHANGED: webhooks.PURCHASE_ORDER_CHANGED,
    audit.PAYMENT_CHANGED: webhooks.PAYMENT_METHOD_CHANGED,
    audit.SEAT_INVITED: webhooks.SEAT_ASSIGNED,
    audit.SEAT_RESTORED: webhooks.SEAT_ASSIGNED,
    audit.SEAT_REVOKED: webhooks.SEAT_REVOKED,
    audit.INVOICE_ISSUED: webhooks.INVOICE_ISSUED,
    audit.INVOICE_CREDITED: webhooks.INVOICE_ISSUED,
}
RENEWAL = date(2027, 11, 13)  # of the house, which was activated nine days ago


class Life:
    """One act after the other. Each can be done again if it was undone."""

    def __init__(self, portal: Portal, clock: TestClock) -> None:
        self.portal, self.clock = portal, clock
        self.house = House(portal, clock)
        self.bought, self.product = self.house.subscription, self.house.product

    @property
    def acts(self) -> list[Callable[[], object]]:
        return [
            self.invite,
            lambda: seats.revoke(self.house.seat("bob@example.com"), **self.house.by),
            lambda: seats.restore(self.house.seat("bob@example.com"), product=self.product, **self.house.by),
            self.change_po_numbers,
            self.pay_otherwise,
            lambda: add(self.bought, 2, product=self.product, now=self.clock.now),
            self.plan_fewer,
            self.hand_over_and_back,
            self.cancel_and_keep,
            lambda: self.credit(Invoice.get(Invoice.state == "open")),
            self.renew,
            self.end,
        ]

    def live(self) -> None:
        for act in self.acts:
            act()

    def invite(self) -> None:
        self.house.invite("bob@example.com", "carl@example.com")

    def change_po_numbers(self) -> None:
        change_po_number(self.bought, "PO 7", read_version=0, **self.house.by)
        change_po_number(self.bought, "PO 8", term=NEXT_TERM, read_version=1, **self.house.by)

    def pay_otherwise(self) -> None:
        Subscription.update(payment_method="direct_debit").execute()
        pay_by_invoice(self.bought, provider=self.portal.payments[INVOICE], read_version=0, **self.house.by)

    def plan_fewer(self) -> None:
        fewer(self.bought, 9, product=self.product, now=self.clock.now)
        keep(self.bought, now=self.clock.now)
        fewer(self.bought, 8, product=self.product, now=self.clock.now)

    def hand_over_and_back(self) -> None:
        bob = self.house.person("bob@example.com")
        handed = transfer_administration(self.bought, to=bob, keep_seat=True, **self.house.by)
        transfer.take_back(handed, **self.house.by)

    def cancel_and_keep(self) -> None:
        plan_cancellation(self.bought, ends_on=RENEWAL, reason="", **self.house.by)
        undo_cancellation(self.bought, ends_on=RENEWAL, **self.house.by)

    def credit(self, invoice: Invoice) -> None:
        credit_notes.credit(invoice, reason="Wrong", actor=audit.OPERATOR, now=self.clock.now)

    def renew(self) -> None:
        renewals.advance(now=self.clock.now + timedelta(days=356))

    def end(self) -> None:
        after, over = self.clock.now + timedelta(days=357), date(2028, 11, 13)
        plan_cancellation(self.bought, ends_on=over, reason="", actor=self.house.olga, now=after)
        endings.end(self.bought.id, now=self.clock.now + timedelta(days=722))


@pytest.fixture
def life(portal: Portal, bound_fr: Site, clock: TestClock, listening: WebhookEndpoint) -> Life:
    return Life(portal, clock)


def test_each_event_of_the_list_is_told_by_its_real_rule(
    portal: Portal, clock: TestClock, life: Life
) -> None:
    life.live()
    place_order(
        portal, ordered_at=clock.now - timedelta(days=100), taken_at=clock.now, order_number="0314100001"
    )
    assert set(told()) == set(webhooks.EVENTS)
    events = AuditEvent.select(AuditEvent.action).order_by(AuditEvent.id)
    by_the_trail = [TOLD[event.action] for event in events if event.action in TOLD]
    more = [webhooks.QUANTITY_CHANGED, webhooks.PURCHASE_ORDER_CHANGED]  # by the renewal, as it was planned
    assert sorted(told()) == sorted(by_the_trail + more)


def test_the_job_that_marks_what_lapsed_tells_it(
    portal: Portal, site_fr: Site, clock: TestClock, make_portal
) -> None:
    with portal.at(site_fr):
        place_order(portal, ordered_at=clock.now)
        options = {"vault": portal.vault, "reach": portal.reach, "now": clock.now}
        webhook_endpoints.add("https://shop.example/", **options)
    clock.forward(days=95)
    assert lapse(portal, site_fr) == 1
    with portal.at(site_fr):
        assert told() == [webhooks.LAPSED]


def test_what_is_told_is_what_stands_after_it(life: Life) -> None:
    """Whatever the rule's own object still says."""
    life.live()
    seen: dict[str, list[dict[str, Any]]] = {}
    for message in WebhookMessage.select().order_by(WebhookMessage.id):
        told = json.loads(message.payload)["data"]["subscription"]
        seen.setdefault(message.event, []).append(told)
    assert seen[webhooks.ORDER_ACCEPTED][0]["status"] == "pending"
    assert seen[webhooks.ACTIVATED][0]["status"] == "active"
    assert seen[webhooks.ACTIVATED][0]["term_end"] == RENEWAL.isoformat()
    assert [one["purchase_order_number"] for one in seen[webhooks.PURCHASE_ORDER_CHANGED]] == [
        "PO 7",
        "PO 7",
        "PO 8",
    ]
    quantities = [(one["quantity"], one["next_quantity"]) for one in seen[webhooks.QUANTITY_CHANGED]]
    assert quantities == [(12, None), (12, 9), (12, None), (12, 8), (8, None)]
    assert seen[webhooks.PAYMENT_METHOD_CHANGED][0]["payment_method"] == "invoice"
    assert [one["ends_on"] for one in seen[webhooks.CANCELLATION_PLANNED]] == ["2027-11-13", "2028-11-13"]
    assert seen[webhooks.CANCELLATION_UNDONE][0]["ends_on"] is None
    assert seen[webhooks.RENEWED][0]["term_start"] == RENEWAL.isoformat()
    assert seen[webhooks.ENDED][0]["status"] == "ended"


def test_seats_and_invoices_are_told_by_their_public_names(life: Life) -> None:
    invoice = read_event(last().payload)
    assert isinstance(invoice, InvoiceEvent)
    issued, said = Invoice.get(), invoice.data.invoice
    assert (said.number, said.kind, said.currency) == (issued.number, "invoice", "EUR")
    assert (said.net, said.gross) == ("4800.00", str(issued.gross)[:-2] + "." + str(issued.gross)[-2:])
    life.invite()
    assigned = read_event(last().payload)
    assert isinstance(assigned, SeatEvent) and assigned.data.seat.state == "invited"
    seats.revoke(life.house.seat("carl@example.com"), **life.house.by)
    revoked = read_event(last().payload)
    assert isinstance(revoked, SeatEvent) and revoked.data.seat.state == "ended"
    assert revoked.data.seat.id == assigned.data.seat.id == life.house.seat("carl@example.com").key


def test_nobodys_name_or_address_is_told(life: Life) -> None:
    life.live()
    all_of_it = " ".join(message.payload for message in WebhookMessage.select()).lower()
    assert not {name for name in ("olga", "bob", "carl", "@", "musterbau") if name in all_of_it}


# ---- in the transaction


class Undo(Exception):
    pass


def test_what_was_rolled_back_tells_nothing(life: Life) -> None:
    for act in life.acts:
        before = [list(model.select().tuples()) for model in (WebhookMessage, AuditEvent)]
        with suppress(Undo), atomic():
            act()
            assert WebhookMessage.select().count() > len(before[0]), "control: it was told by then"
            raise Undo
        assert [list(model.select().tuples()) for model in (WebhookMessage, AuditEvent)] == before
        act()


def test_a_message_is_seen_by_nobody_before_what_it_tells(
    portal: Portal, site_fr: Site, listening: WebhookEndpoint, clock: TestClock
) -> None:
    """Another connection sees neither, then both."""
    seen: list[tuple[int, int]] = []

    def look() -> None:
        with portal.at(site_fr):
            seen.append((Subscription.select().count(), WebhookMessage.select().count()))

    def from_elsewhere() -> None:
        thread = threading.Thread(target=look)
        thread.start()
        thread.join()

    with atomic():
        place_order(portal, ordered_at=clock.now)
        from_elsewhere()
    from_elsewhere()
    assert seen == [(0, 0), (1, 1)]


# ---- who is told


def test_where_nobody_listens_telling_asks_nothing(
    portal: Portal, bound_fr: Site, clock: TestClock, count_queries
) -> None:
    bought = place_order(portal, ordered_at=clock.now)
    sent = count_queries()
    with atomic():
        for _time in range(5):
            webhooks.tell(webhooks.ACTIVATED, bought, now=clock.now)
            webhooks.tell_many(webhooks.RENEWED, Subscription, [bought.id] * 500, now=clock.now)
    assert not [sql for sql in sent if "webhook" in sql]


def test_who_begins_to_listen_elsewhere_is_heard_within_seconds(
    portal: Portal,
    bound_fr: Site,
    clock: TestClock,
    listening: WebhookEndpoint,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    WebhookEndpoint.update(state="disabled").execute()
    bought = place_order(portal, ordered_at=clock.now)
    WebhookEndpoint.update(state="enabled").execute()  # by another process: this one is not told
    webhooks.tell(webhooks.ACTIVATED, bought, now=clock.now)
    assert told() == []
    soon = webhooks.time.monotonic() + webhooks.LOOKS_AGAIN
    monkeypatch.setattr(webhooks.time, "monotonic", lambda: soon)
    webhooks.tell(webhooks.ACTIVATED, bought, now=clock.now)
    assert told() == [webhooks.ACTIVATED]


def test_an_endpoint_hears_what_it_asked_for(
    portal: Portal, listen: Callable[..., WebhookEndpoint], clock: TestClock
) -> None:
    everything, bills = listen(), listen(webhooks.INVOICE_ISSUED, url="https://erp.example/")
    accept(place_order(portal, ordered_at=clock.now), now=clock.now)
    assert told(everything) == [webhooks.ORDER_ACCEPTED, webhooks.ACTIVATED, webhooks.INVOICE_ISSUED]
    assert told(bills) == [webhooks.INVOICE_ISSUED]
    assert len({message.message_id for message in WebhookMessage.select()}) == 4


def test_another_sites_endpoint_hears_nothing(
    portal: Portal, site_fr: Site, site_de: Site, clock: TestClock
) -> None:
    with portal.at(site_de):
        options = {"vault": portal.vault, "reach": portal.reach, "now": clock.now}
        webhook_endpoints.add("https://shop.example/", **options)
    with portal.at(site_fr):
        place_order(portal, ordered_at=clock.now)
    with portal.at(site_de):
        assert told() == []


def test_what_is_no_endpoint_is_refused(listen: Callable[..., WebhookEndpoint]) -> None:
    for url, events in (
        ("ftp://shop.example/", ()),
        ("https://10.0.0.1/", ()),
        ("https://a.example/", ("x",)),
    ):
        with pytest.raises(EndpointRefused):
            listen(*events, url=url)
    for change in (webhook_endpoints.enable, lambda key: webhook_endpoints.disable(key, reason="")):
        with pytest.raises(EndpointUnknown):
            change("we_nobody")
    assert not WebhookEndpoint.select().count()


# ---- secrets


def test_secrets_are_sealed_and_open_at_their_site_only(
    portal: Portal, site_fr: Site, site_de: Site, clock: TestClock
) -> None:
    options = {"vault": portal.vault, "now": clock.now}
    with portal.at(site_fr):
        endpoint, secret = webhook_endpoints.add("https://shop.example/", reach=portal.reach, **options)
        assert secret.startswith("whsec_") and secret not in endpoint.secret
        assert webhook_endpoints.secrets_of(endpoint, **options) == [secret]
    with portal.at(site_de), pytest.raises(InvalidToken):
        webhook_endpoints.secrets_of(endpoint, **options)
    with pytest.raises(InvalidToken):
        portal.vault.unseal(endpoint.secret, place="fr")  # nor with what seals accounts


def test_while_a_secret_is_replaced_both_sign(
    portal: Portal, listening: WebhookEndpoint, now: datetime
) -> None:
    (old,) = webhook_endpoints.secrets_of(listening, vault=portal.vault, now=now)
    new, until = webhook_endpoints.rotate(listening.key, vault=portal.vault, now=now)
    stored = WebhookEndpoint.get()
    assert webhook_endpoints.secrets_of(stored, vault=portal.vault, now=now) == [new, old]
    assert webhook_endpoints.secrets_of(stored, vault=portal.vault, now=until) == [new]


# ---- what is published


def test_the_published_schema_is_the_one_of_the_code() -> None:
    published = Path(__file__).parents[3] / "docs" / "webhook.schema.json"
    assert published.read_text(encoding="utf-8") == published_schema(), "portal webhooks schema"


def test_the_page_names_every_event() -> None:
    page = (Path(__file__).parents[3] / "docs" / "webhooks.md").read_text(encoding="utf-8")
    assert [name for name in webhooks.EVENTS if f"`{name}`" not in page] == []
