"""What a situation is, and how a table of them is written."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tests.domain.support.stuck import Stuck

Telling = Callable[[Stuck], object]


@dataclass(frozen=True, slots=True)
class Situation:
    key: str
    question: str
    finding: str
    sentence: str
    told: Telling


def about(question: str, table: list[Situation]) -> Callable[[str, str], Callable[[Telling], Telling]]:
    """A decorator for the situations in which this is asked: with what is found, and the sentence about it."""

    def situation(finding: str, sentence: str) -> Callable[[Telling], Telling]:
        def keep(told: Telling) -> Telling:
            table.append(Situation(told.__name__.replace("_", "-"), question, finding, sentence, told))
            return told

        return keep

    return situation
