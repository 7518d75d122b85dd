"""Files that were handed out: what was sent is what is shown, byte for byte, for ten years."""

from __future__ import annotations

import peewee as pw

from webapp.data.database import BytesField, InstantField, SiteModel

PDF, CII, UBL = "pdf", "cii", "ubl"


class StoredDocument(SiteModel):
    subject = pw.CharField(max_length=80)  # `invoice FA-2026-000042`, `contract SUB-FR-204118`
    form = pw.CharField(max_length=10)  # pdf, cii, ubl
    file_name = pw.TextField()
    media_type = pw.CharField(max_length=60)
    sha256 = pw.CharField(max_length=64)
    content = BytesField()
    made_at = InstantField()

    class Meta:
        indexes = ((("subject", "form"), True),)
