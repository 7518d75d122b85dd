"""Layout: nothing scrolls sideways, targets are large enough for thumbs, nothing jumps while a page loads."""

from __future__ import annotations

import gzip

import pytest
from playwright.sync_api import Browser, Page, Response

from tests.browser.chromium import find_chromium
from tests.browser.conftest import FLAGS, Visit
from tests.browser.pages import BY_NAME, show
from tests.browser.pages.shapes import administrator, person_of
from tests.browser.server import PortalServer
from tests.browser.visitor import Visitor

LEAST_TARGET, LEAST_PRIMARY = 24, 44
FIRST_PAGE_BYTES, FIRST_PAGE_WITH_FONTS_BYTES = 40_000, 90_000

# What is wider than the window and is not clipped or scrolled by something around it.
_SIDEWAYS = """() => {
  const root = document.scrollingElement, wide = innerWidth;
  if (root.scrollWidth <= wide) return [];
  const out = [...document.querySelectorAll("body *")].filter((e) => {
    const box = e.getBoundingClientRect();
    return box.width && (box.right > wide + 1 || box.left < -1);
  });
  return [`${root.scrollWidth} px wide in ${wide} px`, ...out.slice(0, 8).map((e) => e.outerHTML.slice(0, 120))];
}"""

# Links inside a sentence are as high as its lines: WCAG 2.5.8 lets them. What is chosen is chosen by its label, too.
_SMALL_TARGETS = """([least, leastPrimary]) => {
  const inSentence = (e) => e.tagName === "A" && getComputedStyle(e).display === "inline"
    && [...e.parentNode.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim());
  const box = (e) => ((e.matches("[type=radio], [type=checkbox]") && e.closest("label")) || e).getBoundingClientRect();
  const seen = (e) => e.checkVisibility({ visibilityProperty: true, opacityProperty: true })
    && !e.closest(".vh, .skip, [aria-hidden=true]");
  return [...document.querySelectorAll("a[href], button, input:not([type=hidden]), select, summary")]
    .filter(seen).filter((e) => !inSentence(e))
    .map((e) => [e, box(e), e.matches(".pri") ? leastPrimary : least])
    .filter(([e, box, need]) => box.width < Math.min(need, least) - 0.01 || box.height < need - 0.01)
    .map(([e, box]) => `${Math.round(box.width)} × ${Math.round(box.height)}: ${e.outerHTML.slice(0, 140)}`);
}"""

_WIDER_FONT = """() => {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync("* { font-family: 'DejaVu Sans', Verdana, sans-serif !important }");
  document.adoptedStyleSheets = [sheet];
}"""


def sideways(page: Page) -> list[str]:
    return list(page.evaluate(_SIDEWAYS))


@pytest.mark.parametrize("name", BY_NAME)
def test_nothing_scrolls_sideways_and_targets_are_large_enough(visit_as: Visit, name: str) -> None:
    """At 320 px; at 640 px, which is a window of 1280 px at 200 %; on a phone and a tablet, with a finger."""
    case = BY_NAME[name]
    visitor = visit_as("fr", person_of(case, "fr"), width=320, touch=True)
    page = show(case, visitor)
    problems = sideways(page)
    for width in (390, 640, 768, 1024):
        page.set_viewport_size({"width": width, "height": 450})
        problems += sideways(page)
    if case.endpoint != "front.show_mail":
        problems += page.evaluate(_SMALL_TARGETS, [LEAST_TARGET, LEAST_PRIMARY])
    assert not problems, "\n".join(problems)


@pytest.mark.parametrize("site", ["fr", "hu", "nl", "pl", "ae"])
def test_the_lists_fit_every_window_between_phone_and_desk(visit_as: Visit, site: str) -> None:
    """The widest words, and right to left."""
    problems = []
    for name in ("list", "invoices"):
        visitor = visit_as(site, person_of(BY_NAME[name], site))
        page = show(BY_NAME[name], visitor, site)
        for width in (1280, 1240, 1180, 1100, 1024, 900, 768, 721):
            page.set_viewport_size({"width": width, "height": 800})
            problems += [f"{name} at {width} px: {problem}" for problem in sideways(page)]
    assert not problems, "\n".join(problems)


@pytest.mark.parametrize("name", ["sign-in", "list", "manage-pending", "agreement-pending", "help"])
def test_nothing_scrolls_sideways_in_the_wider_fallback_font(visit_as: Visit, name: str) -> None:
    """The font is optional: on a slow line the page stays as it came, in another one."""
    case = BY_NAME[name]
    visitor = visit_as("fr", person_of(case, "fr"), width=320)
    visitor.page.route("**/*.woff2*", lambda route: route.abort())
    with visitor.expecting("ERR_FAILED", "preloaded"):
        page = show(case, visitor)
        page.evaluate(_WIDER_FONT)
        assert sideways(page) == []


@pytest.mark.parametrize("site", ["de", "ae"])
def test_long_words_and_right_to_left_do_not_scroll_sideways(
    visit: Visit, server: PortalServer, site: str
) -> None:
    """Names and numbers of customers are as long as they like: none of them has a space."""
    order = server.active_order(
        site,
        **{
            "purchaser.name": "Rechtsschutzversicherungsgesellschaftsangestellte",
            "purchaser.email": f"bezirksschornsteinfegermeisterin.grundstuecksverkehr-{site}@browser.example",
            "purchase_order_number": "W" * 70,
        },
    )
    visitor = visit(site, width=320)
    visitor.sign_in(order.email)
    problems: list[str] = []
    pages = ("", "/users", "/agreement", "/purchase-order")
    for path in ("/subscriptions", "/help", *(order.path + page for page in pages)):
        visitor.open(path)
        for width in (320, 390, 640, 768, 1100, 1280):
            visitor.page.set_viewport_size({"width": width, "height": 700})
            problems += [f"{path}: {problem}" for problem in sideways(visitor.page)]
    assert not problems, "\n".join(problems)


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("name", ["sign-in", "list", "manage-active", "agreement-pending", "help"])
def test_nothing_jumps_while_a_page_loads(visit_as: Visit, name: str, width: int) -> None:
    case = BY_NAME[name]
    visitor = visit_as("fr", person_of(case, "fr"), width=width)
    page = visitor.open(case.address(visitor.server, "fr"))
    page.wait_for_load_state("networkidle")
    page.evaluate("document.fonts.ready")
    page.wait_for_timeout(300)
    # To the three places that Lighthouse tells: a busy machine paints cells before their last hairline.
    assert round(page.evaluate("window.shifted"), 3) == 0, page.evaluate("window.shifts")


def test_a_scrollbar_that_takes_room_pushes_nothing_aside(browser: Browser, server: PortalServer) -> None:
    """Playwright hides them; a long page gets its own while it loads, a short one none."""
    with browser.browser_type.launch(
        executable_path=find_chromium(), args=FLAGS, ignore_default_args=["--hide-scrollbars"]
    ) as with_scrollbars:
        page = with_scrollbars.new_page(viewport={"width": 1280, "height": 900})
        starts = set()
        for path in ("/password/sent", "/privacy"):
            page.goto(server.origin("fr") + path)
            starts.add(page.evaluate("document.querySelector('main > .wrap').getBoundingClientRect().left"))
        assert page.evaluate("document.documentElement.scrollHeight > innerHeight > 0")
        assert page.evaluate("document.documentElement.clientWidth < innerWidth")
    assert len(starts) == 1, starts


def weigh(visitor: Visitor, path: str) -> tuple[int, int]:
    """What a first visit to this page loads, compressed: without its fonts, and with them."""
    heard: list[Response] = []
    page = visitor.context.new_page()
    page.on("response", lambda response: heard.append(response))
    page.goto(visitor.address(path))
    page.wait_for_load_state("networkidle")
    sizes = [(response, len(gzip.compress(response.body()))) for response in heard]
    fonts = sum(size for response, size in sizes if response.request.resource_type == "font")
    return sum(size for _response, size in sizes) - fonts, sum(size for _response, size in sizes)


@pytest.mark.parametrize("path", ["/sign-in", "/subscriptions"])
def test_the_first_page_is_light(visit: Visit, visit_as: Visit, path: str) -> None:
    visitor = visit() if path == "/sign-in" else visit_as("fr", administrator("fr"))
    bare, with_fonts = weigh(visitor, path)
    assert 0 < bare <= FIRST_PAGE_BYTES
    assert bare < with_fonts <= FIRST_PAGE_WITH_FONTS_BYTES


@pytest.mark.parametrize("name", ["list", "manage-active", "invoice", "agreement-pending"])
def test_on_paper_there_is_nothing_to_press(visit_as: Visit, name: str) -> None:
    case = BY_NAME[name]
    page = show(case, visit_as("fr", person_of(case, "fr"), width=794))
    page.emulate_media(media="print")
    pressed = page.locator(":is(.btn, .icon-btn, .link-btn, .tick):visible")
    assert pressed.all_inner_texts() == []
    assert sideways(page) == []
