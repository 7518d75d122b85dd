"""What a person decides about themselves."""

from __future__ import annotations

from datetime import datetime

from webapp.data.accounts import Person
from webapp.data.database import atomic
from webapp.domain import audit, sorting
from webapp.domain.names import checked_own_name
from webapp.domain.seats import seats


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


def change_name(person_id: int, name: str, *, now: datetime) -> str:
    """What colleagues and e-mails call them from now on. The old name."""
    new = checked_own_name(name)
    person = Person.get_by_id(person_id)
    old = str(person.name)
    if old != new:
        with atomic():
            by = audit.Actor.of(person)
            person.name, person.sort_key = new, sorting.key_of(new)
            Person.update(name=new, sort_key=person.sort_key).where(Person.id == person_id).execute()
            seats.renamed(person)
            audit.record(audit.NAME_CHANGED, actor=by, person=person, now=now, old=old, new=new)
    return old
