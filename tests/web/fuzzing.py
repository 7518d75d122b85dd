"""Requests made from the API's own document: some as it says, some against it, some about what there is."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import schemathesis
from flask import Flask
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi import checks

from tests.support.cast import ALICE, BOB, Cast
from tests.support.orders import GOOD as ORDER
from tests.support.remitted import GOOD as PAYMENT

CHECKS = [
    not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_schema_conformance,
    checks.response_headers_conformance,
]
_MODES = [GenerationMode.POSITIVE, GenerationMode.POSITIVE, GenerationMode.NEGATIVE]


@schemathesis.serializer("application/x-ndjson")
def _as_it_is(context: object, value: object) -> bytes:
    return (value if isinstance(value, str) else json.dumps(value)).encode("utf-8", "replace")


@dataclass
class Fuzz:
    """Asks with a valid key. Counts what was answered; raises with what no document foresees."""

    app: Flask
    key: str
    cast: Cast
    statuses: Counter[int] = field(default_factory=Counter)
    by_operation: Counter[tuple[str, int]] = field(default_factory=Counter)

    def run(self, *, each: int, only: str = "", shrink: bool = False, derandomize: bool = True) -> None:
        schema = schemathesis.openapi.from_dict(self._document())
        schema.app = self._answer_whole
        for found in schema.get_all_operations():
            operation = found.ok()
            if only in operation.label:
                self._fuzz(operation, each, shrink=shrink, derandomize=derandomize)

    def _answer_whole(self, environ: dict[str, Any], start_response: Any) -> list[bytes]:
        """Read to its end and closed, as servers do."""
        body = self.app(environ, start_response)
        try:
            return [b"".join(body)]
        finally:
            body.close()  # type: ignore[attr-defined]

    def _document(self) -> dict[str, Any]:
        """Without a word of keys: the sweep asks without one, and here each request would be lost."""
        answer = self.app.test_client().get(
            "/api/v1/openapi.json", base_url="http://fr.localhost:8000", buffered=True
        )
        document: dict[str, Any] = answer.get_json()
        del document["security"], document["components"]["securitySchemes"]
        for methods in document["paths"].values():
            for operation in methods.values():
                del operation["security"]
        return document

    def _fuzz(self, operation: Any, each: int, *, shrink: bool, derandomize: bool) -> None:
        @settings(
            max_examples=each,
            deadline=None,
            database=None,
            derandomize=derandomize,
            suppress_health_check=list(HealthCheck),
            phases=[Phase.generate, Phase.shrink] if shrink else [Phase.generate],
        )
        @given(st.data())
        def ask(data: st.DataObject) -> None:
            case = data.draw(operation.as_strategy(generation_mode=data.draw(st.sampled_from(_MODES))))
            if data.draw(st.booleans()):
                self._inform(case, data)
            self._ask(case)

        ask()

    def _ask(self, case: Any) -> None:
        case.headers = {
            name: value for name, value in (case.headers or {}).items() if name == "Idempotency-Key"
        }
        answer = case.call(headers={"Host": "fr.localhost:8000", "Authorization": f"Bearer {self.key}"})
        self.statuses[answer.status_code] += 1
        self.by_operation[case.operation.label, answer.status_code] += 1
        case.validate_response(answer, checks=CHECKS)

    # ---- what there is

    def _inform(self, case: Any, data: st.DataObject) -> None:
        row = data.draw(st.sampled_from(self.cast.rows_of(ALICE)))
        there = {
            "order_number": row.order_number,
            "public_id": row.public_id,
            "product": "fieldwire-business",
            "email": data.draw(st.sampled_from([BOB.email, "nobody@example.com"])),
        }
        for parameters in (case.path_parameters, case.query):
            for name in (parameters or {}).keys() & there.keys():
                parameters[name] = there[name]
        if isinstance(case.query, dict):
            case.query.pop("after", None)
        if case.path.endswith("/orders"):
            case.body = self._informed(case.body, ORDER, data)
        if case.path.endswith("/payments"):
            case.body = self._informed(case.body, {**PAYMENT, "invoice_number": self._invoice()}, data)
        if "/batches/" in case.path:
            case.body = "\n".join(json.dumps(one) for one in (case.body, *self._good(case.path, data)))

    def _invoice(self) -> str:
        return self.cast.row(ALICE, "active").invoice

    def _informed(self, body: Any, good: dict[str, Any], data: st.DataObject) -> Any:
        """With a few good fields, so that not all of them fail at the first wrong one."""
        if not isinstance(body, dict):
            return body
        names = ("ordered_at", "account", "purchaser", "unit_price", "invoice_number", "paid_on", "term")
        kept = {name: good[name] for name in names if name in good and data.draw(st.integers(0, 9))}
        return {**body, **kept, **({"billing_period": None} if "term" in kept else {})}

    def _good(self, path: str, data: st.DataObject) -> list[dict[str, Any]]:
        number = data.draw(st.from_regex(r"[A-Z0-9]{1,12}", fullmatch=True))
        if path.endswith("orders"):
            return [{**ORDER, "order_number": number, "quantity": data.draw(st.integers(-1, 9))}]
        return [{**PAYMENT, "reference": number, "invoice_number": self._invoice()}]

    # ---- figures

    @property
    def asked(self) -> int:
        return self.statuses.total()

    @property
    def accepted(self) -> float:
        return sum(number for status, number in self.statuses.items() if 200 <= status < 300) / self.asked
