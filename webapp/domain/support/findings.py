"""What a rule of the diagnosis says: what is the case, in one sentence, and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from webapp.data.database import current_site, from_micros
from webapp.formats import day, local_day, moment

# What an agent can do about it here.
SEND_AGAIN, CORRECT, UNLOCK = "send-again", "correct", "unlock"


@dataclass(frozen=True, slots=True)
class Finding:
    name: str
    sentence: str
    advice: str
    act: str = ""
    public_id: str = ""  # of the subscription that it is about
    words: str = ""  # of a mail server, as they came


def on(micros: int | datetime) -> str:
    """The day of an instant, at the site."""
    at = micros if isinstance(micros, datetime) else from_micros(micros)
    return local_day(at, current_site().time_zone, "medium")


def at(micros: int | datetime) -> str:
    instant = micros if isinstance(micros, datetime) else from_micros(micros)
    return moment(instant, current_site().time_zone, "short")


def on_day(text: str) -> str:
    return day(date.fromisoformat(text), "medium")
