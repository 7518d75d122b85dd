"""Handing a subscription over: a page, and the same as a dialog on the page of the subscription."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import Blueprint, request

from webapp.data.accounts import Person
from webapp.data.keys import email_key
from webapp.data.subscriptions import Subscription
from webapp.domain import permissions
from webapp.domain.addresses import EmailInvalid
from webapp.domain.names import NameInvalid, NameMissing
from webapp.domain.refusals import Refusal
from webapp.domain.subscriptions import transfer
from webapp.domain.subscriptions.candidates import WORTH_SEARCHING, candidate, candidates
from webapp.domain.subscriptions.transfer import NewPerson
from webapp.web import auth, htmx
from webapp.web.forms import TransferForm
from webapp.web.policy import policy
from webapp.web.site import this_portal

pages = Blueprint("transfer", __name__, url_prefix="/subscriptions/<public_id:public_id>/transfer")

# Where on the page a refusal is mended.
_FIELD_OF = {NameMissing: "new_name", NameInvalid: "new_name", EmailInvalid: "new_email"}


@dataclass(frozen=True, slots=True)
class Problem:
    field: str
    text: str


def _subscription(public_id: str) -> Subscription:
    now = this_portal().clock()
    return permissions.own_subscription(auth.visitor().person_id, public_id, now=now)


def _page(
    subscription: Subscription,
    form: TransferForm,
    *,
    heir: Person | NewPerson | None = None,
    problem: Problem | None = None,
    reviewed: bool = False,
    fragment: str = "transfer/_form.html",
) -> Any:
    """`heir` is who the button names: nobody, until somebody was chosen."""
    person_id, search = auth.visitor().person_id, request.args.get("q", "")[:100]
    found = candidates(subscription.account, administrator=person_id, search=search)
    return htmx.render(
        "transfer/page.html",
        fragment=fragment,
        status=422 if problem else 200,
        subscription=subscription,
        form=form,
        heir=heir,
        problem=problem,
        reviewed=reviewed,
        candidates=found,
        search=search,
        searchable=bool(search) or len(found.people) > WORTH_SEARCHING,
        holds_seat=transfer.has_seat(subscription, person_id),
    )


@pages.get("")
@policy("person")
def choose(public_id: str) -> Any:
    """Who searches in the dialog gets the list only."""
    fragment = "transfer/_people.html" if "q" in request.args else "transfer/_form.html"
    return _page(_subscription(public_id), TransferForm(keep_seat="yes"), fragment=fragment)


@pages.post("")
@policy("person")
def submit(public_id: str) -> Any:
    """First the consequences for the chosen person, then a button that names them; only that hands over."""
    subscription, form = _subscription(public_id), TransferForm(request.form)
    if not form.step.data:
        return _consequences(subscription, form)
    try:
        heir = _chosen(subscription, form)
    except Refusal as refusal:
        field = _FIELD_OF.get(type(refusal), "new_email" if form.adds_somebody else "to")
        return _page(subscription, form, problem=Problem(field, str(refusal)))
    if form.step.data != "confirm" or email_key(form.named.data or "") != email_key(heir.email):
        # The button that was pressed named nobody, or somebody else.
        return _page(subscription, form, heir=heir, reviewed=True)
    transfer.transfer_administration(
        subscription,
        to=heir,
        keep_seat=bool(form.keep_seat.data) or not transfer.has_seat(subscription, auth.visitor().person_id),
        actor=auth.actor(),
        now=this_portal().clock(),
    )
    return htmx.go("/subscriptions?done=transferred")


def _consequences(subscription: Subscription, form: TransferForm) -> Any:
    """In the dialog: another person was chosen, and the lower end says what that means."""
    heir = None if form.adds_somebody else _candidate(subscription, form)
    answer = _page(subscription, form, heir=heir, fragment="transfer/_end.html")
    answer.headers["HX-Retarget"], answer.headers["HX-Reswap"] = "#transfer-end", "outerHTML"
    return answer


def _candidate(subscription: Subscription, form: TransferForm) -> Person | None:
    return candidate(
        subscription.account, administrator=auth.visitor().person_id, email=str(form.to.data or "")
    )


def _chosen(subscription: Subscription, form: TransferForm) -> Person | NewPerson:
    """Who is typed in as new and belongs to the account already is that person."""
    if not form.adds_somebody:
        found = _candidate(subscription, form)
        if found is None:
            raise transfer.NobodyChosen if not form.to.data else transfer.NotOfTheAccount
        return found
    typed = transfer.new_person(name=form.new_name.data or "", email=form.new_email.data or "")
    if email_key(typed.email) == email_key(auth.visitor().email):
        raise transfer.AlreadyAdministrator
    known = candidate(subscription.account, administrator=auth.visitor().person_id, email=typed.email)
    return known or typed


@pages.get("/take-back")
@policy("person")
def show_take_back(public_id: str) -> Any:
    found = permissions.open_transfer(auth.visitor().person_id, public_id)
    return htmx.render("transfer/take_back.html", transfer=found)


@pages.post("/take-back")
@policy("person")
def take_back(public_id: str) -> Any:
    found = permissions.open_transfer(auth.visitor().person_id, public_id)
    actor = auth.actor()
    transfer.take_back(found, actor=actor, now=this_portal().clock())
    return htmx.go(f"/subscriptions/{public_id}?done=taken-back")
