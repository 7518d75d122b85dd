"""Takes a file of orders line by line: one transaction an order, and no line stops the next ones."""

from __future__ import annotations

import os
import time
from pathlib import Path

import peewee as pw
from playhouse.pool import MaxConnectionsExceeded

from webapp.assembly import Portal
from webapp.commands.order_file import Line, RefusedLines, lines_of
from webapp.commands.order_report import Report
from webapp.commands.progress import progress
from webapp.domain.order_document import read_order
from webapp.domain.order_intake import Outcome, take_order
from webapp.domain.order_reading import refusal_of_long_line
from webapp.domain.order_refusals import OrderRefused
from webapp.domain.order_terms import site_of

STORAGE_FAILURES = (pw.OperationalError, pw.InterfaceError, MaxConnectionsExceeded, OSError)
PAUSES = (0.2, 1.0)  # seconds before each further try
_LINES_A_STEP = 50


class ImportStopped(Exception):
    """The portal failed, not the order. What was reported is stored; the file can be imported again."""

    def __init__(self, line: Line, problem: Exception) -> None:
        super().__init__(
            f"Stopped at line {line.number}, which was not taken: {type(problem).__name__}: {problem}. "
            "The lines before it are done. Import the whole file again when this is mended."
        )


def import_file(portal: Portal, path: Path, *, report: Report) -> RefusedLines:
    """Fills the report as it goes: it is right, too, when the import stops half-way."""
    refused = RefusedLines(path)
    try:
        with path.open("rb") as file, progress("Orders", total=os.fstat(file.fileno()).st_size) as done:
            for line in lines_of(file):
                if not line.is_blank:
                    _import_or_stop(portal, line, report, refused)
                if line.number % _LINES_A_STEP == 0:
                    done(file.tell())
    finally:
        refused.finish()
    return refused


def _import_or_stop(portal: Portal, line: Line, report: Report, refused: RefusedLines) -> None:
    try:
        _import_line(portal, line, report, refused)
    except Exception as problem:
        raise ImportStopped(line, problem) from problem


def _import_line(portal: Portal, line: Line, report: Report, refused: RefusedLines) -> None:
    try:
        report.taken(line, _take_patiently(portal, line))
    except OrderRefused as refusal:
        report.refused(line, refusal)
        refused.add(line)


def _take_patiently(portal: Portal, line: Line) -> Outcome:
    """An order may be tried again: one that was stored after all is *known* then."""
    for pause in PAUSES:
        try:
            return _take(portal, line)
        except STORAGE_FAILURES:
            time.sleep(pause)
    return _take(portal, line)


def _take(portal: Portal, line: Line) -> Outcome:
    if line.is_long:
        raise refusal_of_long_line(line.beginning)
    received = read_order(line.beginning)
    with portal.at(site_of(received.document, sites=portal.sites)):
        return take_order(received, catalogue=portal.catalogue, now=portal.clock())
