"""Names of people, as people type them."""

from __future__ import annotations

from webapp.domain.refusals import Refusal
from webapp.i18n import _

LONGEST_NAME = 120


class NameMissing(Refusal):
    def __str__(self) -> str:
        return _("Enter the name of the new person.")


class OwnNameMissing(Refusal):
    def __str__(self) -> str:
        return _("Enter your name.")


class NameInvalid(Refusal):
    def __str__(self) -> str:
        return _("Use at most %(number)s characters, none of them invisible.", number=LONGEST_NAME)


def checked_name(text: str, *, missing: type[Refusal] = NameMissing) -> str:
    name = " ".join(text.split())
    if not name:
        raise missing
    if len(name) > LONGEST_NAME or not name.isprintable():
        raise NameInvalid
    return name


def checked_own_name(text: str) -> str:
    return checked_name(text, missing=OwnNameMissing)
