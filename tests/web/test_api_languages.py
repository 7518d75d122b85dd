"""What a refusal means is said in the caller's language; its code is the same in each."""

from __future__ import annotations

from typing import get_args

import pytest
from flask import Flask

from tests.support.orders import an_order
from tests.web.conftest import on_sqlite
from tests.web.shop import Shop
from webapp.domain.orders import order_document
from webapp.domain.payments import payment_document
from webapp.i18n import speech
from webapp.web.api.exchange import PARAMETER_CODES
from webapp.web.api.problems import CODES
from webapp.web.api.titles import TITLES


def test_every_code_has_words() -> None:
    codes = {*CODES, *order_document.CODES, *payment_document.CODES, *PARAMETER_CODES}
    assert codes <= set(TITLES) and codes >= set(get_args(payment_document.Code))


@on_sqlite
@pytest.mark.parametrize(
    ("site", "asked", "language"),
    [
        ("fr", "", "en"),
        ("fr", "fr-FR, en;q=0.5", "fr"),
        ("fr", "en, fr;q=0.5", "en"),
        ("fr", "pl", "en"),
        ("ch", "it", "it_CH"),
        ("jp", "ja", "ja"),
        ("ae", "ar", "ar"),
    ],
)
def test_a_refusal_is_titled_in_the_language_that_was_asked_for(
    app: Flask, site: str, asked: str, language: str
) -> None:
    shop = Shop(app, site)
    answer = shop.post("/orders", an_order(quantity=0), headers={"Accept-Language": asked})
    told = answer.get_json()
    assert answer.headers["Content-Language"] == language.replace("_", "-")
    assert "Accept-Language" in answer.headers["Vary"]
    words = speech(language, site.upper()).messages
    assert told["title"] == words.gettext(TITLES[told["code"]]) and told["detail"]


@on_sqlite
def test_what_is_no_refusal_is_the_same_in_each_language(app: Flask) -> None:
    shop = Shop(app)
    said = {
        shop.get("/subscriptions", headers={"Accept-Language": asked}).text
        for asked in ("", "fr", "de", "en")
    }
    assert len(said) == 1
