"""What is done with several subscriptions of the list: the chosen ones, or all that match."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from flask import Blueprint, Response, request

from webapp.domain.refusals import Refusal
from webapp.domain.spreadsheets import csv_lines, xlsx
from webapp.domain.subscriptions import subscription_choice as rules
from webapp.domain.subscriptions import subscription_list
from webapp.domain.subscriptions.subscription_choice import MOST_CHANGED, MOST_LINES, NothingChosen, TooMany
from webapp.domain.subscriptions.subscription_list import Query
from webapp.i18n import _
from webapp.web import auth, htmx
from webapp.web.policy import policy
from webapp.web.portal.invoice_files import XLSX, parts, streamed
from webapp.web.portal.subscriptions import list_page, list_scope, list_view
from webapp.web.site import this_portal

pages = Blueprint("subscription_choice", __name__, url_prefix="/subscriptions")

_ROW = re.compile("(?P<name>[A-Z0-9-]{1,20}):(?P<version>[0-9]{1,9})")


def _asked(most: int, arguments: Any) -> Iterator[Any]:
    """One more than may be, if there are so many."""
    query = Query.from_url(arguments)
    if arguments.get("of") == "all":
        view, scope, now = _view(query), list_scope(), this_portal().clock()
        person_id = auth.visitor().person_id
        return subscription_list.matching(person_id, query, most=most + 1, now=now, view=view, scope=scope)
    public_ids = arguments.getlist("subscription")
    if not public_ids:
        raise NothingChosen
    if len(public_ids) > min(most, MOST_CHANGED):
        raise TooMany(min(most, MOST_CHANGED))
    return iter(_chosen(public_ids, query))


def _chosen(public_ids: Sequence[str], query: Query) -> list[Any]:
    person_id, now = auth.visitor().person_id, this_portal().clock()
    return subscription_list.chosen(person_id, public_ids, now=now, view=_view(query), scope=list_scope())


def _view(query: Query) -> str:
    return list_view(query, list_scope())[0]


@pages.get("/chosen")
@policy("person")
def show() -> Any:
    """`do` says what: a table as `csv` or `xlsx`, or the form for a purchase order number."""
    wanted = {"csv": _as_csv, "xlsx": _as_xlsx, "po": _number_page}.get(request.args.get("do", ""))
    if wanted is None:
        return htmx.go("/subscriptions")
    try:
        return wanted()
    except (NothingChosen, TooMany) as refusal:
        return list_page(Query.from_url(request.args), status=422, problem=str(refusal))


# ---- a table


def _table() -> tuple[Any, Any]:
    view, now = _view(Query.from_url(request.args)), this_portal().clock()
    found = rules.few_enough(_asked(MOST_LINES, request.args), most=MOST_LINES)
    return rules.columns(view=view), rules.lines(found, view=view, now=now)


def _as_csv() -> Response:
    return streamed(csv_lines(*_table()), "text/csv", "subscriptions")


def _as_xlsx() -> Response:
    return streamed(parts(xlsx(*_table(), title=_("Subscriptions"))), XLSX, "subscriptions")


# ---- one purchase order number for all of them


def _number_page() -> Any:
    """Without a number the form; with one what will become of each row."""
    found = rules.few_enough(_asked(MOST_CHANGED, request.args), most=MOST_CHANGED)
    typed = request.args.get("po_number")
    wanted, problem = _wanted(typed) if typed is not None else ("", "")
    now = this_portal().clock()
    return htmx.render(
        "subscription_choice/page.html",
        status=422 if problem else 200,
        query=Query.from_url(request.args),
        every="all" if request.args.get("of") == "all" else "",
        typed=typed or "",
        wanted=wanted,
        problem=problem,
        fates=rules.preview(found, wanted, now=now),
        say_fate=rules.say_fate,
        saved=None,
    )


def _wanted(typed: str) -> tuple[str, str]:
    try:
        return rules.wanted_number(typed), ""
    except Refusal as refusal:
        return "", str(refusal)


def _versions() -> dict[str, int]:
    """Of each row as it was shown: `SUB-FR-204118:3`."""
    matched = (_ROW.fullmatch(one) for one in request.form.getlist("row"))
    return {one["name"]: int(one["version"]) for one in matched if one}


@pages.post("/chosen")
@policy("person")
def save() -> Any:
    """What was shown, row by row; each says what has become of it."""
    versions, now = _versions(), this_portal().clock()
    query = Query.from_url(request.form)
    wanted, problem = _wanted(request.form.get("po_number", ""))
    if problem or not versions or len(versions) > MOST_CHANGED:
        return list_page(query, status=422, problem=problem or str(NothingChosen()))
    fates = rules.save(_chosen(list(versions), query), wanted, versions=versions, actor=auth.actor(), now=now)
    return htmx.render(
        "subscription_choice/page.html",
        query=query,
        every="",
        typed=wanted,
        wanted=wanted,
        problem="",
        fates=fates,
        say_fate=rules.say_fate,
        saved=sum(one.fate == rules.SAVED for one in fates),
    )
