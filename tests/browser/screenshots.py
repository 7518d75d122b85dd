"""`python -m tests.browser.screenshots [NAME …]`: pictures of the main pages, to be looked at by people.

They go to tests/browser/screenshots/ as <page>-<width>-<look>.png; `rtl` is the site ae in Arabic.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from tests.browser.chromium import find_chromium
from tests.browser.conftest import FLAGS
from tests.browser.pages import BY_NAME, administrator, show
from tests.browser.server import PortalServer
from tests.browser.visitor import Visitor, new_context_options

FOLDER = Path(__file__).parent / "screenshots"
PAGES = ("sign-in", "list", "manage-active", "agreement-pending")
LOOKS = {  # site, language, theme
    "light": ("fr", "fr-FR", "light"),
    "dark": ("fr", "fr-FR", "dark"),
    "rtl": ("ae", "ar-AE", "light"),
}
WIDTHS = (1280, 390)


def in_front_of(browser: Browser, server: PortalServer, look: str, width: int) -> Visitor:
    site, language, theme = LOOKS[look]
    options = new_context_options(
        language=language, width=width, height=900, theme=theme, javascript=True, touch=width < 500, scale=1
    )
    context = browser.new_context(**options)
    return Visitor(server, context, context.new_page(), site)


def take(visitor: Visitor, names: list[str], look: str, width: int) -> Iterator[Path]:
    site = LOOKS[look][0]
    signed_in = False
    for name in sorted(names, key=lambda name: BY_NAME[name].who or ""):
        if BY_NAME[name].who and not signed_in:
            visitor.sign_in(administrator(site))
            if site == "ae":
                visitor.choose_language("ar")
            signed_in = True
        page = show(BY_NAME[name], visitor, site)
        page.evaluate("document.fonts.ready")
        path = FOLDER / f"{name}-{width}-{look}.png"
        page.screenshot(path=path, full_page=":popover-open" not in page.content())
        yield path


def main(names: list[str]) -> None:
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        server = PortalServer(Path(folder) / "data")
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=FLAGS)
        try:
            server.start()
            for look in LOOKS:
                for width in WIDTHS:
                    visitor = in_front_of(browser, server, look, width)
                    for path in take(visitor, names, look, width):
                        print(path)
                    visitor.context.close()
        finally:
            browser.close()
            server.end()


if __name__ == "__main__":
    main(sys.argv[1:] or list(PAGES))
