"""“I can’t sign in”"""

from __future__ import annotations

from tests.domain.support.situations.told import Situation, about
from tests.domain.support.stuck import Stuck
from webapp.data.email_changes import EmailChange
from webapp.domain.people import sign_in
from webapp.domain.support.diagnosis import CANNOT_SIGN_IN

SITUATIONS: list[Situation] = []
situation = about(CANNOT_SIGN_IN, SITUATIONS)


@situation(
    "locked",
    "Logging in as {who} is locked until 22/11/2026, 13:04 CET, after 10 wrong passwords.",
)
def locked_out(s: Stuck) -> None:
    s.order()
    s.person()
    s.fail(10)


@situation("no_password", "{who} has never chosen a password.")
def no_password_yet(s: Stuck) -> None:
    s.order()
    s.sent()


@situation("link_failed", "Email to {who} came back on 19 Nov 2026: mailbox full.")
def link_came_back(s: Stuck) -> None:
    s.order()
    sign_in.request_password_link(s.who, now=s.ago(days=3))
    s.came_back("452 4.2.2 Mailbox full")


@situation(
    "link_waits",
    "The email with the link to choose a password was recorded on 22/11/2026, 12:58 CET and has not left yet.",
)
def link_has_not_left(s: Stuck) -> None:
    s.order()
    s.sent()
    sign_in.request_password_link(s.who, now=s.ago(minutes=2))


@situation(
    "link_too_old",
    "The link to choose a password that went to {who} on 21/11/2026, 13:00 CET was not used in time.",
)
def link_is_too_old(s: Stuck) -> None:
    s.order()
    sign_in.request_password_link(s.who, now=s.ago(days=1))
    s.sent(days=1)


@situation(
    "link_works",
    "A link to choose a password went to {who} on 22/11/2026, 12:45 CET and works until 22/11/2026, 13:45 CET.",
)
def link_still_works(s: Stuck) -> None:
    s.order()
    sign_in.request_password_link(s.who, now=s.ago(minutes=15))
    s.sent(days=15 / 24 / 60)


@situation(
    "links_used_up",
    "{who} asked for 5 links to choose a password; the next is sent from 23/11/2026, 11:00 CET on.",
)
def too_many_links(s: Stuck) -> None:
    s.order()
    s.person()
    for _time in range(5):
        sign_in.request_password_link(s.who, now=s.ago(hours=2))


@situation(
    "wrong_password",
    "The last try with {who}, on 22/11/2026, 12:00 CET, had a wrong password.",
)
def wrong_password(s: Stuck) -> None:
    s.order()
    s.came(s.person(), hours=50)
    s.fail(2, minutes=60)


@situation(
    "address_unconfirmed",
    "Paul Petit asked on 21 Nov 2026 to use {who}, and has not pressed the link that was mailed there.",
)
def new_address_not_confirmed(s: Stuck) -> None:
    s.order(to="admin.unconfirmed@example.com")
    person = s.person("paul.before@example.com")
    EmailChange.create(person=person, email=s.who, asked_at=s.ago(days=1))


@situation("signed_in", "{who} logged in on 22/11/2026, 10:00 CET, and no try has failed since.")
def is_in(s: Stuck) -> None:
    s.order()
    s.came(s.person())
