"""“I can’t see my subscription”"""

from __future__ import annotations

from datetime import date

from tests.domain.support.situations.told import Situation, about
from tests.domain.support.stuck import Stuck
from webapp.data.accounts import Account
from webapp.data.sign_in import Session
from webapp.data.subscriptions import Seat, Subscription
from webapp.domain import audit
from webapp.domain.audit import SHOP
from webapp.domain.companies import accounts
from webapp.domain.orders import order_corrections
from webapp.domain.seats import seats
from webapp.domain.subscriptions import transfer
from webapp.domain.support.diagnosis import CANNOT_SEE
from webapp.domain.support.support_facts import Elsewhere

SITUATIONS: list[Situation] = []
situation = about(CANNOT_SEE, SITUATIONS)


@situation("known_elsewhere", "{who} is not known here, it is known at: Switzerland.")
def bought_in_switzerland(s: Stuck) -> None:
    s.order(to="somebody.ch@example.com")
    s.elsewhere = Elsewhere(known=("Switzerland",))


@situation("unknown", "{who} is known neither here nor at another site of your regions.")
def typing_error(s: Stuck) -> None:
    s.order(to="right.address@example.com")


@situation("unknown", "{who} is not known here; these sites did not answer: Austria.")
def a_site_is_silent(s: Stuck) -> None:
    s.order(to="somebody.at@example.com")
    s.elsewhere = Elsewhere(silent=("Austria",))


@situation("of_another_company", "{who} belongs to Other Builders, not to Musterbau.")
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
    "purchaser_corrected",
    "The purchaser of {id} was corrected from {who} to right@example.com on 21 Nov 2026.",
)
def purchaser_was_corrected(s: Stuck) -> None:
    order = s.order()
    order_corrections.correct_purchaser(
        order.order.order_number, email="right@example.com", actor=SHOP, now=s.ago(days=1)
    )


@situation("activation_mail_failed", "Email to {who} of 12 Nov 2026 was not delivered: mailbox unknown.")
def pending_and_refused(s: Stuck) -> None:
    s.order()
    s.refused(days=10)


@situation("waits_for_activation", "{id} waits for {who} to accept the agreement, until 10 Feb 2027.")
def waits_to_be_activated(s: Stuck) -> None:
    s.order()
    s.sent(days=10)


@situation(
    "lapsed",
    "{id} was ordered on 14 Aug 2026 and not activated within 90 days, it expired on 13 Nov 2026.",
)
def too_late(s: Stuck) -> None:
    s.order(100)


@situation("withdrawn", "The order of {id} was withdrawn on 20 Nov 2026: ordered twice")
def withdrawn_by_the_shop(s: Stuck) -> None:
    order = s.order()
    order_corrections.withdraw_order(
        order.order.order_number, reason="ordered twice", actor=SHOP, now=s.ago(days=2)
    )


@situation("handed_over", "{who} handed the administration of {id} over to Nina Neu on 19 Nov 2026.")
def handed_over(s: Stuck) -> None:
    bought = s.active()
    transfer.transfer_administration(
        bought,
        to=transfer.new_person(name="Nina Neu", email="nina@example.com"),
        keep_seat=False,
        actor=bought.administrator,
        now=s.ago(days=3),
    )


@situation("seat_taken_back", "The license of {who} for {id} was taken back on 18 Nov 2026.")
def license_taken_back(s: Stuck) -> None:
    bought = s.active(to="boss.back@example.com")
    s.came(s.invite(bought), hours=110)
    seat = Seat.get(Seat.subscription == bought)
    seats.revoke(seat, actor=bought.administrator, now=s.ago(days=4))
    s.person()


@situation("seat_over", "The license of {who} for {id} was given until 20 Nov 2026.")
def license_over(s: Stuck) -> None:
    s.invite(s.active(to="boss.over@example.com"), last_day=date(2026, 11, 20))


@situation("use_ended", "{id} was cancelled and ended on 13 Nov 2026; users no longer see it.")
def subscription_ended(s: Stuck) -> None:
    bought = s.active(375, to="boss.ended@example.com")
    s.invite(bought)
    Subscription.update(ends_on=date(2026, 11, 13)).where(Subscription.id == bought.id).execute()


@situation("looks_at_another_company", "{who} is logged in and looks at Second Firm, not at Musterbau.")
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


@situation("has_nothing", "{who} belongs to Musterbau, but administers nothing and holds no license.")
def member_only(s: Stuck) -> None:
    s.active(to="boss.member@example.com")
    s.person()


@situation(
    "somebody_elses",
    "{id} is administered by Olga Muster (boss.elses@example.com); {who} neither manages nor uses it.",
)
def named_one_is_somebody_elses(s: Stuck) -> None:
    s.public_id = s.active(to="boss.elses@example.com").public_id
    s.person()


@situation("sees_all", "{who} sees 1 subscription of Musterbau; nothing hides it.")
def it_is_there(s: Stuck) -> None:
    s.active()
