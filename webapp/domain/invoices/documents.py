"""Files that are handed out: invoices, credit notes and contracts.

Each is made once, when it is first asked for, from what was frozen; its bytes are kept with their hash, and
from then on exactly these are handed out, whatever happens to programs, fonts and templates.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import TYPE_CHECKING

from webapp.data.billing import Invoice
from webapp.data.database import only_looking
from webapp.data.documents import CII, PDF, UBL, StoredDocument
from webapp.data.issued import INVOICE, IssuedDocument, from_json
from webapp.data.outbox import OutboxMessage
from webapp.data.records import find, insert_if_new
from webapp.data.subscriptions import Subscription
from webapp.domain import outbox
from webapp.domain.invoices import invoice_recipients
from webapp.domain.refusals import NotThere, Refusal
from webapp.domain.subscriptions import contracts
from webapp.i18n import _
from webapp.mail.message import Attachment

if TYPE_CHECKING:
    from webapp.documents.contract import ContractContent

_EN_16931 = "facturx"  # the format of sites where that e-invoice is understood
_QR_BILL = "qr-bill"
_MEDIA_TYPES = {PDF: "application/pdf", CII: "application/xml", UBL: "application/xml"}
_ENDINGS = {PDF: ".pdf", CII: "-cii.xml", UBL: "-ubl.xml"}
_OF_INVOICE, _OF_CONTRACT = "invoice ", "contract "
_NOT_IN_FILE_NAMES = re.compile(r"[^A-Za-z0-9_-]")


class NoSuchForm(Refusal):
    def __str__(self) -> str:
        return _("This document is not available in this format.")


class NotIssued(Refusal):
    def __str__(self) -> str:
        return _("This invoice has not been issued yet.")


@dataclass
class DocumentAltered(Exception):
    """The stored bytes are not those that were handed out: nobody is given them."""

    subject: str
    form: str

    def __str__(self) -> str:
        return f"The stored {self.form} of {self.subject} was altered: its bytes do not have its SHA-256."


def invoice_subject(invoice: Invoice) -> str:
    """What the file of an invoice or a credit note is kept under."""
    if not invoice.number:
        raise NotIssued
    return f"{_OF_INVOICE}{invoice.number}"


def contract_subject(subscription: Subscription) -> str:
    return f"{_OF_CONTRACT}{subscription.public_id}"


def forms_of(document: IssuedDocument) -> tuple[str, ...]:
    """The files there are of it: for people, and for machines where they understand EN 16931."""
    return (PDF, CII, UBL) if document.format == _EN_16931 else (PDF,)


# ---- one file


def invoice_file(invoice: Invoice, form: str, *, now: datetime) -> StoredDocument:
    """Of an issued invoice or credit note."""
    subject = invoice_subject(invoice)
    if stored := _stored(subject, form):
        return stored
    document = from_json(invoice.content)
    if form not in forms_of(document):
        raise NoSuchForm
    if form == PDF:
        made = _invoice_pdf(document, embedded=_embedded(invoice, document, now=now))
    else:
        made = _e_invoice(document, form)
    return _keep(_file(subject, form, _file_name(document.number, form), made, now=now))


def _embedded(invoice: Invoice, document: IssuedDocument, *, now: datetime) -> bytes | None:
    """The very bytes that are handed out as a file of their own."""
    return invoice_file(invoice, CII, now=now).content if CII in forms_of(document) else None


def contract_file(subscription: Subscription, *, now: datetime) -> StoredDocument:
    """What was accepted, for good. While pending: what is to be accepted, which says so and is not kept."""
    subject = contract_subject(subscription)
    if stored := _stored(subject, PDF):
        return stored
    content = contracts.content_of(subscription, now=now)
    file_name = _file_name(f"contract-{subscription.public_id}", PDF)
    made = _file(subject, PDF, file_name, _contract_pdf(content), now=now)
    return _keep(made) if content.accepted else made


def file_of(subject: str, form: str, *, now: datetime) -> StoredDocument:
    """By what it is kept under; made now if nobody has asked for it yet."""
    return _stored(subject, form) or _made(subject, form, now=now)


def _made(subject: str, form: str, *, now: datetime) -> StoredDocument:
    kind, name = subject.partition(" ")[0] + " ", subject.partition(" ")[2]
    if kind == _OF_INVOICE and (invoice := find(Invoice, number=name)):
        return invoice_file(invoice, form, now=now)
    if kind == _OF_CONTRACT and form == PDF and (subscription := find(Subscription, public_id=name)):
        return contract_file(subscription, now=now)
    raise NotThere


# ---- by e-mail


def send_invoice(invoice: Invoice, *, now: datetime) -> None:
    """To everybody who gets the invoices of its subscription, in the transaction that issues it. The mail is
    of the document's kind; its PDF is made when it is delivered."""
    document, subscription = from_json(invoice.content), invoice.subscription
    company, language = document.buyer.name, document.language
    for to in invoice_recipients.mailed_to(subscription, company=company, language=language):
        outbox.enqueue(
            document.kind,
            to=to,
            subscription=subscription,
            path=f"/invoices/{invoice.number}",
            attachments=[(invoice_subject(invoice), PDF)],
            document=document,
            reads_portal=not isinstance(to, outbox.Addressee),
            e_invoice=CII in forms_of(document),
            now=now,
        )


def attachments_of(message: OutboxMessage, *, now: datetime) -> list[Attachment]:
    """Made now, where nobody has asked for them before; what can't be made is the delivery's failure."""
    files = [file_of(subject, form, now=now) for subject, form in outbox.attached_to(message)]
    return [Attachment(file.file_name, file.media_type, file.content) for file in files]


# ---- making: each speaks the language of its document, whatever is spoken around it; drawing is for one
# thread of a process at a time. What these bring along is loaded where it is first needed.


def _invoice_pdf(document: IssuedDocument, *, embedded: bytes | None) -> bytes:
    from webapp.documents import invoice

    return invoice.render(document, xml=embedded, swiss_payload=_swiss_payload(document))


def _swiss_payload(document: IssuedDocument) -> str | None:
    """For what is to be paid by transfer."""
    if document.format != _QR_BILL or document.kind != INVOICE or not document.payment.iban:
        return None
    from webapp.einvoice import swiss_qr

    try:
        return swiss_qr.payload(document)
    except swiss_qr.NoSwissSlip:  # an amount beyond what it can carry: the paper says how to pay all the same
        return None


def _e_invoice(document: IssuedDocument, form: str) -> bytes:
    from webapp import einvoice

    write = {CII: einvoice.cii, UBL: einvoice.ubl}[form]
    return write(document)


def _contract_pdf(content: ContractContent) -> bytes:
    from webapp.documents import contract

    return contract.render(content)


# ---- keeping


def _file_name(name: str, form: str) -> str:
    return _NOT_IN_FILE_NAMES.sub("-", name) + _ENDINGS[form]


def _file(subject: str, form: str, file_name: str, content: bytes, *, now: datetime) -> StoredDocument:
    return StoredDocument(
        subject=subject,
        form=form,
        file_name=file_name,
        media_type=_MEDIA_TYPES[form],
        sha256=sha256(content).hexdigest(),
        content=content,
        made_at=now,
    )


def _keep(made: StoredDocument) -> StoredDocument:
    """Who comes second gets what the first one made."""
    if only_looking():
        return made
    insert_if_new(StoredDocument, **{name: value for name, value in made.__data__.items() if name != "id"})
    kept = _stored(made.subject, made.form)
    assert kept is not None
    return kept


def _stored(subject: str, form: str) -> StoredDocument | None:
    stored = find(StoredDocument, subject=subject, form=form)
    if stored is not None and sha256(stored.content).hexdigest() != stored.sha256:
        raise DocumentAltered(subject, form)
    return stored
