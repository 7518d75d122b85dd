"""Parameters of addresses: what each accepts and what the document says of it. They arrive as text."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import Field

from webapp.domain.intake import intake_fields as fields
from webapp.domain.intake.intake_document import Part
from webapp.domain.intake.intake_fields import Check, refusing

MOST_ROWS, USUAL_ROWS = 500, 100


def _read_limit(value: object) -> int:
    if not isinstance(value, str) or not re.fullmatch("[0-9]{1,4}", value) or not 0 < int(value) <= MOST_ROWS:
        raise refusing("invalid_number", f"use a whole number from 1 to {MOST_ROWS}")
    return int(value)


LIMIT = Check(_read_limit, {"type": "integer", "minimum": 1, "maximum": MOST_ROWS, "default": USUAL_ROWS})


class Paged(Part):
    after: Annotated[
        str, fields.text(600), Field(description="`next` of the answer before; the filters must be the same.")
    ] = ""
    limit: Annotated[int, LIMIT, Field(description="How many rows a page has at most.")] = USUAL_ROWS
