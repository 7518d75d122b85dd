"""Takes a file of orders; they may be of any site, in any order."""

from __future__ import annotations

from collections.abc import Iterator

from webapp.assembly import Portal
from webapp.commands.intake_import import Intake
from webapp.commands.intake_report import IntakeReport
from webapp.domain.orders.order_document import read_order
from webapp.domain.orders.order_intake import Outcome, take_order
from webapp.domain.orders.order_terms import site_of


class Report(IntakeReport[Outcome]):
    kinds = ("accepted", "known", "lapsed")

    def kind_of(self, outcome: Outcome) -> str:
        return outcome.kind

    def notes_of(self, outcome: Outcome) -> Iterator[str]:
        if outcome.kind == "lapsed":
            yield "The 90 days were over on arrival: taken as lapsed, nobody was mailed"
        for warning in outcome.warnings:
            yield f"{warning.field}: {warning.message}"


def order_intake(portal: Portal) -> Intake[Outcome]:
    return Intake("Orders", lambda line: _take(portal, line), Report())


def _take(portal: Portal, line: bytes) -> Outcome:
    received = read_order(line)
    with portal.at(site_of(received.document, sites=portal.sites)):
        return take_order(received, catalogue=portal.catalogue, now=portal.clock())
