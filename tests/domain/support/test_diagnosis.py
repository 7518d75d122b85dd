"""Why a customer is stuck: each seeded situation, and the sentence that support reads about it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest

from tests.domain.support.situations import SITUATIONS
from tests.domain.support.situations.told import Situation
from tests.domain.support.stuck import Stuck
from webapp.assembly import Portal
from webapp.domain.support import (
    diagnosis,
    findings_of_invoices,
    findings_of_sight,
    findings_of_users,
    support_facts,
)
from webapp.domain.support.diagnosis import CANNOT_SEE, NO_EMAIL, QUESTIONS, diagnose
from webapp.domain.support.support_facts import Elsewhere, knows

Told = list[tuple[Situation, Stuck]]


@pytest.fixture
def told(portal: Portal, bound_fr: Any, now: datetime) -> Told:
    """All of them at one site, each in its own company."""
    stuck = [(one, Stuck(portal, one.key, number, now=now)) for number, one in enumerate(SITUATIONS)]
    for one, customer in stuck:
        one.told(customer)
    return stuck


def wrong(told: Told) -> dict[str, tuple[str, str]]:
    """Situation → what was said, and what should have been."""
    found = {}
    for one, customer in told:
        first = customer.diagnosed(one.question)[0]
        right = one.sentence.format(who=customer.who, **customer.words)
        if (first.name, first.sentence) != (one.finding, right):
            found[one.key] = (f"{first.name}: {first.sentence}", right)
    return found


def test_each_situation_is_told_in_one_sentence(told: Told) -> None:
    assert wrong(told) == {}


def test_there_are_forty_situations_of_all_five_questions() -> None:
    assert len(SITUATIONS) >= 40
    assert {one.question for one in SITUATIONS} == set(QUESTIONS)
    assert len({one.finding for one in SITUATIONS}) >= 40


# ---- controls: with a rule missing or in another order, the table is red


def _reversed(module: Any, name: str) -> Callable[[pytest.MonkeyPatch], None]:
    def plant(patch: pytest.MonkeyPatch) -> None:
        patch.setattr(module, name, tuple(reversed(getattr(module, name))))

    return plant


def _less(module: Any, name: str, passage: str, instead: str = "") -> Callable[[pytest.MonkeyPatch], None]:
    def plant(patch: pytest.MonkeyPatch) -> None:
        text = getattr(module, name)
        assert text.count(passage) == 1
        patch.setattr(module, name, text.replace(passage, instead))

    return plant


def _answers(name: str, answer: object) -> Callable[[pytest.MonkeyPatch], None]:
    def plant(patch: pytest.MonkeyPatch) -> None:
        patch.setattr(support_facts.Case, name, lambda *_asked: answer)

    return plant


PLANTED = {
    "mails-in-another-order": _reversed(diagnosis, "OF_MAIL"),
    "sign-ins-in-another-order": _reversed(diagnosis, "OF_SIGN_IN"),
    "addresses-in-another-order": _reversed(diagnosis, "WHO"),
    "invitations-in-another-order": _reversed(findings_of_users, "_OF_ONE"),
    "invoices-in-another-order": _reversed(findings_of_invoices, "_OF_ONE"),
    "hiding-in-another-order": _reversed(findings_of_sight, "_HIDING"),
    "mails-of-everybody": _less(
        support_facts, "_MAILS_SQL", "x.person_id = :person", "x.person_id <> :person"
    ),
    "transfers-that-were-not-seen": _less(support_facts, "_SUBSCRIPTIONS_SQL", "OR t.id IS NOT NULL"),
    "seats-that-were-not-seen": _less(support_facts, "_SUBSCRIPTIONS_SQL", "OR seat.id IS NOT NULL"),
    "nothing-is-ever-over": _answers("is_over", False),
    "no-limit-is-ever-reached": _answers("reached_until", None),
}


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_the_table_notices_planted_defects(told: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    missed = []
    for name, plant in PLANTED.items():
        with monkeypatch.context() as patch:
            plant(patch)
            try:
                noticed = bool(wrong(told))
            except Exception:  # a rule that falls over is noticed, too
                noticed = True
        if not noticed:
            missed.append(name)
    assert missed == []
    assert wrong(told) == {}  # and all is well again


# ---- what it asks, and whom


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_each_answer_takes_few_questions(told: Told, count_queries: Callable[[], list[str]]) -> None:
    asked = count_queries()
    for one, customer in told:
        case = customer.case()
        asked.clear()
        diagnose(one.question, case)
        assert len(asked) <= 6, (one.key, len(asked))


def test_of_an_address_in_two_companies_only_the_visited_one_is_told(
    portal: Portal, bound_fr: Any, now: datetime
) -> None:
    here, there = (Stuck(portal, "both", number, now=now) for number in (1, 2))
    here.active()
    there.order(100)  # lapsed, and its activation e-mail refused
    there.refused()
    here.sent()
    for question in QUESTIONS:
        said = " ".join(f"{one.sentence} {one.public_id}" for one in here.diagnosed(question))
        assert there.words["id"] not in said
    assert there.diagnosed(CANNOT_SEE)[0].name == "lapsed"


def test_other_sites_are_asked_only_about_who_is_unknown_here(
    portal: Portal, bound_fr: Any, now: datetime
) -> None:
    customer = Stuck(portal, "known.here", 1, now=now)
    customer.order()
    asked: list[str] = []

    def elsewhere() -> Elsewhere:
        asked.append("asked")
        return Elsewhere(known=("Switzerland",))

    case = customer.case()
    case.elsewhere = elsewhere
    for question in QUESTIONS:
        diagnose(question, case)
    assert not asked
    case = customer.case()
    case.email, case.elsewhere = "stranger@example.com", elsewhere
    assert diagnose(CANNOT_SEE, case)[0].name == "known_elsewhere"
    assert asked == ["asked"]


def test_what_another_site_tells_is_whether_it_knows_the_address(
    portal: Portal, bound_fr: Any, now: datetime
) -> None:
    Stuck(portal, "known", 1, now=now).order()
    assert knows("Known@Example.com")
    assert not knows("unknown@example.com")


def test_the_servers_own_words_come_along(portal: Portal, bound_fr: Any, now: datetime) -> None:
    customer = Stuck(portal, "refused", 1, now=now)
    customer.order()
    customer.refused("550 5.1.1 No such user here")
    found = customer.diagnosed(NO_EMAIL)[0]
    assert (found.words, found.act) == ("550 5.1.1 No such user here", "correct")


def test_nothing_typed_makes_it_fall_over(portal: Portal, bound_fr: Any, now: datetime) -> None:
    customer = Stuck(portal, "any", 1, now=now)
    customer.order()
    for typed in ("", " ", "\0", "a" * 5000, "%", "'; --", "ä@ö"):
        for question in QUESTIONS:
            case = customer.case()
            case.email, case.public_id = typed, typed[:20].replace("\0", "")
            assert diagnose(question, case)
