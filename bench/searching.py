"""Support's search over 48 sites of 20,000 subscriptions each: against the same search of one of them, as an agent
of one country has it, and with a site that hangs. `python -m bench.searching`; SQLite only: one filled file is copied
to all sites. What a search takes without a thread of its own is told besides (`bare`)."""

from __future__ import annotations

import os
import random
import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from itertools import product
from pathlib import Path
from statistics import median
from typing import Any

from bench import machine, report
from bench.backends import BACKENDS, Backend
from bench.filling import PAGE, fill_account, insert_rows
from bench.pages import CLOCK, Figures
from bench.starting import MANY, more_sites
from webapp.assembly import Portal, assemble
from webapp.config import read_settings
from webapp.data.database import atomic, current_site
from webapp.data.statements import rows
from webapp.domain.companies import accounts
from webapp.domain.everywhere import Everywhere
from webapp.domain.support import customer_search
from webapp.domain.support.customer_search import Found
from webapp.sites import Site

SIZE = 20_000  # subscriptions of a site
OF_A_COMPANY = 5
ROUNDS = 9
_OWNERS = [
    "Garnier",
    "Lefebvre",
    "Rousseau",
    "Müller",
    "Kowalski",
    "García",
    "Fernández",
    "Bianchi",
    "Dubois",
    "Schneider",
    "Nováková",
    "Ørsted",
]
_TRADES = [
    "Construction",
    "Bâtiment",
    "Charpente",
    "Toiture",
    "Maçonnerie",
    "Électricité",
    "Plomberie",
    "Façades",
    "Terrassement",
]
_TOWNS = [
    "Lyon",
    "Dijon",
    "Nantes",
    "Rennes",
    "Brest",
    "Toulon",
    "Amiens",
    "Limoges",
    "Metz",
    "Tours",
    "Nice",
    "Pau",
    "Lille",
    "Rouen",
    "Reims",
]
_FORMS = ("SARL", "SAS", "SA", "et Fils", "Frères")
_SYLLABLES = [first + second for first, second in product("bdfglmnprstv", "aeiou")]

# By what the agent types: all of them are found at every site.
QUESTIONS = {
    "name": "lefevbre toitrue",
    "rare_name": "",  # set when it is known
    "email": "buyer1234@demo.example",
    "number": "C-0012345",
    "nothing": "zeppelin werft",
}


def fill(portal: Portal) -> str:
    """At the bound site. The name of a company of which there is one."""
    order, now = random.Random(20261123), portal.clock()
    fill_account(portal, size=PAGE, account="1001", email="small@demo.example", now=now)
    patterns = [row._asdict() for row in rows("SELECT * FROM subscription ORDER BY id")]
    orders = {row.id: row._asdict() for row in rows("SELECT * FROM shop_order")}
    with atomic():
        names = [_company(portal, number, order) for number in range(SIZE // OF_A_COMPANY)]
        _copy_orders(patterns, orders, names)
    return names[1234][1]


def _company(portal: Portal, number: int, order: random.Random) -> tuple[int, str, int]:
    """One in three has a name of common words only."""
    own = "".join(order.choices(_SYLLABLES, k=3)).capitalize() if number % 3 else ""
    words = (own, order.choice(_OWNERS), order.choice(_TRADES), order.choice(_TOWNS), order.choice(_FORMS))
    name = " ".join(word for word in words if word)
    where = {"line1": "12 rue de l’Exemple", "postal_code": "69003", "city": "Lyon", "country": "FR"}
    account, _changes = accounts.keep_account(
        f"{20000 + number}", facts={"name": name, **where}, update=False
    )
    language, email = current_site().default_language, f"buyer{number}@demo.example"
    person = accounts.keep_person(email=email, name=f"Buyer {number}", language=language, now=portal.clock())
    accounts.join(person, account, now=portal.clock())
    return account.id, name, person.id


def _copy_orders(
    patterns: list[dict[str, Any]], orders: dict[int, dict[str, Any]], companies: list[tuple[int, str, int]]
) -> None:
    new_orders, new = [], []
    for number in range(SIZE - PAGE):
        pattern, place = patterns[number % PAGE], 1000 + number
        account, _name, person = companies[number // OF_A_COMPANY]
        new_orders.append({**orders[pattern["order_id"]], "id": place, "order_number": f"C-{number:07}"})
        new.append(
            {
                **pattern,
                "id": place,
                "order_id": place,
                "account_id": account,
                "administrator_id": person,
                "public_id": f"SUB-FR-9{number:07}",
                "po_number": f"BC 2026-{number}",
            }
        )
    insert_rows("shop_order", new_orders)
    insert_rows("subscription", new)


# ---- measuring


def measure(backend: Backend, *, rounds: int = ROUNDS) -> Figures:
    portal, rare = _filled(backend)
    try:
        sites, figures = list(portal.sites), {}
        for name, text in {**QUESTIONS, "rare_name": rare}.items():
            figures |= _of_question(portal, sites, name, text, rounds=rounds)
        for part in ("first_over_one", "all_over_one"):
            figures[f"search_{part}"] = max(value for name, value in figures.items() if name.endswith(part))
        figures["search_hanging_adds_s"] = _hanging(portal, sites, "lefevbre toitrue")
        return figures
    finally:
        portal.databases.close_all()


def _filled(backend: Backend) -> tuple[Portal, str]:
    """48 sites with a file each."""
    tenants = more_sites(backend.folder / "search-tenants", MANY)
    environment = backend.environment("search", PORTAL_CLOCK=CLOCK, PORTAL_TENANTS=str(tenants))
    portal = assemble(read_settings({**os.environ, **environment}))
    with portal.at(portal.sites["fr"]):
        rare = fill(portal)
    portal.databases.close_all()
    filled = Path(portal.databases.urls["fr"].removeprefix("sqlite:///"))
    for code, url in portal.databases.urls.items():
        if code != "fr":
            shutil.copyfile(filled, url.removeprefix("sqlite:///"))
    return portal, rare


def _of_question(portal: Portal, sites: list[Site], name: str, text: str, *, rounds: int) -> Figures:
    """The shortest of all rounds: it is the clock’s time that counts, and others use the machine, too."""
    question = partial(customer_search.search, text, now=portal.clock())
    everywhere = Everywhere(partial(portal.at, mode="look"))
    _alone(portal, sites, question)  # opens all of them, and warms up
    bare, one, first, every, hits = [], [], [], [], name != "nothing"
    for _round in range(rounds):
        bare.append(_alone(portal, sites, question))
        one.append(median(_together(everywhere, [site], question, hits=hits)[-1] for site in sites))
        found = _together(everywhere, sites, question, hits=hits)
        first.append(found[0])
        every.append(found[-1])
    return {
        f"search_{name}_bare_ms": min(bare) * 1e3,
        f"search_{name}_one_ms": min(one) * 1e3,
        f"search_{name}_all_ms": min(every) * 1e3,
        f"search_{name}_first_over_one": min(first) / min(one),
        f"search_{name}_all_over_one": min(every) / min(one),
    }


def _alone(portal: Portal, sites: list[Site], question: Callable[[], Found]) -> float:
    """One site's search without a thread of its own: the middle of all, one after the other."""
    taken = []
    for site in sites:
        started = time.perf_counter()
        with portal.at(site, "look"):
            question()
        taken.append(time.perf_counter() - started)
    return median(taken)


def _together(
    everywhere: Everywhere, sites: list[Site], question: Callable[[], Found], *, hits: bool
) -> list[float]:
    """When each group came."""
    started, came = time.perf_counter(), []
    for answer in everywhere.ask(sites, question):
        if answer.found is None or bool(answer.found.hits) != hits:
            raise RuntimeError(f"{answer.site.code} answered {answer}")
        came.append(time.perf_counter() - started)
    return came


def _hanging(portal: Portal, sites: list[Site], text: str) -> float:
    """Seconds that all the others take longer while one site’s database does not answer."""
    question = partial(customer_search.search, text, now=portal.clock())
    taken = []
    for _round in range(3):
        released = threading.Event()
        spent = []
        for held in ("", sites[len(sites) // 2].code):
            everywhere = Everywhere(partial(_held, portal, held, released))
            started = time.perf_counter()
            answers = list(everywhere.ask(sites, question))
            spent.append(time.perf_counter() - started)
            if [one.site.code for one in answers if one.trouble] != [held] * bool(held):
                raise RuntimeError(f"Not only {held or 'nobody'} was late.")
        released.set()
        taken.append(spent[1] - spent[0])
    return max(taken)


@contextmanager
def _held(portal: Portal, held: str, released: threading.Event, site: Site) -> Iterator[None]:
    if site.code == held:
        released.wait(60)
    with portal.at(site, "look"):
        yield


def main() -> None:
    machine.refuse_where_it_cannot_measure()
    with tempfile.TemporaryDirectory(prefix="bench-") as folder, BACKENDS["sqlite"](Path(folder)) as backend:
        measured = {"sqlite": measure(backend)}
    for name, value in measured["sqlite"].items():
        print(f"{name}: {value:.3f}")
    report.show(measured)


if __name__ == "__main__":
    main()
