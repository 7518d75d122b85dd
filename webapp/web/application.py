"""The Flask of this portal."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Flask, request
from werkzeug.routing import Rule


class Address(Rule):
    """Matches addresses and builds none: pages write them out. Making what would build them takes a fifth of
    the time that an app takes to start."""

    def _compile_builder(self, append_unknown: bool = True) -> Callable[..., tuple[str, str]]:
        return _build_nothing


def _build_nothing(rule: Rule, **values: object) -> tuple[str, str]:
    raise NotImplementedError(f"{rule.rule}: write addresses out.")


class Application(Flask):
    url_rule_class = Address

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """No view here is a coroutine, so that nothing has to be looked at on every call."""
        return func

    def log_exception(self, exc_info: Any) -> None:
        """With the route and not the address, which may hold a mailed secret."""
        rule = request.url_rule.rule if request.url_rule else "-"
        self.logger.error("Error at %s [%s]", rule, request.method, exc_info=exc_info)
