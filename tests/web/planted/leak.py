"""How a defect is planted into the running code."""

from __future__ import annotations
import __future__

import inspect
import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from types import FunctionType
from typing import Any

import pytest

from webapp.data import ready
from webapp.web.policy import Policy
from webapp.web.portal import help as help_pages


@dataclass(frozen=True)
class Leak:
    """`where.name` has `old` in its source, or in its text; planted, it has `new` there.

    The sweep of rows takes minutes: `at` is how the endpoints begin where it must be seen."""

    where: Any
    name: str
    old: str
    new: str
    crashes: bool = False  # what must be refused first crashes further on
    at: str = ""

    def plant(self, patch: pytest.MonkeyPatch) -> None:
        sound = inspect.getattr_static(self.where, self.name)
        leaky = self.rewritten(sound) if callable(sound) else self.replaced(sound)
        patch.setattr(self.where, self.name, leaky)
        patch.setattr(ready, "_built", {})  # queries that were built of sound words

    def replaced(self, text: str) -> str:
        assert self.old in text, f"“{self.old}” is not there any more: plant another leak"
        return text.replace(self.old, self.new)

    def rewritten(self, sound: FunctionType) -> FunctionType:
        """The function with other words in its source, in its own module; decorators have done their work."""
        source = self.replaced(textwrap.dedent(inspect.getsource(sound)))
        source = source[source.index("def ") :].replace("super()", f"super({self.where.__name__}, self)")
        made: dict[str, FunctionType] = {}
        flags = __future__.annotations.compiler_flag
        code = compile(source, sound.__code__.co_filename, "exec", flags, dont_inherit=True)
        exec(code, sound.__globals__, made)
        return made[sound.__name__]


@dataclass(frozen=True)
class Downgraded:
    """A page of persons that says it is for everybody."""

    view: Callable[..., Any]
    crashes, at = True, ""

    def plant(self, patch: pytest.MonkeyPatch) -> None:
        patch.setattr(self.view, "policy", Policy("public", "site"))


def add_route(patch: pytest.MonkeyPatch, path: str, view: Callable[..., Any]) -> None:
    """As if a blueprint had one view more."""
    more = [lambda state: state.add_url_rule(path, "export", view)]
    patch.setattr(help_pages.pages, "deferred_functions", [*help_pages.pages.deferred_functions, *more])
