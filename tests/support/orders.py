"""Orders for tests: the sample files, and one good order to spoil."""

from __future__ import annotations

import base64
import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

SAMPLES = Path(__file__).parent.parent / "samples"
SAMPLE, RESEND, BAD = (SAMPLES / f"orders-{name}.jsonl" for name in ("sample", "resend", "bad"))

MISSING = object()

GOOD: dict[str, Any] = {
    "order_number": "0700000001",
    "site": "fr",
    "language": "fr",
    "ordered_at": "2026-11-20T09:14:22+01:00",
    "account": {
        "customer_number": "10700001",
        "name": "Exemple Construction SAS",
        "address": {"line1": "12 rue de l’Exemple", "postal_code": "69003", "city": "Lyon", "country": "FR"},
        "vat_id": "FR40303265045",
    },
    "purchaser": {"name": "Alice Exemple", "email": "alice@example.com"},
    "product": "profis-engineering-premium",
    "quantity": 3,
    "term": "annual",
    "unit_price": "590.00",
    "currency": "EUR",
    "purchase_order_number": "BC 2026-113",
    "payment_method": "invoice",
}


def an_order(changes: dict[str, Any] | None = None, /, **fields: Any) -> bytes:
    """A good order's line; `{"purchaser.email": …}` reaches inside, MISSING takes a field out."""
    order = copy.deepcopy(GOOD)
    for path, value in {**(changes or {}), **fields}.items():
        *parents, name = path.split(".")
        place = order
        for parent in parents:
            place = place[parent]
        if value is MISSING:
            del place[name]
        else:
            place[name] = value
    return json.dumps(order, ensure_ascii=False).encode()


def lines(path: Path) -> list[bytes]:
    return path.read_bytes().splitlines()


def bad_lines() -> Iterator[tuple[str, bytes, str, str | None]]:
    """Name, line, code and field of each order to refuse."""
    for told in map(json.loads, lines(BAD)):
        yield told["id"], _bad_line(told), told["expect"]["code"], told["expect"]["field"]


def _bad_line(told: dict[str, Any]) -> bytes:
    if "raw" in told:
        return told["raw"].encode()
    if "raw_base64" in told:
        return base64.b64decode(told["raw_base64"])
    if "generate" in told:
        repeated = {name: rule["repeat"] * rule["times"] for name, rule in told["generate"]["set"].items()}
        return json.dumps({**told["generate"]["base"], **repeated}).encode()
    return json.dumps(told["record"], ensure_ascii=False).encode()
