"""What an administrator notes of a seat, if anything: its last day, who pays and where it is used."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from webapp.data.database import current_site
from webapp.domain import tokens
from webapp.domain.outbox import TokenRequest
from webapp.domain.refusals import Refusal
from webapp.i18n import _

LONGEST_COST_CENTRE, LONGEST_JOB_SITE = 60, 120
LAST_YEAR = 2100

LINK_DAYS = 30
INVITATION_LINK = TokenRequest(tokens.SET_PASSWORD, minutes=LINK_DAYS * 24 * 60, next_path="/subscriptions")


class DayNotUnderstood(Refusal):
    def __str__(self) -> str:
        return _("Enter the last day as year-month-day, for example 2027-03-31.")


class LastDayOver(Refusal):
    def __str__(self) -> str:
        return _("The last day must be today or later. To end it at once, remove the user.")


@dataclass
class TextTooLong(Refusal):
    limit: int

    def __str__(self) -> str:
        return _("Use at most %(number)s characters.", number=self.limit)


class NotText(Refusal):
    def __str__(self) -> str:
        return _("This holds a character that can’t be printed. Type it again.")


@dataclass(frozen=True, slots=True)
class Facts:
    last_day: date | None = None
    cost_centre: str = ""
    job_site: str = ""

    @classmethod
    def of(cls, seat: Any) -> Facts:
        return cls(seat.last_day, seat.cost_centre, seat.job_site)

    def as_columns(self) -> dict[str, Any]:
        return asdict(self)

    def as_text(self) -> dict[str, str]:
        day = self.last_day.isoformat() if self.last_day else ""
        return {"last_day": day, "cost_centre": self.cost_centre, "job_site": self.job_site}


def normal_text(text: str, *, limit: int) -> str:
    """One line, without outer and doubled spaces."""
    line = unicodedata.normalize("NFC", " ".join(text.split()))
    if not line.isprintable():
        raise NotText
    if len(line) > limit:
        raise TextTooLong(limit)
    return line


def normal_cost_centre(text: str) -> str:
    return normal_text(text, limit=LONGEST_COST_CENTRE)


def normal_job_site(text: str) -> str:
    return normal_text(text, limit=LONGEST_JOB_SITE)


_YEAR_FIRST = re.compile(r"(?P<year>\d{4})[-/.](?P<month>\d{1,2})[-/.](?P<day>\d{1,2})", re.ASCII)
_DAY_FIRST = re.compile(r"(?P<day>\d{1,2})[-/.](?P<month>\d{1,2})[-/.](?P<year>\d{4})", re.ASCII)
_MONTH_FIRST = re.compile(r"(?P<month>\d{1,2})[-/](?P<day>\d{1,2})[-/](?P<year>\d{4})", re.ASCII)


def read_day(text: str) -> date | None:
    """As ISO writes it, or as people of the site's country do: 31.12.2026, in the US 12/31/2026."""
    typed = text.strip()
    if not typed:
        return None
    local = _MONTH_FIRST if current_site().territory == "US" else _DAY_FIRST
    found = _YEAR_FIRST.fullmatch(typed) or local.fullmatch(typed)
    try:
        day = date(**{name: int(number) for name, number in found.groupdict().items()}) if found else None
    except ValueError:
        day = None
    if day is None or day.year > LAST_YEAR:
        raise DayNotUnderstood
    return day
