"""Settings: read from the environment (`PORTAL_*`), checked at start, refused in plain words."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Literal, TypeVar
from urllib.parse import urlsplit

PACKAGE = Path(__file__).parent
DEMO_SECRET = "demo-secret-that-production-refuses"
DEMO_DOMAIN = "localhost"
DEMO_SENDER = "subscriptions@portal.example"
DEMO_LIMITS = "memory://"

Mode = Literal["demo", "production"]
Network = IPv4Network | IPv6Network
Read = TypeVar("Read")


class SettingsError(Exception):
    """The environment asks for what the portal can't do: a sentence for each thing to change."""

    def __init__(self, *problems: str) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


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
    webhook_networks: tuple[Network, ...]
    public_port: int  # where customers reach the sites; `port` is where this process listens
    proxies: tuple[Network, ...]  # whose word counts about where a request came from
    web_processes: int
    metrics: Path | None  # folder where the processes of this machine count

    @property
    def production(self) -> bool:
        return self.mode == "production"

    def origin(self, site_code: str | None = None) -> str:
        """`http://fr.localhost:8000`; without a site, the bare domain's."""
        host = f"{site_code}.{self.domain}" if site_code else self.domain
        usual = {"http": 80, "https": 443}[self.scheme]
        return f"{self.scheme}://{host}" + ("" if self.public_port == usual else f":{self.public_port}")

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

    @property
    def keeps_data_in_folder(self) -> bool:
        """Something of this portal is a file in `data`."""
        return not self.database or not self.queue


def _mode(env: Mapping[str, str]) -> Mode:
    mode = env.get("PORTAL_MODE", "demo")
    if mode not in ("demo", "production"):
        raise SettingsError(f"PORTAL_MODE is “{mode}”: use demo or production.")
    return mode  # type: ignore[return-value]


def _number(env: Mapping[str, str], name: str, default: int, highest: int) -> int:
    text = env.get(name) or str(default)
    if not text.isascii() or not text.isdigit() or not 0 < int(text) <= highest:
        raise SettingsError(f"{name} is “{text}”: use a number from 1 to {highest}.")
    return int(text)


def _port(env: Mapping[str, str]) -> int:
    return _number(env, "PORT", 8000, 65535)


def _public_port(env: Mapping[str, str]) -> int:
    """A portal in production stands behind a proxy, so the port it listens at is nobody's address."""
    production = env.get("PORTAL_MODE") == "production"
    return _number(env, "PORTAL_PUBLIC_PORT", 443 if production else _port(env), 65535)


def _web_processes(env: Mapping[str, str]) -> int:
    return _number(env, "PORTAL_WEB_PROCESSES", 2 if env.get("PORTAL_MODE") == "production" else 1, 256)


def _proxies(env: Mapping[str, str]) -> tuple[Network, ...]:
    texts = [text.strip() for text in env.get("PORTAL_PROXIES", "").split(",") if text.strip()]
    try:
        return tuple(ip_network(text) for text in texts)
    except ValueError:
        raise SettingsError(
            f"PORTAL_PROXIES is “{', '.join(texts)}”: name addresses or networks, as 127.0.0.1, 10.0.0.0/24."
        ) from None


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


_NO_DATABASES: tuple[str | None, dict[str, str]] = (None, {})


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


def _webhook_networks(env: Mapping[str, str], mode: Mode) -> tuple[Network, ...]:
    """Not public, and webhooks may go there all the same; in a demo, to this machine."""
    usual = "127.0.0.0/8 ::1/128" if mode == "demo" else ""
    text = env.get("PORTAL_WEBHOOK_NETWORKS", usual)
    try:
        return tuple(ip_network(one) for one in text.replace(",", " ").split())
    except ValueError as problem:
        raise SettingsError(
            f"PORTAL_WEBHOOK_NETWORKS lists networks, such as 10.1.0.0/16: {problem}."
        ) from None


def _rate_limits(env: Mapping[str, str]) -> str:
    url = env.get("PORTAL_RATE_LIMITS") or DEMO_LIMITS
    if urlsplit(url).scheme not in ("memory", "redis", "rediss", "redis+unix"):
        raise SettingsError("PORTAL_RATE_LIMITS must look like redis://host:6379/0 or memory://.")
    return url


def _unfit_for_production(settings: Settings) -> Iterator[str]:
    """What a demo may have and a production portal must not."""
    if settings.secret == DEMO_SECRET or len(settings.secret) < 32:
        yield "PORTAL_SECRET must be a random text of at least 32 characters, not the demo’s."
    if settings.clock:
        yield "PORTAL_CLOCK is for demo and tests only: leave it out."
    if not settings.smtp:
        yield "PORTAL_SMTP must name the mail server: without one e-mails would stay in the demo’s mailbox."
    if settings.mail_from == DEMO_SENDER:
        yield "PORTAL_MAIL_FROM must be your own address: the demo’s belongs to nobody."
    if settings.domain == DEMO_DOMAIN:
        yield "PORTAL_DOMAIN must be the domain below which the country sites are reached."
    if not settings.proxies:
        yield "PORTAL_PROXIES must name the proxy that speaks https with the customers, as 127.0.0.1."
    if settings.rate_limit_storage.startswith("memory:") and settings.web_processes > 1:
        yield (
            "PORTAL_RATE_LIMITS must name Redis, as redis://127.0.0.1:6379/1: counted in memory, each of"
            " several web processes would grant the limit anew. For a single one say PORTAL_WEB_PROCESSES=1."
        )
    if settings.keeps_data_in_folder and not settings.data.is_absolute():
        yield "PORTAL_DATA must be an absolute path, so that all processes mean the same folder."


def read_settings(env: Mapping[str, str] | None = None) -> Settings:
    """All that is wrong is said at once."""
    env = os.environ if env is None else env
    problems: list[str] = []

    def read(reader: Callable[[Mapping[str, str]], Read], otherwise: Read) -> Read:
        try:
            return reader(env)
        except SettingsError as problem:
            problems.extend(problem.problems)
            return otherwise

    demo: Mode = "demo"
    mode = read(_mode, demo)
    pattern, single = read(_databases, _NO_DATABASES)
    secret = env.get("PORTAL_SECRET") or DEMO_SECRET
    settings = Settings(
        mode=mode,
        data=Path(env.get("PORTAL_DATA") or "var"),
        tenants=Path(env.get("PORTAL_TENANTS") or resource_folder("tenants")),
        domain=(env.get("PORTAL_DOMAIN") or DEMO_DOMAIN).lower(),
        port=read(_port, 8000),
        public_port=read(_public_port, 443),
        scheme="https" if mode == "production" else "http",
        secret=secret,
        vault_key=env.get("PORTAL_VAULT_KEY") or secret,
        clock=read(_clock, None),
        smtp=read(_smtp, None),
        mail_from=env.get("PORTAL_MAIL_FROM") or DEMO_SENDER,
        database=pattern,
        databases=single,
        rate_limit_storage=read(_rate_limits, DEMO_LIMITS),
        queue=read(_queue, None),
        proxies=read(_proxies, ()),
        web_processes=read(_web_processes, 1),
        metrics=Path(folder) if (folder := env.get("PORTAL_METRICS")) else None,
        stripe=read(_stripe, {}),
        webhook_networks=read(lambda env: _webhook_networks(env, mode), ()),
    )
    if settings.production:
        said = {problem.split()[0] for problem in problems}
        problems.extend(one for one in _unfit_for_production(settings) if one.split()[0] not in said)
    if problems:
        raise SettingsError(*dict.fromkeys(problems))
    return settings
