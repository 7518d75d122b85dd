"""`python -m bench`: one run on both engines, bounded to some minutes. `python -m bench growth` fills a site with
1,000,000 subscriptions, which takes longer; `python -m bench languages` is the part of the first that compares languages."""

from __future__ import annotations

import argparse
import os
import tempfile
from pathlib import Path

from bench import (
    documents,
    goals,
    growth,
    importing,
    languages,
    machine,
    pages,
    renewing,
    report,
    searching,
    sign_in,
    starting,
    whereabouts,
)
from bench.backends import BACKENDS, Backend


def _measure(backend: Backend, *, rounds: int, seconds: float) -> dict[str, float]:
    say = print
    say(f"{backend.name}: filling")
    filled = pages.fill(backend)
    say(f"{backend.name}: pages")
    figures = pages.measure(backend, filled, rounds=rounds, seconds=seconds)
    figures |= goals.beside_peers(figures)
    say(f"{backend.name}: sign-in")
    figures |= sign_in.measure(backend, filled, rounds=rounds, seconds=seconds)
    say(f"{backend.name}: whereabouts")
    figures |= whereabouts.measure(backend, whereabouts.SIZE)
    say(f"{backend.name}: order import")
    figures |= importing.measure(backend, rounds=rounds)
    say(f"{backend.name}: renewals")
    figures |= renewing.measure(backend)
    if backend.name == "sqlite":
        say(f"{backend.name}: start and memory")
        figures |= starting.measure(filled, backend.folder, rounds=rounds, seconds=seconds)
        say(f"{backend.name}: search of all sites")
        figures |= searching.measure(backend)
        say(f"{backend.name}: languages")
        figures |= languages.measure(backend, backend.folder, rounds=rounds, seconds=seconds)
        say("documents")
        figures |= documents.measure(rounds=rounds, seconds=seconds)
    return figures


def _measured(backend: Backend, chosen: argparse.Namespace) -> dict[str, float]:
    often = {"rounds": chosen.rounds, "seconds": chosen.seconds}
    if chosen.what == "growth":
        print(f"{backend.name}: growth")
        return growth.measure(backend, many=chosen.many, **often)
    if chosen.what == "languages":
        print(f"{backend.name}: languages")
        return languages.measure(backend, backend.folder, **often)
    return _measure(backend, **often)


def main() -> None:
    arguments = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    arguments.add_argument("what", nargs="?", choices=["pages", "languages", "growth"], default="pages")
    arguments.add_argument("--many", type=int, default=growth.MANY, help="subscriptions of the large site")
    arguments.add_argument("--engines", nargs="+", choices=list(BACKENDS), default=list(BACKENDS))
    arguments.add_argument("--rounds", type=int, default=7)
    arguments.add_argument("--seconds", type=float, default=0.35, help="of one measurement")
    chosen = arguments.parse_args()
    machine.refuse_where_it_cannot_measure()
    os.sched_setaffinity(0, {machine.LOAD_CORE})
    measured = {}
    for name in chosen.engines:
        with tempfile.TemporaryDirectory(prefix="bench-") as folder, BACKENDS[name](Path(folder)) as backend:
            measured[name] = _measured(backend, chosen)
    report.show(measured)
    if chosen.what != "languages":  # that part alone is looked at, and recorded with all the others
        report.write(measured, to=report.GROWTH if chosen.what == "growth" else report.RESULTS)


if __name__ == "__main__":
    main()
