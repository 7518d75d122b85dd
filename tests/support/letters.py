"""What the portal's mailman brings: the waiting mail of a site, delivered now."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from email.message import EmailMessage
from urllib.parse import urlsplit

from webapp.assembly import Portal
from webapp.jobs.outbox import deliver

_LED_TO = (
    *("/activate/", "/password/set/", "/invoice-address/", "/subscriptions/", "/invoices/"),
    *("/sign-in", "/members", "/profile/", "/password/forgotten"),
)
_LINK = re.compile(r"https?://[^\s<>\"]+")


@dataclass(frozen=True)
class Letter:
    to: str
    subject: str
    text: str
    links: tuple[str, ...]

    @property
    def path(self) -> str:
        """Of the link that the mail is about."""
        paths = [urlsplit(link).path for link in self.links]
        return next(path for path in paths if path.startswith(_LED_TO))


@dataclass
class _Bag:
    letters: list[Letter] = field(default_factory=list)

    def deliver(self, message: EmailMessage, to: str) -> None:
        body = message.get_body(("plain",))
        assert body is not None
        text = body.get_content()
        self.letters.append(Letter(to, str(message["Subject"]), text, tuple(_LINK.findall(text))))

    def close(self) -> None:
        """Nothing is kept open."""


def fetch_letters(portal: Portal, site_code: str) -> list[Letter]:
    """What waited at this site; each is fetched once."""
    bag = _Bag()
    done = deliver(portal, portal.sites[site_code], bag)
    assert not done.failed and not done.dead, done
    return bag.letters
