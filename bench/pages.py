"""List, manage page and purchase order number: against their floors, and with 25 and 10,000 subscriptions."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from bench import load
from bench.backends import Backend
from bench.filling import PASSWORD, fill_account, fill_seats
from bench.load import Arm, Client, Sample, middle, ratio
from bench.servers import FLOOR, PORTAL, Server, serving
from webapp.assembly import Portal, assemble
from webapp.config import read_settings
from webapp.data.statements import rows

CLOCK = "2026-11-22T12:00:00Z"
HOST = "fr.localhost"
SMALL, LARGE = "small@demo.example", "large@demo.example"
LARGE_SIZE = 10_000
FRAGMENT = {"HX-Request": "true", "HX-Request-Type": "partial"}
# Everything and nothing: both accounts see as many rows.
SEARCHES = {
    "list": "",
    "hit": "?q=sub-fr",
    "miss": "?q=no+such",
    "miss by renewal": "?q=no+such&sort=renewal",
}

Figures = dict[str, float]


@dataclass(frozen=True)
class Filled:
    environment: dict[str, str]
    public_id: str  # of an active subscription of the small account
    with_users: tuple[str, str]  # two others of it, with few and with many users

    @property
    def manage_page(self) -> str:
        return f"/subscriptions/{self.public_id}"


def fill(backend: Backend, folder: str = "pages") -> Filled:
    environment = backend.environment(folder, PORTAL_CLOCK=CLOCK)
    portal = assemble(read_settings({**os.environ, **environment}))
    for site in portal.sites:
        backend.create(f"{folder}_{site.code}")
    site = portal.sites["fr"]
    with portal.at(site):
        now = portal.clock()
        fill_account(portal, size=25, account="1001", email=SMALL, now=now)
        fill_account(portal, size=LARGE_SIZE, account="1002", email=LARGE, now=now)
        active = rows(
            "SELECT public_id FROM subscription WHERE status = 'active' AND po_number <> '' ORDER BY id"
        )
        with_users = _with_users(portal, now=now)
    portal.databases.close_all()
    return Filled(environment, active[0].public_id, with_users)


def _with_users(portal: Portal, *, now: datetime) -> tuple[str, str]:
    kept = [product.key for product in portal.catalogue if product.self_service]
    found = rows(
        "SELECT s.id, s.public_id, s.product_key FROM subscription s JOIN person p ON p.id = s.administrator_id"
        " WHERE s.shelf = 'active' AND p.email_key = :email ORDER BY s.id DESC",
        email=SMALL,
    )
    few, many = [one for one in found if one.product_key in kept][:2]
    fill_seats(few.id, size=25, now=now)
    fill_seats(many.id, size=LARGE_SIZE, now=now)
    return few.public_id, many.public_id


def signed_in(server: Server, email: str) -> Client:
    client = server.client(HOST)
    client.sign_in(email, PASSWORD)
    return client


def measure(backend: Backend, filled: Filled, *, rounds: int, seconds: float) -> Figures:
    with serving(PORTAL, filled.environment, host=HOST, path="/sign-in") as portal:
        small, large = signed_in(portal, SMALL), signed_in(portal, LARGE)
        pages = {"list": "/subscriptions", "manage": filled.manage_page}
        floor_environment = {
            **filled.environment,
            "BENCH_HOST": f"{HOST}:{portal.port}",
            "BENCH_COOKIE": small.cookie,
            "BENCH_PAGES": json.dumps(pages),
        }
        with serving(FLOOR, floor_environment, host=HOST, path="/plain") as floor:
            bare = floor.client(HOST)
            _refuse_other_pages(small, bare, pages)
            arms = _arms(backend, portal, floor, small, large, bare, filled)
            samples = load.interleaved(arms, rounds=rounds, seconds=seconds)
    return _figures(samples)


def _refuse_other_pages(client: Client, bare: Client, pages: dict[str, str]) -> None:
    for name, path in pages.items():
        page, floor = client.ask(path)[1], bare.ask(f"/{name}")[1]
        if abs(len(page) - len(floor)) > 100:
            raise load.UnexpectedAnswer(
                f"The floor of {name} is another page: {len(floor)} bytes of {len(page)}."
            )


def _arms(
    backend: Backend,
    portal: Server,
    floor: Server,
    small: Client,
    large: Client,
    bare: Client,
    filled: Filled,
) -> list[Arm]:
    def arm(name: str, server: Server, once: Callable[[], object]) -> Arm:
        return Arm(name, once, server.processes, backend.processes)

    fragment = partial(small.ask, filled.manage_page + "/purchase-order", **FRAGMENT)
    arms = [
        arm("list", portal, partial(small.ask, "/subscriptions")),
        arm("list floor", floor, partial(bare.ask, "/list")),
        arm("manage", portal, partial(small.ask, filled.manage_page)),
        arm("manage floor", floor, partial(bare.ask, "/manage")),
        arm("fragment", portal, fragment),
        arm("plain", floor, partial(bare.ask, "/plain")),
    ]
    for name, arguments in SEARCHES.items():
        path = f"/subscriptions{arguments}"
        arms.append(arm(f"{name} of 25", portal, partial(small.ask, path)))
        arms.append(arm(f"{name} of 10000", portal, partial(large.ask, path)))
    for public_id, size in zip(filled.with_users, (25, LARGE_SIZE), strict=True):
        arms.append(arm(f"users of {size}", portal, partial(small.ask, f"/subscriptions/{public_id}/users")))
    return arms


def _with_database(sample: Sample) -> float:
    return sample.cpu + sample.database_cpu


def _figures(samples: dict[str, list[Sample]]) -> Figures:
    """Ratios of the server's CPU; growth counts what the database's processes did as well."""
    figures = {
        "list_over_floor": ratio(samples["list"], samples["list floor"]),
        "list_and_database_over_floor": ratio(samples["list"], samples["list floor"], _with_database),
        "manage_over_floor": ratio(samples["manage"], samples["manage floor"]),
        "manage_and_database_over_floor": ratio(samples["manage"], samples["manage floor"], _with_database),
        "fragment_over_page": ratio(samples["fragment"], samples["manage"]),
        "list_over_plain": ratio(samples["list"], samples["plain"]),
    }
    for name in (*SEARCHES, "users"):
        growth = ratio(samples[f"{name} of 10000"], samples[f"{name} of 25"], _with_database)
        figures[f"{name} of 10000 over 25"] = growth
    figures |= {f"{name} cpu ms": middle(found) * 1e3 for name, found in samples.items()}
    return {name.replace(" ", "_"): value for name, value in figures.items()}
