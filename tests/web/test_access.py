from __future__ import annotations

import logging
from collections.abc import Callable, Iterator

import pytest
from flask import Flask

from tests.support.cast import Cast
from tests.web.conftest import CastEngine, new_app
from tests.web.planted import LEAKS, Leak, add_unlisted_route
from tests.web.sweep import Sweep, sweep
from webapp import create_app
from webapp.assembly import Portal
from webapp.web.policy import Policy, UndeclaredView
from webapp.web.portal import help as help_pages


def test_each_route_answers_each_visitor_as_it_must(app: Flask, cast: Cast, engine: CastEngine) -> None:
    """All of it on SQLite; on PostgreSQL fewer visitors and no odd methods, for the checks are the same code."""
    problems = sweep(app, cast, thorough=engine.name == "sqlite")
    assert not problems, "\n".join(problems[:60])


@pytest.fixture
def sqlite_portal(make_portal: Callable[..., Portal], sqlite_cast: CastEngine) -> Portal:
    return make_portal(sqlite_cast)


@pytest.fixture
def quiet() -> Iterator[None]:
    """Planted defects end in tracebacks that say nothing new."""
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


@pytest.mark.usefixtures("quiet")
@pytest.mark.parametrize("name", LEAKS)
def test_the_sweep_sees_the_leak_when(
    name: str, sqlite_portal: Portal, sqlite_cast: CastEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    leak = LEAKS[name]
    leak.plant(monkeypatch)
    first = next(Sweep(new_app(sqlite_portal), sqlite_cast.cast).violations(), "")
    print(name, "=>", first)
    assert first
    if isinstance(leak, Leak):  # seen for what it is, not for a crash
        assert "500 instead" not in first and "raised" not in first
