"""Settings: read from the environment (`PORTAL_*`), checked at start, refused in plain words."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

PACKAGE = Path(__file__).parent
DEMO_SECRET = "demo-secret-that-production-refuses"

Mode = Literal["demo", "production"]


class SettingsError(Exception):
    """The environment asks for something the portal can't do; the message says what to change."""


def resource_folder(name: str) -> Path:
    """`templates/`, `locales/` and `tenants/` lie beside the package in a checkout, inside it in a wheel."""
    inside = PACKAGE / name
    return inside if inside.is_dir() else PACKAGE.parent / name


@dataclass(frozen=True, slots=True)
class Settings:
    mode: Mode
    data: Path
    tenants: Path
    domain: str
    port: int
    scheme: Literal["http", "https"]
    secret: str
    vault_key: str
    clock: datetime | None
    smtp: str | None
    mail_from: str
    database: str | None
    databases: Mapping[str, str]
    rate_limit_storage: str
    queue: str | None
    stripe: Mapping[str, tuple[str, str]]  # site → key of the API, secret of its webhooks
    webhook_networks: tuple[IPv4Network | IPv6Network, ...]

    @property
    def production(self) -> bool:
        return self.mode == "production"

    def origin(self, site_code: str | None = None) -> str:
        """`http://fr.localhost:8000`; without a site, the bare domain's."""
        host = f"{site_code}.{self.domain}" if site_code else self.domain
        usual = {"http": 80, "https": 443}[self.scheme]
        return f"{self.scheme}://{host}" + ("" if self.port == usual else f":{self.port}")

    def database_url(self, site_code: str) -> str:
        """One database a site: its own URL, or the pattern with `{site}`, or a file in the data folder."""
        if site_code in self.databases:
            return self.databases[site_code]
        if self.database:
            return self.database.format(site=site_code)
        return f"sqlite:///{self.data.resolve() / 'sites' / (site_code + '.sqlite3')}"

    @property
    def support_database_url(self) -> str:
        """What all sites share: a URL of its own, or the pattern, or a file in the data folder."""
        if "support" in self.databases or self.database:
            return self.database_url("support")
        return f"sqlite:///{self.data.resolve() / 'support.sqlite3'}"

    @property
    def queue_url(self) -> str:
        """Where workers look for what to do; not precious: what is due is queued again."""
        return self.queue or f"sqlite:///{self.data.resolve() / 'queue.sqlite3'}"


def _mode(env: Mapping[str, str]) -> Mode:
    mode = env.get("PORTAL_MODE", "demo")
    if mode not in ("demo", "production"):
        raise SettingsError(f"PORTAL_MODE is “{mode}”: use demo or production.")
    return mode  # type: ignore[return-value]


def _port(env: Mapping[str, str]) -> int:
    text = env.get("PORT", "8000")
    if not text.isascii() or not text.isdigit() or not 0 < int(text) < 65536:
        raise SettingsError(f"PORT is “{text}”: use a number from 1 to 65535.")
    return int(text)


def _clock(env: Mapping[str, str]) -> datetime | None:
    text = env.get("PORTAL_CLOCK", "").strip()
    if not text:
        return None
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        instant = None
    if instant is None or instant.tzinfo is None:
        raise SettingsError(
            f"PORTAL_CLOCK is “{text}”: use an instant with its zone, as 2026-11-22T12:00:00Z."
        )
    return instant


def _smtp(env: Mapping[str, str]) -> str | None:
    url = env.get("PORTAL_SMTP") or None
    if url and (urlsplit(url).scheme not in ("smtp", "smtps", "smtp+starttls") or not urlsplit(url).hostname):
        raise SettingsError("PORTAL_SMTP must look like smtp://host:25, smtp+starttls://… or smtps://….")
    return url


def _databases(env: Mapping[str, str]) -> tuple[str | None, dict[str, str]]:
    prefix = "PORTAL_DATABASE_"
    single = {key[len(prefix) :].lower(): url for key, url in env.items() if key.startswith(prefix)}
    pattern = env.get("PORTAL_DATABASE") or None
    if pattern and "{site}" not in pattern:
        raise SettingsError("PORTAL_DATABASE must hold {site}: each country site has a database of its own.")
    for url in [*single.values(), *([pattern] if pattern else [])]:
        if urlsplit(url).scheme not in ("sqlite", "postgresql"):
            raise SettingsError(f"A database URL begins with sqlite:/// or postgresql://, not “{url[:20]}”.")
    return pattern, single


def _queue(env: Mapping[str, str]) -> str | None:
    url = env.get("PORTAL_QUEUE") or None
    if url and urlsplit(url).scheme not in ("sqlite", "postgresql", "redis", "rediss"):
        raise SettingsError("PORTAL_QUEUE must look like sqlite:///…, postgresql://… or redis://….")
    return url


def _stripe(env: Mapping[str, str]) -> dict[str, tuple[str, str]]:
    found: dict[str, tuple[str, str]] = {}
    for name in env:
        if name.startswith("PORTAL_STRIPE_KEY_") and env[name]:
            code = name.removeprefix("PORTAL_STRIPE_KEY_")
            found[code.lower()] = (env[name], env.get(f"PORTAL_STRIPE_WEBHOOK_{code}", ""))
    for code, (key, secret) in found.items():
        if not key.startswith(("sk_", "rk_")) or not secret.startswith("whsec_"):
            raise SettingsError(
                f"PORTAL_STRIPE_KEY_{code.upper()} begins with sk_ or rk_, and needs the secret of its"
                f" webhooks in PORTAL_STRIPE_WEBHOOK_{code.upper()}, which begins with whsec_."
            )
    return found


def _webhook_networks(env: Mapping[str, str], mode: Mode) -> tuple[IPv4Network | IPv6Network, ...]:
    """Not public, and webhooks may go there all the same; in a demo, to this machine."""
    usual = "127.0.0.0/8 ::1/128" if mode == "demo" else ""
    text = env.get("PORTAL_WEBHOOK_NETWORKS", usual)
    try:
        return tuple(ip_network(one) for one in text.replace(",", " ").split())
    except ValueError as problem:
        raise SettingsError(
            f"PORTAL_WEBHOOK_NETWORKS lists networks, such as 10.1.0.0/16: {problem}."
        ) from None


def _refuse_demo_settings(settings: Settings) -> None:
    """What a demo may have and a production portal must not."""
    problems = []
    if settings.secret == DEMO_SECRET or len(settings.secret) < 32:
        problems.append("PORTAL_SECRET must be a random text of at least 32 characters")
    if settings.clock:
        problems.append("PORTAL_CLOCK is for demo and tests only")
    if not settings.smtp:
        problems.append("PORTAL_SMTP must name the mail server")
    if problems:
        raise SettingsError("Production mode: " + "; ".join(problems) + ".")


def read_settings(env: Mapping[str, str] | None = None) -> Settings:
    env = os.environ if env is None else env
    mode = _mode(env)
    pattern, single = _databases(env)
    settings = Settings(
        mode=mode,
        data=Path(env.get("PORTAL_DATA", "var")),
        tenants=Path(env.get("PORTAL_TENANTS") or resource_folder("tenants")),
        domain=env.get("PORTAL_DOMAIN", "localhost").lower(),
        port=_port(env),
        scheme="https" if mode == "production" else "http",
        secret=env.get("PORTAL_SECRET", DEMO_SECRET),
        vault_key=env.get("PORTAL_VAULT_KEY") or env.get("PORTAL_SECRET", DEMO_SECRET),
        clock=_clock(env),
        smtp=_smtp(env),
        mail_from=env.get("PORTAL_MAIL_FROM", "subscriptions@portal.example"),
        database=pattern,
        databases=single,
        rate_limit_storage=env.get("PORTAL_RATE_LIMITS", "memory://"),
        queue=_queue(env),
        stripe=_stripe(env),
        webhook_networks=_webhook_networks(env, mode),
    )
    if settings.production:
        _refuse_demo_settings(settings)
    return settings
