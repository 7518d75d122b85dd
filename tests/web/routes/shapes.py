"""What a line of the table says, and the kinds of line there are."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from webapp.sites import Site

Status = int | Mapping[str, int]
Body = Mapping[str, str]


@dataclass(frozen=True)
class Route:
    """`answers`: what each method says to who may; by the row's state, the token's, or who and where one is.

    Whatever is not mentioned there is `unknown`.
    """

    path: str
    who: str
    place: str
    answers: Mapping[str, Status]
    names: str = ""  # what its argument names: a row, an order, a token, a mail, an asset
    unknown: int = 404
    leads: str = ""  # where it sends who has not come by the step before
    in_place: Status | None = None  # to an htmx request for a fragment, if that differs
    body: Body = field(default_factory=dict)  # goes through every check and changes nothing
    attack: Callable[[Site], Body] = lambda site: {}  # would do harm where a check is missing
    ends_session: bool = False
    once: bool = False  # done by who may, it can't be done again: only the walk does it
    shows_colleagues: bool = False  # by name
    shows_past: bool = False  # what the person was mailed and did, long ago
    also: frozenset[str] = frozenset()  # who may as well: the backup, billing of the account
    owners: bool = True  # and the administrator
    document: bytes = b""  # what a caller with a key sends
    media_type: str = "application/json"
    query: str = ""
    managing: bool = False  # for who has a role in the account
    from_anywhere: bool = False  # what it changes is named by a secret: mail programs send it, too


# ---- answers by the state of a subscription, or of the one that a seat or an order belongs to


def by_state(pending: int, active: int, ended: int, gone: int = 404) -> dict[str, int]:
    return {
        **dict.fromkeys(("pending", "last-days"), pending),
        **dict.fromkeys(("active", "cancelled"), active),
        "ended": ended,
        **dict.fromkeys(("lapsed", "marked", "withdrawn"), gone),
    }


def while_active(status: int) -> dict[str, int]:
    return by_state(404, status, 404)


VISIBLE = by_state(200, 200, 200)
MANAGEABLE = while_active(200)
EVERY_STATE = {**by_state(200, 200, 200, gone=200), "handed-over": 200}
WHILE_PENDING = {**by_state(200, 409, 409, gone=409), "handed-over": 409}

# ---- kinds of line; each asks for “METHOD /the/rest/of/the/path”

BACKUP = frozenset({"backup"})
PAYING = frozenset({"backup", "billing"})


def route(asked: str, who: str, place: str, answer: Status, *, under: str = "", **more: Any) -> Route:
    method, _space, rest = asked.partition(" ")
    return Route(under + rest, who, place, {method: answer}, **more)


def public(asked: str, answer: Status, **more: Any) -> Route:
    return route(asked, "public", "site", answer, **more)


def by_link(asked: str, answer: int, *, who: str = "public", place: str = "site", **more: Any) -> Route:
    """Whoever has the link that was mailed."""
    facts = {"names": "token", "unknown": 410, **more}
    return route(f"{asked}/<mailed_token:token>", who, place, {"live": answer}, **facts)


def personal(asked: str, answer: Status, **more: Any) -> Route:
    """For who is signed in."""
    return route(asked, "person", "site", answer, **more)


def of_subscription(asked: str, answer: Status, **more: Any) -> Route:
    """For its administrator."""
    return personal(asked, answer, under="/subscriptions/<public_id:public_id>", names="row", **more)


def managed(asked: str, answer: Status, **more: Any) -> Route:
    """For the administrator and the backup."""
    return of_subscription(asked, answer, also=BACKUP, **more)


def paid(asked: str, answer: Status, **more: Any) -> Route:
    """For who manages it, and billing of the account."""
    return of_subscription(asked, answer, also=PAYING, **more)
