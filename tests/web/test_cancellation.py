"""Cancel at renewal, as a browser without JavaScript does it."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask

from tests.conftest import TestClock
from tests.support.cast import ALICE, BOB, CHARLIE, DORA, FRANK, Actor, Cast
from tests.support.client import SiteClient, page_of, said, signed_in
from webapp.assembly import Portal
from webapp.data.audit import AuditEvent
from webapp.data.outbox import OutboxMessage
from webapp.data.subscriptions import Subscription
from webapp.formats import day
from webapp.i18n import speaking, speech


@pytest.fixture
def address(cast: Cast) -> str:
    return f"/subscriptions/{cast.row(ALICE, 'active').public_id}"


@pytest.fixture
def cancelled(cast: Cast) -> str:
    return f"/subscriptions/{cast.row(ALICE, 'cancelled').public_id}"


def stored(portal: Portal, address: str) -> Subscription:
    with portal.at(portal.sites["fr"]):
        return Subscription.get(Subscription.public_id == address.rpartition("/")[2])


def written(portal: Portal) -> tuple[Any, ...]:
    with portal.at(portal.sites["fr"]):
        rows = list(Subscription.select().order_by(Subscription.id).tuples())
        return rows, AuditEvent.select().count(), OutboxMessage.select().count()


def decision(portal: Portal, address: str, **typed: str) -> dict[str, str]:
    """What the form of the page sends."""
    return {"ends_on": str(stored(portal, address).term_end), "reason": "", **typed}


def in_french(value: Any, style: str = "long") -> str:
    with speaking(speech("fr", "FR")):
        return day(value, style)


def test_from_the_page_of_the_subscription_to_the_receipt_and_back(
    alice: SiteClient, portal: Portal, address: str
) -> None:
    term_end = stored(portal, address).term_end
    last_day, renewal = in_french(term_end - timedelta(days=1)), in_french(term_end)
    way = alice.page(address).one("a", href=f"{address}/cancellation")
    assert way.text == said(alice, "Cancel at renewal")
    page = alice.page(way["href"])
    assert page.heading == said(alice, "Cancel subscription for the next renewal")
    for shown in (last_day, renewal, said(alice, "Until the end of %(date)s", date=last_day)):
        assert shown in page.text
    done = alice.follow(alice.submit(page))
    assert alice.last_address == f"{address}?done=cancelled"
    assert said(alice, "Cancellation scheduled") in done.one("div", role="status").text
    assert last_day in done.one("div", role="status").text
    assert (
        said(alice, "Cancelled for the renewal on %(date)s", date=in_french(term_end, "medium")) in done.text
    )
    assert stored(portal, address).ends_on == term_end
    undo = done.one("div", role="status").one("form")
    kept = alice.follow(alice.submit(undo.parent, undo["action"]))
    assert alice.last_address == f"{address}?done=kept"
    assert said(alice, "You keep your subscription") in kept.one("div", role="status").text
    assert stored(portal, address).ends_on is None
    with portal.at(portal.sites["fr"]):
        newest = OutboxMessage.select().order_by(OutboxMessage.id.desc()).limit(2)
        assert [mail.kind for mail in newest] == ["cancellation_undone", "cancellation_planned"]
        assert {mail.to_email for mail in newest} == {ALICE.email}


def test_no_button_that_dismisses_is_called_cancel(alice: SiteClient, address: str) -> None:
    main = alice.page(f"{address}/cancellation").one("main")
    buttons = [
        control.text for control in (*main.all("a"), *main.all("button")) if "btn" in control.get("class")
    ]
    assert buttons == [said(alice, "Keep subscription"), said(alice, "Cancel at renewal")]
    (keep,) = main.all("a", class_="btn")
    assert keep["href"] == address


def test_what_is_cancelled_says_until_when_and_is_kept_from_its_page(
    alice: SiteClient, portal: Portal, cancelled: str
) -> None:
    page = alice.page(f"{cancelled}/cancellation")
    assert page.heading == said(alice, "Cancellation scheduled")
    assert not page.all("textarea")
    section = alice.page(cancelled).one("section", aria_labelledby="cancellation-h")
    last_day = in_french(stored(portal, cancelled).term_end - timedelta(days=1))
    assert last_day in section.text
    assert alice.submit(section).location == f"{cancelled}?done=kept"
    assert stored(portal, cancelled).ends_on is None
    alice.follow(alice.submit(alice.page(f"{cancelled}/cancellation")))
    assert alice.submit(alice.page(f"{cancelled}/cancellation")).location == f"{cancelled}?done=kept"


def test_the_reason_is_shown_in_the_activity_as_text(alice: SiteClient, portal: Portal, address: str) -> None:
    reason = "<b>Chantier</b> terminé\r\nen mai"
    done = alice.follow(alice.post(f"{address}/cancellation", data=decision(portal, address, reason=reason)))
    assert "<b>Chantier</b> terminé en mai" in done.one("ol", id="activity").text


@pytest.mark.parametrize(
    ("reason", "message"),
    [
        (" " + "é" * 501, "The reason may have %(limit)s characters: remove %(num)s."),
        ("a\x1bb", "The reason holds a character that can’t be printed. Type it again."),
    ],
    ids=["too long", "not printable"],
)
def test_a_reason_that_is_refused_stays_as_it_was_typed(
    alice: SiteClient, portal: Portal, address: str, reason: str, message: str
) -> None:
    before = written(portal)
    answer = alice.post(f"{address}/cancellation", data=decision(portal, address, reason=reason))
    assert answer.status_code == 422
    page = page_of(answer)
    problem = said(alice, message, limit=500, num=1)
    assert problem in page.one("div", role="alert").text
    assert problem in page.one("span", id="reason-error").text
    assert page.title.startswith(said(alice, "Error:"))
    assert f">\n{reason}</textarea>" in answer.text
    assert page.one("textarea").get("aria-invalid") == "true"
    assert written(portal) == before


@pytest.mark.parametrize("shown", ["2001-01-01", "", "soon", "9999-12-31", "0001-01-01"])
def test_who_saw_another_date_sees_the_right_one_and_keeps_the_reason(
    alice: SiteClient, portal: Portal, address: str, shown: str
) -> None:
    before = written(portal)
    typed = decision(portal, address, ends_on=shown, reason="Chantier terminé")
    answer = alice.post(f"{address}/cancellation", data=typed)
    assert answer.status_code == 409
    page = page_of(answer)
    changed = "The dates changed meanwhile. Nothing was saved: read them again and decide then."
    assert said(alice, changed) in page.one("div", role="alert").text
    assert "Chantier terminé" in page.one("textarea").text
    assert written(portal) == before
    assert alice.submit(page).status_code == 303


def test_what_was_decided_in_another_window_is_said(
    alice: SiteClient, portal: Portal, address: str, cancelled: str
) -> None:
    before = written(portal)
    again = alice.post(f"{cancelled}/cancellation", data=decision(portal, cancelled))
    undone = alice.post(f"{address}/cancellation/undo", data=decision(portal, address))
    assert (again.status_code, undone.status_code) == (409, 409)
    already = "This subscription is cancelled for the next renewal already."
    nothing = "No cancellation is scheduled: this subscription renews by itself."
    assert said(alice, already) in page_of(again).one("div", role="alert").text
    assert said(alice, nothing) in page_of(undone).one("div", role="alert").text
    assert written(portal) == before


def test_from_the_renewal_date_on_nothing_is_offered_and_nothing_taken(
    alice: SiteClient, portal: Portal, clock: TestClock, address: str, cancelled: str
) -> None:
    data = {place: decision(portal, place) for place in (address, cancelled)}
    clock.forward(days=364)
    alice = signed_in(alice.application, ALICE)
    before = written(portal)
    answers = [
        alice.get(f"{address}/cancellation"),
        alice.post(f"{address}/cancellation", data=data[address]),
        alice.post(f"{cancelled}/cancellation/undo", data=data[cancelled]),
    ]
    assert [answer.status_code for answer in answers] == [409] * 3
    with_dates = [page_of(answer).text for answer in answers]
    assert in_french(stored(portal, address).term_end - timedelta(days=1)) in with_dates[0]
    for place in (address, cancelled):
        assert not alice.page(place).all("section", aria_labelledby="cancellation-h")
    assert written(portal) == before


@pytest.mark.parametrize("actor", [FRANK, CHARLIE, BOB, DORA], ids=lambda actor: str(actor.key))
def test_for_everybody_else_it_is_not_there(
    app: Flask, portal: Portal, address: str, cancelled: str, actor: Actor
) -> None:
    client, before = signed_in(app, actor), written(portal)
    assert client.get(f"{address}/cancellation").status_code == 404
    assert client.post(f"{address}/cancellation", data=decision(portal, address)).status_code == 404
    undo = client.post(f"{cancelled}/cancellation/undo", data=decision(portal, cancelled))
    assert undo.status_code == 404
    assert written(portal) == before


@pytest.mark.parametrize("state", ["pending", "ended", "lapsed", "withdrawn"])
def test_what_is_not_active_has_no_such_page(
    alice: SiteClient, portal: Portal, cast: Cast, state: str
) -> None:
    place = f"/subscriptions/{cast.row(ALICE, state).public_id}"
    before, data = written(portal), {"ends_on": "2027-08-19"}
    assert alice.get(f"{place}/cancellation").status_code == 404
    assert alice.post(f"{place}/cancellation", data=data).status_code == 404
    assert alice.post(f"{place}/cancellation/undo", data=data).status_code == 404
    assert written(portal) == before
    if state in ("pending", "ended"):
        assert not alice.page(place).all("section", aria_labelledby="cancellation-h")


@pytest.mark.parametrize("origin", [{"Sec-Fetch-Site": "cross-site"}, {"Origin": "http://de.localhost:8000"}])
def test_a_page_elsewhere_cannot_decide(
    alice: SiteClient, portal: Portal, address: str, cancelled: str, origin: dict[str, str]
) -> None:
    before = written(portal)
    planned = alice.post(f"{address}/cancellation", data=decision(portal, address), headers=origin)
    undone = alice.post(f"{cancelled}/cancellation/undo", data=decision(portal, cancelled), headers=origin)
    assert (planned.status_code, undone.status_code) == (403, 403)
    assert written(portal) == before


def test_an_old_address_says_nothing_that_is_not_so(alice: SiteClient, address: str, cancelled: str) -> None:
    """What the note told may have been changed since."""
    for place in (f"{address}?done=cancelled", f"{cancelled}?done=kept"):
        assert not alice.page(place).one("main").all("div", role="status")


def test_help_says_how_it_is_done(fr: SiteClient) -> None:
    answer = fr.page("/help").one("div", id="changes-answer").text
    for button in ("Cancel at renewal", "Keep subscription"):
        assert said(fr, button) in answer
    assert not re.search(r"résili", answer)
