"""What the rules know of a provider of card payments: it has a page where people give their card.

A card's number is typed there and nowhere else; we are told its brand, its last four digits, when it expires.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from webapp.sites import Site


class NotFromProvider(Exception):
    """What came was not signed by the provider, or too long ago."""


@dataclass(frozen=True, slots=True)
class CardWanted:
    """`key` is ours: asking twice with it begins one set-up."""

    site: Site
    key: str
    public_id: str
    customer_number: str
    success_url: str
    cancel_url: str


@dataclass(frozen=True, slots=True)
class HostedPage:
    """Where the card is given; `session` is the provider's name for it."""

    session: str
    url: str


@dataclass(frozen=True, slots=True)
class GivenCard:
    brand: str
    ending: str
    expires: str  # 2029-04
    customer: str
    payment_method: str


class CardProvider(Protocol):
    """Asked outside of any transaction. What fails raises `SetUpFailed` and has changed nothing."""

    def offers(self, site: Site) -> bool: ...

    def begin(self, wanted: CardWanted) -> HostedPage: ...

    def card_of(self, site: Site, session: str) -> GivenCard | None:
        """Asked of the provider itself, whoever says that a card was given. None: not (yet)."""

    def session_in(self, site: Site, payload: bytes, signature: str) -> str | None:
        """The session that was completed, if that is what was sent; `NotFromProvider` where the signature is
        wrong."""
