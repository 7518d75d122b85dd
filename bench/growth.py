"""The same pages and jobs at a site of 1,000 subscriptions and at one of 1,000,000: `python -m bench growth`."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from statistics import median

from bench import load, machine
from bench.backends import Backend
from bench.cloning import clone
from bench.filling import PAGE, fill_account, fill_seats
from bench.load import Arm
from bench.pages import CLOCK, HOST, SMALL, Figures, signed_in
from bench.servers import PORTAL, Server, serving
from webapp.assembly import Portal, assemble
from webapp.config import read_settings
from webapp.data.accounts import Person
from webapp.data.keys import email_key
from webapp.data.records import insert
from webapp.data.statements import rows, run
from webapp.data.whereabouts import AnsweredRequest
from webapp.domain import limits, tokens
from webapp.domain.people import sign_in
from webapp.jobs.registry import JOBS, run_due, run_one

FEW, MANY = 1_000, 1_000_000
USERS = 2  # of each subscription that has any
RUNS = 200


def measure(backend: Backend, *, many: int, rounds: int, seconds: float) -> Figures:
    environments = [_fill(backend, folder, size) for folder, size in (("few", FEW), ("many", many))]
    figures = _jobs(backend, environments)
    servers = [serving(PORTAL, environment, host=HOST, path="/sign-in") for environment in environments]
    with servers[0] as few, servers[1] as lot:
        return figures | _pages(backend, few, lot, rounds=rounds, seconds=seconds)


def _fill(backend: Backend, folder: str, size: int) -> dict[str, str]:
    """One company by the rules, until no job finds anything to do; the others are its copies."""
    environment = {**os.environ, **backend.environment(folder, PORTAL_CLOCK=CLOCK)}
    backend.create(f"{folder}_support")
    backend.create(f"{folder}_fr")
    portal = assemble(read_settings(environment))
    site = portal.sites["fr"]
    with portal.at(site):
        now = portal.clock()
        fill_account(portal, size=PAGE, account="1001", email=SMALL, now=now)
        for found in rows("SELECT id FROM subscription WHERE status = 'active' ORDER BY id LIMIT 10"):
            fill_seats(found.id, size=USERS, now=now - timedelta(days=3))
        _leave_traces(portal)
    while any(sum(done.counts.values()) for done in run_due(portal, sites=[site])):
        pass
    with portal.at(site):
        run("DELETE FROM outbox_message WHERE id > :kept", kept=PAGE)  # a mail for each subscription will do
        clone(size // PAGE - 1)
    portal.databases.close_all()
    portal.support.close_all()
    return environment


def _leave_traces(portal: Portal) -> None:
    """What `purge` has to look through: of who was here today, it is too early to delete anything."""
    now = portal.clock() - timedelta(hours=1)
    person = Person.get(Person.email_key == email_key(SMALL))
    for _visit in range(3):
        sign_in.start_session(person, user_agent="", now=now)
        tokens.mint("set_password", person=person, minutes=120, next_path="", now=now)
        limits.count(sign_in.SIGN_INS, SMALL, now=now)
    insert(AnsweredRequest, key="0" * 32, person=person, at=now)


# ---- pages


def _pages(backend: Backend, few: Server, many: Server, *, rounds: int, seconds: float) -> Figures:
    arms = [*_arms(backend, few, "few"), *_arms(backend, many, "many")]
    arms.sort(key=lambda arm: arm.name.partition(" of ")[0])  # neighbours in time are compared
    samples = load.interleaved(arms, rounds=rounds, seconds=seconds)
    figures = {f"{name} cpu ms": load.middle(found, _spent) * 1e3 for name, found in samples.items()}
    for name in _PAGES:
        figures[f"{name} growth"] = load.ratio(samples[f"{name} of many"], samples[f"{name} of few"], _spent)
    return {name.replace(" ", "_"): value for name, value in figures.items()}


_PAGES = ("list", "manage", "search hit", "search miss")


def _arms(backend: Backend, server: Server, size: str) -> list[Arm]:
    client = signed_in(server, SMALL)
    manage = client.ask("/subscriptions")[1].partition(b'href="/subscriptions/SUB-')[2].partition(b'"')[0]
    paths = (
        "/subscriptions",
        f"/subscriptions/SUB-{manage.decode()}",
        "/subscriptions?q=sub-fr",
        "/subscriptions?q=no+such",
    )
    asked: list[Callable[[], object]] = [partial(client.ask, path) for path in paths]
    named = zip(_PAGES, asked, strict=True)
    return [Arm(f"{name} of {size}", once, server.processes, backend.processes) for name, once in named]


def _spent(sample: load.Sample) -> float:
    return sample.cpu + sample.database_cpu


# ---- jobs


def _jobs(backend: Backend, environments: list[dict[str, str]]) -> Figures:
    """Each job with nothing to do; by turns, so that both sites meet the same machine."""
    portals = [assemble(read_settings(environment)) for environment in environments]
    taken: dict[str, list[list[float]]] = {name: [[] for _portal in portals] for name in JOBS}
    for number in range(RUNS):
        for name, both in taken.items():
            pair = list(zip(portals, both, strict=True))
            for portal, times in pair if number % 2 else reversed(pair):  # who comes second runs warm code
                times.append(_run_idle(portal, name, backend.processes()))
    for portal in portals:
        portal.databases.close_all()
        portal.support.close_all()
    figures: Figures = {}
    for name, (few, many) in taken.items():
        figures[f"{name}_idle_ms_of_many"] = median(many) * 1e3
        figures[f"{name}_idle_growth"] = median(many) / median(few)
    both = [sum(median(times[size]) for times in taken.values()) for size in (0, 1)]
    return figures | {
        "idle_growth": both[1] / both[0],
        "worst_idle_growth": max(figures[f"{name}_idle_growth"] for name in JOBS),
    }


def _run_idle(portal: Portal, name: str, database: list[int]) -> float:
    """Seconds of the processors, the database's included: what else runs on the machine is not counted."""
    before = machine.cpu_seconds(database)
    started = time.process_time()
    done = run_one(portal, JOBS[name], portal.sites["fr"])
    seconds = time.process_time() - started + machine.cpu_seconds(database) - before
    if not done.ok or sum(done.counts.values()):
        raise RuntimeError(f"{name} was not idle: {done}")
    return seconds
