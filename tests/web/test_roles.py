"""What backup, billing and members find in the portal, and how somebody with several accounts gets about."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask

from tests.support.cast import ALICE, BOB, CHARLIE, ERIN, FRANK, KIM, Cast
from tests.support.client import PARTIAL, SiteClient, page_of, said, signed_in
from tests.web.conftest import on_sqlite
from tests.web.test_query_counts import LIST_AT_MOST, PAGE_AT_MOST, asked
from webapp.assembly import Portal
from webapp.data.accounts import Account, Membership, Person
from webapp.data.audit import AuditEvent
from webapp.data.subscriptions import Seat, Subscription
from webapp.domain import audit
from webapp.domain.companies import accounts


@pytest.fixture
def erin(app: Flask) -> SiteClient:
    return signed_in(app, ERIN)


@pytest.fixture
def kim(app: Flask) -> SiteClient:
    return signed_in(app, KIM)


@pytest.fixture
def page_of_one(cast: Cast) -> str:
    return f"/subscriptions/{cast.row(ALICE, 'active').public_id}"


def billing_now(portal: Portal) -> list[str]:
    with portal.at(portal.sites["fr"]):
        found = Person.select().join(Membership).where(Membership.billing_since.is_null(False))
        return [person.email for person in found.order_by(Person.id)]


# ---- billing


def test_billing_finds_the_accounts_subscriptions_and_nothing_of_seats(
    erin: SiteClient, cast: Cast, page_of_one: str
) -> None:
    listed = erin.page("/subscriptions")
    rows = listed.one("tbody").all("tr")
    assert len(rows) == 5  # alice's active, cancelled, ended and given away; frank's active
    assert not [link for link in listed.links if link.endswith("/users")]
    page = erin.page(page_of_one)
    assert said(erin, "You look after the billing of %(company)s. Everything else is managed by %(name)s.", company="kanari-fr-ouest AG", name=ALICE.name) in page.text  # fmt: skip
    ends = {link.removeprefix(page_of_one) for link in page.links if link.startswith(page_of_one)}
    money = {"/purchase-order", "/purchase-order?term=next", "/billing-details", "/invoice-addresses"}
    assert ends == {*money, "/payment-method"}
    assert BOB.name not in page.text and said(erin, "%(num)s assigned", num=1) not in page.text


def test_billing_changes_the_purchase_order_number(
    erin: SiteClient, portal: Portal, page_of_one: str
) -> None:
    erin.follow(erin.submit(erin.page(f"{page_of_one}/purchase-order"), po_number="FROM ERIN"))
    in_place = page_of(
        erin.post(
            f"{page_of_one}/purchase-order", data={"po_number": "AGAIN", "version": "1"}, headers=PARTIAL
        )
    )
    assert "AGAIN" in in_place.text
    with portal.at(portal.sites["fr"]):
        event = AuditEvent.select().order_by(AuditEvent.id.desc()).get()
        assert (event.action, event.actor.email) == (audit.PURCHASE_ORDER_CHANGED, ERIN.email)


def test_billing_sees_nothing_of_users_after_a_change_in_place(
    alice: SiteClient, erin: SiteClient, page_of_one: str
) -> None:
    alice.post(f"{page_of_one}/users/invite", data={"addresses": "newcomer@example.com"})
    assert "newcomer" in alice.page(page_of_one).one("ol", id="activity").text
    address = {"email": "accounts@example.com", "whose": "subscription"}
    details = {"name": "X", "line1": "1", "postal_code": "44000", "city": "Nantes", "country": "FR"}
    for path, body in (
        ("/invoice-addresses", address),
        ("/billing-details", {**details, "version": "0"}),
        ("/purchase-order", {"po_number": "FROM ERIN", "version": "0"}),
    ):
        activity = page_of(erin.post(page_of_one + path, data=body, headers=PARTIAL)).one("ol", id="activity")
        assert "newcomer" not in activity.text, path


def test_billing_and_backup_see_lists_and_pages_at_the_usual_cost(
    erin: SiteClient, kim: SiteClient, portal: Portal, page_of_one: str
) -> None:
    for client in (erin, kim):
        assert asked(portal, client, "/subscriptions") <= LIST_AT_MOST
        assert asked(portal, client, page_of_one) <= PAGE_AT_MOST
        assert asked(portal, client, "/members") <= 3
        assert asked(portal, client, "/profile") <= 6


# ---- backup


def test_the_backup_manages_but_neither_hands_over_nor_names(
    kim: SiteClient, portal: Portal, page_of_one: str, cast: Cast
) -> None:
    page = kim.page(page_of_one)
    ends = {link.removeprefix(page_of_one) for link in page.links if link.startswith(page_of_one)}
    assert ends >= {"/users", "/purchase-order", "/cancellation", "/backup/leave", "/agreement"}
    assert not ends & {"/transfer", "/backup"}
    kim.follow(kim.submit(kim.page(f"{page_of_one}/cancellation"), f"{page_of_one}/cancellation"))
    with portal.at(portal.sites["fr"]):
        row = Subscription.get_by_id(cast.row(ALICE, "active").id)
        assert row.ends_on
        told = {mail.to_email for mail in row.messages if mail.kind == "cancellation_planned"}
        assert told == {ALICE.email, KIM.email}


def test_the_backup_gives_it_up(kim: SiteClient, alice: SiteClient, page_of_one: str) -> None:
    after = kim.follow(kim.submit(kim.page(f"{page_of_one}/backup/leave"), f"{page_of_one}/backup/leave"))
    assert said(kim, "You are not the backup any more.") in after.text
    assert kim.get(page_of_one).status_code == 404
    assert KIM.name not in alice.page(page_of_one).one("section", **{"aria-labelledby": "admin-h"}).text


# ---- members


def test_members_are_for_who_has_a_role(app: Flask) -> None:
    for actor, status in ((ALICE, 200), (FRANK, 200), (KIM, 200), (ERIN, 200), (BOB, 404)):
        client = signed_in(app, actor)
        assert client.get("/members").status_code == status, actor.key
        assert ("/members" in client.page("/subscriptions").links) == (status == 200), actor.key
    assert signed_in(app, CHARLIE).get("/members?account=1000001").status_code == 404


@on_sqlite
def test_members_are_searched_in_place_and_on_the_page(alice: SiteClient) -> None:
    for headers in ({}, PARTIAL):
        page = page_of(alice.get("/members?q=BOB", headers=headers))
        assert [item.all("bdi")[0].text for item in page.one("ul", class_="people members").children if not isinstance(item, str)] == [BOB.name]  # fmt: skip
    assert said(alice, "Nothing found") in alice.page("/members?q=zeppelin").text


def test_billing_is_given_and_taken_on_a_page_that_names_the_person(erin: SiteClient, portal: Portal) -> None:
    asked_for = {"account": ERIN.company.number, "person": BOB.email}
    review = page_of(erin.post("/members/billing", data=asked_for))
    assert billing_now(portal) == [ERIN.email]
    form = next(form for form in review.all("form") if form.get("action") == "/members/billing")
    assert form.one("button").text == said(erin, "Give billing to %(name)s", name=BOB.name)
    erin.follow(erin.submit(review, "/members/billing"))
    assert billing_now(portal) == [BOB.email, ERIN.email]
    own = page_of(erin.post("/members/billing", data={**asked_for, "person": ERIN.email}))
    after = erin.follow(erin.submit(own, "/members/billing"))
    assert said(erin, "You no longer look after billing") in after.text
    assert billing_now(portal) == [BOB.email] and erin.get("/members").status_code == 404


@pytest.mark.parametrize(
    ("who", "person", "do"),
    [
        (ALICE, BOB.email, "grant"),
        (ALICE, ERIN.email, "take"),
        (KIM, BOB.email, "grant"),
        (ERIN, ERIN.email, "take"),
        (ERIN, ERIN.email, "grant"),
        (ERIN, CHARLIE.email, "grant"),
        (ERIN, "", ""),
        (ALICE, BOB.email, ""),
    ],
)
def test_what_is_refused_is_said_on_the_page_and_changes_nothing(
    app: Flask, portal: Portal, who: object, person: str, do: str
) -> None:
    client = signed_in(app, who)  # type: ignore[arg-type]
    sent = {"account": ERIN.company.number, "person": person, "do": do}
    answer = client.post("/members/billing", data=sent)
    assert answer.status_code == 422
    assert page_of(answer).one("div", role="alert").text
    assert billing_now(portal) == [ERIN.email]


# ---- several accounts


@pytest.fixture
def in_both(app: Flask, portal: Portal, cast: Cast) -> Iterator[SiteClient]:
    """Charlie, who administers at sud, joins ouest, where alice makes him the backup."""
    with portal.at(portal.sites["fr"]):
        charlie = Person.get_by_id(cast.person_ids[CHARLIE])
        ouest = Account.get(Account.customer_number == ALICE.company.number)
        accounts.join(charlie, ouest, now=portal.clock())
        Subscription.update(backup=charlie).where(Subscription.id == cast.row(ALICE, "active").id).execute()
    return signed_in(app, CHARLIE)  # type: ignore[return-value]


def listed(client: SiteClient, address: str = "/subscriptions") -> set[str]:
    return {
        link.removeprefix("/subscriptions/")
        for link in client.page(address).links
        if link.startswith("/subscriptions/SUB") and link.count("/") == 2
    }


def test_the_list_is_of_the_account_that_is_looked_at(in_both: SiteClient, cast: Cast) -> None:
    own = {cast.row(CHARLIE, state).public_id for state in ("pending", "active")}
    others = {cast.row(ALICE, "active").public_id}
    assert listed(in_both) == own
    menu = in_both.page("/subscriptions").one("div", id="me-menu")
    assert [button["value"] for button in menu.all("button", name="account")] == ["1000002", "1000001"]
    in_both.follow(in_both.post("/accounts", data={"account": "1000001"}))
    assert listed(in_both) == others
    assert in_both.get("/members").status_code == 200
    assert said(in_both, "The people of %(company)s.", company="kanari-fr-ouest AG") in in_both.page("/members").text  # fmt: skip
    in_both.follow(in_both.post("/accounts", data={"account": "1000002"}))
    assert listed(in_both) == own
    assert in_both.get(f"/subscriptions/{others.pop()}").status_code == 200, (
        "what one may see is a matter of right"
    )


def test_another_session_goes_on_looking_where_it_looked(app: Flask, in_both: SiteClient, cast: Cast) -> None:
    other = signed_in(app, CHARLIE)
    in_both.post("/accounts", data={"account": "1000001"})
    assert listed(other) != listed(in_both)


@pytest.mark.parametrize("number", ["1000001", "", "9999999", "1000001\0", "x" * 100])
def test_nobody_looks_at_an_account_that_is_not_theirs(app: Flask, number: str) -> None:
    charlie = signed_in(app, CHARLIE)
    assert charlie.post("/accounts", data={"account": number}).status_code == 404


def test_who_has_one_account_is_not_bothered_with_it(alice: SiteClient) -> None:
    assert not alice.page("/subscriptions").one("div", id="me-menu").all("button", name="account")
    assert alice.page("/accounts").heading == said(alice, "Your companies")


# ---- empty lists


def test_who_only_uses_something_reads_whom_to_ask(app: Flask) -> None:
    page = signed_in(app, BOB).page("/subscriptions")
    assert said(signed_in(app, BOB), "You use subscriptions, but administer none") in page.text
    assert "Fieldwire Business" in page.text and ALICE.name in page.text
    assert "/missing-subscriptions" in page.links


def test_what_lapsed_or_went_to_others_is_explained(app: Flask, portal: Portal, cast: Cast) -> None:
    with portal.at(portal.sites["fr"]):
        Seat.delete().execute()
        nils = Person.get(Person.name == "Nils")
        alices = (Subscription.administrator == cast.person_ids[ALICE]) & Subscription.status.not_in(
            ["withdrawn", "lapsed"]
        )
        Subscription.update(administrator=nils).where(
            alices, Subscription.id != cast.row(ALICE, "lapsed").id
        ).execute()
    client = signed_in(app, ALICE)
    page = client.page("/subscriptions")
    assert len(page.one("ul", class_="bullets reasons").all("li")) == 3
    assert asked(portal, client, "/subscriptions") <= LIST_AT_MOST


def test_a_list_of_ended_subscriptions_says_that_all_have_ended(
    app: Flask, portal: Portal, cast: Cast
) -> None:
    keep = cast.row(ALICE, "ended").id
    with portal.at(portal.sites["fr"]):
        nils = Person.get(Person.name == "Nils")
        Subscription.update(administrator=nils).where(
            Subscription.administrator == cast.person_ids[ALICE], Subscription.id != keep
        ).execute()
    client = signed_in(app, ALICE)
    assert said(client, "All subscriptions in this list have ended") in client.page("/subscriptions").text
