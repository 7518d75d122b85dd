"""What a person decides about themselves."""

from __future__ import annotations

from datetime import datetime

from webapp.data.accounts import Person
from webapp.data.database import atomic
from webapp.domain import audit


def choose_language(person_id: int, language: str, *, now: datetime) -> None:
    """`language` is one of the site's; e-mails follow it from now on."""
    person = Person.get_by_id(person_id)
    if person.language == language:
        return
    with atomic():
        Person.update(language=language).where(Person.id == person_id).execute()
        audit.record(
            audit.LANGUAGE_CHOSEN, actor=audit.Actor.of(person), person=person, now=now, language=language
        )
