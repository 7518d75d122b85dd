"""The OpenAPI 3.1 document: made of the routes, what they declare, and the models that read and write."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

from flask import Flask
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema
from werkzeug.routing import Rule

from webapp.domain.money import precision
from webapp.domain.shop.api_keys import SCOPES
from webapp.sites import Catalogue, Site
from webapp.web.api.operations import JSON, NDJSON, Body, Operation, Shape, Told, Undocumented, operation_of
from webapp.web.api.problems import CODES, MEDIA_TYPE
from webapp.web.policy import API, CONVERTERS, policy_of

VERSION = "1.0.0"
_REFERENCE = "#/components/schemas/{model}"
_SECURITY = "api_key"


class Problem(Shape):
    """RFC 9457. `code` stays, whatever the words are."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    field: str | None = None


def operations_of(app: Flask) -> Iterator[tuple[Rule, str, Operation]]:
    """Rule, method in small letters, and what it declares."""
    for rule in sorted(app.url_map.iter_rules(), key=lambda rule: rule.rule):
        declared = policy_of(app, rule.endpoint)
        if declared is None or declared.who != "key":
            continue
        found = operation_of(app, rule.endpoint)
        if found is None:
            raise Undocumented(f"{rule.rule} ({rule.endpoint}) declares no operation.")
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            yield rule, method.lower(), found


def refuse_undocumented(app: Flask) -> None:
    """At start; the document itself is made when somebody asks for it."""
    for _operation_found in operations_of(app):
        pass


def build(app: Flask) -> dict[str, Any]:
    """The same for all sites, but for where it is and what is sold there: see `at_site`."""
    operations = list(operations_of(app))
    schemas = _schemas(operation for _rule, _method, operation in operations)
    paths: dict[str, dict[str, Any]] = {}
    for rule, method, operation in operations:
        paths.setdefault(_path(rule), {})[method] = _operation(rule, method, operation)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Subscription portal: shop API", "version": VERSION, "description": _about()},
        "servers": [],
        "security": [{_SECURITY: []}],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {_SECURITY: {"type": "http", "scheme": "bearer", "description": _scopes()}},
        },
    }


def at_site(document: dict[str, Any], site: Site, catalogue: Catalogue) -> dict[str, Any]:
    """What this site takes: its own code, currency and languages, and what it sells."""
    here = copy.deepcopy(document)
    here["servers"] = [{"url": site.origin}]
    order = here["components"]["schemas"]["OrderDocument"]["properties"]
    payment = here["components"]["schemas"]["PaymentDocument"]["properties"]
    for fields in (order, payment):
        _narrow(fields["site"], [site.code])
    _narrow(payment["currency"], [site.currency])
    _narrow(order["currency"], [site.currency])
    _narrow(order["language"], _languages(site))
    _narrow(order["product"], sorted(one.key for one in catalogue if one.sold_on(site.code)))
    decimals = precision(site.currency)
    cents = rf"(\.[0-9]{{1,{decimals}}})?" if decimals else ""
    order["unit_price"]["pattern"] = f"^[1-9][0-9]{{0,8}}{cents}$"
    payment["amount"]["pattern"] = f"^-?[1-9][0-9]{{0,8}}{cents}$"
    return here


def _languages(site: Site) -> list[str]:
    """With and without the country: `de` is `de-CH` in Switzerland."""
    named = [language.replace("_", "-") for language in site.languages]
    return list(dict.fromkeys([*named, *(language.partition("-")[0] for language in named)]))


def _narrow(schema: dict[str, Any], words: list[str]) -> None:
    for name in ("pattern", "enum"):
        schema.pop(name, None)
    schema["enum"] = words


def _about() -> str:
    return (
        "Orders and payments in, subscriptions and entitlements out. Every refusal is"
        " `application/problem+json` with one of these codes, or a code of the document that was sent"
        " (docs/orders.md, docs/payments.md): "
        + "; ".join(f"`{code}` ({why})" for code, why in CODES.items())
        + "."
    )


def _scopes() -> str:
    return "A key of this site. Scopes: " + "; ".join(f"`{name}` ({why})" for name, why in SCOPES.items())


# ---- schemas


def _schemas(operations: Iterator[Operation]) -> dict[str, Any]:
    sent: set[type[BaseModel]] = set()
    told: set[type[BaseModel]] = {Problem}
    for operation in operations:
        told |= {answer.model for answer in operation.answers.values()}
        if operation.body and operation.body.media_type == JSON:
            sent.add(operation.body.model)
    modes: list[Any] = [(model, "validation") for model in sorted(sent, key=lambda model: model.__name__)]
    modes += [(model, "serialization") for model in sorted(told, key=lambda model: model.__name__)]
    _names, found = models_json_schema(modes, ref_template=_REFERENCE)
    definitions: dict[str, Any] = found["$defs"]
    return definitions


def _reference(model: type[BaseModel]) -> dict[str, str]:
    return {"$ref": _REFERENCE.format(model=model.__name__)}


# ---- paths


def _path(rule: Rule) -> str:
    return "".join(f"{{{part}}}" if dynamic else part for dynamic, part in rule._trace if part != "|")


def _operation(rule: Rule, method: str, operation: Operation) -> dict[str, Any]:
    told: dict[str, Any] = {
        "operationId": rule.endpoint.removeprefix("api_"),
        "tags": [rule.endpoint.removeprefix("api_").partition(".")[0]],
        "summary": operation.summary,
        "description": f"Needs the scope `{operation.scope}`." + _codes(operation),
        "security": [{_SECURITY: []}],
        "responses": _responses(rule, method, operation),
    }
    if parameters := [*_in_path(rule), *_in_query(operation), *_in_header(operation)]:
        told["parameters"] = parameters
    if operation.body:
        told["requestBody"] = {"required": True, "content": _content(operation.body)}
    return told


def _codes(operation: Operation) -> str:
    return (
        " Refused with: " + ", ".join(f"`{code}`" for code in operation.codes) + "."
        if operation.codes
        else ""
    )


def _content(sent: Body | Told) -> dict[str, Any]:
    """Each line of NDJSON is a document of its own, which OpenAPI 3.1 has no words for."""
    if sent.media_type != NDJSON:
        return {sent.media_type: {"schema": _reference(sent.model)}}
    about = {"description": "One JSON document a line."}
    if isinstance(sent, Told):
        about["description"] += f" Each is a {sent.model.__name__}."
    return {NDJSON: {"schema": {"type": "string", **about}}}


def _in_path(rule: Rule) -> Iterator[dict[str, Any]]:
    for name, converter in rule._converters.items():
        assert type(converter) in CONVERTERS.values()
        schema = {"type": "string", "pattern": f"^{converter.regex}$"}
        yield {"name": name, "in": "path", "required": True, "schema": schema}


def _in_query(operation: Operation) -> Iterator[dict[str, Any]]:
    if operation.query is None:
        return
    schema = operation.query.model_json_schema()
    for name, found in schema["properties"].items():
        required = name in schema.get("required", ())
        about = {"description": found.pop("description")} if "description" in found else {}
        found.pop("title", None)
        found.pop("default", None)
        found = next((one for one in found.get("anyOf", ()) if one.get("type") != "null"), found)
        if found.get("type") == ["string", "null"]:
            found["type"] = "string"
        yield {"name": name, "in": "query", "required": required, **about, "schema": found}


def _in_header(operation: Operation) -> Iterator[dict[str, Any]]:
    if operation.repeatable:
        why = "The same key with the same request gets the same answer, for 48 hours."
        schema = {"type": "string", "minLength": 1, "maxLength": 255, "pattern": r"^[\x21\x23-\x7e]+$"}
        yield {
            "name": "Idempotency-Key",
            "in": "header",
            "required": False,
            "description": why,
            "schema": schema,
        }


# ---- answers


def _responses(rule: Rule, method: str, operation: Operation) -> dict[str, Any]:
    told = {str(status): _told(answer, status) for status, answer in operation.answers.items()}
    if method == "get":
        told["304"] = {"description": "what `If-None-Match` names is still true"}
    for status, why in sorted(_problems(rule, operation).items()):
        told[str(status)] = {
            "description": why,
            "content": {MEDIA_TYPE: {"schema": _reference(Problem)}},
            **_headers(status),
        }
    return told


def _told(answer: Told, status: int) -> dict[str, Any]:
    return {"description": answer.why, "content": _content(answer)}


def _problems(rule: Rule, operation: Operation) -> dict[int, str]:
    found = {
        401: CODES["unauthorized"],
        403: CODES["insufficient_scope"],
        429: CODES["too_many_requests"],
        503: CODES["unavailable"],
        **operation.refuses,
    }
    if rule._converters:
        found[404] = CODES["not_found"]
    if operation.body or operation.query:
        found[422] = "what was sent is wrong; `field` says where"
    if operation.body:
        found |= {
            400: CODES["bad_request"],
            413: CODES["payload_too_large"],
            415: CODES["unsupported_media_type"],
        }
    if operation.body and operation.body.media_type == NDJSON:
        del found[422]
    return found


def _headers(status: int) -> dict[str, Any]:
    names = {401: "WWW-Authenticate", 403: "WWW-Authenticate", 429: "Retry-After", 503: "Retry-After"}
    if status not in names:
        return {}
    return {"headers": {names[status]: {"schema": {"type": "string"}}}}


def under_the_api(app: Flask) -> set[str]:
    return {rule.rule for rule in app.url_map.iter_rules() if rule.rule.startswith(API)}
