"""E-mails with documents: made at delivery, attached byte for byte, or tried again."""

from __future__ import annotations

from datetime import timedelta
from hashlib import sha256
from typing import Any

import pytest

from tests.conftest import TestClock
from tests.mail.cast import person, subscription
from tests.mail.server import MailServer
from tests.support.cast import accept, place_order
from tests.support.kept import keep_invoice
from webapp.assembly import Portal
from webapp.data.documents import PDF, StoredDocument
from webapp.data.outbox import DEAD, QUEUED, SENT, OutboxMessage
from webapp.domain import outbox
from webapp.domain.invoices import documents
from webapp.jobs.outbox import Delivered, deliver
from webapp.mail.smtp import SmtpTransport
from webapp.sites import Site

NUMBER = "FR-2026-000042"


@pytest.fixture
def transport(mail_server: MailServer):
    transport = SmtpTransport(mail_server.url, timeout=5)
    yield transport
    transport.close()


@pytest.fixture
def write(portal: Portal, site_fr: Site, clock: TestClock):
    """An issued invoice, and a mail that brings these documents, invoice by default."""

    def enqueue(*attachments: tuple[str, str]) -> None:
        with portal.at(site_fr):
            alice = person(now=clock.now)
            keep_invoice(subscription(alice, now=clock.now))
            wanted = attachments or ((f"invoice {NUMBER}", PDF),)
            outbox.enqueue("password_changed", to=alice, now=clock.now, attachments=wanted)

    return enqueue


@pytest.fixture
def message(portal: Portal, site_fr: Site):
    def read() -> OutboxMessage:
        with portal.at(site_fr):
            return OutboxMessage.get()

    return read


def files_of(mail_server: MailServer, index: int = -1) -> dict[str, bytes]:
    mail = mail_server.accepted[index].message
    return {file.get_filename(): file.get_payload(decode=True) for file in mail.iter_attachments()}


def stored_hashes(portal: Portal, site: Site) -> dict[str, str]:
    with portal.at(site):
        return {row.file_name: row.sha256 for row in StoredDocument.select()}


def test_the_document_is_made_at_delivery_and_what_is_attached_is_what_is_stored(
    portal: Portal, site_fr: Site, transport: SmtpTransport, mail_server: MailServer, write
) -> None:
    write()
    assert stored_hashes(portal, site_fr) == {}
    assert deliver(portal, site_fr, transport) == Delivered(sent=1, failed=0, dead=0)
    hashes = stored_hashes(portal, site_fr)
    assert {name: sha256(content).hexdigest() for name, content in files_of(mail_server).items()} == {
        f"{NUMBER}.pdf": hashes[f"{NUMBER}.pdf"]
    }


def test_several_documents_go_with_one_mail(
    portal: Portal, site_fr: Site, transport: SmtpTransport, mail_server: MailServer, write
) -> None:
    write((f"invoice {NUMBER}", "pdf"), (f"invoice {NUMBER}", "cii"), (f"invoice {NUMBER}", "ubl"))
    deliver(portal, site_fr, transport)
    types = [file.get_content_type() for file in mail_server.accepted[0].message.iter_attachments()]
    assert types == ["application/pdf", "application/xml", "application/xml"]
    sent = {name: sha256(content).hexdigest() for name, content in files_of(mail_server).items()}
    assert sent == stored_hashes(portal, site_fr)


def test_what_can_not_be_made_is_tried_again_and_not_lost(
    portal: Portal,
    site_fr: Site,
    transport: SmtpTransport,
    mail_server: MailServer,
    write,
    message,
    clock: TestClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(*_: Any, **__: Any) -> bytes:
        raise RuntimeError("a font is missing")

    write()
    monkeypatch.setattr(documents, "_invoice_pdf", fail)
    assert deliver(portal, site_fr, transport) == Delivered(sent=0, failed=1, dead=0)
    assert (message().state, message().last_error) == (QUEUED, "RuntimeError: a font is missing")
    assert mail_server.accepted == []
    monkeypatch.undo()
    clock.forward(minutes=1)
    assert deliver(portal, site_fr, transport).sent == 1
    assert list(files_of(mail_server)) == [f"{NUMBER}.pdf"]


def test_altered_bytes_are_never_mailed_and_after_days_somebody_has_to_look(
    portal: Portal,
    site_fr: Site,
    transport: SmtpTransport,
    mail_server: MailServer,
    write,
    message,
    clock: TestClock,
) -> None:
    write()
    with portal.at(site_fr):
        documents.file_of(f"invoice {NUMBER}", PDF, now=clock.now)
        StoredDocument.update(content=b"%PDF-forged").execute()
    deliver(portal, site_fr, transport)
    assert message().state == QUEUED
    for _day in range(40):
        clock.forward(hours=6)
        deliver(portal, site_fr, transport)
    assert message().state == DEAD
    assert "altered" in message().last_error
    assert mail_server.accepted == []


def test_a_mail_that_is_sent_again_brings_the_same_bytes(
    portal: Portal,
    site_fr: Site,
    transport: SmtpTransport,
    mail_server: MailServer,
    write,
    message,
    clock: TestClock,
) -> None:
    mail_server.hang_up_on["alice@example.com"] = 1
    write()
    assert deliver(portal, site_fr, transport).failed == 1
    first = stored_hashes(portal, site_fr)
    clock.forward(days=1)
    assert deliver(portal, site_fr, transport).sent == 1
    assert message().state == SENT
    assert sha256(files_of(mail_server)[f"{NUMBER}.pdf"]).hexdigest() == first[f"{NUMBER}.pdf"]


def test_too_much_to_attach_is_said_and_not_tried_for_days(
    portal: Portal,
    site_fr: Site,
    transport: SmtpTransport,
    write,
    message,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    write()
    monkeypatch.setattr("webapp.mail.message.MOST_ATTACHED", 1000)
    assert deliver(portal, site_fr, transport) == Delivered(sent=0, failed=0, dead=1)
    assert "attachments" in message().last_error


def test_the_confirmation_of_an_activation_brings_the_contract(
    portal: Portal, site_fr: Site, transport: SmtpTransport, mail_server: MailServer, clock: TestClock
) -> None:
    with portal.at(site_fr):
        bought = place_order(portal, ordered_at=clock.now - timedelta(days=1))
        accept(bought, now=clock.now)
        OutboxMessage.delete().where(OutboxMessage.kind != "activation_confirmed").execute()
        assert StoredDocument.select().count() == 0  # the visitor did not wait for it
    assert deliver(portal, site_fr, transport).sent == 1
    name = f"contract-{bought.public_id}.pdf"
    assert sha256(files_of(mail_server)[name]).hexdigest() == stored_hashes(portal, site_fr)[name]
