"""Looks into PDFs with another library than the one that made them."""

from __future__ import annotations

from pypdfium2 import PdfDocument


def text_of(pdf: bytes) -> str:
    """As a reader program copies it, page after page."""
    opened = PdfDocument(pdf)
    return "\n".join(page.get_textpage().get_text_bounded() for page in opened)


def attached_files(pdf: bytes) -> dict[str, bytes]:
    opened = PdfDocument(pdf)
    found = (opened.get_attachment(index) for index in range(opened.count_attachments()))
    return {file.get_name(): bytes(file.get_data()) for file in found}
