"""Planted defects: a rule without one of its conditions, so that a test can show that it would notice."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable
from typing import Any


def without(rule: Callable[..., Any], *passages: str) -> Callable[..., Any]:
    """The rule made from its own source, less these passages. Its module stays as it is."""
    source = inspect.getsource(rule)
    for passage in passages:
        assert source.count(passage) == 1, f"{rule.__name__} has no single {passage!r}"
        source = source.replace(passage, "")
    space = dict(vars(sys.modules[rule.__module__]))
    exec("from __future__ import annotations\n" + source, space)
    broken: Callable[..., Any] = space[rule.__name__]
    return broken
