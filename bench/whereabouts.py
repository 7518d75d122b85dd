"""“Why can’t I see my subscriptions?”: does the time of the answer tell whether an address is known?

`python -m bench.whereabouts`. Known and unknown addresses are asked about in turn, each once; the area under
the ROC curve says how often a known one took longer than an unknown one: 0.5 is a coin, the goal is 0.45–0.55.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import tempfile
import time
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from itertools import count
from pathlib import Path
from statistics import median

from bench import machine
from bench.backends import BACKENDS, Backend
from bench.load import Client
from bench.pages import CLOCK, HOST
from bench.report import RESULTS
from bench.servers import PORTAL, Server, serving
from webapp.assembly import assemble
from webapp.config import read_settings
from webapp.data.database import current_site
from webapp.domain.companies import accounts
from webapp.domain.people import whereabouts

FIGURE = "whereabouts_auc"
LOWEST, HIGHEST = 0.45, 0.55
SIZE = 600  # addresses of each kind


def area(known: Sequence[float], unknown: Sequence[float]) -> float:
    """How often a known one takes longer than an unknown one; a tie is half a win."""
    ordered = sorted(unknown)
    wins = sum(bisect_left(ordered, one) + bisect_right(ordered, one) for one in known)
    return wins / 2 / (len(known) * len(unknown))


def fill(backend: Backend, size: int) -> dict[str, str]:
    """So many people at fr; the other sites know nobody."""
    environment = backend.environment("whereabouts", PORTAL_CLOCK=CLOCK)
    portal = assemble(read_settings({**os.environ, **environment}))
    for name in (*portal.sites.codes, "support"):
        backend.create(f"whereabouts_{name}")
    with portal.at(portal.sites["fr"]):
        now, language = portal.clock(), current_site().default_language
        for number in range(size):
            email = f"person{number:05}@known.example"
            accounts.keep_person(email=email, name=f"Person {number}", language=language, now=now)
    portal.databases.close_all()
    return environment


def visitors(server: Server) -> Iterator[Client]:
    """Another network as soon as one has asked as often as it may."""
    for number in count():
        client = server.client(HOST, source=f"127.{1 + number // 250}.{1 + number % 250}.1")
        for _time in range(whereabouts.PER_NETWORK.times):
            yield client
        client.close()


def timed(client: Client, email: str) -> float:
    started = time.perf_counter()
    client.ask("/missing-subscriptions", form={"email": email}, expect=303)
    return time.perf_counter() - started


def measure(backend: Backend, size: int) -> dict[str, float]:
    environment = fill(backend, size)
    domains, order = ("known.example", "other.example"), random.Random(20261122)
    seconds: dict[str, list[float]] = {domain: [] for domain in domains}
    with serving(PORTAL, environment, host=HOST, path="/missing-subscriptions") as server:
        asking = visitors(server)
        for number in range(-20, size):  # the first are not counted
            for domain in order.sample(domains, 2):
                taken = timed(next(asking), f"person{number:05}@{domain}")
                if number >= 0:
                    seconds[domain].append(taken)
    known, unknown = seconds.values()
    return {
        FIGURE: area(known, unknown),
        "whereabouts_known_ms": median(known) * 1e3,
        "whereabouts_unknown_ms": median(unknown) * 1e3,
    }


def keep(measured: dict[str, dict[str, float]]) -> None:
    """Beside what `python -m bench` has measured."""
    content = json.loads(RESULTS.read_text(encoding="utf-8"))
    for name, figures in measured.items():
        kept = content["figures"].setdefault(name, {})
        kept |= {figure: round(value, 4) for figure, value in figures.items()}
    RESULTS.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def main() -> None:
    arguments = argparse.ArgumentParser(prog="python -m bench.whereabouts", description=__doc__)
    arguments.add_argument("--engines", nargs="+", choices=list(BACKENDS), default=list(BACKENDS))
    arguments.add_argument("--size", type=int, default=SIZE, help="addresses of each kind")
    chosen = arguments.parse_args()
    machine.refuse_where_it_cannot_measure()
    os.sched_setaffinity(0, {machine.LOAD_CORE})
    measured = {}
    for name in chosen.engines:
        with tempfile.TemporaryDirectory(prefix="bench-") as folder, BACKENDS[name](Path(folder)) as backend:
            measured[name] = figures = measure(backend, chosen.size)
        reached = LOWEST <= figures[FIGURE] <= HIGHEST
        print(
            f"{name}: AUC {figures[FIGURE]:.3f} ({'within' if reached else 'OUTSIDE'} {LOWEST}–{HIGHEST}), "
            f"median {figures['whereabouts_known_ms']:.2f} ms known, "
            f"{figures['whereabouts_unknown_ms']:.2f} ms unknown"
        )
    keep(measured)


if __name__ == "__main__":
    main()
