"""The backup administrator: named, changed or taken away by the administrator."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, request

from webapp.data.subscriptions import Subscription
from webapp.domain import permissions
from webapp.domain.subscriptions import transfer
from webapp.domain.subscriptions.candidates import WORTH_SEARCHING, candidate, candidates
from webapp.domain.subscriptions.transfer import NobodyChosen, NotOfTheAccount
from webapp.web import auth, htmx
from webapp.web.policy import policy
from webapp.web.site import this_portal

pages = Blueprint("backup", __name__, url_prefix="/subscriptions/<public_id:public_id>/backup")

NOBODY = "nobody"


def _subscription(public_id: str) -> Subscription:
    now = this_portal().clock()
    return permissions.own_subscription(auth.visitor().person_id, public_id, now=now)


def _page(subscription: Subscription, *, problem: str = "") -> Any:
    search = request.args.get("q", "")[:100]
    found = candidates(subscription.account, administrator=auth.visitor().person_id, search=search)
    return htmx.render(
        "backup/page.html",
        fragment="backup/_people.html",
        status=422 if problem else 200,
        subscription=subscription,
        problem=problem,
        candidates=found,
        search=search,
        searchable=bool(search) or len(found.people) > WORTH_SEARCHING,
    )


@pages.get("")
@policy("person")
def choose(public_id: str) -> Any:
    return _page(_subscription(public_id))


@pages.get("/leave")
@policy("person")
def show_leave(public_id: str) -> Any:
    """What giving it up means, for the backup."""
    found = permissions.backed_up_subscription(auth.visitor().person_id, public_id, now=this_portal().clock())
    return htmx.render("backup/leave.html", subscription=found)


@pages.post("/leave")
@policy("person")
def leave(public_id: str) -> Any:
    now = this_portal().clock()
    found = permissions.backed_up_subscription(auth.visitor().person_id, public_id, now=now)
    transfer.leave_backup(found, actor=auth.actor(), now=now)
    return htmx.go("/subscriptions?done=left-backup")


@pages.post("")
@policy("person")
def save(public_id: str) -> Any:
    subscription, typed = _subscription(public_id), request.form.get("to", "")
    actor = auth.actor()
    person = candidate(subscription.account, administrator=actor.id, email=typed)
    if person is None and typed != NOBODY:
        return _page(subscription, problem=str(NotOfTheAccount() if typed else NobodyChosen()))
    transfer.name_backup(subscription, person=person, actor=actor, now=this_portal().clock())
    return htmx.go(f"/subscriptions/{public_id}?done=backup")
