"""Whose words: the person's choice, else the cookie's, else the browser's, else the site's first language."""

from __future__ import annotations

from flask import request

from webapp import i18n
from webapp.web.agent_auth import half_agent_or_none
from webapp.web.auth import visitor_or_none
from webapp.web.policy import API
from webapp.web.site import place, site_or_none
from webapp.web.visits import visiting_agent

COOKIE = "language"
FRONT_LANGUAGES = ["en", "de", "fr", "it", "es", "nl", "pl", "pt", "cs", "sk", "hu", "ja", "ar"]
FOR_AGENTS = "/support"  # on a visit: pages that no customer sees are in the agent's own language


def offered() -> list[str]:
    site = site_or_none()
    if site is None:
        return FRONT_LANGUAGES
    if place() == "visit" and request.path.startswith(FOR_AGENTS):
        return list(dict.fromkeys((*FRONT_LANGUAGES, *site.languages)))
    return list(site.languages)


def _wished() -> str | None:
    if agent := visiting_agent():
        return i18n.negotiate([agent.language], offered())
    visitor = visitor_or_none() or half_agent_or_none()
    if visitor and visitor.language in offered():
        return visitor.language
    cookie = request.cookies.get(COOKIE, "")
    return cookie if cookie in offered() else None


def chosen_language() -> str:
    return _wished() or _negotiated(offered()) or offered()[0]


def _negotiated(among: list[str]) -> str | None:
    return i18n.negotiate([tag for tag, _quality in request.accept_languages], among)


def speak() -> None:
    site = site_or_none()
    language = _of_a_program() if request.path.startswith(API) else chosen_language()
    i18n.set_speech(i18n.speech(language, site.territory if site else "GB"))


def _of_a_program() -> str:
    """English unless it asks for one of the site: it understands the codes, who runs it reads the words."""
    return _negotiated([*offered(), i18n.SOURCE_LANGUAGE]) or i18n.SOURCE_LANGUAGE
