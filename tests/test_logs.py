"""Lines say which request, site and job they belong to, and nothing about people."""

from __future__ import annotations

import json
import logging
import sqlite3
from typing import Any

import pytest

from webapp import logs

CANARIES = ("canary@customers.example", "Camille Canary", "PO-CANARY-7")


def line_of(message: str, *values: object, problem: BaseException | None = None, **facts: Any) -> str:
    exc_info = (type(problem), problem, problem.__traceback__) if problem else None
    record = logging.LogRecord("webapp.web", logging.ERROR, "x.py", 1, message, values, exc_info)
    record.__dict__.update(logs.facts(**facts) if facts else {})
    return logs.JsonLines().format(record)


def raised() -> BaseException:
    try:
        try:
            raise sqlite3.IntegrityError(f"Key (email, name)=({CANARIES[0]}, {CANARIES[1]}) already exists.")
        except sqlite3.IntegrityError as problem:
            raise RuntimeError(f"{CANARIES[2]} could not be stored") from problem
    except RuntimeError as problem:
        return problem


def test_a_line_says_what_it_is_about() -> None:
    with logs.about(request="abc"), logs.about(site="fr"):
        line = json.loads(line_of("answered", status=200, route="/sign-in"))
    assert (line["request"], line["site"], line["status"], line["route"]) == ("abc", "fr", 200, "/sign-in")
    assert line["level"] == "error" and line["at"].endswith("+00:00")
    assert "request" not in json.loads(line_of("later"))


def test_of_an_error_its_kinds_and_calls_are_told_and_not_its_words() -> None:
    line = line_of("that failed", problem=raised())
    assert not [canary for canary in CANARIES if canary in line]
    told = json.loads(line)
    assert told["error"] == ["IntegrityError", "RuntimeError"]
    assert told["calls"][0].startswith("tests.test_logs.raised:")


def test_control_an_ordinary_formatter_tells_all() -> None:
    problem = raised()
    record = logging.LogRecord(
        "x", logging.ERROR, "x.py", 1, "x", (), (type(problem), problem, problem.__traceback__)
    )
    told = logging.Formatter().format(record)
    assert all(canary in told for canary in CANARIES)


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("450 <alice@example.com> try later", "450 <<address>> try later"),
        ("redis://:secret@127.0.0.1:6379 is away", "redis://127.0.0.1:6379 is away"),
        ("two lines\nare one", "two lines\nare one"),
    ],
)
def test_addresses_and_passwords_in_other_peoples_words_are_taken_out(said: str, told: str) -> None:
    line = line_of("%s", said)
    assert json.loads(line)["message"] == told and "\n" not in line


def test_who_runs_a_demo_reads_sentences() -> None:
    record = logging.LogRecord("webapp", logging.INFO, "x.py", 1, "sent", (), None)
    with logs.about(site="fr", job="outbox"):
        assert logs.ReadableLines("%(message)s").format(record) == "sent [site=fr job=outbox]"


def test_an_error_that_nobody_expected_ends_in_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    root, hooks = logging.getLogger(), ("excepthook",)
    handlers, level = root.handlers[:], root.level
    monkeypatch.setattr("sys.excepthook", None)
    monkeypatch.setattr("threading.excepthook", None)
    try:
        logs.set_up(production=True)
        problem = raised()
        getattr(__import__("sys"), hooks[0])(type(problem), problem, problem.__traceback__)
    finally:
        root.handlers[:], root.level = handlers, level
        logging.captureWarnings(False)
    (line,) = capsys.readouterr().err.splitlines()
    assert json.loads(line)["level"] == "critical" and "CANARY" not in line.upper().replace("TESTS", "")
