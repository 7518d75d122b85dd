"""`python -m tests.browser.screenshots [NAME …] [LOOK …]`: pictures of the main pages, to be looked at by people.

They go to tests/browser/screenshots/ as <page>-<width>-<look>.png; `rtl` is the site ae in Arabic.
"""

from __future__ import annotations

import os
import sys
import tempfile
from itertools import product
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from tests.browser.chromium import find_chromium
from tests.browser.conftest import FLAGS
from tests.browser.pages import BY_NAME, show
from tests.browser.pages.shapes import person_of
from tests.browser.server import PortalServer
from tests.browser.visitor import Visitor, new_context_options
from tests.support.catalogues import ROOT

FOLDER = Path(__file__).parent / "screenshots"
PAGES = ("sign-in", "list", "manage-active", "transfer", "agreement-pending", "billing", "payment", "help")
LOOKS = {  # site, language of the browser, theme, language that is chosen
    "light": ("fr", "fr-FR", "light", ""),
    "dark": ("fr", "fr-FR", "dark", ""),
    "german": ("de", "de-DE", "light", ""),
    "swiss": ("ch", "fr-CH", "light", "fr_CH"),
    "polish": ("pl", "pl-PL", "light", ""),
    "japanese": ("jp", "ja-JP", "light", ""),
    "rtl": ("ae", "ar-AE", "light", "ar"),
}
WIDTHS = (1280, 390)
# Customers in Japan have Japanese fonts; machines that take pictures often have none, the documents' do.
_FONTS = """<?xml version="1.0"?><fontconfig>
<include ignore_missing="yes">/etc/fonts/fonts.conf</include><dir>{folder}</dir>
</fontconfig>"""


def in_front_of(browser: Browser, server: PortalServer, look: str, width: int) -> Visitor:
    site, language, theme, _chosen = LOOKS[look]
    options = new_context_options(
        language=language, width=width, height=900, theme=theme, javascript=True, touch=width < 500, scale=1
    )
    context = browser.new_context(**options)
    return Visitor(server, context, context.new_page(), site)


def take(browser: Browser, server: PortalServer, name: str, look: str, width: int) -> Path:
    site, case = LOOKS[look][0], BY_NAME[name]
    visitor = in_front_of(browser, server, look, width)
    if person := person_of(case, site):
        visitor.sign_in(person)
    if chosen := LOOKS[look][3]:
        visitor.open("/help")
        visitor.choose_language(chosen)
    page = show(case, visitor, site)
    page.evaluate("document.fonts.ready")
    path = FOLDER / f"{name}-{width}-{look}.png"
    page.screenshot(path=path, full_page="menu" not in name)
    visitor.context.close()
    return path


def main(wanted: list[str]) -> None:
    looks = [look for look in wanted if look in LOOKS] or list(LOOKS)
    names = [name for name in wanted if name not in LOOKS] or list(PAGES)
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        fonts = Path(folder) / "fonts.conf"
        fonts.write_text(_FONTS.format(folder=ROOT / "webapp/documents/fonts"), encoding="utf-8")
        os.environ["FONTCONFIG_FILE"] = str(fonts)
        server = PortalServer(Path(folder) / "data")
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=FLAGS, env={**os.environ})
        try:
            server.start()
            for look, width, name in product(looks, WIDTHS, names):
                if look in ("light", "dark") or BY_NAME[name].who in (
                    None,
                    "administrator",
                ):  # the demo has others at fr only
                    print(take(browser, server, name, look, width))
        finally:
            browser.close()
            server.end()


if __name__ == "__main__":
    main(sys.argv[1:])
