"""The main pages in `xx`, longer by 40 %: nothing is cut off, nothing is wider than the window, all is translated."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from babel import Locale
from playwright.sync_api import Page

from tests.browser.conftest import Visit
from tests.browser.pages import BY_NAME, show
from tests.browser.pages.shapes import administrator
from tests.browser.server import PortalServer
from tests.browser.test_layout import sideways
from tests.browser.visitor import Visitor
from tests.support import catalogues
from tests.support.pseudo import outside_brackets, pseudo
from webapp.data.accounts import Account, Person
from webapp.data.subscriptions import Order, Subscription
from webapp.i18n import speech

PAGES = ("list", "manage-active", "transfer", "agreement-pending", "help")
WIDTHS = (390, 1280)
LOCALES = ["en", *catalogues.languages(), *catalogues.region_words()]

# What is in a box that is smaller than itself: a button, a label, a cell. An ellipsis is a loss as well. A box
# of one pixel is for who listens.
_CUT_OFF = """() => [...document.querySelectorAll("a, button, label, th, td, dt, dd, h1, h2, h3, .btn, .badge, .tabs, .brand-name")]
  .filter((e) => e.checkVisibility() && !e.closest(".vh, .skip, [aria-hidden=true]") && !e.querySelector("svg"))
  .filter((e) => getComputedStyle(e).overflowX !== "visible" && e.clientWidth > 1 && e.scrollWidth > e.clientWidth + 1)
  .map((e) => `cut off: ${e.outerHTML.slice(0, 120)}`)"""
# But for the agreement's text, which is a document of its own in one language.
_SAID = """() => document.querySelectorAll(".agreement").forEach((text) => text.remove()) || [document.title, document.body.innerText,
  ...[...document.querySelectorAll("*")].flatMap((e) => ["aria-label", "title", "alt", "placeholder"]
    .map((name) => e.getAttribute(name)).filter(Boolean))].join("\\n")"""

_FRENCH = Locale("fr")  # dates stay in the site's format
_ADDRESS_OR_ID = re.compile(r"\S+@\S+|SUB-[A-Z]{2}-\d+")


@pytest.fixture(scope="module")
def in_xx(server: PortalServer) -> Iterator[PortalServer]:
    """A second process on the demo's data."""
    pseudo_server = PortalServer(server.data, "tests.browser.pseudo_app:app")
    try:
        pseudo_server.serve()
        yield pseudo_server
    finally:
        pseudo_server.end()


@pytest.fixture
def visitor(visit: Visit, in_xx: PortalServer) -> Visitor:
    window = visit("fr")
    window.server = in_xx
    window.sign_in(administrator("fr"))
    return window


def data_of(server: PortalServer) -> list[str]:
    """What pages may show outside of brackets: it is customers’ or products’, not ours."""
    site = server.portal.sites["fr"]
    with server.portal.at(site):
        names = [value for one in Person.select() for value in (one.name, one.email)]
        companies = [value for one in Account.select() for value in (one.name, one.line1, one.city)]
        bought = [one.product_name for one in Subscription.select()]
        numbers = [str(one.order_number) for one in Order.select()]
    products = [product.name for product in server.portal.catalogue]
    ours = [site.brand_name_in("fr"), site.legal_entity_in("fr"), site.name_in("fr")]
    months = [name for width in ("wide", "abbreviated") for name in _FRENCH.months["format"][width].values()]
    return names + companies + bought + numbers + products + ours + months


def hard_coded(page: Page, known: list[str]) -> list[str]:
    return outside_brackets(_ADDRESS_OR_ID.sub(" ", str(page.evaluate(_SAID))), known)


def test_pages_hold_longer_words_and_none_that_is_hard_coded(visitor: Visitor) -> None:
    known, problems = data_of(visitor.server), []
    for name in PAGES:
        page = show(BY_NAME[name], visitor)
        assert pseudo("Subscriptions").split(" ", 1)[0] in page.inner_text("body")
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 900})
            found = [*sideways(page), *page.evaluate(_CUT_OFF)]
            problems += [f"{name} at {width} px: {problem}" for problem in found]
        problems += [f"{name}: hard-coded: {line}" for line in hard_coded(page, known)]
    assert not problems, "\n".join(problems)


# A placeholder is never wrapped: its text must fit into the box.
_TOO_LONG = """(texts) => {
  const box = document.querySelector("#q"), style = getComputedStyle(box);
  const pen = Object.assign(document.createElement("canvas").getContext("2d"), { font: style.font });
  const room = box.clientWidth - parseFloat(style.paddingInlineStart) - parseFloat(style.paddingInlineEnd);
  return texts.filter((text) => pen.measureText(text).width > room);
}"""


def test_the_hint_of_the_search_fits_on_a_phone_in_every_language(visit_as: Visit) -> None:
    page = show(BY_NAME["list"], visit_as("fr", administrator("fr"), width=390))
    hints = [speech(language, "FR").messages.gettext("Name, ID or order number") for language in LOCALES]
    assert page.evaluate(_TOO_LONG, hints) == []
    assert page.evaluate(_TOO_LONG, ["W" * 40])


def test_what_is_hard_coded_or_cut_off_is_noticed(visitor: Visitor) -> None:
    page = show(BY_NAME["help"], visitor)
    page.evaluate("""() => {
      const button = document.createElement("button");
      button.textContent = "Order now and for ever";
      button.style.cssText = "width: 40px; overflow: hidden; white-space: nowrap";
      document.querySelector("main").append(button);
    }""")
    assert "Order now and for ever" in hard_coded(page, data_of(visitor.server))
    assert page.evaluate(_CUT_OFF)
