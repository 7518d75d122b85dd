"""`portal site add|check`: a new country."""

from __future__ import annotations

from typing import Any

import click
import peewee as pw

from webapp.commands.context import CommandError
from webapp.config import Settings, read_settings, resource_folder
from webapp.data import backups, schema, soundness
from webapp.data.database import open_database
from webapp.i18n import SOURCE_LANGUAGE
from webapp.sites import Site, SiteConfigError, Sites, load_catalogue, load_sites
from webapp.sites.adding import CanNotAdd, NewSite, add, missing, proposed, unwritten
from webapp.sites.fields import base_language
from webapp.sites.regions import FILE as REGIONS


@click.group("site")
def site() -> None:
    """Country sites: add one, see what it lacks. Works on PORTAL_TENANTS."""


@site.command("add")
@click.argument("code")
@click.option("--company", help="Name of the company that sells there.")
@click.option("--currency", help="As SEK; by default the country's.")
@click.option("--language", "languages", multiple=True, help="As sv or fr_BE; the first is the usual one.")
@click.option("--time-zone", help="As Europe/Stockholm.")
@click.option("--region", help="Countries of one region are supported together.")
@click.option("--tax-name", help="What value-added tax is called there.")
@click.option("--tax-rate", help="Standard rate in percent.")
@click.option("--like", default="gb", show_default=True, help="Site whose agreements the drafts begin with.")
def add_site(code: str, like: str, **given: Any) -> None:
    """Make the folder of site CODE, as se, and its database. What only the company knows stays a draft."""
    settings = read_settings()
    try:
        sites = load_sites(settings.tenants, settings.origin)
        new = proposed(code, **given)
        folder = add(settings.tenants, new, like=_model(settings, sites, like))
        made = load_sites(settings.tenants, settings.origin)[code]
    except (CanNotAdd, SiteConfigError) as problem:
        raise CommandError(str(problem)) from problem
    except PermissionError as problem:
        advice = "add the site in a checkout, and copy its folder"
        raise CommandError(f"{settings.tenants} can’t be written by this user: {advice}.") from problem
    click.echo(f"{folder}: {', '.join(made.languages)}; {made.currency}; {made.time_zone.key}; {_tax(new)}")
    _make_database(settings, code)
    _say_missing(made)
    click.echo(f"  (support: no agent sees {code} before a group in {REGIONS} names it)")


def _model(settings: Settings, sites: Sites, code: str) -> Site:
    """One of these sites, else one that comes with the portal: not everybody serves the United Kingdom."""
    shipped = load_sites(resource_folder("tenants"), settings.origin)
    if (found := sites.by_code(code) or shipped.by_code(code)) is None:
        raise CanNotAdd(f"There is no site “{code}” to take agreements from: {', '.join(sites.codes)}.")
    return found


def _tax(new: NewSite) -> str:
    rate = new.country.tax_rate
    return f"{new.country.tax_name} {rate} %" if rate else f"{new.country.tax_name}, by invoice"


def _make_database(settings: Settings, code: str) -> None:
    """An SQLite file is made; a database of a server must be there."""
    opened = open_database(settings.database_url(code))
    try:
        schema.migrate(opened)
    except (pw.OperationalError, pw.InterfaceError) as problem:
        click.echo(f"{code}: its database can’t be reached: create it, then portal db migrate --site {code}")
        click.echo(f"    {str(problem).splitlines()[0]}", err=True)
        return
    finally:
        opened.close_all()  # type: ignore[attr-defined]
    click.echo(f"{code}: database is there and up to date")


@site.command("check")
@click.argument("code")
def check(code: str) -> None:
    """Say what site CODE lacks before it may serve customers; exit status 1 if there is anything."""
    settings = read_settings()
    try:
        sites = load_sites(settings.tenants, settings.origin)
        load_catalogue(settings.tenants, sites)
    except SiteConfigError as problem:
        raise CommandError(str(problem)) from problem
    found = sites.by_code(code)
    if found is None:
        raise CommandError(f"There is no site “{code}”. Sites: {', '.join(sites.codes)}.")
    if _say_missing(found, *_of_database(settings, code)):
        raise click.exceptions.Exit(1)


def _say_missing(found: Site, *more: str) -> bool:
    lacking = [*missing(found), *more]
    for one in lacking:
        click.echo(f"  - {one}")
    for language in found.languages:
        if not _translated(language):
            click.echo(f"  ({language} is not translated yet, English is shown: docs/translations.md)")
    for language, keys in unwritten(found).items():
        click.echo(f"  ({language}: {', '.join(keys)} in English only; customers are shown that text)")
    count = f"{len(lacking)} to do" if lacking else "complete"
    click.echo(f"{found.code}: {count}" + ("; until then production does not serve it" if lacking else ""))
    return bool(lacking)


def _translated(language: str) -> bool:
    base = base_language(language)
    return base == base_language(SOURCE_LANGUAGE) or (resource_folder("locales") / base).is_dir()


def _of_database(settings: Settings, code: str) -> list[str]:
    url = settings.database_url(code)
    if backups.is_missing(url):
        return [f"there is no database: portal db migrate --site {code}"]
    try:
        with backups.opened_at(url) as opened:
            return [f"its database {one}" for one in soundness.problems(opened, schema.MIGRATIONS)]
    except (pw.OperationalError, pw.InterfaceError) as problem:
        return [f"its database can’t be reached: {str(problem).splitlines()[0]}"]
