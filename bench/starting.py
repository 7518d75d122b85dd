"""Start and memory of one worker, with all sites and with 48, and what the number of sites does to a page."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import islice, product
from pathlib import Path
from statistics import median
from string import ascii_lowercase

from bench import machine
from bench.filling import PASSWORD
from bench.load import Arm, interleaved, ratio
from bench.pages import HOST, SMALL, Figures, Filled, signed_in
from bench.servers import PORTAL, Server, serving
from bench.weight import first_page_kilobytes
from webapp.assembly import assemble
from webapp.commands.server import ENVIRONMENT
from webapp.config import read_settings, resource_folder
from webapp.jobs.queue import JobQueue

MANY = 48
_STARTS = 3
_AT_ONCE = 8
_STARTING = 4.0


def more_sites(folder: Path, size: int) -> Path:
    """The real sites and copies of France under other codes."""
    shutil.copytree(resource_folder("tenants"), folder)
    codes = {path.parent.name for path in folder.glob("*/site.toml")}
    free = (
        first + second for first, second in product("xyz", ascii_lowercase) if first + second not in codes
    )
    for code in islice(free, size - len(codes)):
        shutil.copytree(folder / "fr", folder / code)
        description = folder / code / "site.toml"
        description.write_text(description.read_text().replace('code = "fr"', f'code = "{code}"'))
    return folder


def _memory_after_visits(server: Server, environment: dict[str, str]) -> float:
    """In MiB, when every site was visited in each of its languages, and many signed in at once: each hash takes
    19 MiB for a moment."""
    portal = assemble(read_settings({**os.environ, **environment}))
    for site in portal.sites:
        client = server.client(f"{site.code}.localhost")
        for path, language in product(("/sign-in", "/help"), site.languages):
            client.ask(path, **{"Accept-Language": language.replace("_", "-")})
        client.close()
    with ThreadPoolExecutor(_AT_ONCE) as visitors:
        list(visitors.map(partial(_sign_in_again_and_again, server), range(_AT_ONCE)))
    return machine.resident_mib(server.worker)


def _sign_in_again_and_again(server: Server, visitor: int) -> None:
    for _time in range(6):
        client = server.client(HOST, source=f"127.1.1.{visitor + 1}")
        client.sign_in(SMALL, PASSWORD)
        client.ask("/subscriptions")
        client.close()


def measure(filled: Filled, folder: Path, *, rounds: int, seconds: float) -> Figures:
    few = filled.environment
    many = {**few, "PORTAL_TENANTS": str(more_sites(folder / "tenants", MANY))}
    _migrate(many)  # as in production, where no server does it: it would keep the memory that took
    figures = {"start_s": _start_seconds(few)}
    with serving(PORTAL, few, host=HOST, path="/sign-in") as server:
        figures["worker_mib"] = _memory_after_visits(server, few)
        figures["first_page_kb"] = first_page_kilobytes(server.client(HOST))
        with serving(PORTAL, many, host=HOST, path="/sign-in") as bigger:
            figures["worker_mib_48_sites"] = _memory_after_visits(bigger, many)
            arms = [
                Arm(name, partial(signed_in(which, SMALL).ask, "/subscriptions"), which.processes)
                for name, which in (("48", bigger), ("11", server))
            ]
            samples = interleaved(arms, rounds=rounds, seconds=seconds)
    figures["start_s_48_sites"] = _start_seconds(many)
    figures["jobs_mib_48_sites"] = _memory_of_jobs(many)
    return {**figures, "list_with_48_sites_over_11": ratio(samples["48"], samples["11"])}


def _memory_of_jobs(environment: dict[str, str]) -> float:
    """Of `portal worker` in MiB, when every job has looked at every site; a fresh worker queues them at once."""
    command = [sys.executable, "-m", "webapp.commands", "worker"]
    process = subprocess.Popen(
        command, env={**os.environ, **ENVIRONMENT, **environment}, stderr=subprocess.DEVNULL
    )
    try:
        queue = JobQueue(assemble(read_settings({**os.environ, **environment})))
        time.sleep(_STARTING)
        while queue.pending_count() and process.poll() is None:
            time.sleep(0.2)
        return machine.resident_mib(process.pid)
    finally:
        process.terminate()
        process.wait(40)


def _migrate(environment: dict[str, str]) -> None:
    portal = assemble(read_settings({**os.environ, **environment}))
    for site in portal.sites:
        with portal.at(site):
            pass
    portal.databases.close_all()


def _start_seconds(environment: dict[str, str]) -> float:
    """Until the first page is answered; the databases are there already."""
    taken = []
    for _start in range(_STARTS):
        with serving(PORTAL, environment, host=HOST, path="/sign-in") as server:
            taken.append(server.started_in)
    return median(taken)
