"""Whatever is sent to the API with a valid key: never 500, and never an answer that its document does not know."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask, Response
from schemathesis.core.failures import Failure, FailureGroup

from tests.support.cast import Cast
from tests.web.conftest import on_sqlite
from tests.web.fuzzing import Fuzz
from tests.web.shop import Shop
from webapp.domain.shop import shop_view
from webapp.web.api import callers

pytestmark = on_sqlite


@pytest.fixture
def fuzz(app: Flask, cast: Cast, monkeypatch: pytest.MonkeyPatch) -> Fuzz:
    monkeypatch.setattr(callers, "PER_KEY", callers.parse("1000000 per minute"))
    return Fuzz(app, Shop(app).key, cast)


def test_whatever_is_sent_is_answered_as_documented(fuzz: Fuzz) -> None:
    fuzz.run(each=10)
    assert fuzz.asked >= 100 and fuzz.accepted >= 0.2, fuzz.by_operation
    reached = {label for label, status in fuzz.by_operation if status < 300}
    assert len(reached) >= 10, reached


@pytest.mark.soak
def test_two_thousand_requests_are_answered_as_documented(fuzz: Fuzz, figure: Callable[..., None]) -> None:
    fuzz.run(each=170, derandomize=False)
    figure("requests", fuzz.asked)
    figure("accepted", fuzz.accepted)
    for status, number in sorted(fuzz.statuses.items()):
        figure(f"answered {status}", number)
    assert fuzz.asked >= 2000 and fuzz.accepted >= 0.2
    assert not any(status >= 500 for status in fuzz.statuses)
    assert {label for label, _status in fuzz.by_operation} == {
        label for label, status in fuzz.by_operation if status < 300
    }, fuzz.by_operation


def test_the_scanner_sees_a_planted_500(fuzz: Fuzz, monkeypatch: pytest.MonkeyPatch) -> None:
    read = shop_view.of_order

    def break_down(order_number: str) -> Any:
        return read(order_number) and 1 / 0

    monkeypatch.setattr(shop_view, "of_order", break_down)
    with pytest.raises((Failure, FailureGroup), match="Server error"):
        fuzz.run(each=20, only="GET /api/v1/orders/{order_number}")


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (("{}", 418, "application/json"), "Undocumented status code"),
        (("{}", 200, "text/html"), "Undocumented Content-Type"),
        (('{"state": 1}', 200, "application/json"), "violates schema"),
    ],
)
def test_the_scanner_sees_a_planted_answer_that_nobody_documented(
    answer: tuple[str, int, str], said: str, fuzz: Fuzz, monkeypatch: pytest.MonkeyPatch
) -> None:
    sound = fuzz.app.view_functions["api_orders.show"]
    text, status, kind = answer
    planted: Any = lambda **values: Response(text, status, content_type=kind)  # noqa: E731
    planted.policy, planted.operation = sound.policy, sound.operation  # type: ignore[attr-defined]
    monkeypatch.setitem(fuzz.app.view_functions, "api_orders.show", planted)
    with pytest.raises((Failure, FailureGroup), match=said):
        fuzz.run(each=20, only="GET /api/v1/orders/{order_number}")
