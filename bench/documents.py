"""Documents a second and core: ours, the floor, and what others take for the same invoice and contract.

All in one interleaved run. Every invoice of a run is another one: numbers and names differ, so that no
font of an earlier one serves again.
"""

from __future__ import annotations

import resource
import time
from collections.abc import Callable
from dataclasses import replace
from itertools import cycle
from typing import Any

from bench import document_floor, document_peers
from bench.load import Sample, middle, ratio
from tests.documents.contracts import a_contract
from tests.support.papers import an_invoice
from webapp.data.issued import IssuedDocument
from webapp.documents import contract, invoice
from webapp.documents.invoice_words import Said, words_of
from webapp.einvoice import cii
from webapp.i18n import speaking, speech

Figures = dict[str, float]
Once = Callable[[], object]

LINES = 12  # what one page holds
SEVERAL = 24  # different invoices
CONTRACT_PAGES = 12
_NAMES = ("Bâtiment Équinoxe", "Kœnig & Fils", "Ateliers Wolff", "Hœnheim Façades", "ÇA-Béton", "Ôde Travaux")


def invoices() -> list[IssuedDocument]:
    first = an_invoice("fr", count=LINES)
    return [
        replace(
            first,
            number=f"FR-2026-{7 * number:06d}",
            po_number=f"BC {number * 37:04d}/X{number}",
            buyer=replace(first.buyer, name=f"{_NAMES[number % 6]} {chr(65 + number)}{number} SARL"),
        )
        for number in range(SEVERAL)
    ]


def a_long_contract() -> contract.ContractContent:
    """Of twelve pages: an agreement as long as lawyers make them."""
    content = a_contract("fr")
    for times in range(1, 60):
        longer = replace(content, text="\n\n".join([content.text] * times))
        if _pages(contract.render(longer)) >= CONTRACT_PAGES:
            return longer
    raise AssertionError("No contract is that long.")


def _pages(pdf: bytes) -> int:
    import pypdfium2

    return len(pypdfium2.PdfDocument(pdf))


def _texts(content: contract.ContractContent) -> list[tuple[str, str]]:
    """Heading or text of each paragraph: without our tables of facts, contents, certificate and page heads."""
    paragraphs = content.text.split("\n\n")
    return [(text.lstrip("# "), "") if text.startswith("#") else ("", text) for text in paragraphs]


def _spoken(document: IssuedDocument) -> Said:
    with speaking(speech(document.language, document.seller.country)):
        return words_of(document)


def _in_turn(work: Callable[[Any], object], given: list[Any]) -> Once:
    """Each call takes the next."""
    turn = cycle(given)
    return lambda: work(next(turn))


def arms() -> dict[str, Once]:
    documents = invoices()
    ready = [(document, cii(document)) for document in documents]
    heard = [document_floor.heard_from(lambda one=one: invoice.render(one)) for one in documents]
    said = [_spoken(document) for document in documents]
    pages = [document_peers.as_html(one) for one in said]
    long = a_long_contract()
    long_page = document_peers.contract_as_html(long.product, _texts(long))
    found: dict[str, Once] = {
        "invoice floor": _in_turn(document_floor.draw, heard),
        "invoice": _in_turn(lambda one: invoice.render(one[0], xml=one[1]), ready),
        "invoice and xml": _in_turn(lambda one: invoice.render(one, xml=cii(one)), documents),
        "invoice weasyprint": _in_turn(document_peers.with_weasyprint, pages),
        "invoice fpdf2": _in_turn(document_peers.with_fpdf2, said),
        "contract": lambda: contract.render(long),
        "contract weasyprint": lambda: document_peers.with_weasyprint(long_page),
        "contract fpdf2": lambda: document_peers.with_fpdf2_contract(long.product, _texts(long)),
    }
    if document_peers.find_wkhtmltopdf():
        found["invoice wkhtmltopdf"] = _in_turn(document_peers.with_wkhtmltopdf, pages)
        found["contract wkhtmltopdf"] = lambda: document_peers.with_wkhtmltopdf(long_page)
    else:
        print("documents: wkhtmltopdf is not here and could not be installed; nothing is said about it")
    return found


def _cpu() -> float:
    """Of this process and of the programs that it ran."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


def _sample(once: Once, seconds: float) -> Sample:
    started, cpu, made = time.perf_counter(), _cpu(), 0
    while not made or time.perf_counter() - started < seconds:
        once()
        made += 1
    return Sample((_cpu() - cpu) / made, 0.0, (time.perf_counter() - started) / made)


def measure(*, rounds: int, seconds: float) -> Figures:
    chosen = arms()
    for once in chosen.values():
        _sample(once, seconds)
    samples: dict[str, list[Sample]] = {name: [] for name in chosen}
    for _round in range(rounds):
        for name, once in chosen.items():
            samples[name].append(_sample(once, seconds))
    return _figures(samples)


def _figures(samples: dict[str, list[Sample]]) -> Figures:
    figures = {
        "invoice_of_floor": ratio(samples["invoice floor"], samples["invoice"]),
        "invoice_and_xml_of_floor": ratio(samples["invoice floor"], samples["invoice and xml"]),
    }
    for paper in ("invoice", "contract"):
        for peer in ("weasyprint", "fpdf2", "wkhtmltopdf"):
            name = f"{paper} {peer}"
            if name in samples:
                figures[f"{paper}_times_{peer}"] = ratio(samples[name], samples[paper])
    figures |= {f"{name} per s".replace(" ", "_"): 1 / middle(found) for name, found in samples.items()}
    return figures
