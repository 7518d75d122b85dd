"""Who gets an invoice by e-mail, in which words."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.conftest import TestClock
from tests.mail.cast import person, subscription
from tests.support.kept import keep_invoice
from tests.support.papers import a_credit_note, an_invoice
from webapp.assembly import Portal
from webapp.data.accounts import Membership, Person
from webapp.data.billing import Invoice, InvoiceRecipient
from webapp.data.database import atomic
from webapp.data.keys import email_key
from webapp.data.outbox import QUEUED, WITHDRAWN, OutboxMessage
from webapp.data.subscriptions import Subscription
from webapp.domain import outbox
from webapp.domain.invoices.documents import send_invoice
from webapp.domain.invoices.invoice_recipients import addresses_for


@pytest.fixture
def alice(bound_fr, clock: TestClock) -> Person:
    return person(now=clock.now)


@pytest.fixture
def bought(alice: Person, clock: TestClock) -> Subscription:
    return subscription(alice, now=clock.now)


@pytest.fixture
def listed(bought: Subscription, alice: Person, clock: TestClock):
    """Puts an address on the list of the company, or of the subscription."""

    def add(email: str, *, own: bool = False, confirmed: bool = True) -> InvoiceRecipient:
        return InvoiceRecipient.create(
            account=bought.account,
            subscription=bought if own else None,
            scope=bought.public_id if own else "",
            email=email,
            email_key=email_key(email),
            added_by=alice,
            added_at=clock.now,
            confirmed_at=clock.now if confirmed else None,
        )

    return add


@pytest.fixture
def send(bought: Subscription, clock: TestClock):
    """The mails that issuing this document writes."""

    def send(document: Any = None) -> list[OutboxMessage]:
        invoice: Invoice = keep_invoice(bought, document)
        with atomic():
            send_invoice(invoice, now=clock.now)
        return list(OutboxMessage.select().order_by(OutboxMessage.id))

    return send


def test_every_confirmed_address_gets_one_mail_with_the_invoice(send, listed) -> None:
    listed("compta@example.com")
    listed("chantier@example.com", own=True)
    listed("nobody@example.com", confirmed=False)
    mails = send()
    assert [mail.to_email for mail in mails] == ["compta@example.com", "chantier@example.com"]
    for mail in mails:
        assert mail.kind == "invoice"
        assert mail.to_name == "Société Lyonnaise de Bâtiment SARL"
        assert json.loads(mail.attachments) == [["invoice FR-2026-000042", "pdf"]]
        assert outbox.attached_to(mail) == [("invoice FR-2026-000042", "pdf")]
        assert (mail.state, mail.person, mail.recipient.email) == (QUEUED, None, mail.to_email)
        assert "/invoices/" not in mail.text
        assert "FR-2026-000042" in mail.subject
        assert "BC 2026-113" in mail.subject


def test_an_address_that_is_listed_twice_gets_one_mail(send, listed, bought: Subscription) -> None:
    listed("Compta@example.com")
    listed("compta@example.com", own=True)
    assert [mail.to_email for mail in send()] == addresses_for(bought) == ["compta@example.com"]


def test_without_a_confirmed_address_the_administrator_gets_it_alone(
    send, listed, alice: Person, bought: Subscription, clock: TestClock
) -> None:
    """As the page says; who looks after billing finds it in the portal and can add an address."""
    erin = person("erin@example.com", now=clock.now)
    Membership.create(person=erin, account=bought.account, created_at=clock.now, billing_since=clock.now)
    listed("nobody@example.com", confirmed=False)
    (mail,) = send()
    assert (mail.to_email, mail.person, mail.recipient) == (alice.email, alice, None)
    assert f"/invoices/{'FR-2026-000042'}" in mail.text


def test_a_credit_note_is_a_mail_of_its_own(send, listed) -> None:
    listed("compta@example.com")
    (mail,) = send(a_credit_note("fr"))
    assert mail.kind == "credit_note"
    assert json.loads(mail.attachments) == [["invoice FR-CN-2026-000007", "pdf"]]
    assert "FR-2026-000042" in mail.text


def test_what_is_rolled_back_is_mailed_to_nobody(bought: Subscription, clock: TestClock) -> None:
    with pytest.raises(ZeroDivisionError), atomic():
        send_invoice(keep_invoice(bought), now=clock.now)
        raise ZeroDivisionError
    assert OutboxMessage.select().count() == 0


def test_an_address_that_is_taken_off_the_list_gets_nothing_more(send, listed) -> None:
    recipient = listed("compta@example.com")
    send()
    outbox.withdraw_for_recipient(recipient)
    assert OutboxMessage.get().state == WITHDRAWN


def test_an_address_speaks_the_invoices_language_and_the_administrator_their_own(
    portal: Portal, clock: TestClock
) -> None:
    with portal.at(portal.sites["ch"]):
        administrator = person("a@example.com", language="fr", now=clock.now)
        bought = subscription(administrator, now=clock.now)
        invoice = keep_invoice(bought, an_invoice("ch"))
        send_invoice(invoice, now=clock.now)
        assert OutboxMessage.get().language == "fr_CH"
        OutboxMessage.delete().execute()
        InvoiceRecipient.create(
            account=bought.account,
            email="c@example.com",
            email_key="c@example.com",
            added_by=administrator,
            added_at=clock.now,
            confirmed_at=clock.now,
        )
        send_invoice(invoice, now=clock.now)
        assert OutboxMessage.get().language == "de_CH"
