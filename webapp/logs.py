"""What processes say about themselves, on stderr: JSON lines in production, readable ones in a demo.

A line says which request, site and job it belongs to, and nothing about people: of an exception its kind and
where it came from, never its words, which may repeat what somebody typed.
"""

from __future__ import annotations

import json
import logging
import re
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from traceback import walk_tb
from types import MappingProxyType, TracebackType
from typing import Any, TextIO

_NOTHING: Mapping[str, str] = MappingProxyType({})
_about: ContextVar[Mapping[str, str]] = ContextVar("what a line in the log is about", default=_NOTHING)
_FACTS = "facts"  # of a line's own, beside its words
_ADDRESS = re.compile(r"[^\s<>\"'(),;:]+@[^\s<>\"'(),;:]+")  # a second net: nobody should log one
_URL_PASSWORD = re.compile(r"(?<=://)[^\s/@]+@")
_DEEPEST = 30

log = logging.getLogger(__name__)


@contextmanager
def about(**facts: str) -> Iterator[None]:
    """Lines that are logged inside say so: `request`, `site`, `job`."""
    token = _about.set({**_about.get(), **facts})
    try:
        yield
    finally:
        _about.reset(token)


def facts(**values: Any) -> dict[str, Any]:
    """For `extra`: what a line tells beside its words."""
    return {_FACTS: values}


def _without_people(text: str) -> str:
    return _ADDRESS.sub("<address>", _URL_PASSWORD.sub("", text))


def _place(frame: Any, line: int) -> str:
    name = frame.f_globals.get("__name__", "?")
    return f"{name}.{frame.f_code.co_name}:{line}"


def _chain(problem: BaseException | None) -> Iterator[BaseException]:
    seen: set[int] = set()
    while problem is not None and id(problem) not in seen:
        seen.add(id(problem))
        yield problem
        problem = problem.__cause__ or (None if problem.__suppress_context__ else problem.__context__)


def _exception_facts(problem: BaseException) -> dict[str, Any]:
    """Kinds from the first to the last, the database's code, and the calls that led there."""
    chain = list(_chain(problem))[::-1]
    codes = [str(code) for one in chain if (code := getattr(one, "sqlstate", None))]
    calls = [_place(frame, line) for frame, line in walk_tb(chain[0].__traceback__)]
    return {
        "error": [type(one).__name__ for one in chain],
        **({"sqlstate": codes[0]} if codes else {}),
        "calls": calls[-_DEEPEST:],
    }


class JsonLines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": _without_people(record.getMessage()),
            **_about.get(),
            **getattr(record, _FACTS, {}),
        }
        if record.exc_info and record.exc_info[1]:
            line |= _exception_facts(record.exc_info[1])
        return json.dumps(line, ensure_ascii=False, default=str)


class ReadableLines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        said = {**_about.get(), **getattr(record, _FACTS, {})}
        facts = " ".join(f"{name}={value}" for name, value in said.items())
        return super().format(record) + (f" [{facts}]" if facts and not record.exc_info else "")


class _Stderr(logging.StreamHandler[TextIO]):
    """Whatever is stderr when a line is written."""

    def __init__(self) -> None:
        logging.Handler.__init__(self)

    @property
    def stream(self) -> TextIO:
        return sys.stderr

    @stream.setter
    def stream(self, value: TextIO) -> None:
        """Not kept."""


def _log_uncaught(kind: type[BaseException], problem: BaseException, calls: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        return
    log.critical("ended by an error that nobody expected", exc_info=(kind, problem, calls))


def _log_uncaught_in_thread(told: threading.ExceptHookArgs) -> None:
    if told.exc_value is not None:
        _log_uncaught(told.exc_type, told.exc_value, told.exc_traceback)


def set_up(*, production: bool) -> None:
    """Once in a process, before it works. Other people's libraries are heard from warnings on."""
    handler = _Stderr()
    if production:
        handler.setFormatter(JsonLines())
        sys.excepthook, threading.excepthook = _log_uncaught, _log_uncaught_in_thread
    else:
        handler.setFormatter(ReadableLines("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    logging.getLogger("webapp").setLevel(logging.INFO)
    # A demo is watched in the browser: a line for each file of each page would only hide the others.
    logging.getLogger("webapp.web.entrance").setLevel(logging.INFO if production else logging.WARNING)
    logging.captureWarnings(True)
