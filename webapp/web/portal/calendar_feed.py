"""The calendar of a person: opened, renewed and closed in the profile, read by programs without cookies."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, request

from webapp.documents.calendar_file import MEDIA_TYPE
from webapp.domain.subscriptions import calendar_feeds
from webapp.web import auth, htmx
from webapp.web.limits import readings_per_calendar
from webapp.web.policy import policy
from webapp.web.site import this_portal, this_site

pages = Blueprint("calendar_feed", __name__)

_PAGE = "/profile/calendar"


def _page(**facts: Any) -> Any:
    since = calendar_feeds.opened_at(auth.visitor().person_id)
    return htmx.render("calendar_feed/page.html", since=since, **facts)


@pages.get(_PAGE)
@policy("person")
def show() -> Any:
    return _page(address="", closed="closed" in request.args)


@pages.post(_PAGE)
@policy("person")
def open_feed() -> Any:
    """Answers with the address itself, which is shown this once: no other page knows it."""
    token = calendar_feeds.open_feed(auth.visitor().person_id, now=this_portal().clock())
    address = f"{this_site().origin}/calendar/{token}.ics"
    return _page(address=address, in_program="webcal" + address[address.index(":") :], closed=False)


@pages.post(f"{_PAGE}/close")
@policy("person")
def close_feed() -> Any:
    calendar_feeds.close_feed(auth.visitor().person_id, now=this_portal().clock())
    return htmx.go(f"{_PAGE}?closed")


@pages.get("/calendar/<mailed_token:token>.ics")
@readings_per_calendar
@policy("public")
def read(token: str) -> Any:
    """The address is the credential. 404 for whatever it was before, and for other sites' addresses."""
    feed = calendar_feeds.read_feed(token, now=this_portal().clock())
    answer = Response(feed.content, content_type=f"{MEDIA_TYPE}; charset=utf-8")
    answer.headers["Cache-Control"] = "private, no-cache"  # may be kept, but is asked for each time
    answer.headers["Content-Disposition"] = 'inline; filename="subscriptions.ics"'
    answer.set_etag(feed.etag)
    return answer.make_conditional(request)
