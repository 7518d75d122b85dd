"""Which company somebody means: names compared word by word, with the slips that people make on the phone."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import cache
from typing import Any

from webapp.data.keys import fold, folded, words

_ASIDE = 4  # letters of a word that may be missing from the name, such as GmbH or SARL
_UNMATCHED = 6.0
_WORSE = 3.0  # than the best: who is spelled as typed hides who only might be meant
_LONG = 4  # a word of so many letters may have a slip, one of twice as many two


def best(text: str, candidates: Iterable[Any], *, most: int) -> list[Any]:
    """Of rows with `id` and `sort_key`, those that may be meant: the likeliest first."""
    wanted = words(fold(text))
    judged = ((misfit(wanted, folded(row.sort_key)), row) for row in candidates)
    fitting = [(cost, row.sort_key, row.id, row) for cost, row in judged if cost is not None]
    fitting.sort(key=lambda found: found[:3])
    return [row for cost, *_name, row in fitting[:most] if cost <= fitting[0][0] + _WORSE]


def misfit(wanted: Sequence[str], name: str) -> float | None:
    """How far a folded name is from these words; None: it is another one."""
    said = words(name)
    whole = "".join(wanted)
    together = 1.0 if len(whole) >= _LONG and whole in "".join(said) else None
    costs = [_cost(word, said, last=place == len(wanted) - 1) for place, word in enumerate(wanted)]
    missing = [word for word, cost in zip(wanted, costs, strict=True) if cost is None]
    found = [cost for cost in costs if cost is not None]
    if len(missing) > len(found) or not found or any(map(_matters, missing)):
        return together
    apart = sum(found) + _UNMATCHED * len(missing) + abs(len(said) - len(wanted)) / 10
    return apart if together is None else min(apart, together)


def _matters(word: str) -> bool:
    return len(word) > _ASIDE or not word.isalpha()


def _cost(word: str, said: list[str], *, last: bool) -> float | None:
    """Of the word that fits best. The last one may still be being typed."""
    if word in said:
        return 0.0
    if any(one.startswith(word) for one in said):
        return 0.5
    if (len(word) > 2 or not word.isascii()) and any(word in one for one in said):
        return 1.0
    if len(word) < _LONG:
        return None
    slips = 1 if len(word) < 2 * _LONG else 2
    distance = _distance()
    near = [2.0 * distance(word, one, score_cutoff=slips) for one in said]
    if last:
        near += [2.0 * distance(word, one[: len(word)], score_cutoff=slips) + 0.5 for one in said]
    cost = min(near)
    return cost if cost < 2 * (slips + 1) else None


@cache
def _distance() -> Callable[..., int]:
    """Loaded where support searches: it takes some megabytes, which other workers do without."""
    from rapidfuzz.distance import OSA

    return OSA.distance
