"""Support finds a customer by what the customer can tell: whole numbers and addresses, and names with slips."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.support.cast import accept, place_order
from webapp.assembly import Portal
from webapp.data.accounts import AccountGram
from webapp.data.billing import Invoice
from webapp.data.database import database
from webapp.data.statements import row, rows, run
from webapp.data.subscriptions import Seat, Subscription
from webapp.domain.companies import accounts
from webapp.domain.companies.company_names import misfit
from webapp.domain.support import customer_search
from webapp.domain.support.customer_search import SHOWN, Found, search, tidy
from webapp.sites import Site

COMPANIES = (
    "Éts Lefèbvre & Fils",
    "Müller Bau GmbH",
    "Straßenbau Øresund",
    "Exemple Construction SAS",
    "Kiel AG",
    "株式会社山田建設",
    "Société Générale d’Échafaudage",
)
TYPED = (
    ("lefebvre", "Éts Lefèbvre & Fils"),
    ("LEFÈBVRE FILS", "Éts Lefèbvre & Fils"),
    ("lefevbre", "Éts Lefèbvre & Fils"),
    ("fils lefebre", "Éts Lefèbvre & Fils"),
    ("muller", "Müller Bau GmbH"),
    ("Müler Bau", "Müller Bau GmbH"),
    ("muellerbau", None),
    ("müllerbau", "Müller Bau GmbH"),
    ("müller ba", "Müller Bau GmbH"),
    ("strassenbau", "Straßenbau Øresund"),
    ("strasenbau oresund", "Straßenbau Øresund"),
    ("exmeple constuction", "Exemple Construction SAS"),
    ("exemple constr", "Exemple Construction SAS"),
    ("Exemple Construction SARL", "Exemple Construction SAS"),
    ("construction", "Exemple Construction SAS"),
    ("keil", "Kiel AG"),
    ("山田", "株式会社山田建設"),
    ("échaffaudage", "Société Générale d’Échafaudage"),
    ("lefranc", None),
    ("zzz", None),
    ("%%%", None),
    ("___", None),
)
on_sqlite = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
FILL = importlib.import_module("webapp.data.migrations.0023_search")


def order(portal: Portal, number: int, company: str, *, now: datetime, **changes: Any) -> Subscription:
    address = {"line1": "1 rue de l’Exemple", "city": "Lyon", "country": "FR"}
    account = {
        "customer_number": changes.pop("customer", f"77{number:03}"),
        "name": company,
        "address": address,
    }
    facts = {"purchaser": {"name": "Olga", "email": f"olga{number}@example.com"}, **changes}
    return place_order(
        portal,
        ordered_at=now - timedelta(days=5),
        taken_at=now,
        order_number=f"ORD-{number:05}",
        account=account,
        **facts,
    )


@pytest.fixture
def there(portal: Portal, bound_fr: Site, now: datetime) -> Iterator[dict[str, Subscription]]:
    yield {name: order(portal, number, name, now=now) for number, name in enumerate(COMPANIES)}


def companies(found: Found) -> list[str]:
    return list(dict.fromkeys(hit.company for hit in found.hits))


# ---- numbers and addresses, as a whole


def test_whole_numbers_lead_to_their_subscription_and_parts_of_them_nowhere(
    portal: Portal, bound_fr: Site, now: datetime
) -> None:
    mine = order(portal, 1, "Nord Bau", now=now, purchase_order_number="BC 2025-3")
    order(portal, 2, "Sud Bau", now=now)
    accept(mine, now=now)
    invoice = Invoice.get().number
    later = {"po_number": "BC 2026-17", "next_po_number": "BC 2027-1"}
    Subscription.update(**later).where(Subscription.id == mine.id).execute()
    for text in (mine.public_id, "ORD-00001", "BC 2026-17", "BC 2027-1", "BC 2025-3", invoice):
        for typed in (text, text.lower(), f"  {text} "):
            found = search(tidy(typed), now=now)
            assert [(hit.public_id, hit.company, hit.state) for hit in found.hits] == [
                (mine.public_id, "Nord Bau", "active")
            ], typed
        assert not search(text[:-1], now=now).hits, text


def test_an_address_leads_to_what_the_person_administers_backs_up_and_uses(
    portal: Portal, bound_fr: Site, now: datetime
) -> None:
    first, second, third = (order(portal, number, f"Company {number}", now=now) for number in (1, 2, 3))
    Subscription.update(backup=first.administrator).where(Subscription.id == second.id).execute()
    Seat.create(subscription=third, person=first.administrator, state="invited", since=now)
    found = search("OLGA1@example.com", now=now)
    assert [hit.public_id for hit in found.hits] == [first.public_id, second.public_id, third.public_id]
    assert not search("olga@example.com", now=now).hits


def test_an_address_of_a_member_leads_to_the_companys_subscriptions(
    portal: Portal, bound_fr: Site, now: datetime
) -> None:
    mine = order(portal, 1, "Nord Bau", now=now)
    member = accounts.keep_person(email="ida@example.com", name="Ida", language="fr", now=now)
    accounts.join(member, mine.account, now=now)
    assert [hit.public_id for hit in search("ida@example.com", now=now).hits] == [mine.public_id]


def test_what_lapsed_ended_or_was_withdrawn_is_found_with_its_state(
    portal: Portal, bound_fr: Site, now: datetime
) -> None:
    mine = order(portal, 1, "Nord Bau", now=now)
    assert search(mine.public_id, now=now).hits[0].state == "pending"
    assert search(mine.public_id, now=now + timedelta(days=120)).hits[0].state == "lapsed"
    Subscription.update(status="withdrawn").execute()
    assert search(mine.public_id, now=now).hits[0].state == "withdrawn"


# ---- names


@on_sqlite
def test_names_are_found_despite_accents_case_and_slips(
    there: dict[str, Subscription], now: datetime
) -> None:
    for typed, meant in TYPED:
        assert companies(search(tidy(typed), now=now)) == ([meant] if meant else []), typed


def test_both_engines_find_names_alike(there: dict[str, Subscription], now: datetime) -> None:
    for typed, meant in (("Lefevbre", COMPANIES[0]), ("muller bau", COMPANIES[1]), ("山田", COMPANIES[5])):
        assert companies(search(typed, now=now)) == [meant]


def test_a_renamed_company_is_found_by_its_new_name_only(
    portal: Portal, bound_fr: Site, now: datetime
) -> None:
    mine = order(portal, 1, "Zimmerei Adler", now=now)
    facts = {"name": "Holzbau Bussard", "line1": "1", "city": "Lyon", "country": "FR"}
    accounts.keep_account(mine.account.customer_number, facts=facts, update=True)
    assert companies(search("bussard", now=now)) == ["Holzbau Bussard"]
    assert not search("zimmerei adler", now=now).hits
    assert len({one.gram for one in AccountGram.select()}) == AccountGram.select().count()


@on_sqlite
def test_too_little_is_not_searched(
    bound_fr: Site, now: datetime, count_queries: Callable[[], list[str]]
) -> None:
    sent = count_queries()
    for text in ("", "a", "ab", "\0", "  x  "):
        assert search(tidy(text), now=now) == Found() and not sent


# ---- few statements, bounded rows


def test_a_search_is_four_statements_at_most(
    there: dict[str, Subscription], now: datetime, count_queries: Callable[[], list[str]]
) -> None:
    for typed, most in (
        ("olga1@example.com", 1),
        (there[COMPANIES[0]].public_id, 1),
        ("lefebvre", 4),
        ("zz9", 2),
    ):
        sent = count_queries()
        search(typed, now=now)
        assert len(sent) <= most, (typed, sent)


def test_common_names_fill_a_page_and_say_that_there_are_more(
    portal: Portal, bound_fr: Site, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(customer_search, "_READ", 12)
    for number in range(SHOWN + 3):
        order(portal, number, f"Bau {number:02}", now=now)
    found = search("bau", now=now)
    assert found.more and 0 < len(found.hits) <= SHOWN
    assert companies(search("bau 07", now=now))[:1] == ["Bau 07"]


def test_of_a_company_with_many_subscriptions_some_are_shown_and_it_is_said(
    portal: Portal, bound_fr: Site, now: datetime
) -> None:
    mine = order(portal, 1, "Nord Bau", now=now)
    for number in (2, 3):
        order(portal, number, "Nord Bau", now=now, customer=mine.account.customer_number)
    assert len(search("nord bau", now=now).hits) == 3 and not search("nord bau", now=now).more
    for number in range(20):
        order(portal, 100 + number, "Nord Bau", now=now, customer=mine.account.customer_number)
    by_name = search("nord bau", now=now)
    assert 0 < len(by_name.hits) <= SHOWN and by_name.more
    by_address = search("olga1@example.com", now=now)  # of the company there is more
    assert (
        by_address.hits[0].public_id == mine.public_id and len(by_address.hits) == SHOWN and by_address.more
    )


def test_whatever_is_typed_finds_nothing_and_breaks_nothing(bound_fr: Site, now: datetime) -> None:
    for text in (
        "'; DROP TABLE account; --",
        "😀😀😀",
        "\ud800abc",
        "x" * 5000,
        "a " * 90,
        "@@@",
        "·",
        "%%%",
        "___",
    ):
        assert search(tidy(text), now=now) == Found(), text


# ---- the table of parts


def test_the_migration_fills_what_writing_names_keeps(there: dict[str, Subscription]) -> None:
    kept = _parts()
    run("DELETE FROM account_gram")
    FILL.fill(database.obj)
    assert _parts() == kept and len(kept) > 50
    assert row("SELECT count(*) AS number FROM account_gram").number == len(kept)


def _parts() -> list[tuple[int, str]]:
    return sorted(tuple(one) for one in rows("SELECT account_id, gram FROM account_gram"))


def test_words_that_are_missing_or_elsewhere_make_a_name_another_one() -> None:
    assert misfit(["nord", "bau"], "nord bau") == 0
    assert misfit(["lefebvre", "transport"], "lefebvre fils") is None
    assert misfit(["gmbh"], "muller bau") is None
    better, worse = misfit(["muller"], "muller bau"), misfit(["muler"], "muller bau")
    assert better is not None and worse is not None and better < worse
