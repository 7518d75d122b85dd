"""One page in every language: what the words, the plurals and the formats cost."""

from __future__ import annotations

import os
import re
import shutil
from functools import partial
from pathlib import Path

from bench.backends import Backend
from bench.filling import PASSWORD, fill_account
from bench.load import Arm, interleaved, middle, ratio
from bench.pages import CLOCK, HOST, Figures
from bench.servers import PORTAL, Server, serving
from webapp.assembly import assemble
from webapp.config import read_settings, resource_folder
from webapp.data.accounts import Person
from webapp.data.statements import rows
from webapp.web.language import FRONT_LANGUAGES

LANGUAGES = FRONT_LANGUAGES
_PEOPLE_SPEAK = re.compile(r"(?m)^languages = .*$")


def measure(backend: Backend, folder: Path, *, rounds: int, seconds: float) -> Figures:
    """Each language has a person with the same 25 subscriptions; the pages differ in nothing but their words."""
    environment = backend.environment(
        "languages", PORTAL_CLOCK=CLOCK, PORTAL_TENANTS=str(_one_site_for_all(folder / "languages-tenants"))
    )
    paths = _fill(environment)
    with serving(PORTAL, environment, host=HOST, path="/sign-in") as server:
        arms = [arm for language in LANGUAGES for arm in _arms(server, language, paths[language])]
        samples = interleaved(arms, rounds=rounds, seconds=seconds)
    figures = {f"{name}_cpu_ms": middle(found) * 1e3 for name, found in samples.items()}
    for page in ("manage", "list"):
        for language in LANGUAGES[1:]:
            over = ratio(samples[f"{page}_in_{language}"], samples[f"{page}_in_en"])
            figures[f"{page}_in_{language}_over_en"] = over
    return figures


def _one_site_for_all(folder: Path) -> Path:
    """The French site, in all languages."""
    shutil.copytree(resource_folder("tenants"), folder)
    description = folder / "fr" / "site.toml"
    spoken = ", ".join(f'"{language}"' for language in LANGUAGES)
    text = description.read_text(encoding="utf-8")
    description.write_text(_PEOPLE_SPEAK.sub(f"languages = [{spoken}]", text, count=1), encoding="utf-8")
    agreements = folder / "fr" / "agreements"
    for path in sorted(agreements.glob("*.fr.md")):
        shutil.copy(path, agreements / path.name.replace(".fr.md", ".en.md"))
    return folder


def _email(language: str) -> str:
    return f"{language}@demo.example"


def _fill(environment: dict[str, str]) -> dict[str, str]:
    """The path of each person's manage page."""
    portal = assemble(read_settings({**os.environ, **environment}))
    with portal.at(portal.sites["fr"]):
        paths = {}
        for number, language in enumerate(LANGUAGES):
            person = fill_account(
                portal, size=25, account=str(2000 + number), email=_email(language), now=portal.clock()
            )
            Person.update(language=language).where(Person.id == person.id).execute()
            found = rows(
                "SELECT public_id FROM subscription WHERE administrator_id = :person AND status = 'active'"
                " AND po_number <> '' ORDER BY id LIMIT 1",
                person=person.id,
            )
            paths[language] = f"/subscriptions/{found[0].public_id}"
    portal.databases.close_all()
    return paths


def _arms(server: Server, language: str, path: str) -> list[Arm]:
    client = server.client(HOST, source=f"127.1.2.{LANGUAGES.index(language) + 1}")
    client.sign_in(_email(language), PASSWORD)
    _answer, page = client.ask(path)
    if f'<html lang="{language}"'.encode() not in page:
        raise AssertionError(f"The page of {language} is in another language.")
    return [
        Arm(f"manage_in_{language}", partial(client.ask, path), server.processes),
        Arm(f"list_in_{language}", partial(client.ask, "/subscriptions"), server.processes),
    ]
