"""Claims that somebody objected to, at the host of visits: of the account that is visited, with all that was
said, and the decision."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, request

from webapp.domain.claims import claim_decisions, claims
from webapp.domain.claims.claims import ReasonMissing, ReasonTooLong
from webapp.web import htmx
from webapp.web.policy import policy
from webapp.web.site import this_portal
from webapp.web.visits import acting, this_visit

pages = Blueprint("disputes", __name__, url_prefix="/support/claims")


@pages.get("")
@policy("visit", place="visit")
def show_list() -> Any:
    account = this_visit().account
    return htmx.render(
        "support/claims/of_account.html",
        account=account,
        claims=claims.disputes(account_id=account.id),
        done=request.args.get("done", ""),
    )


def _page(key: str, *, problem: str = "", reason: str = "") -> Any:
    found = claims.of_account(key, account_id=this_visit().account.id)
    return htmx.render(
        "support/claims/page.html",
        status=422 if problem else 200,
        claim=found,
        last_day=claims.last_day,
        longest=claims.LONGEST_REASON,
        problem=problem,
        reason=reason,
    )


@pages.get("/<claim_key:key>")
@policy("visit", place="visit")
def show(key: str) -> Any:
    return _page(key)


@pages.post("/<claim_key:key>")
@policy("visit", place="visit")
def decide(key: str) -> Any:
    do, reason = request.form.get("do", ""), request.form.get("reason", "")
    if do not in ("approve", "refuse"):
        return _page(key)
    try:
        with acting() as here:
            found = claims.disputed(key, account_id=here.account.id)
            claim_decisions.decide_dispute(
                found, by=here.actor, grant=do == "approve", reason=reason, now=this_portal().clock()
            )
    except (ReasonMissing, ReasonTooLong) as refusal:
        return _page(key, problem=str(refusal), reason=reason)
    return htmx.go("/support/claims?done=decided")
