from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from flask import Flask, abort

from tests.support.cast import Cast
from tests.web.conftest import CastEngine, new_app
from tests.web.planted import LEAKS
from tests.web.planted.leak import add_route
from tests.web.routes import ROUTES
from tests.web.sweep import Sweep, sweep
from webapp import create_app
from webapp.assembly import Portal
from webapp.web.policy import Policy, UndeclaredView


def test_each_route_answers_each_visitor_as_it_must(app: Flask, cast: Cast, engine: CastEngine) -> None:
    """All of it on SQLite; on PostgreSQL fewer visitors, no fragments and no odd methods: the same code checks."""
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
@pytest.mark.parametrize(("stage", "leak"), [(stage, leak) for stage in LEAKS for leak in LEAKS[stage]])
def test_the_sweep_sees_that(
    stage: str, leak: str, sqlite_portal: Portal, sqlite_cast: CastEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    planted = LEAKS[stage][leak]
    planted.plant(monkeypatch)
    sweeping = Sweep(new_app(sqlite_portal), sqlite_cast.cast, at=planted.at)
    first = next(sweeping.violations(stage), "")
    assert first
    if not planted.crashes:  # seen for what it is
        assert "500 instead" not in first and "raised" not in first


def a_view() -> str:
    return "everything"


def test_the_sweep_sees_a_route_that_no_test_lists(
    sqlite_portal: Portal, sqlite_cast: CastEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(a_view, "policy", Policy("person", "site"), raising=False)
    add_route(monkeypatch, "/export", a_view)
    first = next(Sweep(new_app(sqlite_portal), sqlite_cast.cast).violations("table"), "")
    assert "export" in first


def test_the_sweep_sees_a_route_that_is_listed_and_gone(
    sqlite_portal: Portal, sqlite_cast: CastEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(ROUTES, "gone.show", replace(ROUTES["help.show"], path="/gone"))
    first = next(Sweep(new_app(sqlite_portal), sqlite_cast.cast).violations("table"), "")
    assert "gone.show" in first


def test_the_sweep_sees_a_route_that_nobody_may_use(
    sqlite_portal: Portal, sqlite_cast: CastEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Even if the table says that this is how it should be."""
    app = new_app(sqlite_portal)
    refusing = lambda: abort(404)  # noqa: E731
    refusing.policy = Policy("public", "site")  # type: ignore[attr-defined]
    monkeypatch.setitem(app.view_functions, "legal.imprint", refusing)
    monkeypatch.setitem(ROUTES, "legal.imprint", replace(ROUTES["legal.imprint"], answers={"GET": 404}))
    # The other stages are left out, so what is for persons is told, too; what is public is not.
    problems = list(Sweep(app, sqlite_cast.cast).violations("anybody", "unused"))
    assert "GET legal.imprint: nobody may use it" in problems
    assert "GET legal.privacy: nobody may use it" not in problems


def test_no_app_starts_with_a_view_that_declares_no_policy(
    sqlite_portal: Portal, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_route(monkeypatch, "/export", a_view)
    with pytest.raises(UndeclaredView, match="/export"):
        create_app(sqlite_portal)


@pytest.mark.parametrize("argument", ["<row>", "<string:row>", "<path:row>", "<int:row>"])
def test_no_app_starts_with_an_id_that_has_no_type_of_ours(
    argument: str, sqlite_portal: Portal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Row numbers are no ids either: what an address may name is in `CONVERTERS`."""
    monkeypatch.setattr(a_view, "policy", Policy("person", "site"), raising=False)
    add_route(monkeypatch, f"/export/{argument}", a_view)
    with pytest.raises(UndeclaredView, match="/export"):
        create_app(sqlite_portal)
