"""Days as an iCalendar file (RFC 5545): what calendar programs subscribe to."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from icalendar import Event

MEDIA_TYPE = "text/calendar"


@dataclass(frozen=True, slots=True)
class Day:
    """An event of a whole day. `uid` stays when the day moves: the event moves with it."""

    uid: str
    on: date
    title: str
    text: str
    address: str
    noted_at: datetime


def calendar_file(name: str, days: Iterable[Day], *, language: str) -> bytes:
    """The same days give the same bytes."""
    from icalendar import Calendar  # most processes never write one

    calendar = Calendar()
    calendar.add("prodid", "-//Subscription portal//Calendar//EN")
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    calendar.add("x-wr-calname", name, parameters={"language": language})
    calendar.add("refresh-interval", timedelta(hours=12), parameters={"value": "DURATION"})
    for day in days:
        calendar.add_component(_event(day))
    return bytes(calendar.to_ical())


def _event(day: Day) -> Event:
    from icalendar import Event

    event = Event()
    event.add("uid", day.uid)
    event.add("dtstamp", day.noted_at.replace(microsecond=0))
    event.add("dtstart", day.on)
    event.add("dtend", day.on + timedelta(days=1))
    event.add("summary", day.title)
    event.add("description", day.text)
    event.add("url", day.address)
    event.add("transp", "TRANSPARENT")  # nobody is busy all day because of it
    event.add("class", "PRIVATE")
    return event
