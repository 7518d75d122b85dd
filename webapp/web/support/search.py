"""Search over all sites of the agent's regions, while they type. What it shows is no more than it takes to
choose the account to visit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, Flask, current_app, request

from webapp.data.keys import sort_key
from webapp.domain.everywhere import Answer, Everywhere
from webapp.domain.support import agent_events, customer_search
from webapp.domain.support.customer_search import Found
from webapp.i18n import current_speech
from webapp.sites import Site
from webapp.web import agent_auth, htmx
from webapp.web.limits import searches_per_agent
from webapp.web.policy import policy
from webapp.web.site import this_portal

pages = Blueprint("console_search", __name__, url_prefix="/console/search")

_AT_ONCE, _PATIENTLY = "everywhere", "everywhere, patiently"
_PATIENCE = 4.0  # seconds for a site that was late


@dataclass
class Shown:
    """What came of a question, by the names of the countries."""

    groups: list[tuple[Site, Found]] = field(default_factory=list)
    empty: list[Site] = field(default_factory=list)
    late: list[Site] = field(default_factory=list)
    broken: list[Site] = field(default_factory=list)

    @property
    def hits(self) -> int:
        return sum(len(found.hits) for _site, found in self.groups)


def init_app(app: Flask) -> None:
    """Sites that are late are asked once more apart from the others: they must not use up their threads."""
    portal = app.extensions["portal"]
    for name in (_AT_ONCE, _PATIENTLY):
        app.extensions[name] = Everywhere(partial(portal.at, mode="look"))


@pages.get("")
@searches_per_agent
@policy("agent", place="support")
def show() -> Any:
    text, again = customer_search.tidy(request.args.get("q", "")), "again" in request.args
    sites = _sites(request.args.getlist("site"))
    shown = _ask(text, sites, patiently=again) if customer_search.is_enough(text) else None
    return htmx.render(
        "support/search.html",
        fragment="support/_groups.html" if again else "support/_results.html",
        text=text,
        shown=shown,
        again=again,
        ask_again=shown and _address(text, [*shown.late, *shown.broken]),
    )


def _sites(codes: list[str]) -> Sequence[Site]:
    """Of the agent's regions; those with these codes, if any is named."""
    allowed = agent_auth.agent_sites()
    return [site for site in allowed if site.code in codes] if codes else allowed


def _address(text: str, sites: list[Site]) -> str:
    named = [("q", text), *(("site", site.code) for site in sites), ("again", "yes")]
    return f"{request.path}?{urlencode(named)}"


def _ask(text: str, sites: Sequence[Site], *, patiently: bool) -> Shown:
    """Noted first: nothing is shown that is not on record."""
    now, agent = this_portal().clock(), agent_auth.agent()
    asked = [site.code for site in sites]
    agent_events.record(agent.id, agent_events.SEARCHED, now=now, text=text, sites=asked)
    everywhere: Everywhere = current_app.extensions[_PATIENTLY if patiently else _AT_ONCE]
    question = partial(customer_search.search, text, now=now)
    longest = {"patience": _PATIENCE, "longest": 1.5 * _PATIENCE} if patiently else {}
    return _shown(list(everywhere.ask(sites, question, **longest)))


def _shown(answers: list[Answer[Found]]) -> Shown:
    shown, language = Shown(), current_speech().text_language
    for answer in sorted(answers, key=lambda one: sort_key(one.site.name_in(language))):
        if answer.found is None:
            (shown.late if answer.trouble == "late" else shown.broken).append(answer.site)
        elif answer.found.hits:
            shown.groups.append((answer.site, answer.found))
        else:
            shown.empty.append(answer.site)
    return shown
