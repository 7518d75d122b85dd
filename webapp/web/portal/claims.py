"""“Our administrator has left”: claiming, confirming by mail, objecting, and deciding as the backup."""

from __future__ import annotations

import json
from typing import Any

from flask import Blueprint, request

from webapp.data.claims import Claim
from webapp.domain import permissions
from webapp.domain.claims import claim_decisions, claims
from webapp.domain.claims.claims import FreeAddress, ReasonMissing, ReasonTooLong
from webapp.domain.limits import TooOften
from webapp.domain.refusals import Refusal
from webapp.domain.tokens import TokenInvalid
from webapp.web import auth, htmx
from webapp.web.limits import links_per_address
from webapp.web.policy import policy
from webapp.web.site import this_portal

pages = Blueprint("claims", __name__)

_REASONS = (ReasonMissing, ReasonTooLong)


@pages.get("/claims")
@policy("person")
def show() -> Any:
    chosen = [request.args["id"][:20]] if "id" in request.args else []
    return _page(chosen=chosen)


def _page(*, chosen: list[str], more: str = "", reason: str = "", refusal: Refusal | None = None) -> Any:
    person_id, now = auth.visitor().person_id, this_portal().clock()
    field = "reason" if isinstance(refusal, _REASONS) else "" if isinstance(refusal, FreeAddress) else "more"
    return htmx.render(
        "claims/page.html",
        status=422 if refusal else 200,
        claims=claims.own(person_id),
        left_out=claims.left_out(person_id, now=now),
        seen=claims.seen_by(person_id, now=now),
        chosen=chosen,
        more=more,
        reason=reason,
        problem=str(refusal) if refusal else "",
        problem_field=field if refusal else "",
        last_day=claims.last_day,
        longest=claims.LONGEST_REASON,
        done=request.args.get("done", ""),
    )


@pages.post("/claims")
@policy("person")
def ask() -> Any:
    """The answer says nothing about what was named."""
    chosen, more = request.form.getlist("subscription"), request.form.get("more", "")
    reason = request.form.get("reason", "")
    named = [*chosen, *more.replace(";", ",").replace("\n", ",").split(",")]
    try:
        claims.ask(auth.actor(), named, reason=reason, now=this_portal().clock())
    except TooOften:
        raise
    except Refusal as refusal:
        return _page(chosen=chosen, more=more, reason=reason, refusal=refusal)
    return htmx.go("/claims?done=asked")


@pages.get("/claims/prove/<mailed_token:token>")
@policy("person")
def show_proof(token: str) -> Any:
    """Looks only: mail scanners open links before people do."""
    try:
        found = claims.peek(token, person_id=auth.visitor().person_id, now=this_portal().clock())
    except TokenInvalid as refusal:
        return _dead_link(refusal)
    return htmx.render("claims/prove.html", named=json.loads(found.named))


@pages.post("/claims/prove/<mailed_token:token>")
@links_per_address
@policy("person")
def prove(token: str) -> Any:
    try:
        claims.prove(token, person=auth.actor(), now=this_portal().clock())
    except TokenInvalid as refusal:
        return _dead_link(refusal)
    return htmx.go("/claims?done=proven")


def _dead_link(refusal: Refusal) -> Any:
    return htmx.render("claims/dead_link.html", status=410, problem=str(refusal))


@pages.post("/claims/<claim_key:key>/withdraw")
@policy("person")
def withdraw(key: str) -> Any:
    found = claims.own_claim(auth.visitor().person_id, key)
    claim_decisions.withdraw(found, actor=auth.actor(), now=this_portal().clock())
    return htmx.go("/claims?done=withdrawn")


# ---- objecting by the mailed link


@pages.get("/claims/object/<mailed_token:token>")
@policy("public")
def show_objection(token: str) -> Any:
    """Looks only: mail scanners open links before people do."""
    try:
        claim, _person = claims.to_object(token, now=this_portal().clock())
    except TokenInvalid as refusal:
        return _dead_link(refusal)
    return htmx.render("claims/object.html", **_facts(claim))


@pages.post("/claims/object/<mailed_token:token>")
@links_per_address
@policy("public")
def object_by_link(token: str) -> Any:
    reason = request.form.get("reason", "")[: claims.LONGEST_REASON]
    try:
        claim_decisions.object_by_link(token, reason=reason, now=this_portal().clock())
    except TokenInvalid as refusal:
        return _dead_link(refusal)
    return htmx.go("/claims/objected")


@pages.get("/claims/objected")
@policy("public")
def objected() -> Any:
    return htmx.render("claims/objected.html")


def _facts(claim: Claim) -> dict[str, Any]:
    return {"claim": claim, "last_day": claims.last_day, "longest": claims.LONGEST_REASON}


# ---- on the page of the subscription


def _waiting(public_id: str) -> Claim:
    now = this_portal().clock()
    return claims.waiting_for(permissions.managed_subscription(auth.visitor().person_id, public_id, now=now))


def _decision_page(claim: Claim, *, problem: str = "", reason: str = "") -> Any:
    backup, person_id = claim_decisions.backup_of(claim), auth.visitor().person_id
    return htmx.render(
        "claims/decide.html",
        status=422 if problem else 200,
        decides=backup is not None and backup.id == person_id,
        objects=claim.administrator_id == person_id,
        problem=problem,
        reason=reason,
        **_facts(claim),
    )


@pages.get("/subscriptions/<public_id:public_id>/claim")
@policy("person", visits=True)
def show_waiting(public_id: str) -> Any:
    return _decision_page(_waiting(public_id))


@pages.post("/subscriptions/<public_id:public_id>/claim")
@policy("person")
def decide(public_id: str) -> Any:
    """The administrator objects, the backup approves or refuses."""
    claim, actor, now = _waiting(public_id), auth.actor(), this_portal().clock()
    do, reason = request.form.get("do", ""), request.form.get("reason", "")
    try:
        if do == "object":
            claim_decisions.raise_objection(claim, actor=actor, reason=reason, now=now)
            return htmx.go(f"/subscriptions/{public_id}?done=claim-objected")
        if do not in ("approve", "refuse"):
            return _decision_page(claim)
        grant = do == "approve"
        claim_decisions.decide_as_backup(claim, actor=actor, grant=grant, reason=reason, now=now)
    except _REASONS as refusal:
        return _decision_page(claim, problem=str(refusal), reason=reason)
    return htmx.go(f"/subscriptions/{public_id}?done=claim-{'granted' if grant else 'refused'}")
