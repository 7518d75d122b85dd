"""The same invoice, made by others: HTML for WeasyPrint and wkhtmltopdf, cells for fpdf2. All from our words."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterable
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from webapp.documents.invoice_words import Fact, Said

if TYPE_CHECKING:
    from fpdf import FPDF

FONTS = Path(__file__).parents[1] / "webapp/documents/fonts"
REGULAR, BOLD = FONTS / "NotoSans-Regular.ttf", FONTS / "NotoSans-SemiBold.ttf"
WKHTMLTOPDF = "wkhtmltopdf"

_STYLE = f"""
@font-face {{ font-family: Noto; src: url(file://{REGULAR}); }}
@font-face {{ font-family: Noto; font-weight: 600; src: url(file://{BOLD}); }}
@page {{ size: A4; margin: 15mm 20mm; }}
body {{ font: 8.5pt Noto; color: #1a1e21; }}
h1, h2 {{ color: #0a5168; }}
table {{ width: 100%; border-collapse: collapse; }}
td, th {{ border-bottom: 0.4pt solid #ccc; padding: 3pt 0; vertical-align: top; text-align: left; }}
td + td, th + th {{ text-align: right; }}
"""


def _facts(facts: Iterable[Fact]) -> str:
    cells = "".join(f"<tr><td>{escape(fact.label)}</td><td>{escape(fact.value)}</td></tr>" for fact in facts)
    return f"<table>{cells}</table>"


def _lines(texts: Iterable[str]) -> str:
    return "<p>" + "<br>".join(map(escape, texts)) + "</p>"


def as_html(said: Said) -> str:
    heads = "".join(f"<th>{escape(head)}</th>" for head in said.heads)
    rows = "".join(
        "<tr><td><b>"
        + escape(row.name)
        + "</b><br>"
        + "<br>".join(map(escape, row.details))
        + "</td>"
        + "".join(f"<td>{escape(cell)}</td>" for cell in row.cells)
        + "</tr>"
        for row in said.rows
    )
    sums = _facts(Fact(one.label, one.value) for one in said.sums)
    payment = _lines([said.payment.sentence]) + _facts(said.payment.facts) if said.payment else ""
    return (
        f"<!doctype html><html><head><meta charset=utf-8><style>{_STYLE}</style></head><body>"
        f"<h2>{escape(said.brand)}</h2>{_lines([said.sender])}{_lines(said.buyer)}"
        f"<h1>{escape(said.title)}</h1>{_facts(said.facts)}"
        f"<table><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>"
        f"{sums}{payment}{''.join(_lines([text]) for text in said.mentions)}"
        f"{''.join(_lines(column) for column in said.footer)}</body></html>"
    )


def contract_as_html(title: str, parts: Iterable[tuple[str, str]]) -> str:
    """Headings with their text, a page each some."""
    body = "".join(f"<h2>{escape(heading)}</h2>" if heading else _lines([text]) for heading, text in parts)
    return (
        f"<!doctype html><html><head><meta charset=utf-8><style>{_STYLE}</style></head><body>"
        f"<h1>{escape(title)}</h1>{body}</body></html>"
    )


def with_weasyprint(html: str) -> bytes:
    from weasyprint import HTML

    return bytes(HTML(string=html).write_pdf())


def find_wkhtmltopdf() -> bool:
    """Debian has it as a package; installed where we may."""
    if shutil.which(WKHTMLTOPDF) is None and shutil.which("apt-get") and os.geteuid() == 0:
        install = ["apt-get", "install", "-y", "-qq", "--no-install-recommends", WKHTMLTOPDF]
        subprocess.run(install, check=False, capture_output=True, timeout=300)
    return shutil.which(WKHTMLTOPDF) is not None


def with_wkhtmltopdf(html: str) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder) / "in.html", Path(folder) / "out.pdf"
        source.write_text(html, encoding="utf-8")
        command = [WKHTMLTOPDF, "-q", "--enable-local-file-access", str(source), str(target)]
        subprocess.run(
            command, check=True, capture_output=True, env={**os.environ, "QT_QPA_PLATFORM": "offscreen"}
        )
        return target.read_bytes()


def with_fpdf2(said: Said) -> bytes:
    from fpdf import FPDF

    pdf = FPDF(format="A4")
    pdf.set_margins(20, 15)
    pdf.add_font("Noto", fname=REGULAR)
    pdf.add_font("Noto", style="B", fname=BOLD)
    pdf.add_page()

    def write(text: str, *, size: float = 8.5, bold: bool = False) -> None:
        pdf.set_font("Noto", style="B" if bold else "", size=size)
        pdf.multi_cell(0, size * 0.45, text, new_x="LMARGIN", new_y="NEXT")

    write(said.brand, size=15, bold=True)
    for text in (said.sender, *said.buyer):
        write(text)
    write(said.title, size=20, bold=True)
    for fact in said.facts:
        write(f"{fact.label} {fact.value}")
    _fpdf_table(pdf, said)
    for one in said.sums:
        write(f"{one.label} {one.value}", bold=one.strong)
    if said.payment:
        for text in (said.payment.sentence, *(f"{fact.label} {fact.value}" for fact in said.payment.facts)):
            write(text)
    for text in (*said.mentions, *(line for column in said.footer for line in column)):
        write(text, size=7)
    return bytes(pdf.output())


def _fpdf_table(pdf: FPDF, said: Said) -> None:
    widths = (74, 20, 28, 18, 30)
    pdf.set_font("Noto", size=8.5)
    for row in (said.heads, *((row.name, *row.cells) for row in said.rows)):
        for text, width in zip(row, widths, strict=True):
            pdf.cell(width, 5, text, border="B", align="L" if width == 74 else "R")
        pdf.ln()


def with_fpdf2_contract(title: str, parts: Iterable[tuple[str, str]]) -> bytes:
    from fpdf import FPDF

    pdf = FPDF(format="A4")
    pdf.add_font("Noto", fname=REGULAR)
    pdf.add_font("Noto", style="B", fname=BOLD)
    pdf.add_page()
    pdf.set_font("Noto", style="B", size=20)
    pdf.multi_cell(0, 10, title, new_x="LMARGIN", new_y="NEXT")
    for heading, text in parts:
        pdf.set_font("Noto", style="B" if heading else "", size=12 if heading else 9)
        pdf.multi_cell(0, 6 if heading else 4.5, heading or text, new_x="LMARGIN", new_y="NEXT")
    return bytes(pdf.output())
