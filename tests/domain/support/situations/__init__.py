"""What customers call about, and the sentence that support should read. It is noon of 22 November 2026 (UTC)."""

from __future__ import annotations

from tests.domain.support.situations import invoices, mail, sight, sign_in, users
from tests.domain.support.situations.told import Situation

SITUATIONS: list[Situation] = [
    *sight.SITUATIONS,
    *sign_in.SITUATIONS,
    *mail.SITUATIONS,
    *users.SITUATIONS,
    *invoices.SITUATIONS,
]
