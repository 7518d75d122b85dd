"""Passwords: argon2id at its cost, no more at once than there is room for, and the guessable ones refused."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import pytest
from argon2 import PasswordHasher, extract_parameters
from argon2.low_level import Type

from tests.support.cast import cheap_hash
from webapp.domain.people import passwords
from webapp.domain.people.passwords import (
    MAXIMUM_LENGTH,
    MINIMUM_LENGTH,
    PasswordTooCommon,
    PasswordTooLong,
    PasswordTooShort,
    check_strength,
    hash_password,
    verify,
)

GOOD = "a ladder and a lantern"


def check(password: str) -> None:
    check_strength(password, email="alice.morel@example.com", name="Alice Morel-Lefèvre")


# ---- what may be chosen


@pytest.mark.parametrize(
    "password",
    [
        GOOD,
        "x7" * 3 + "quartz",
        "twelve chars",
        "échelle à côté du mur",
        "はしごとランタンとかなづち",
        "    spaces are fine    ",
        "correcthorsebatterystaple!",
        "a7b" * (MAXIMUM_LENGTH // 3) + "z",
    ],
)
def test_length_is_what_counts_not_composition(password: str) -> None:
    check(password)


def test_too_short_says_how_long() -> None:
    with pytest.raises(PasswordTooShort) as refusal:
        check("a" * 5 + "bcdefg"[: MINIMUM_LENGTH - 6])
    assert str(MINIMUM_LENGTH) in str(refusal.value)


def test_too_long_says_how_long() -> None:
    with pytest.raises(PasswordTooLong) as refusal:
        check("ab c" * MAXIMUM_LENGTH)
    assert str(MAXIMUM_LENGTH) in str(refusal.value).replace("\u202f", "").replace(",", "")


@pytest.mark.parametrize(
    "password",
    [
        "112233445566",
        "QwertyUiop123",
        "qwertyuiop123",
        "aaaaaaaaaaaaaaaa",
        "abababababababab",
        "alice.morel@example.com",
        "Alice Morel-Lefèvre",
    ],
)
def test_what_everybody_guesses_is_refused(password: str) -> None:
    with pytest.raises(PasswordTooCommon):
        check(password)


# ---- hashing


def test_the_hash_is_argon2id_at_its_cost_and_salted() -> None:
    one, two = hash_password(GOOD), hash_password(GOOD)
    assert one != two
    found = extract_parameters(one)
    assert found.type is Type.ID
    assert (found.memory_cost >= 19 * 1024, found.time_cost >= 2, found.parallelism) == (True, True, 1)
    assert verify(GOOD, one) and verify(GOOD, two)


@pytest.mark.parametrize("typed", ["A ladder and a lantern", GOOD + " ", "", "x" * 5000])
def test_another_password_is_not_right(typed: str) -> None:
    assert not verify(typed, cheap_hash(GOOD))


def test_a_stored_text_that_is_no_hash_lets_nobody_in() -> None:
    assert not verify(GOOD, "not a hash")


def test_nobody_has_a_password_that_works() -> None:
    assert not verify("nobody has this password", None)


def test_a_very_long_text_is_not_hashed_whole() -> None:
    stored = cheap_hash("x" * MAXIMUM_LENGTH)
    assert verify("x" * MAXIMUM_LENGTH, stored)
    assert not verify("x" * (MAXIMUM_LENGTH + 1), stored)
    assert not verify("x" * 1_000_000, stored)


def test_an_unknown_address_costs_the_same_hash(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not measured by the clock, but by what is verified: a hash of the same cost as everybody's."""
    asked: list[str] = []

    def spy(reference: str, password: str) -> bool:
        asked.append(reference)
        return PasswordHasher().verify(reference, password)

    stored = hash_password(GOOD)
    monkeypatch.setattr(passwords, "_hasher", SimpleNamespace(verify=spy, hash=passwords._hasher.hash))
    verify("a bucket and a trowel", stored)
    verify("a bucket and a trowel", None)
    known, unknown = (extract_parameters(reference) for reference in asked)
    assert known == unknown


def test_no_more_hashes_run_at_once_than_there_is_room_for(monkeypatch: pytest.MonkeyPatch) -> None:
    running, most, lock = 0, 0, threading.Lock()

    def slow(reference: str, password: str) -> bool:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        time.sleep(0.01)
        with lock:
            running -= 1
        return True

    monkeypatch.setattr(passwords, "_hasher", SimpleNamespace(verify=slow))
    monkeypatch.setattr(passwords, "_room", threading.BoundedSemaphore(2))
    with ThreadPoolExecutor(12) as threads:
        assert all(threads.map(lambda _number: verify(GOOD, "stored"), range(24)))
    assert most == 2


def test_room_is_given_back_after_a_wrong_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "_room", threading.BoundedSemaphore(1))
    for _time in range(3):
        assert not verify("wrong", cheap_hash(GOOD))
        assert not verify("wrong", "not a hash")
    assert verify(GOOD, cheap_hash(GOOD))
