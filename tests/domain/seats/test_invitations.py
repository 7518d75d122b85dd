"""Users are invited, and invited again."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from tests.conftest import TestClock
from tests.domain.seats.seating import EVA, MAX, House, house
from tests.support.cast import keep_person
from tests.support.letters import fetch_letters
from webapp.assembly import Portal
from webapp.data.accounts import Membership
from webapp.data.outbox import OutboxMessage
from webapp.data.sign_in import Token
from webapp.data.subscriptions import Seat
from webapp.domain import audit
from webapp.domain.limits import TooOften
from webapp.domain.people import sign_in
from webapp.domain.seats import seat_list, seats
from webapp.domain.seats.invitations import (
    AddressesInvalid,
    NobodyNamed,
    SeatsAlready,
    TooManyNamed,
    UsesItAlready,
    read_addresses,
)
from webapp.domain.seats.seats import NoLicenceFree, NotSelfService
from webapp.sites import Site

__all__ = ["house"]


# ---- inviting


def test_who_is_invited_takes_a_licence_and_gets_a_mail_in_one_transaction(house: House) -> None:
    assert house.invite(MAX, EVA) == 2
    assert house.taken == 2
    assert house.listed() == [EVA, MAX] == house.listed("invited")
    assert len(house.mails("seat_invited")) == 2
    (event,) = house.events(audit.SEATS_INVITED)
    assert json.loads(event.details) == {"names": [MAX, EVA], "number": 2}
    assert {one.person.email for one in house.events(audit.SEAT_INVITED)} == {MAX, EVA}
    assert Membership.select().where(Membership.person == house.person(MAX)).exists()


def test_all_are_invited_or_nobody(house: House) -> None:
    house.invite(MAX)
    before = (house.taken, OutboxMessage.select().count(), Seat.select().count())
    with pytest.raises(SeatsAlready, match=MAX.upper()):
        house.invite(EVA, MAX.upper())
    with pytest.raises(NoLicenceFree) as refusal:
        house.invite(*(f"p{number}@example.com" for number in range(10)))
    assert (refusal.value.free, refusal.value.wanted) == (9, 10)
    assert before == (house.taken, OutboxMessage.select().count(), Seat.select().count())


def test_who_invites_themselves_uses_it_at_once_without_a_mail(house: House) -> None:
    house.invite("olga@example.com")
    assert house.seat("olga@example.com").state == "active"
    assert not house.mails("seat_invited")


def test_without_self_service_nobody_is_invited(house: House) -> None:
    house.product = next(p for p in house.portal.catalogue if not p.self_service)
    with pytest.raises(NotSelfService):
        house.invite(MAX)


def test_unlimited_products_have_no_counter_to_run_out(house: House) -> None:
    assert house.product
    house.product = replace(house.product, licence_model="unlimited")
    assert house.invite(*(f"p{number}@example.com" for number in range(12))) == 12


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("max@example.com", [("", MAX)]),
        ("max@example.com, eva@example.com;\n MAX@example.com", [("", "MAX@example.com"), ("", EVA)]),
        ('Max Neu <max@example.com>\r\n"Eva" <eva@example.com>', [("Max Neu", MAX), ("Eva", EVA)]),
    ],
)
def test_addresses_are_read_as_people_paste_them(bound_fr: Site, typed: str, read: list[Any]) -> None:
    assert [(one.name, one.email) for one in read_addresses(typed)] == read


@pytest.mark.parametrize(
    ("typed", "refusal"),
    [
        (" ,;\n", NobodyNamed),
        ("max@example.com\nmax@", AddressesInvalid),
        ("Max <max@example.com", AddressesInvalid),
        ("a\x00b@example.com", AddressesInvalid),
        ("\n".join(f"p{number}@example.com" for number in range(101)), TooManyNamed),
    ],
)
def test_what_is_no_list_of_addresses_is_refused(
    bound_fr: Site, typed: str, refusal: type[Exception]
) -> None:
    with pytest.raises(refusal):
        read_addresses(typed)


def test_the_link_of_a_new_person_works_for_thirty_days_and_only_once(
    portal: Portal, clock: TestClock
) -> None:
    with portal.at(portal.sites["fr"]):
        house = House(portal, clock)
        house.invite(MAX)
    (letter,) = [one for one in fetch_letters(portal, "fr") if one.to == MAX]
    assert letter.path.startswith("/password/set/")
    with portal.at(portal.sites["fr"]):
        token = Token.get()
        assert token.expires_at - clock() == timedelta(days=30)
        clock.forward(days=29)
        done = sign_in.set_password(letter.path.rsplit("/", 1)[1], "sept grues jaunes au matin", now=clock())
        assert done.next_path == "/subscriptions"
        assert house.seat(MAX).state == "active"
        assert house.events(audit.SEAT_USED)[0].person == house.person(MAX)


def test_who_has_a_password_is_led_to_the_list_and_uses_it_from_the_next_visit_on(house: House) -> None:
    eva = keep_person(EVA, name="Eva Novak", now=house.clock())
    house.invite(EVA)
    (mail,) = house.mails("seat_invited", EVA)
    assert mail.token_purpose is None and "/subscriptions" in mail.text
    assert house.seat(EVA).state == "invited"
    sign_in.start_session(eva, user_agent="", now=house.clock())
    assert house.seat(EVA).state == "active"
    assert [one.product_name for one in seat_list.used_by(eva.id, now=house.clock())] == [
        house.subscription.product_name
    ]


def test_the_mail_speaks_the_language_of_who_is_invited(
    bound_fr: Site, portal: Portal, clock: TestClock
) -> None:
    house = House(portal, clock)
    german = keep_person(EVA, name="Eva Novak", now=clock())
    german.language = "de"
    german.save()
    house.invite(EVA)
    assert house.mails("seat_invited", EVA)[0].language == "fr"  # the site speaks French only


# ---- again


def test_inviting_again_sends_the_mail_again_three_times_an_hour(house: House) -> None:
    house.invite(MAX)
    for _time in range(3):
        house.again(MAX)
    with pytest.raises(TooOften):
        house.again(MAX)
    assert len(house.mails("seat_invited", MAX)) == 4
    assert house.taken == 1
    house.clock.forward(hours=1, minutes=1)
    house.again(MAX)


def test_who_uses_it_is_not_invited_again(house: House) -> None:
    house.invite(MAX)
    seats.arrive(house.person(MAX).id, now=house.clock())
    with pytest.raises(UsesItAlready):
        house.again(MAX)


def test_who_was_removed_can_be_invited_again_and_keeps_what_was_noted(house: House) -> None:
    house.invite(MAX, cost_centre="4711", job_site="Quai 7")
    house.revoke(MAX)
    house.again(MAX)
    seat = house.seat(MAX)
    assert (seat.counted, seat.state, seat.cost_centre, seat.job_site) == (1, "invited", "4711", "Quai 7")
    assert house.taken == 1
    for _time in range(2):
        house.revoke(MAX)
        house.again(MAX)
    house.revoke(MAX)
    with pytest.raises(TooOften):
        house.again(MAX)
