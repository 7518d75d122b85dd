"""What makes an order well-formed, and which code and field refuse the rest."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.orders import GOOD, MISSING, RESEND, SAMPLE, an_order, bad_lines, lines
from webapp.domain.intake.intake_reading import LONGEST, refusal_of_long_line
from webapp.domain.intake.intake_refusals import IntakeRefused
from webapp.domain.orders.order_document import published_schema, read_order
from webapp.domain.orders.order_refusals import CODES


def refusal(line: bytes) -> tuple[str, str | None]:
    with pytest.raises(IntakeRefused) as caught:
        read_order(line)
    assert caught.value.code in CODES
    assert caught.value.message
    return caught.value.code, caught.value.field


@pytest.mark.parametrize("line", lines(SAMPLE))
def test_every_sample_order_is_well_formed(line: bytes) -> None:
    assert read_order(line).text == line.decode()


WRONG_VALUES: list[tuple[str, list[Any], str]] = [
    ("quantity", [0, -3, 1.5, 1e3, True, "3", [3], {}, 1_000_001, 10**30], "invalid_quantity"),
    ("quantity", [None, "", " "], "missing_value"),
    (
        "unit_price",
        [
            590,
            590.0,
            True,
            "-590.00",
            "+590.00",
            "0",
            "0.00",
            "5e2",
            "NaN",
            "Infinity",
            "590,00",
            "1 590.00",
            "590.",
            ".5",
            "0590.00",
            "٥٩٠",
            "590.00\n",
            "99999999999.00",
            "590.00000",
            [],
        ],
        "invalid_price",
    ),
    ("unit_price", [None, ""], "missing_value"),
    (
        "ordered_at",
        [
            "2026-11-20",
            "2026-11-20T09:14:22",
            "2026-11-20 09:14:22+01:00",
            "20261120T091422Z",
            "2026-W47-5T09:14:22Z",
            "2026-11-20T09:14:60Z",
            "2026-11-20T24:00:00Z",
            "2026-13-01T00:00:00Z",
            "2026-11-20T09:14:22+25:00",
            "0001-01-01T00:00:00+14:00",
            "1999-12-31T23:59:59Z",
            1795161600,
            True,
            "yesterday",
            "٢٠٢٦-11-20T09:14:22Z",
        ],
        "invalid_date",
    ),
    ("ordered_at", ["9999-12-31T23:59:59-12:00"], "date_in_future"),
    (
        "purchaser.email",
        [
            "alice.example.com",
            "@example.com",
            "alice@",
            "alice@@example.com",
            "alice@exa mple.com",
            " a@example.com",
            "a@example.com\r\nBcc: b@example.com",
            "a@example.com\n",
            "a@localhost",
            "a@-example.com",
            7,
            ["a@b.example"],
            "Alice <alice@example.com>",
            "a@example.com,b@example.com",
            "a..b@example.com",
        ],
        "invalid_email",
    ),
    ("purchaser.email", [None, "", "  "], "missing_value"),
    ("purchaser.email", ["a" * 250 + "@example.com"], "value_too_long"),
    ("purchaser.name", [None, "", " \u00a0\u200b", 7, ["Alice"]], "missing_value"),
    ("purchaser.name", ["Alice\nBcc: x", "Al\u2028ice", "\u202egpj", "Al\x85ice"], "invalid_encoding"),
    ("purchaser.name", ["A" * 301], "value_too_long"),
    ("purchase_order_number", [None, 4500123456, ["1"], True], "missing_value"),
    ("purchase_order_number", ["9" * 71, "é" * 71], "value_too_long"),
    ("purchase_order_number", ["45\n00", "45\t00", "45\u202900"], "invalid_encoding"),
    ("term", ["forever", "Annual", 12, True, []], "invalid_term"),
    ("term", [None, ""], "missing_value"),
    ("billing_period", ["weekly", 1, ""], None),
    ("site", ["FR", "fr ", 7, "../fr"], "unknown_site"),
    ("site", [None, ""], "missing_value"),
    ("language", ["français", 7, "*"], "language_not_on_site"),
    ("product", ["Profis", 7, "x" * 61, "a b"], "unknown_product"),
    ("product", [None, ""], "missing_value"),
    ("currency", ["eur", "EURO", 978, "€"], "unknown_currency"),
    ("payment_method", ["cheque", None, "", 7], "missing_value"),
    ("order_number", [700000001, None, "", " "], "missing_value"),
    ("order_number", ["a/b", "a b", "..", "-1", "№7", "a?b"], "invalid_encoding"),
    ("order_number", ["1" * 41], "value_too_long"),
    ("account", [None, "Exemple SAS", [], 7], "missing_value"),
    ("account.address", [None, "12 rue"], "missing_value"),
    ("account.address.country", ["France", "fr", "ZZ", "", None, 33], "missing_value"),
    ("account.customer_number", [10400012, None, ""], "missing_value"),
    ("account.name", ["E" * 501], "value_too_long"),
    ("account.vat_id", ["F" * 41], "value_too_long"),
    ("price_is_fictitious", ["yes", 1], "missing_value"),
]
WRONG = [
    pytest.param(field, value, code, id=f"{field}={ascii(value)[:40]}")
    for field, values, code in WRONG_VALUES
    if code
    for value in values
]


@pytest.mark.parametrize(("field", "value", "code"), WRONG)
def test_a_wrong_value_is_refused_with_code_and_field(field: str, value: Any, code: str) -> None:
    assert refusal(an_order({field: value})) == (code, field)


@pytest.mark.parametrize("value", ["weekly", 1])
def test_a_billing_period_has_the_words_of_the_term(value: Any) -> None:
    assert refusal(an_order(billing_period=value)) == ("invalid_term", "billing_period")


REQUIRED = sorted(
    {*GOOD} | {"account.name", "account.address.city", "purchaser.email", "account.address.country"}
)


@pytest.mark.parametrize("field", REQUIRED)
def test_a_field_that_is_not_there_is_missing(field: str) -> None:
    assert refusal(an_order({field: MISSING})) == ("missing_field", field)


def test_a_missing_field_is_told_before_wrong_ones() -> None:
    assert refusal(an_order(order_number=7, payment_method=MISSING)) == ("missing_field", "payment_method")


@pytest.mark.parametrize(
    ("field", "sent", "kept"),
    [
        ("purchase_order_number", "\u2003 4500998877 \u00a0", "4500998877"),
        ("purchase_order_number", "00 045", "00 045"),
        ("purchase_order_number", "", ""),
        ("purchase_order_number", " " + "9" * 70 + " ", "9" * 70),
        ("purchaser.email", "loic.l'hote+x@example.com", "loic.l'hote+x@example.com"),
        ("purchaser.email", "RETO@EXAMPLE.COM", "RETO@EXAMPLE.COM"),
        ("purchaser.email", "info@bücher.example.com", "info@bücher.example.com"),
        ("purchaser.name", "فاطمة \u200fالمثال", "فاطمة \u200fالمثال"),
        ("order_number", "WEB_2026-17.b", "WEB_2026-17.b"),
        ("quantity", 1_000_000, 1_000_000),
        ("account.vat_id", "", None),
        ("account.address.line2", None, None),
    ],
)
def test_odd_but_right_values_are_kept_as_meant(field: str, sent: Any, kept: Any) -> None:
    found: Any = read_order(an_order({field: sent})).document
    for name in field.split("."):
        found = getattr(found, name)
    assert found == kept


UNREADABLE: list[tuple[bytes, str, str | None]] = [
    (b"", "invalid_json", None),
    (b"[]", "invalid_json", None),
    (b"null", "invalid_json", None),
    (b'"text"', "invalid_json", None),
    (b"{}{}", "invalid_json", None),
    (an_order()[:-1], "invalid_json", None),
    (an_order().replace(b'"', b"'"), "invalid_json", None),
    (an_order().replace(b": 3", b": NaN"), "invalid_json", None),
    (an_order().replace(b": 3", b": -Infinity"), "invalid_json", None),
    (an_order().replace(b": 3", b": 03"), "invalid_json", None),
    (an_order().replace(b"Alice", b"Al\tice"), "invalid_json", None),
    (b"[" * 100_000, "invalid_json", None),
    (b'{"a":' * 40_000, "invalid_json", None),
    (b'{"x": ' + b"[" * 30 + b"]" * 30 + b"}", "invalid_json", None),
    (an_order().decode().encode("utf-16"), "invalid_encoding", None),
    (an_order().decode().encode("cp1252"), "invalid_encoding", None),
    (an_order().replace(b"Alice", b"\xed\xa0\x80"), "invalid_encoding", None),
    (an_order().replace(b"Alice", b"\x00"), "invalid_encoding", None),
    (an_order().replace(b"Alice", b"\\ud83d"), "invalid_encoding", "purchaser.name"),
    (an_order().replace(b"Alice", b"\\u0000"), "invalid_encoding", "purchaser.name"),
    (an_order(note="x").replace(b'"x"', b'"\\udc00"'), "invalid_encoding", "note"),
    (an_order().replace(b'"quantity": 3', b'"quantity": 3, "quantity": 3'), "duplicate_key", "quantity"),
    (an_order().replace(b'"city"', b'"country": "DE", "city"'), "duplicate_key", "account.address.country"),
    (
        an_order().replace(b'"quantity": 3', b'"quantity": 3, "\\u0071uantity": 4'),
        "duplicate_key",
        "quantity",
    ),
]


@pytest.mark.parametrize(("line", "code", "field"), UNREADABLE, ids=range(len(UNREADABLE)))
def test_what_is_not_strict_json_is_refused(line: bytes, code: str, field: str | None) -> None:
    assert refusal(line) == (code, field)


def test_a_mark_before_the_file_and_windows_line_ends_are_tolerated() -> None:
    assert read_order(b"\xef\xbb\xbf" + an_order() + b"\r\n").text == an_order().decode()


def test_a_refusal_repeats_no_long_or_control_text() -> None:
    with pytest.raises(IntakeRefused) as caught:
        read_order(an_order(term="for\x1bever\n" * 1000))
    assert len(caught.value.message) < 200
    assert caught.value.message.isprintable()


def test_an_endless_line_names_the_field_that_is_too_long() -> None:
    beginning = an_order(purchase_order_number="9" * 10_000_000)[:LONGEST]
    told = refusal_of_long_line(beginning)
    assert (told.code, told.field) == ("value_too_long", "purchase_order_number")


@pytest.mark.parametrize(
    "beginning", [b" " * LONGEST, b'{"a":1,' * LONGEST, b"\xff" * LONGEST, b"[" * LONGEST]
)
def test_an_endless_line_without_a_culprit_is_refused_all_the_same(beginning: bytes) -> None:
    told = refusal_of_long_line(beginning[:LONGEST])
    assert (told.code, told.field) == ("value_too_long", None)


# ---- the same content


def hash_of(line: bytes) -> str:
    return read_order(line).content_hash


def test_resent_orders_have_the_content_of_the_sample() -> None:
    sample = {read_order(line).document.order_number: hash_of(line) for line in lines(SAMPLE)}
    for line in lines(RESEND):
        assert sample[read_order(line).document.order_number] == hash_of(line)


@pytest.mark.parametrize(
    "changes",
    [
        {"unit_price": "590"},
        {"unit_price": "590.0"},
        {"ordered_at": "2026-11-20T08:14:22Z"},
        {"ordered_at": "2026-11-20T09:14:22.000000+01:00"},
        {"purchase_order_number": " BC 2026-113 "},
        {"account.address.line2": None},
        {"billing_period": "annual"},
        {"price_is_fictitious": False},
    ],
)
def test_another_spelling_is_the_same_content(changes: dict[str, Any]) -> None:
    assert hash_of(an_order(changes)) == hash_of(an_order())


@pytest.mark.parametrize(
    "changes",
    [
        {"unit_price": "590.01"},
        {"quantity": 4},
        {"ordered_at": "2026-11-20T09:14:22+00:00"},
        {"purchase_order_number": "BC 2026-0113"},
        {"purchaser.email": "Alice@example.com"},
        {"billing_period": "monthly"},
        {"account.address.line2": "2e étage"},
        {"cost_center": "7"},
        {"cost_center": 1.5},
    ],
)
def test_other_content_has_another_hash(changes: dict[str, Any]) -> None:
    assert hash_of(an_order(changes)) != hash_of(an_order())


def test_the_spelling_of_an_unknown_number_counts() -> None:
    assert hash_of(an_order(x=1.5)) != hash_of(an_order(x=1.25))
    assert hash_of(an_order().replace(b'"site"', b'"x": 1e999, "site"')) != hash_of(an_order(x=1.5))


# ---- whatever is sent

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inside: st.lists(inside, max_size=4) | st.dictionaries(st.text(max_size=10), inside, max_size=4),
    max_leaves=10,
)
FIELDS = st.sampled_from(
    [*GOOD, "account.name", "account.address.line1", "account.address", "purchaser.email", "x"]
)


def accept_or_refuse(line: bytes) -> None:
    try:
        received = read_order(line)
    except IntakeRefused as refused:
        assert refused.code in CODES
        json.dumps(refused.field).encode()
    else:
        assert len(received.content_hash) == 64


@settings(deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_are_taken_or_refused(line: bytes) -> None:
    accept_or_refuse(line)


@settings(max_examples=300, deadline=None)
@given(FIELDS, JSON)
def test_any_json_in_any_field_is_taken_or_refused(field: str, value: Any) -> None:
    order = json.loads(an_order())
    *parents, name = field.split(".")
    place = order
    for parent in parents:
        place = place[parent]
    place[name] = value
    accept_or_refuse(json.dumps(order).encode())


def test_the_published_schema_is_the_model() -> None:
    published = Path(__file__).parents[3] / "docs" / "order.schema.json"
    assert published.read_text(encoding="utf-8") == published_schema(), "run `portal orders schema`"


def test_the_schema_says_what_must_be_there() -> None:
    schema = json.loads(published_schema())
    assert set(schema["required"]) == set(GOOD)
    assert schema["properties"]["quantity"]["maximum"] == 1_000_000


def test_the_bad_file_is_about_orders_that_this_test_knows() -> None:
    assert {code for _, _, code, _ in bad_lines()} <= set(CODES)
