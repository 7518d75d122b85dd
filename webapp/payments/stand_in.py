"""A provider that isn't one, for demo and tests: a page at the bare domain, and a file for each set-up."""

from __future__ import annotations

import json
import os
import re
import secrets
from dataclasses import asdict, dataclass
from pathlib import Path

from webapp.payments import stripe_cards
from webapp.payments.cards import CardWanted, GivenCard, HostedPage
from webapp.sites import Site

PATH = "/card-provider/"
SECRET = "whsec_of_the_demo"
CARDS = {"visa": "4242", "mastercard": "4444", "amex": "8431"}
_EXPIRES = "2031-04"
_SESSION = re.compile("cs_demo_[0-9a-f]{32}")


@dataclass(frozen=True, slots=True)
class DemoSession:
    session: str
    site: str
    success_url: str
    cancel_url: str
    state: str = "open"  # or complete
    brand: str = ""


class StandIn:
    def __init__(self, folder: Path, origin: str) -> None:
        self._folder, self._origin = folder, origin

    def offers(self, site: Site) -> bool:
        return True

    def begin(self, wanted: CardWanted) -> HostedPage:
        session = f"cs_demo_{secrets.token_hex(16)}"
        self._write(DemoSession(session, wanted.site.code, wanted.success_url, wanted.cancel_url))
        return HostedPage(session, f"{self._origin}{PATH}{session}")

    def card_of(self, site: Site, session: str) -> GivenCard | None:
        found = self.find(session)
        if found is None or found.site != site.code or found.state != "complete":
            return None
        short = session[-8:]
        return GivenCard(found.brand, CARDS[found.brand], _EXPIRES, f"cus_demo_{short}", f"pm_demo_{short}")

    def session_in(self, site: Site, payload: bytes, signature: str) -> str | None:
        return stripe_cards.completed_session(payload, signature, f"{SECRET}_{site.code}")

    # ---- its page

    def find(self, session: str) -> DemoSession | None:
        if not _SESSION.fullmatch(session):
            return None
        try:
            return DemoSession(**json.loads((self._folder / f"{session}.json").read_text(encoding="utf-8")))
        except FileNotFoundError:
            return None

    def give(self, found: DemoSession, brand: str) -> None:
        self._write(
            DemoSession(found.session, found.site, found.success_url, found.cancel_url, "complete", brand)
        )

    def _write(self, session: DemoSession) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        part = self._folder / f"{session.session}.{secrets.token_hex(4)}.part"
        part.write_text(json.dumps(asdict(session)), encoding="utf-8")
        os.replace(part, self._folder / f"{session.session}.json")
