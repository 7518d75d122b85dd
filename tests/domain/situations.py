"""What customers call about, and the sentence that support should read. It is noon of 22 November 2026 (UTC)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from tests.domain.stuck import Stuck
from tests.support.billed import many_due
from webapp.data.accounts import Account
from webapp.data.billing import Invoice, InvoiceRecipient
from webapp.data.email_changes import EmailChange
from webapp.data.outbox import DEAD, QUEUED, WITHDRAWN, OutboxMessage
from webapp.data.sign_in import Session
from webapp.data.subscriptions import Seat, Subscription
from webapp.domain import (
    accounts,
    activation,
    audit,
    billing_details,
    credit_notes,
    order_corrections,
    purchase_orders,
    seats,
    sign_in,
    transfer,
)
from webapp.domain.audit import PORTAL, SHOP
from webapp.domain.diagnosis import CANNOT_INVITE, CANNOT_SEE, CANNOT_SIGN_IN, NO_EMAIL, WRONG_INVOICE
from webapp.domain.support_facts import Elsewhere


@dataclass(frozen=True, slots=True)
class Situation:
    key: str
    question: str
    finding: str
    sentence: str
    told: Callable[[Stuck], object]


SITUATIONS: list[Situation] = []


def situation(question: str, finding: str, sentence: str) -> Callable[[Callable[[Stuck], object]], object]:
    def keep(told: Callable[[Stuck], object]) -> object:
        key = told.__name__.replace("_", "-")
        SITUATIONS.append(Situation(key, question, finding, sentence, told))
        return told

    return keep


# ---- “I can’t see my subscription”


@situation(CANNOT_SEE, "known_elsewhere", "{who} is not known here, it is known at: Switzerland.")
def bought_in_switzerland(s: Stuck) -> None:
    s.order(to="somebody.ch@example.com")
    s.elsewhere = Elsewhere(known=("Switzerland",))


@situation(CANNOT_SEE, "unknown", "{who} is known neither here nor at another site of your regions.")
def typing_error(s: Stuck) -> None:
    s.order(to="right.address@example.com")


@situation(CANNOT_SEE, "unknown", "{who} is not known here; these sites did not answer: Austria.")
def a_site_is_silent(s: Stuck) -> None:
    s.order(to="somebody.at@example.com")
    s.elsewhere = Elsewhere(silent=("Austria",))


@situation(CANNOT_SEE, "of_another_company", "{who} belongs to Other Builders, not to Musterbau.")
def of_another_company(s: Stuck) -> None:
    s.order(to="colleague.other@example.com")
    other = Account.create(
        customer_number="9" + s.number,
        name="Other Builders",
        line1="1",
        city="X",
        country="FR",
        search_key="",
        sort_key="",
    )
    accounts.join(s.person(member=False), other, now=s.now)


@situation(
    CANNOT_SEE,
    "address_changed",
    "Paul Petit changed the address from {who} to paul.new@example.com on 20 Nov 2026.",
)
def old_address(s: Stuck) -> None:
    s.order(to="admin.old@example.com")
    person = s.person("paul.new@example.com")
    audit.record(
        audit.EMAIL_CHANGED,
        actor=audit.Actor.of(person),
        person=person,
        now=s.ago(days=2),
        old=s.who,
        new="paul.new@example.com",
    )


@situation(
    CANNOT_SEE,
    "purchaser_corrected",
    "The purchaser of {id} was corrected from {who} to right@example.com on 21 Nov 2026.",
)
def purchaser_was_corrected(s: Stuck) -> None:
    order = s.order()
    order_corrections.correct_purchaser(
        order.order.order_number, email="right@example.com", actor=SHOP, now=s.ago(days=1)
    )


@situation(
    CANNOT_SEE, "activation_mail_failed", "Email to {who} of 12 Nov 2026 was not delivered: mailbox unknown."
)
def pending_and_refused(s: Stuck) -> None:
    s.order()
    s.refused(days=10)


@situation(
    CANNOT_SEE, "waits_for_activation", "{id} waits for {who} to accept the agreement, until 10 Feb 2027."
)
def waits_to_be_activated(s: Stuck) -> None:
    s.order()
    s.sent(days=10)


@situation(
    CANNOT_SEE,
    "lapsed",
    "{id} was ordered on 14 Aug 2026 and not activated within 90 days, it expired on 13 Nov 2026.",
)
def too_late(s: Stuck) -> None:
    s.order(100)


@situation(CANNOT_SEE, "withdrawn", "The order of {id} was withdrawn on 20 Nov 2026: ordered twice")
def withdrawn_by_the_shop(s: Stuck) -> None:
    order = s.order()
    order_corrections.withdraw_order(
        order.order.order_number, reason="ordered twice", actor=SHOP, now=s.ago(days=2)
    )


@situation(
    CANNOT_SEE, "handed_over", "{who} handed the administration of {id} over to Nina Neu on 19 Nov 2026."
)
def handed_over(s: Stuck) -> None:
    bought = s.active()
    transfer.transfer_administration(
        bought,
        to=transfer.new_person(name="Nina Neu", email="nina@example.com"),
        keep_seat=False,
        actor=bought.administrator,
        now=s.ago(days=3),
    )


@situation(CANNOT_SEE, "seat_taken_back", "The license of {who} for {id} was taken back on 18 Nov 2026.")
def license_taken_back(s: Stuck) -> None:
    bought = s.active(to="boss.back@example.com")
    s.came(s.invite(bought), hours=110)
    seat = Seat.get(Seat.subscription == bought)
    seats.revoke(seat, actor=bought.administrator, now=s.ago(days=4))
    s.person()


@situation(CANNOT_SEE, "seat_over", "The license of {who} for {id} was given until 20 Nov 2026.")
def license_over(s: Stuck) -> None:
    s.invite(s.active(to="boss.over@example.com"), last_day=date(2026, 11, 20))


@situation(CANNOT_SEE, "use_ended", "{id} was cancelled and ended on 13 Nov 2026; users no longer see it.")
def subscription_ended(s: Stuck) -> None:
    bought = s.active(375, to="boss.ended@example.com")
    s.invite(bought)
    Subscription.update(ends_on=date(2026, 11, 13)).where(Subscription.id == bought.id).execute()


@situation(
    CANNOT_SEE, "looks_at_another_company", "{who} is logged in and looks at Second Firm, not at Musterbau."
)
def looks_at_the_other_company(s: Stuck) -> None:
    bought = s.active()
    other = Account.create(
        customer_number="8" + s.number,
        name="Second Firm",
        line1="1",
        city="X",
        country="FR",
        search_key="",
        sort_key="",
    )
    accounts.join(bought.administrator, other, now=s.now)
    s.came(bought.administrator, hours=1)
    Session.update(account=other).where(Session.person == bought.administrator).execute()


@situation(
    CANNOT_SEE, "has_nothing", "{who} belongs to Musterbau, but administers nothing and holds no license."
)
def member_only(s: Stuck) -> None:
    s.active(to="boss.member@example.com")
    s.person()


@situation(
    CANNOT_SEE,
    "somebody_elses",
    "{id} is administered by Olga Muster (boss.elses@example.com); {who} neither manages nor uses it.",
)
def named_one_is_somebody_elses(s: Stuck) -> None:
    s.public_id = s.active(to="boss.elses@example.com").public_id
    s.person()


@situation(CANNOT_SEE, "sees_all", "{who} sees 1 subscription of Musterbau; nothing hides it.")
def it_is_there(s: Stuck) -> None:
    s.active()


# ---- “I can’t sign in”


@situation(
    CANNOT_SIGN_IN,
    "locked",
    "Logging in as {who} is locked until 22/11/2026, 13:04 CET, after 10 wrong passwords.",
)
def locked_out(s: Stuck) -> None:
    s.order()
    s.person()
    s.fail(10)


@situation(CANNOT_SIGN_IN, "no_password", "{who} has never chosen a password.")
def no_password_yet(s: Stuck) -> None:
    s.order()
    s.sent()


@situation(CANNOT_SIGN_IN, "link_failed", "Email to {who} came back on 19 Nov 2026: mailbox full.")
def link_came_back(s: Stuck) -> None:
    s.order()
    sign_in.request_password_link(s.who, now=s.ago(days=3))
    s.came_back("452 4.2.2 Mailbox full")


@situation(
    CANNOT_SIGN_IN,
    "link_waits",
    "The email with the link to choose a password was recorded on 22/11/2026, 12:58 CET and has not left yet.",
)
def link_has_not_left(s: Stuck) -> None:
    s.order()
    s.sent()
    sign_in.request_password_link(s.who, now=s.ago(minutes=2))


@situation(
    CANNOT_SIGN_IN,
    "link_too_old",
    "The link to choose a password that went to {who} on 21/11/2026, 13:00 CET was not used in time.",
)
def link_is_too_old(s: Stuck) -> None:
    s.order()
    sign_in.request_password_link(s.who, now=s.ago(days=1))
    s.sent(days=1)


@situation(
    CANNOT_SIGN_IN,
    "link_works",
    "A link to choose a password went to {who} on 22/11/2026, 12:45 CET and works until 22/11/2026, 13:45 CET.",
)
def link_still_works(s: Stuck) -> None:
    s.order()
    sign_in.request_password_link(s.who, now=s.ago(minutes=15))
    s.sent(days=15 / 24 / 60)


@situation(
    CANNOT_SIGN_IN,
    "links_used_up",
    "{who} asked for 5 links to choose a password; the next is sent from 23/11/2026, 11:00 CET on.",
)
def too_many_links(s: Stuck) -> None:
    s.order()
    s.person()
    for _time in range(5):
        sign_in.request_password_link(s.who, now=s.ago(hours=2))


@situation(
    CANNOT_SIGN_IN,
    "wrong_password",
    "The last try with {who}, on 22/11/2026, 12:00 CET, had a wrong password.",
)
def wrong_password(s: Stuck) -> None:
    s.order()
    s.came(s.person(), hours=50)
    s.fail(2, minutes=60)


@situation(
    CANNOT_SIGN_IN,
    "address_unconfirmed",
    "Paul Petit asked on 21 Nov 2026 to use {who}, and has not pressed the link that was mailed there.",
)
def new_address_not_confirmed(s: Stuck) -> None:
    s.order(to="admin.unconfirmed@example.com")
    person = s.person("paul.before@example.com")
    EmailChange.create(person=person, email=s.who, asked_at=s.ago(days=1))


@situation(
    CANNOT_SIGN_IN, "signed_in", "{who} logged in on 22/11/2026, 10:00 CET, and no try has failed since."
)
def is_in(s: Stuck) -> None:
    s.order()
    s.came(s.person())


# ---- “No e-mail arrives”


@situation(
    NO_EMAIL, "activation_mail_failed", "Email to {who} of 12 Nov 2026 was not delivered: mailbox unknown."
)
def activation_mail_refused(s: Stuck) -> None:
    s.order()
    s.refused(days=10)


@situation(NO_EMAIL, "mail_failed", "Email to {who} came back on 19 Nov 2026: taken for unwanted mail.")
def taken_for_unwanted(s: Stuck) -> None:
    s.active()
    s.came_back("554 5.7.1 Message rejected as spam")


@situation(
    NO_EMAIL,
    "mail_retried",
    "Email to {who} has waited since 19/11/2026, 13:00 CET, the server says: 451 4.7.1 Greylisted, try later",
)
def the_server_says_later(s: Stuck) -> None:
    s.order()
    s.mails(state=QUEUED, last_error="451 4.7.1 Greylisted, try later", attempts=3)


@situation(
    NO_EMAIL,
    "mail_queued",
    "“{subject}” to {who} was recorded on 22/11/2026, 12:59 CET and has not left yet.",
)
def just_written(s: Stuck) -> None:
    s.order()
    s.mails(days=1 / 24 / 60)


@situation(NO_EMAIL, "mail_taken", "The mail server of {who} took “{subject}” on 19/11/2026, 13:00 CET.")
def the_server_took_it(s: Stuck) -> None:
    s.order()
    s.sent()


@situation(NO_EMAIL, "mail_withdrawn", "“{subject}” to {who} was taken back before it left.")
def taken_back(s: Stuck) -> None:
    s.order()
    s.mails(state=WITHDRAWN)


@situation(NO_EMAIL, "asked_too_often", "The activation email of {id} was asked for 3 times within the hour.")
def asked_again_and_again(s: Stuck) -> None:
    order = s.order()
    for _time in range(3):
        activation.send_activation_mail_again(order, actor=order.administrator, now=s.ago(minutes=20))
    s.sent(days=0.01)


@situation(
    NO_EMAIL,
    "recipient_unconfirmed",
    "{who} was added for invoices on 20 Nov 2026, and nobody has confirmed it.",
)
def nobody_confirmed(s: Stuck) -> None:
    bought = s.active(to="boss.recipient@example.com")
    InvoiceRecipient.create(
        account=s.account, email=s.who, email_key=s.who, added_by=bought.administrator, added_at=s.ago(days=2)
    )


@situation(NO_EMAIL, "mail_elsewhere", "Emails about {id} go to boss.mail@example.com, not to {who}.")
def goes_to_somebody_else(s: Stuck) -> None:
    s.public_id = s.active(to="boss.mail@example.com").public_id
    s.person()


# ---- “I can’t invite anybody”


@situation(CANNOT_INVITE, "no_self_service", "Users of PROFIS Layout Office are not managed in the portal.")
def not_managed_here(s: Stuck) -> None:
    s.active(product="profis-layout-office")


@situation(CANNOT_INVITE, "all_taken", "All 2 licenses of {id} are taken.")
def full(s: Stuck) -> None:
    bought = s.active(quantity=2)
    s.invite(bought, "one.full@example.com")
    s.invite(bought, "two.full@example.com")


@situation(
    CANNOT_INVITE, "not_manager", "The users of {id} are managed by Olga Muster (boss.manager@example.com)."
)
def somebody_else_manages(s: Stuck) -> None:
    s.public_id = s.active(to="boss.manager@example.com").public_id
    s.person()


@situation(CANNOT_INVITE, "manages_nothing", "{who} manages no subscription of Musterbau.")
def manages_nothing(s: Stuck) -> None:
    s.invite(s.active(to="boss.nothing@example.com"))


@situation(
    CANNOT_INVITE, "not_active_yet", "{id} is not activated yet, and only an active subscription has users."
)
def not_active(s: Stuck) -> None:
    s.order()


@situation(CANNOT_INVITE, "ended", "{id} was cancelled and ended on 13 Nov 2026.")
def ended(s: Stuck) -> None:
    bought = s.active(375)
    Subscription.update(ends_on=date(2026, 11, 13)).where(Subscription.id == bought.id).execute()


@situation(
    CANNOT_INVITE,
    "fewer_at_renewal",
    "From 13 Nov 2027 on {id} has only 1 license, and that many people keep theirs.",
)
def fewer_next_year(s: Stuck) -> None:
    bought = s.active(quantity=3)
    s.invite(bought, "one.fewer@example.com")
    Subscription.update(next_quantity=1).where(Subscription.id == bought.id).execute()


@situation(
    CANNOT_INVITE,
    "invitation_failed",
    "Email to typo@exmaple.com of 17 Nov 2026 was not delivered: mailbox unknown.",
)
def the_invitation_was_refused(s: Stuck) -> None:
    s.invite(s.active(), "typo@exmaple.com")
    to = OutboxMessage.to_email == "typo@exmaple.com"
    OutboxMessage.update(state=DEAD, last_error="550 5.1.2 Bad host").where(to).execute()


@situation(CANNOT_INVITE, "invited_waiting", "1 person was invited to {id} and has not logged in yet.")
def has_not_come_yet(s: Stuck) -> None:
    s.invite(s.active(), "late.comer@example.com")


@situation(CANNOT_INVITE, "can_invite", "5 licenses of {id} are free; nothing stands in the way.")
def nothing_in_the_way(s: Stuck) -> None:
    s.active()


# ---- “The invoice is wrong”


def _invoice(s: Stuck) -> Invoice:
    found: Invoice = Invoice.get(Invoice.account == s.account)
    s.words["number"] = found.number or ""
    return found


@situation(
    WRONG_INVOICE,
    "waits_for_tax",
    "The invoice of {id} for the time from 13 Nov 2026 on waits for a decision about its tax: {question}",
)
def tax_undecided(s: Stuck) -> None:
    where = {"line1": "Calle 1", "postal_code": "35001", "city": "Las Palmas", "country": "ES"}
    s.active(account={"customer_number": s.number, "name": "Musterbau", "address": where})
    s.words["question"] = _invoice(s).tax_question


@situation(
    WRONG_INVOICE,
    "not_issued_yet",
    "The invoice of {id} for the time from 13 Nov 2027 on is recorded and not issued yet.",
)
def not_issued(s: Stuck) -> None:
    many_due(s.active(), 1, now=s.now)


@situation(WRONG_INVOICE, "credited", "Invoice {number} was credited in full by {note}.")
def credited(s: Stuck) -> None:
    s.active()
    s.words["note"] = credit_notes.credit(_invoice(s), reason="wrong", actor=PORTAL, now=s.now).number


@situation(
    WRONG_INVOICE, "po_missing", "Invoice {number} has no purchase order number, and {id} has none either."
)
def no_po_number(s: Stuck) -> None:
    s.active()
    _invoice(s)


@situation(
    WRONG_INVOICE,
    "po_came_late",
    "Invoice {number} has no purchase order number; BC 77 was entered later, on 20/11/2026, 13:00 CET.",
)
def po_number_came_late(s: Stuck) -> None:
    bought = s.active()
    _invoice(s)
    _po(s, bought)


@situation(
    WRONG_INVOICE,
    "po_changed",
    "Invoice {number} carries BC 1; it was changed to BC 77 later, on 20/11/2026, 13:00 CET.",
)
def po_number_changed(s: Stuck) -> None:
    bought = s.active(purchase_order_number="BC 1")
    _invoice(s)
    _po(s, bought)


def _po(s: Stuck, bought: Subscription) -> None:
    purchase_orders.change_po_number(
        bought, "BC 77", read_version=0, actor=bought.administrator, now=s.ago(days=2)
    )


@situation(
    WRONG_INVOICE,
    "details_changed",
    "Invoice {number} was issued on 13/11/2026, 13:00 CET; Olga Muster changed the billing data on 21/11/2026, 13:00 CET.",
)
def moved_house(s: Stuck) -> None:
    bought = s.active(purchase_order_number="BC 1")
    _invoice(s)
    known = billing_details.shown_details(s.account)
    billing_details.change_billing_details(
        bought,
        {**known.values, "line1": "New Road 1"},
        read_version=known.version,
        actor=bought.administrator,
        now=s.ago(days=1),
    )


@situation(
    WRONG_INVOICE,
    "payment_returned",
    "A payment for invoice {number} came back from the bank; it is open again.",
)
def debit_returned(s: Stuck) -> None:
    bought = s.active(purchase_order_number="BC 1")
    audit.record(
        audit.PAYMENT_RETURNED, actor=SHOP, subscription=bought, now=s.ago(days=1), number=_invoice(s).number
    )


@situation(WRONG_INVOICE, "invoice_mail_failed", "Email to {who} came back on 19 Nov 2026: mailbox full.")
def invoice_came_back(s: Stuck) -> None:
    s.active(purchase_order_number="BC 1")
    OutboxMessage.update(created_at=s.ago(days=3)).where(OutboxMessage.to_email == s.who).execute()
    s.came_back("552 5.2.2 Mailbox full")


@situation(
    WRONG_INVOICE,
    "not_invoiced_yet",
    "{id} is not activated yet: the first invoice is written when the agreement is accepted.",
)
def not_activated(s: Stuck) -> None:
    s.public_id = s.order().public_id


@situation(WRONG_INVOICE, "no_invoice", "No invoice was written for Musterbau.")
def no_invoice(s: Stuck) -> None:
    s.order()


@situation(WRONG_INVOICE, "as_known", "Invoice {number} of 13 Nov 2026 carries what the portal knows today.")
def nothing_wrong(s: Stuck) -> None:
    s.active(purchase_order_number="BC 1")
    _invoice(s)
