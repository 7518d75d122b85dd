"""Passwords: argon2id, never more hashes at once than the machine has room for."""

from __future__ import annotations

import os
from functools import cache
from threading import BoundedSemaphore

from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerifyMismatchError

from webapp.domain.refusals import Refusal
from webapp.i18n import _

MINIMUM_LENGTH = 12
MAXIMUM_LENGTH = 1024

_hasher = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1, type=Type.ID)
_room = BoundedSemaphore(max(2, os.cpu_count() or 2))


class PasswordTooShort(Refusal):
    def __str__(self) -> str:
        return _("Use at least %(number)s characters.", number=MINIMUM_LENGTH)


class PasswordTooLong(Refusal):
    def __str__(self) -> str:
        return _("Use at most %(number)s characters.", number=MAXIMUM_LENGTH)


class PasswordTooCommon(Refusal):
    def __str__(self) -> str:
        return _("This password is one of the most used ones. Choose another.")


@cache
def _common() -> frozenset[str]:
    from zxcvbn.frequency_lists import FREQUENCY_LISTS  # 1 MB: only who sets a password needs it

    return frozenset(FREQUENCY_LISTS["passwords"])


def _is_guessable(password: str, *known: str) -> bool:
    lowered = password.casefold()
    repeated = len(set(lowered)) <= 3
    return repeated or lowered in _common() or any(word and word.casefold() == lowered for word in known)


def check_strength(password: str, *, email: str, name: str) -> None:
    if len(password) < MINIMUM_LENGTH:
        raise PasswordTooShort
    if len(password) > MAXIMUM_LENGTH:
        raise PasswordTooLong
    if _is_guessable(password, email, name, email.partition("@")[0]):
        raise PasswordTooCommon


def hash_password(password: str) -> str:
    with _room:
        return _hasher.hash(password)


@cache
def _hash_of_nobody() -> str:
    return hash_password("nobody has this password")


def verify(password: str, stored: str | None) -> bool:
    """Takes as long for an unknown address as for a known one."""
    reference = stored or _hash_of_nobody()
    with _room:
        try:
            return _hasher.verify(reference, password[: MAXIMUM_LENGTH + 1]) and stored is not None
        except (VerifyMismatchError, InvalidHashError):
            return False
