"""“No e-mail arrives”"""

from __future__ import annotations

from tests.domain.support.situations.told import Situation, about
from tests.domain.support.stuck import Stuck
from webapp.data.billing import InvoiceRecipient
from webapp.data.outbox import QUEUED, WITHDRAWN
from webapp.domain.lifecycle import activation
from webapp.domain.support.diagnosis import NO_EMAIL

SITUATIONS: list[Situation] = []
situation = about(NO_EMAIL, SITUATIONS)


@situation("activation_mail_failed", "Email to {who} of 12 Nov 2026 was not delivered: mailbox unknown.")
def activation_mail_refused(s: Stuck) -> None:
    s.order()
    s.refused(days=10)


@situation("mail_failed", "Email to {who} came back on 19 Nov 2026: taken for unwanted mail.")
def taken_for_unwanted(s: Stuck) -> None:
    s.active()
    s.came_back("554 5.7.1 Message rejected as spam")


@situation(
    "mail_retried",
    "Email to {who} has waited since 19/11/2026, 13:00 CET, the server says: 451 4.7.1 Greylisted, try later",
)
def the_server_says_later(s: Stuck) -> None:
    s.order()
    s.mails(state=QUEUED, last_error="451 4.7.1 Greylisted, try later", attempts=3)


@situation(
    "mail_queued",
    "“{subject}” to {who} was recorded on 22/11/2026, 12:59 CET and has not left yet.",
)
def just_written(s: Stuck) -> None:
    s.order()
    s.mails(days=1 / 24 / 60)


@situation("mail_taken", "The mail server of {who} took “{subject}” on 19/11/2026, 13:00 CET.")
def the_server_took_it(s: Stuck) -> None:
    s.order()
    s.sent()


@situation("mail_withdrawn", "“{subject}” to {who} was taken back before it left.")
def taken_back(s: Stuck) -> None:
    s.order()
    s.mails(state=WITHDRAWN)


@situation("asked_too_often", "The activation email of {id} was asked for 3 times within the hour.")
def asked_again_and_again(s: Stuck) -> None:
    order = s.order()
    for _time in range(3):
        activation.send_activation_mail_again(order, actor=order.administrator, now=s.ago(minutes=20))
    s.sent(days=0.01)


@situation(
    "recipient_unconfirmed",
    "{who} was added for invoices on 20 Nov 2026, and nobody has confirmed it.",
)
def nobody_confirmed(s: Stuck) -> None:
    bought = s.active(to="boss.recipient@example.com")
    InvoiceRecipient.create(
        account=s.account, email=s.who, email_key=s.who, added_by=bought.administrator, added_at=s.ago(days=2)
    )


@situation("mail_elsewhere", "Emails about {id} go to boss.mail@example.com, not to {who}.")
def goes_to_somebody_else(s: Stuck) -> None:
    s.public_id = s.active(to="boss.mail@example.com").public_id
    s.person()
