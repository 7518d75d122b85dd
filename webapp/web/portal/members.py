"""The people of an account with their roles; who looks after its billing is named and changed here."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, request

from webapp.data.accounts import Account, Person
from webapp.domain import permissions
from webapp.domain.people import members
from webapp.domain.permissions import AccountRights
from webapp.domain.refusals import NotThere, Refusal
from webapp.web import auth, htmx
from webapp.web.policy import policy
from webapp.web.site import this_portal

pages = Blueprint("members", __name__, url_prefix="/members")


def _rights(customer_number: str) -> AccountRights:
    """In the account that the request names, or else the one that is looked at."""
    looked_at = auth.visitor().account
    if not customer_number and looked_at is None:
        raise NotThere
    number = customer_number or (looked_at.customer_number if looked_at else "")
    now = this_portal().clock()
    return permissions.account_rights(auth.visitor().person_id, number.replace("\0", ""), now=now)


def _page(rights: AccountRights, *, status: int = 200, problem: str = "") -> Any:
    search = request.args.get("q", "").replace("\0", "").strip()[:100]
    found = members.members(
        rights,
        person_id=auth.visitor().person_id,
        now=this_portal().clock(),
        search=search,
        after=request.args.get("after", ""),
        before=request.args.get("before", ""),
    )
    return htmx.render(
        "members/page.html",
        fragment="members/_results.html",
        status=status,
        rights=rights,
        found=found,
        search=search,
        problem=problem,
        done=request.args.get("done", ""),
        count_limit=members.COUNT_LIMIT,
    )


@pages.get("")
@policy("person", visits=True)
def show() -> Any:
    return _page(_rights(request.args.get("account", "")))


@pages.post("/billing")
@policy("person")
def change_billing() -> Any:
    """First what it means, above a button that names the person; only that button changes something."""
    rights, asked = _rights(request.form.get("account", "")), request.form.get("do", "")
    try:
        person, has_it = members.member(rights.account_id, request.form.get("person", ""))
        if asked not in ("grant", "take"):
            return _review(rights, person, has_it)
        account, actor = Account.get_by_id(rights.account_id), auth.actor()
        change = members.grant_billing if asked == "grant" else members.take_billing
        change(account, person=person, actor=actor, now=this_portal().clock())
    except NotThere:
        raise
    except Refusal as refusal:
        return _page(rights, status=422, problem=str(refusal))
    return _changed(rights, person, taken=asked == "take")


def _review(rights: AccountRights, person: Person, has_it: bool) -> Any:
    if has_it and not rights.takes_billing:
        raise members.MayNotTake
    if has_it and rights.billing_people <= 1:
        raise members.LastBillingPerson
    if not has_it and not rights.grants_billing:
        raise members.MayNotGrant
    oneself = person.id == auth.visitor().person_id
    return htmx.render("members/billing.html", rights=rights, person=person, taking=has_it, oneself=oneself)


def _changed(rights: AccountRights, person: Person, *, taken: bool) -> Any:
    """Who gave it up and has no other role sees no members any more."""
    left = taken and person.id == auth.visitor().person_id and not rights.sees_seats
    if left:
        return htmx.go("/subscriptions?done=left-billing")
    done = "taken" if taken else "granted"
    return htmx.go(f"/members?{_of(rights)}done={done}")


def _of(rights: AccountRights) -> str:
    """Named only where somebody has several accounts."""
    several = len(auth.visitor().accounts) > 1
    return urlencode({"account": rights.customer_number}) + "&" if several else ""
