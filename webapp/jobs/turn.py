"""How long a run may go on, and who is told how far it is.

A worker gives each job at each site a turn of limited length, so that a slow mail server or many renewals at
one site keep no other site waiting; what is left goes to the end of the queue. A person who runs jobs by hand
sets no limit and is told how much is done.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass


@dataclass(slots=True)
class Turn:
    ends: Callable[[], bool] = lambda: False
    tell: Callable[[int], None] = lambda done: None
    done: int = 0
    cut: bool = False  # there may be more to do


_turn: ContextVar[Turn | None] = ContextVar("turn", default=None)


@contextmanager
def taking(turn: Turn) -> Iterator[Turn]:
    token = _turn.set(turn)
    try:
        yield turn
    finally:
        _turn.reset(token)


def is_over() -> bool:
    """Asked between two units of work, each of which is stored by itself."""
    turn = _turn.get()
    if turn is not None and turn.ends():
        turn.cut = True
        return True
    return False


def advanced(by: int = 1) -> None:
    turn = _turn.get()
    if turn is not None:
        turn.done += by
        turn.tell(turn.done)
