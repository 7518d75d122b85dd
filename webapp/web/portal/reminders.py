"""Which reminders somebody gets: chosen in the profile, or by the link in one of them without signing in."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, request

from webapp.domain.reminders import reminder_choices, reminder_words
from webapp.domain.reminders.reminder_choices import CHOICES
from webapp.domain.tokens import TokenInvalid
from webapp.web import auth, htmx
from webapp.web.limits import unsubscribing_per_address
from webapp.web.policy import policy
from webapp.web.site import this_portal

pages = Blueprint("reminders", __name__)

_ONE_CLICK = "List-Unsubscribe"  # what a mail program posts, RFC 8058
_LINK = "/reminders/<mailed_token:token>"


def choices(offered: tuple[str, ...], turned_off: frozenset[str]) -> list[tuple[str, str, str, bool]]:
    """Of each: its key, name, when it is sent, and whether it is wanted."""
    return [(kind, *reminder_words.choice(kind), kind not in turned_off) for kind in offered]


def own_choices(person_id: int) -> list[tuple[str, str, str, bool]]:
    return choices(CHOICES, reminder_choices.turned_off_by(person_id))


@pages.post("/profile/reminders")
@policy("person")
def save() -> Any:
    wanted, now = request.form.getlist("wanted"), this_portal().clock()
    reminder_choices.choose(auth.visitor().person_id, wanted, now=now)
    return htmx.go("/profile?done=reminders")


@pages.get(_LINK)
@policy("public")
def show(token: str) -> Any:
    """Looks only: mail scanners open links before people do."""
    return _page(token, saved="saved" in request.args)


def _page(token: str, *, saved: bool) -> Any:
    try:
        link = reminder_choices.of_link(token, now=this_portal().clock())
    except TokenInvalid:
        return _dead_link()
    return htmx.render(
        "reminders/page.html",
        email=link.email,
        choices=choices(link.offered, link.turned_off),
        is_person=link.person_id is not None,
        saved=saved,
    )


@pages.post(_LINK)
@unsubscribing_per_address
@policy("public", from_anywhere=True)
def choose(token: str) -> Any:
    """From the page, or from a mail program, which has no page of ours: its button turns all of them off. It
    must not be led anywhere."""
    one_click = _ONE_CLICK in request.form
    wanted = [] if one_click else request.form.getlist("wanted")
    try:
        reminder_choices.choose_by_link(token, wanted, now=this_portal().clock())
    except TokenInvalid:
        return _dead_link()
    return _page(token, saved=True) if one_click else htmx.go(f"/reminders/{token}?saved")


def _dead_link() -> Any:
    return htmx.render("reminders/dead_link.html", status=410)
