"""The portal in `xx`, whatever language is asked for: for the layout's tests, never for customers."""

from __future__ import annotations

from functools import cache

from tests.support.pseudo import PseudoTranslations
from webapp import i18n


@cache
def _messages(code: str) -> PseudoTranslations:
    return PseudoTranslations()


i18n._messages = _messages  # type: ignore[assignment]

from webapp.wsgi import app  # noqa: E402 – it speaks as soon as it is there

__all__ = ["app"]
