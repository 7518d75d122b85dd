"""A file of people: read in whatever form, each row's fate shown, then all valid ones invited or nobody."""

from __future__ import annotations

import io
import json
import tracemalloc
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from tests.conftest import TestClock
from tests.domain.seats.seating import House
from webapp.assembly import Portal
from webapp.data.accounts import Person
from webapp.data.outbox import OutboxMessage
from webapp.data.seat_files import SeatFile, SeatFileRow
from webapp.data.subscriptions import Seat
from webapp.domain import audit
from webapp.domain.refusals import NotThere
from webapp.domain.seats import seat_files, seat_reading
from webapp.domain.seats.seat_files import STEP, FileChanged, say_fate
from webapp.domain.seats.seat_reading import (
    EmailColumnMissing,
    FileEmpty,
    FileNotReadable,
    TooManyRows,
    read_rows,
)
from webapp.i18n import speaking, speech
from webapp.sites import Site

MIB = 2**20


@pytest.fixture
def house(bound_fr: Site, portal: Portal, clock: TestClock) -> House:
    return House(portal, clock, quantity=5)


def keep(house: House, content: str | bytes) -> SeatFile:
    raw = content.encode() if isinstance(content, str) else content
    return seat_files.keep(
        house.subscription, io.BytesIO(raw), name="people.csv", product=house.product, **house.by
    )


def checked(house: House, content: str | bytes) -> SeatFile:
    return seat_files.check(keep(house, content), product=house.product, now=house.clock())


def fates(file: SeatFile) -> list[str]:
    return [row.fate for row in seat_files.page(file)[0]]


def invite(house: House, file: SeatFile, shown: int) -> int:
    return seat_files.invite_valid(file, shown=shown, product=house.product, **house.by)


# ---- reading


def read(content: bytes) -> list[dict[str, str]]:
    return [
        {name: cell for name, cell in row.cells.items() if cell} for row in read_rows(io.BytesIO(content))
    ]


PEOPLE = [{"email": "max@example.com", "name": "Max Né"}, {"email": "eva@example.com", "name": "Eva"}]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
@pytest.mark.parametrize("mark", [",", ";", "\t"])
@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_spreadsheets_of_all_kinds_are_read(encoding: str, mark: str, ending: str) -> None:
    lines = [mark.join(cells) for cells in (("Name", "E-Mail", "Note"), ("Max Né", "max@example.com", "x"))]
    lines += ["", f'"Eva"{mark}eva@example.com{mark}']
    assert read(ending.join(lines).encode(encoding)) == PEOPLE


def test_a_file_without_headings_has_the_address_first() -> None:
    assert read("max@example.com,Max Né\neva@example.com,Eva".encode()) == PEOPLE


@pytest.mark.parametrize(
    ("language", "heading"),
    [
        ("fr", "adresse e-mail"),
        ("de", "E-MAIL-ADRESSE"),
        ("en", "email_address"),
        ("de", "Kostenstelle;Mail"),
    ],
)
def test_headings_are_known_in_the_readers_language(language: str, heading: str) -> None:
    with speaking(speech(language, "FR")):
        assert (
            read(f"{heading}\n{';' * heading.count(';')}max@example.com".encode())[0]["email"]
            == "max@example.com"
        )


@pytest.mark.parametrize(
    ("content", "refusal"),
    [
        (b"", FileEmpty),
        (b"\n\n ; \n", FileEmpty),
        (b"Email,Name\n", FileEmpty),
        (b"Name,Firma\nMax,Bau", EmailColumnMissing),
        (b"PK\x03\x04\x00\x00spreadsheet\x00", FileNotReadable),
        (b'email\n"' + b"x" * 200_000, FileNotReadable),
        (b"a@example.com\n" * 10_001, TooManyRows),
    ],
)
def test_what_is_no_file_of_people_is_refused(content: bytes, refusal: type[Exception]) -> None:
    with pytest.raises(refusal):
        list(read_rows(io.BytesIO(content)))


def test_a_refused_file_leaves_the_one_before_it(house: House) -> None:
    first = keep(house, "max@example.com")
    with pytest.raises(EmailColumnMissing):
        keep(house, "Name,Firma\nMax,Bau")
    assert seat_files.kept(house.subscription, house.olga).token == first.token


# ---- dry run


ALL_FATES = """email;name;last day;cost center;job site;language
max@example.com;Max;2027-03-31;4711;Quai 7;fr
max@;;;;;
eva@example.com;{long};;;;
a@example.com;;soon;;;
b@example.com;;2020-01-01;;;
c@example.com;;;{long};;
d@example.com;;;;;xx
MAX@example.com;;;;;
olga@example.com;;;;;
""".format(long="x" * 130)


def test_each_row_is_told_its_fate_and_nothing_happens(house: House) -> None:
    house.invite("olga@example.com")
    before = (Person.select().count(), Seat.select().count(), OutboxMessage.select().count(), house.taken)
    file = checked(house, ALL_FATES)
    assert fates(file) == ["valid", "email", "name", "day", "past", "text", "language", "twice", "seat"]
    assert (file.size, file.checked) == (9, 9)
    assert all(say_fate(fate) for fate in fates(file))
    only = seat_files.page(file, problems_only=True)[0]
    assert [row.line for row in only] == list(range(3, 11))
    after = (Person.select().count(), Seat.select().count(), OutboxMessage.select().count(), house.taken)
    assert before == after


def test_rows_beyond_the_free_licences_are_told_so_in_the_order_of_the_file(house: House) -> None:
    house.invite("olga@example.com")
    rows = "\n".join(f"p{number}@example.com" for number in range(6))
    assert fates(checked(house, rows)) == ["valid"] * 4 + ["full"] * 2


def test_it_goes_on_step_by_step_and_says_how_far_it_is(house: House) -> None:
    file = keep(house, "\n".join(f"p{number}@example.com" for number in range(2 * STEP + 1)))
    seen = []
    while file.checked < file.size:
        file = seat_files.check(file, product=house.product, now=house.clock(), most=STEP)
        seen.append(file.checked)
    assert seen == [STEP, 2 * STEP, 2 * STEP + 1]
    assert seat_files.counts(file) == {"valid": 5, "full": 2 * STEP - 4}


# ---- all valid, or nobody


def test_all_valid_rows_are_invited_at_once_and_the_file_is_forgotten(house: House) -> None:
    house.invite("olga@example.com")
    assert invite(house, checked(house, ALL_FATES), 1) == 1
    seat = house.seat("max@example.com")
    assert (seat.person.name, seat.cost_centre, seat.job_site) == ("Max", "4711", "Quai 7")
    assert str(seat.last_day) == "2027-03-31"
    assert not SeatFile.select().exists() and not SeatFileRow.select().exists()
    assert json.loads(house.events(audit.SEATS_INVITED)[-1].details) == {"names": ["Max"], "number": 1}


@pytest.mark.parametrize("meanwhile", ["seat", "full", "past", "another number"])
def test_what_changed_meanwhile_invites_nobody_until_it_was_looked_at_again(
    house: House, meanwhile: str
) -> None:
    file = checked(house, "email;last day\n" + "\n".join(f"p{n}@example.com;2026-11-30" for n in range(5)))
    if meanwhile == "seat":
        house.invite("p3@example.com")
    elif meanwhile == "full":
        house.invite("somebody@example.com")
    elif meanwhile == "past":
        house.clock.forward(days=9)
    before = (house.taken, Seat.select().count(), OutboxMessage.select().count())
    with pytest.raises(FileChanged):
        invite(house, file, 4 if meanwhile == "another number" else 5)
    assert before == (house.taken, Seat.select().count(), OutboxMessage.select().count())
    file = seat_files.look_again(file, product=house.product, now=house.clock())
    valid = seat_files.counts(file).get("valid", 0)
    assert valid == {"seat": 4, "full": 4, "past": 0, "another number": 5}[meanwhile]
    if valid:
        assert invite(house, file, valid) == valid


def test_another_upload_replaces_the_first_and_belongs_to_who_uploaded_it(house: House) -> None:
    first = checked(house, "max@example.com")
    second = checked(house, "eva@example.com")
    assert first.token != second.token
    assert [row.email for row in seat_files.page(second)[0]] == ["eva@example.com"]
    seat_files.forget(house.subscription, house.olga)
    with pytest.raises(NotThere):
        seat_files.kept(house.subscription, house.olga)


# ---- long files


def lines(number: int) -> Iterator[bytes]:
    yield b"email,name,last day,cost center,job site\n"
    for index in range(number):
        yield f"person.number{index}@example.com,Number {index},2027-12-31,KST {index % 50},Quai {index % 9}\n".encode()


def peak(house: House, number: int) -> int:
    """Bytes that Python holds at most in upload, dry run and looking at it; counting them takes its time."""
    content = io.BytesIO(b"".join(lines(number)))
    tracemalloc.start()
    file = seat_files.keep(house.subscription, content, name="people.csv", product=house.product, **house.by)
    file = seat_files.check(file, product=house.product, now=house.clock())
    seat_files.page(file)
    highest = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert file.checked == number
    return highest


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_ten_thousand_rows_need_hardly_more_memory_than_a_hundred(house: House) -> None:
    few = peak(house, 100)
    assert peak(house, seat_reading.MOST_ROWS) <= few + 20 * MIB


def test_a_file_that_nobody_decided_on_is_deleted_after_a_day(portal: Portal, clock: TestClock) -> None:
    from webapp.jobs.purge import purge

    with portal.at(portal.sites["fr"]):
        keep(House(portal, clock), "max@example.com")
    clock.forward(hours=23)
    purge(portal, portal.sites["fr"])
    with portal.at(portal.sites["fr"]):
        assert SeatFile.select().exists()
    clock.now += timedelta(hours=2)
    purge(portal, portal.sites["fr"])
    with portal.at(portal.sites["fr"]):
        assert not SeatFileRow.select().exists()


def test_five_hundred_valid_rows_are_invited_in_one_go(
    bound_fr: Site, portal: Portal, clock: TestClock
) -> None:
    house: Any = House(portal, clock, quantity=600)
    file = checked(house, b"".join(lines(500)))
    assert invite(house, file, 500) == 500
    assert (house.taken, len(house.mails("seat_invited"))) == (500, 500)
