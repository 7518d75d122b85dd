"""Each page in each of its states, in light and dark, at a desk and on a phone: no rule of axe is broken."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

import pytest

from tests.browser import axe
from tests.browser.conftest import Visit
from tests.browser.pages import BY_NAME, CASES, EVERYWHERE_PERSONAL, EVERYWHERE_PUBLIC, NO_PAGES, show
from tests.browser.pages.shapes import FRONT, administrator, person_of
from tests.browser.server import PortalServer
from tests.browser.test_layout import sideways
from tests.browser.visitor import Visitor
from tests.browser.ways_in import AGENTS, agent_row
from webapp import create_app
from webapp.assembly import assemble
from webapp.config import read_settings, resource_folder
from webapp.data.agents import Agent
from webapp.i18n import speech
from webapp.sites import load_sites
from webapp.web.language import FRONT_LANGUAGES
from webapp.web.policy import API

SITES = load_sites(resource_folder("tenants"), str)
SPOKEN = [(site.code, language) for site in SITES for language in site.languages]
# Of each language one site that speaks it: `make soak` looks at all of them.
ONE_OF_EACH = list({language.partition("_")[0]: (site, language) for site, language in SPOKEN[::-1]}.values())


def test_no_page_is_forgotten(tmp_path: Path) -> None:
    """A new route that answers GET must be among the cases, or say why it is no page."""
    app = create_app(assemble(read_settings({"PORTAL_DATA": str(tmp_path)})))
    reading = [rule for rule in app.url_map.iter_rules() if "GET" in (rule.methods or ())]
    routes = {rule.endpoint for rule in reading if not rule.rule.startswith(API)}
    listed = {case.endpoint for case in CASES} | set(NO_PAGES)
    assert len(BY_NAME) == len(CASES), "two cases have one name"
    assert routes - listed == set(), "these routes have no case in tests/browser/pages"
    assert listed - routes == {"errors.404"}, "these cases have no route"


def rules_for(name: str) -> tuple[str, ...]:
    """A mail is no page of ours: mail programs give it its landmarks."""
    return axe.WCAG if BY_NAME[name].endpoint == "front.show_mail" else axe.ALL


@pytest.mark.parametrize("name", BY_NAME)
def test_a_page_is_accessible(visit_as: Visit, name: str) -> None:
    case = BY_NAME[name]
    page = show(case, visit_as("fr", person_of(case, "fr")))
    found = axe.violations_in_all_looks(page, name, rules_for(name))
    assert not found, "\n".join(found)


def choose(visitor: Visitor, site: str, language: str) -> None:
    if len(SITES[site].languages) > 1:
        visitor.choose_language(language)


def look_at(visitor: Visitor, names: tuple[str, ...], site: str, language: str) -> list[str]:
    """The pages are laid out for the language, and say which language their words are in."""
    spoken = speech(language, SITES[site].territory)
    found: list[str] = []
    for name in names:
        html = show(BY_NAME[name], visitor, site).locator("html")
        assert html.get_attribute("dir") == spoken.direction
        assert html.get_attribute("lang") == spoken.language_tag
        found += axe.violations(visitor.page, f"{site} in {language}, {name}")
        found += [f"{site} in {language}, {name}: {wide}" for wide in sideways(visitor.page)]
    return found


# One of each kind: longer words, other letters, from right to left, a region over its language. All others: `make soak`.
KINDS_OF_LANGUAGES = [("pl", "pl"), ("jp", "ja"), ("ae", "ar"), ("ch", "fr_CH")]


@pytest.mark.parametrize(("site", "language"), KINDS_OF_LANGUAGES)
def test_the_main_pages_are_accessible_in_each_kind_of_language(
    visit: Visit, site: str, language: str
) -> None:
    visitor = visit(site, width=390)
    visitor.open("/sign-in")
    choose(visitor, site, language)
    found = look_at(visitor, EVERYWHERE_PUBLIC, site, language)
    visitor.sign_in(administrator(site))
    choose(visitor, site, language)
    found += look_at(visitor, EVERYWHERE_PERSONAL, site, language)
    assert not found, "\n".join(found)


OF_SUPPORT = [name for name, case in BY_NAME.items() if case.host not in ("", FRONT) and case.act is None]


@pytest.fixture
def agents_speak_arabic(server: PortalServer) -> Iterator[None]:
    def speak(language: str) -> None:
        with server.portal.support.bound():
            mine = [agent_row(server, who).id for who in AGENTS]
            Agent.update(language=language).where(Agent.id.in_(mine)).execute()

    speak("ar")
    yield
    speak("en")


@pytest.mark.usefixtures("agents_speak_arabic")
def test_the_pages_of_support_are_accessible_from_right_to_left(visit_as: Visit) -> None:
    found: list[str] = []
    for who, names in groupby(sorted(OF_SUPPORT, key=lambda name: str(BY_NAME[name].who)), key=whose):
        visitor = visit_as("fr", who, width=390, language="ar-AE")
        for name in names:
            page = show(BY_NAME[name], visitor)
            if (
                BY_NAME[name].endpoint != "subscriptions.manage"
            ):  # a visit shows it in the customer's language
                assert page.locator("html").get_attribute("dir") == "rtl", name
            found += axe.violations(page, name) + [f"{name}: {wide}" for wide in sideways(page)]
    assert not found, "\n".join(found)


def whose(name: str) -> str | None:
    return person_of(BY_NAME[name], "fr")


FULL_MATRIX = [
    (site, language, case.name)
    for site, language in [*SPOKEN, *((None, language) for language in FRONT_LANGUAGES)]
    for case in CASES
    if case.host == ("" if site else FRONT)
    and (case.who in (None, "administrator") or site == "fr")  # the demo has others at fr only
]


@pytest.mark.soak
@pytest.mark.parametrize(("site", "language", "name"), FULL_MATRIX)
def test_a_page_is_accessible_in_each_language_of_each_site(
    visit_as: Visit, site: str | None, language: str, name: str
) -> None:
    case = BY_NAME[name]
    visitor = visit_as(site, person_of(case, site) if site else None)
    visitor.open("/help" if site else "/")
    if site is None or len(SITES[site].languages) > 1:
        visitor.choose_language(language)
    page = show(case, visitor, site or "fr")
    found = axe.violations_in_all_looks(page, f"{site} in {language}, {name}", rules_for(name))
    assert not found, "\n".join(found)
