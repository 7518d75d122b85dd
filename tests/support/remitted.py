"""Payments for tests: the sample files, and one good payment to spoil."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any

from tests.support.orders import MISSING, SAMPLES, lines

SAMPLE, RESEND, BAD = (SAMPLES / f"payments-{name}.jsonl" for name in ("sample", "resend", "bad"))

GOOD: dict[str, Any] = {
    "reference": "ZE-2026-11-0001",
    "site": "fr",
    "invoice_number": "FR-2026-000042",
    "amount": "708.00",
    "currency": "EUR",
    "paid_on": "2026-11-20",
}


def a_payment(**changes: Any) -> bytes:
    """A good payment's line; MISSING takes a field out."""
    payment = {name: value for name, value in {**GOOD, **changes}.items() if value is not MISSING}
    return json.dumps(payment, ensure_ascii=False).encode()


def bad_lines() -> Iterator[tuple[str, bytes, str, str | None]]:
    """Name, line, code and field of each payment to refuse."""
    for told in map(json.loads, lines(BAD)):
        yield told["id"], _bad_line(told), told["expect"]["code"], told["expect"]["field"]


def _bad_line(told: dict[str, Any]) -> bytes:
    if "raw" in told:
        return str(told["raw"]).encode()
    if "raw_base64" in told:
        return base64.b64decode(told["raw_base64"])
    return json.dumps(told["record"], ensure_ascii=False).encode()
