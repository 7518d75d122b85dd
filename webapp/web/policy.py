"""Every view declares who may ask for it, and every id in a URL is typed: else the app does not start."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeVar

from flask import Flask
from werkzeug.routing import BaseConverter, Rule

Who = Literal["public", "person", "demo", "key", "signature", "agent", "half_agent", "visit"]
Place = Literal["site", "front", "support", "visit", "anywhere"]
View = TypeVar("View", bound=Callable[..., object])

API = "/api/"  # below it, keys count and cookies do not: no session, no guard against forged requests


class UndeclaredView(RuntimeError):
    """A programming error that would be a hole: found at start, not by a visitor."""


@dataclass(frozen=True, slots=True)
class Policy:
    who: Who
    place: Place
    from_anywhere: bool = False
    scope: str = ""  # that the key needs
    visits: bool = False  # shown to a support agent as well, on a visit


def policy(
    who: Who,
    *,
    place: Place = "site",
    from_anywhere: bool = False,
    scope: str = "",
    visits: bool = False,
) -> Callable[[View], View]:
    """`public`: anybody; `person`: who is signed in at this site; `demo`: anybody, in demo mode only; `key`:
    who shows an API key of this site with this scope; `signature`: a machine that signs what it sends, which
    the view checks before all else; `agent`: a support agent who is signed in; `half_agent`: one who has
    shown their password, and perhaps no second factor yet; `visit`: one who visits an account.

    `site`: a page of a country site; `front`: of the bare domain; `support`: of the console; `visit`: of a
    country site as the console shows it. `from_anywhere`: what it changes is named
    by a secret in its address, and no cookie counts, so that other pages and programs may send it too.
    `visits`: a page of a site that only shows, and that support agents see on a visit as the customer does.
    """

    def declare(view: View) -> View:
        view.policy = Policy(who, place, from_anywhere, scope, visits)  # type: ignore[attr-defined]
        return view

    return declare


def policy_of(app: Flask, endpoint: str) -> Policy | None:
    return getattr(app.view_functions[endpoint], "policy", None)


class PublicId(BaseConverter):
    """`SUB-FR-204118`"""

    regex = r"SUB-[A-Z]{2}-[0-9]{6,12}"


class InvoiceNumber(BaseConverter):
    """`FA-2026-000042`: capitals only, so that what follows in an address is no part of it."""

    regex = r"[A-Z0-9](?:[A-Z0-9-]{0,38}[A-Z0-9])?"


class SeatKey(BaseConverter):
    """64 random bits: a seat's name in addresses."""

    regex = r"[0-9a-f]{16}"


class OrderNumber(BaseConverter):
    """The shop's own numbers: no slash, nothing that a path could be mistaken for."""

    regex = r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,38}[A-Za-z0-9])?"


class MailedToken(BaseConverter):
    """256 random bits as text."""

    regex = r"[A-Za-z0-9_-]{43}"


class ProductKey(BaseConverter):
    """As in the catalogue."""

    regex = r"[a-z][a-z0-9-]{0,59}"


class CardSession(BaseConverter):
    """Of the demo’s payment provider."""

    regex = r"cs_demo_[0-9a-f]{32}"


class MailName(BaseConverter):
    """A file of the demo's mailbox, without its ending."""

    regex = r"[A-Za-z0-9@._-]{1,120}"


class AssetPath(BaseConverter):
    """A file below `static/`; only files that were read at start are served."""

    regex = r"[a-z0-9][A-Za-z0-9._/-]{0,120}"
    part_isolating = False


CONVERTERS = {
    "public_id": PublicId,
    "invoice_number": InvoiceNumber,
    "seat_key": SeatKey,
    "order_number": OrderNumber,
    "mailed_token": MailedToken,
    "product_key": ProductKey,
    "card_session": CardSession,
    "mail_name": MailName,
    "asset": AssetPath,
}


def init_app(app: Flask) -> None:
    app.url_map.converters.update(CONVERTERS)


def refuse_undeclared(app: Flask) -> None:
    for rule in app.url_map.iter_rules():
        declared = policy_of(app, rule.endpoint)
        if declared is None:
            raise UndeclaredView(f"{rule.rule} ({rule.endpoint}) declares no policy.")
        _refuse_open_door(rule, declared)
        for name, converter in rule._converters.items():
            if type(converter) not in CONVERTERS.values():
                raise UndeclaredView(f"{rule.rule}: <{name}> has no converter of its own.")


def _refuse_open_door(rule: Rule, declared: Policy) -> None:
    """A key opens nothing but the API, and without a key the API can only be read. What is shown on visits
    changes nothing."""
    below = rule.rule.startswith(API)
    reads = (rule.methods or set()) <= {"GET", "HEAD", "OPTIONS"}
    if declared.visits and (not reads or declared.place != "site"):
        raise UndeclaredView(f"{rule.rule} ({rule.endpoint}) can’t be shown on visits: {declared}.")
    right = below and bool(declared.scope) if declared.who == "key" else not below or reads
    if not right or (below and declared.who not in ("key", "public")):
        raise UndeclaredView(f"{rule.rule} ({rule.endpoint}): policy {declared} does not belong there.")
