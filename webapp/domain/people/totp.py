"""Codes of an authenticator app (RFC 6238). None is taken twice: what was used last is told by its step."""

from __future__ import annotations

from datetime import datetime

import pyotp

SECONDS = 30
DIGITS = 6
_DRIFT = 1  # steps that an app's clock may be off


def new_secret() -> str:
    """160 random bits, as apps take them."""
    return pyotp.random_base32()


def app_address(secret: str, *, owner: str, issuer: str) -> str:
    """`otpauth://…`: what the QR code says."""
    return pyotp.TOTP(secret).provisioning_uri(name=owner, issuer_name=issuer)


def code_at(secret: str, now: datetime) -> str:
    return pyotp.TOTP(secret).at(now)


def step_of(code: str, secret: str, *, after: int, now: datetime) -> int | None:
    """The step whose code it is, later than the one that was used last; nothing, if it is no such code."""
    typed = "".join(code.split())
    if not (typed.isascii() and typed.isdigit() and len(typed) == DIGITS):
        return None
    current = int(now.timestamp()) // SECONDS
    for step in range(current - _DRIFT, current + _DRIFT + 1):
        if step > after and pyotp.utils.strings_equal(pyotp.TOTP(secret).generate_otp(step), typed):
            return step
    return None
