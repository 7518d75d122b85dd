"""At the host of visits, below `/support`: what support sees beside what the administrator sees."""

from __future__ import annotations

from functools import partial
from typing import Any
from urllib.parse import urlsplit

from flask import Blueprint, request

from webapp.domain import terms
from webapp.domain.support import findings, support_records
from webapp.domain.support.diagnosis import QUESTIONS, WITHOUT_ADDRESS, diagnose
from webapp.domain.support.findings import Finding
from webapp.domain.support.support_facts import Case
from webapp.i18n import _
from webapp.web import htmx
from webapp.web.policy import policy
from webapp.web.site import this_portal, this_site
from webapp.web.support import actions, elsewhere
from webapp.web.visits import this_visit

pages = Blueprint("facts", __name__, url_prefix="/support")

_LONGEST_ADDRESS = 320


def _page(template: str, **context: Any) -> Any:
    status, now = context.pop("status", 200), this_portal().clock()
    times: dict[str, Any] = {
        "at": findings.at,
        "on": findings.on,
        "now": now,
        "today": terms.today(now).isoformat(),
    }
    page = f"support/facts/{template}.html"
    return htmx.render(page, status=status, account=this_visit().account, **times, **context)


def _after() -> str:
    return request.args.get("after", "")


@pages.get("")
@policy("visit", place="visit")
def overview() -> Any:
    """What could be asked, and all subscriptions, also those that nobody else sees any more."""
    account = this_visit().account
    asked = {"question": "", "email": this_visit().person.email, "subscription": ""}
    return _page(
        "overview",
        asked=asked,
        problems=[],
        told=None,
        page=support_records.subscriptions(account.id, after=_after()),
        waiting=support_records.waiting_for_tax(account.id),
    )


@pages.get("/diagnosis")
@policy("visit", place="visit")
def diagnosis() -> Any:
    asked = {
        "question": request.args.get("question", ""),
        "email": request.args.get("email", "").strip()[:_LONGEST_ADDRESS],
        "subscription": request.args.get("subscription", "").strip()[:20],
    }
    problems = _problems(asked)
    case = _case(asked["email"], asked["subscription"])
    if asked["subscription"] and not case.subscriptions:
        problems.append(("subscription", _("This account has no such subscription.")))
    told: list[Finding] | None = None if problems else diagnose(asked["question"], case)
    return _page("diagnosis", asked=asked, problems=problems, told=told, status=422 if problems else 200)


def _problems(asked: dict[str, str]) -> list[tuple[str, str]]:
    problems = []
    if asked["question"] not in QUESTIONS:
        problems.append(("question", _("Choose what the customer says.")))
    elif not asked["email"] and asked["question"] not in WITHOUT_ADDRESS:
        problems.append(("email", _("Enter the email address that the customer uses.")))
    return problems


def _case(email: str, public_id: str) -> Case:
    here, portal = this_visit(), this_portal()
    ask = partial(elsewhere.ask, portal, here.agent.id, email, but=this_site())
    return Case(
        here.account.id, here.account.name, email, portal.clock(), portal.catalogue, public_id, elsewhere=ask
    )


@pages.get("/emails")
@policy("visit", place="visit")
def emails() -> Any:
    return _page("emails", page=support_records.emails(this_visit().account.id, after=_after()))


@pages.get("/sign-ins")
@policy("visit", place="visit")
def sign_ins() -> Any:
    account, now = this_visit().account.id, this_portal().clock()
    return _page(
        "sign_ins",
        page=support_records.sign_ins(account, after=_after()),
        locked=support_records.locked(account, now=now),
        present=support_records.present(account, now=now),
        done=request.args.get("done", ""),
    )


@pages.get("/webhooks")
@policy("visit", place="visit")
def webhooks() -> Any:
    found = support_records.webhooks(this_visit().account.id, after=_after())
    return _page("webhooks", page=found, host=lambda url: urlsplit(url).hostname or "–")


@pages.get("/trail")
@policy("visit", place="visit")
def trail() -> Any:
    found = support_records.trail(this_visit().account.id, after=_after())
    return _page("trail", page=found, details_of=support_records.details_of, in_words=actions.in_words)


@pages.get("/subscriptions/<public_id:public_id>")
@policy("visit", place="visit")
def subscription(public_id: str) -> Any:
    """The order as received, and everything that happened since, in one order."""
    found = support_records.subscription(this_visit().account.id, public_id)
    return _page(
        "subscription",
        found=found,
        order=support_records.order_as_received(found),
        events=support_records.timeline(found),
        in_words=actions.in_words,
        done=request.args.get("done", ""),
    )
