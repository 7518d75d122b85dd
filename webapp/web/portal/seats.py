"""Manage users: the list, and what can be done with one seat, in place or on a page."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, request

from webapp.data.subscriptions import Seat, Subscription
from webapp.domain import permissions
from webapp.domain.limits import TooOften
from webapp.domain.refusals import NotThere, Refusal
from webapp.domain.seats import invitations, seat_list, seats
from webapp.domain.seats.seat_facts import Facts, LastDayOver
from webapp.domain.seats.seat_list import COUNT_LIMIT, Query
from webapp.domain.seats.seats import SeatConflict
from webapp.domain.subscriptions import subscriptions
from webapp.sites import Product
from webapp.web import auth, htmx
from webapp.web.forms import SeatForm
from webapp.web.policy import policy
from webapp.web.site import this_portal

pages = Blueprint("seats", __name__)

_OF_SEAT = "/seats/<seat_key:key>"
# Said once, above the list, after a change that was made without JavaScript.
DONE = ("invited", "sent", "changed", "removed", "restored")


def product_of(row: Any) -> Product | None:
    return this_portal().catalogue.by_key(row.product_key)


def subscription_with_users(public_id: str) -> Subscription:
    """An active one whose users are managed here, by who is there."""
    now = this_portal().clock()
    found = permissions.managed_subscription(auth.visitor().person_id, public_id, now=now)
    seats.refuse_without_self_service(product_of(found))
    return found


@pages.get("/subscriptions/<public_id:public_id>/users")
@policy("person", visits=True)
def show_list(public_id: str) -> Any:
    person_id, now = auth.visitor().person_id, this_portal().clock()
    found = seat_list.head(person_id, public_id, now=now)
    query, product = Query.from_url(request.args), product_of(found)
    standing = subscriptions.standing(found, now=now)
    running = standing.state == "active" or (standing.state == "cancelling" and (standing.days_left or 0) > 0)
    managed = running and product is not None and product.self_service
    done = request.args.get("done", "")
    return htmx.render(
        "seats/list.html",
        fragment="seats/_results.html",
        subscription=found,
        standing=standing,
        running=running,
        product=product,
        unlimited=seats.is_unlimited(product),
        managed=managed,
        query=query,
        page=seat_list.page(found.id, query, now=now) if managed else None,
        active=seat_list.active_count(found),
        count_limit=COUNT_LIMIT,
        done=done if done in DONE else "",
        how_many=_number(request.args.get("number", "")),
        touched=_touched(person_id, request.args.get("seat", ""), now=now) if done else None,
    )


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 6 else 0


def _touched(person_id: int, key: str, *, now: Any) -> Any:
    """The seat that was just changed, if the address names one of this person's."""
    try:
        return seat_list.one(person_id, key, now=now)[0]
    except NotThere:
        return None


# ---- one seat


def _seat(key: str) -> Seat:
    return permissions.managed_seat(auth.visitor().person_id, key, now=this_portal().clock())


def _row(key: str, *, status: int = 200, said: str = "", problem: str = "", undo: bool = False) -> Response:
    """The seat as its line of the list; `said` is announced once."""
    shown, found = seat_list.one(auth.visitor().person_id, key, now=this_portal().clock())
    return htmx.render(
        "seats/_row.html",
        fragment="seats/_row.html",
        status=status,
        seat=shown,
        subscription=found,
        unlimited=seats.is_unlimited(product_of(found)),
        active=seat_list.active_count(found),
        count_limit=COUNT_LIMIT,
        said=said,
        problem=problem,
        undo=undo,
    )


def _done(seat: Seat, done: str, **row: Any) -> Any:
    if htmx.wants_fragment():
        return _row(seat.key, said=done, **row)
    return htmx.go(f"/subscriptions/{seat.subscription.public_id}/users?done={done}&seat={seat.key}")


def _refused(seat: Seat, refusal: Refusal) -> Any:
    """In place: the line as it is, and why. A whole page says it otherwise."""
    if not htmx.wants_fragment() or isinstance(refusal, NotThere):
        raise refusal
    if isinstance(refusal, TooOften):
        answer = _row(seat.key, status=429, problem=str(refusal))
        answer.headers["Retry-After"] = str(int(refusal.retry_after.total_seconds()) + 1)
        return answer
    return _row(seat.key, status=409, problem=str(refusal))


@pages.get(f"{_OF_SEAT}/row")
@policy("person")
def show_row(key: str) -> Any:
    """What *Cancel* brings back in place; without JavaScript it leads back to the list."""
    if not htmx.wants_fragment():
        return htmx.go(f"/subscriptions/{_seat(key).subscription.public_id}/users")
    return _row(key)


@pages.post(f"{_OF_SEAT}/invitation")
@policy("person")
def invite_again(key: str) -> Any:
    seat = _seat(key)
    try:
        invitations.invite_again(
            seat, product=product_of(seat.subscription), actor=auth.actor(), now=this_portal().clock()
        )
    except Refusal as refusal:
        return _refused(seat, refusal)
    return _done(seat, "sent")


@pages.post(f"{_OF_SEAT}/removal")
@policy("person")
def revoke(key: str) -> Any:
    seat = _seat(key)
    try:
        seats.revoke(seat, actor=auth.actor(), now=this_portal().clock())
    except Refusal as refusal:
        return _refused(seat, refusal)
    return _done(seat, "removed", undo=True)


@pages.post(f"{_OF_SEAT}/restoration")
@policy("person")
def restore(key: str) -> Any:
    seat = _seat(key)
    try:
        seats.restore(
            seat, product=product_of(seat.subscription), actor=auth.actor(), now=this_portal().clock()
        )
    except Refusal as refusal:
        return _refused(seat, refusal)
    return _done(seat, "restored")


# ---- what is noted of a seat


def _form(seat: Seat, form: SeatForm, *, status: int = 200, conflict: SeatConflict | None = None) -> Any:
    return htmx.render(
        "seats/page.html",
        fragment="seats/_form.html",
        status=status,
        seat=seat,
        subscription=seat.subscription,
        form=form,
        conflict=conflict,
    )


@pages.get(_OF_SEAT)
@policy("person")
def edit(key: str) -> Any:
    seat = _seat(key)
    if not seats.is_live(seat, now=this_portal().clock()):
        return _refused(seat, seats.SeatGone())
    facts = Facts.of(seat).as_text()
    return _form(seat, SeatForm(data={**facts, "version": str(seat.version)}))


@pages.post(_OF_SEAT)
@policy("person")
def save(key: str) -> Any:
    seat, form = _seat(key), SeatForm(request.form)
    if not form.validate():
        return _form(seat, form, status=422)
    try:
        seats.change(
            seat, form.facts, read_version=form.read_version, actor=auth.actor(), now=this_portal().clock()
        )
    except SeatConflict as conflict:
        return _form(seat, form, status=409, conflict=conflict)
    except LastDayOver as refusal:
        form.last_day.errors = [str(refusal)]
        return _form(seat, form, status=422)
    except Refusal as refusal:
        return _refused(seat, refusal)
    return _done(seat, "changed")
