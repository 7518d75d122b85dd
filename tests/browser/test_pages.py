"""Each page in each of its states, in light and dark, on a phone and at a desk: accessible, upright, quiet."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.browser import axe
from tests.browser.conftest import Visit
from tests.browser.pages import BY_NAME, CASES, NO_PAGES, PageCase, show
from webapp import create_app
from webapp.assembly import assemble
from webapp.config import read_settings

THEMES = ("light", "dark")
WIDTHS = (1280, 390)


def test_no_page_is_forgotten(tmp_path: Path) -> None:
    """A new route that answers GET must be among the cases, or say why it is no page."""
    app = create_app(assemble(read_settings({"PORTAL_DATA": str(tmp_path)})))
    routes = {rule.endpoint for rule in app.url_map.iter_rules() if "GET" in (rule.methods or ())}
    listed = {case.endpoint for case in CASES} | set(NO_PAGES)
    assert routes - listed == set(), "these routes have no case in tests/browser/pages.py"
    assert listed - routes == {"errors.404"}, "these cases have no route"


@pytest.mark.parametrize("name", BY_NAME)
def test_a_page_is_accessible_in_both_themes_and_widths(visit_as: Visit, name: str) -> None:
    case = BY_NAME[name]
    found: list[str] = []
    for width in WIDTHS:
        visitor = visit_as(case.site, case.person, width=width)
        page = show(case, visitor)
        for theme in THEMES:
            page.emulate_media(color_scheme=theme)
            found += axe.in_words(axe.violations(page), f"{theme}, {width} px")
    assert not found, "\n".join(found)


def phone_menu(case: PageCase) -> bool:
    return case.name in ("list", "sign-in")
