"""Inviting users by a CSV file: upload, see what will become of each row, then all valid ones or nobody."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, request
from werkzeug.exceptions import RequestEntityTooLarge

from webapp.data.seat_files import SeatFile
from webapp.data.subscriptions import Subscription
from webapp.domain.refusals import NotThere, Refusal
from webapp.domain.seats import seat_files, seat_list, seats
from webapp.domain.seats.seat_files import STEP, VALID, FileChanged
from webapp.domain.seats.seat_reading import COLUMNS, MOST_ROWS, FileMissing, TooManyRows
from webapp.domain.seats.seats import NoLicenceFree
from webapp.domain.seats.seats_at_renewal import NoLicenceAfterRenewal
from webapp.web import auth, htmx
from webapp.web.policy import policy
from webapp.web.portal.seats import product_of, subscription_with_users
from webapp.web.site import this_portal

pages = Blueprint("seat_files", __name__, url_prefix="/subscriptions/<public_id:public_id>/users/file")

MOST_BYTES = 4_000_000  # 10,000 long rows


def _here(public_id: str) -> str:
    return f"/subscriptions/{public_id}/users/file"


def _page(
    subscription: Subscription,
    *,
    file: SeatFile | None = None,
    status: int = 200,
    problem: str = "",
    field: str = "",
) -> Any:
    """`problem`: why nobody was invited, or, at a `field`, why the file can't be taken."""
    person_id, now = auth.visitor().person_id, this_portal().clock()
    after, only = _line(request.args.get("after", "")), request.args.get("only") == "problems"
    checked = file is not None and file.checked >= file.size
    counts = seat_files.counts(file) if file and checked else {}
    rows, more = seat_files.page(file, after=after, problems_only=only) if file and checked else ([], False)
    return htmx.render(
        "seat_files/page.html",
        fragment="seat_files/_file.html",
        status=status,
        subscription=seat_list.head(person_id, subscription.public_id, now=now),
        unlimited=seats.is_unlimited(product_of(subscription)),
        file=file,
        checked=checked,
        valid=counts.get(VALID, 0),
        problems={fate: number for fate, number in counts.items() if fate != VALID},
        rows=rows,
        more=more,
        after=after,
        only=only,
        problem=problem,
        field=field,
        columns=COLUMNS,
        most=MOST_ROWS,
        say_fate=seat_files.say_fate,
    )


def _line(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 9 else 0


def _kept(subscription: Subscription) -> SeatFile:
    return seat_files.kept(subscription, auth.actor())


@pages.get("")
@policy("person")
def show(public_id: str) -> Any:
    subscription = subscription_with_users(public_id)
    try:
        return _page(subscription, file=_kept(subscription))
    except NotThere:
        return _page(subscription)


@pages.post("")
@policy("person")
def upload(public_id: str) -> Any:
    request.max_content_length = MOST_BYTES
    subscription, now = subscription_with_users(public_id), this_portal().clock()
    product = product_of(subscription)
    try:
        sent = request.files.get("file")
        if sent is None or not sent.filename:
            raise FileMissing
        file = seat_files.keep(
            subscription, sent.stream, name=sent.filename, product=product, actor=auth.actor(), now=now
        )
    except NotThere:
        raise
    except RequestEntityTooLarge:
        return _page(subscription, status=422, problem=str(TooManyRows()), field="file")
    except Refusal as refusal:
        return _page(subscription, status=422, problem=str(refusal), field="file")
    seat_files.check(file, product=product, now=now, most=STEP)
    return htmx.go(_here(public_id))


@pages.post("/check")
@policy("person")
def check(public_id: str) -> Any:
    """In place step by step, so that one sees it go on; as a page to the end."""
    subscription = subscription_with_users(public_id)
    most = STEP if htmx.wants_fragment() else None
    file = seat_files.check(
        _kept(subscription), product=product_of(subscription), now=this_portal().clock(), most=most
    )
    return _page(subscription, file=file) if htmx.wants_fragment() else htmx.go(_here(public_id))


@pages.post("/invite")
@policy("person")
def invite(public_id: str) -> Any:
    """The button named how many; another file or another number of valid rows invites nobody."""
    subscription, now = subscription_with_users(public_id), this_portal().clock()
    file, product = _kept(subscription), product_of(subscription)
    shown = _line(request.form.get("valid", "")) if request.form.get("token") == file.token else -1
    try:
        number = seat_files.invite_valid(file, shown=shown, product=product, actor=auth.actor(), now=now)
    except (FileChanged, NoLicenceFree):
        file = seat_files.look_again(file, product=product, now=now)
        return _page(subscription, file=file, status=409, problem=str(FileChanged()))
    except NoLicenceAfterRenewal as refusal:
        return _page(subscription, file=file, status=409, problem=str(refusal))
    return htmx.go(f"/subscriptions/{public_id}/users?done=invited&number={number}")


@pages.post("/discard")
@policy("person")
def discard(public_id: str) -> Any:
    """Nobody is invited, and nothing of the file stays here."""
    subscription = subscription_with_users(public_id)
    seat_files.forget(subscription, auth.actor())
    return htmx.go(_here(public_id))
