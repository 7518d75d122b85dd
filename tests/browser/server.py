"""The portal as customers meet it: the production server with the demo's data, on a free port, in a process
of its own. Orders come in by the command line; mail goes out when a test says so.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from itertools import count
from pathlib import Path
from typing import Any

from tests.support.orders import an_order
from webapp.assembly import Portal, assemble
from webapp.config import read_settings
from webapp.data.accounts import Person
from webapp.data.billing import InvoiceRecipient
from webapp.data.keys import email_key
from webapp.data.subscriptions import Order, Subscription
from webapp.demo.cast import PASSWORD
from webapp.domain import tokens
from webapp.domain.lifecycle import activation
from webapp.domain.people import passwords
from webapp.jobs.registry import run_due
from webapp.mail import mailbox

CLOCK = "2026-11-22T12:00:00Z"
START_SECONDS = 30
COMMAND_SECONDS = 120

# What an order needs to be one of its site; the rest is the good order of tests/support.
AT_SITE: dict[str, dict[str, Any]] = {
    "fr": {},
    "de": {
        "site": "de",
        "language": "de",
        "account.customer_number": "20700001",
        "account.name": "Donaudampfschifffahrtselektrizitätenhauptbetriebswerk Beispielbau GmbH",
        "account.address": {
            "line1": "Musterweg 5",
            "postal_code": "20095",
            "city": "Hamburg",
            "country": "DE",
        },
        "account.vat_id": None,
    },
    "ae": {
        "site": "ae",
        "language": "ar",
        "currency": "AED",
        "account.customer_number": "90700001",
        "account.name": "Al Mithal Scaffolding L.L.C.",
        "account.address": {"line1": "P.O. Box 00000", "postal_code": None, "city": "Dubai", "country": "AE"},
        "account.vat_id": None,
    },
}


@dataclass(frozen=True, slots=True)
class Ordered:
    """An order that a test has for itself, with a purchaser nobody else is."""

    site: str
    number: str
    email: str
    name: str
    public_id: str

    @property
    def path(self) -> str:
        return f"/subscriptions/{self.public_id}"


def free_port() -> int:
    with socket.socket() as chosen:
        chosen.bind(("127.0.0.1", 0))
        return int(chosen.getsockname()[1])


@dataclass
class PortalServer:
    data: Path
    app: str = "webapp.wsgi:app"
    numbers: Iterator[int] = field(default_factory=lambda: count(1))

    def __post_init__(self) -> None:
        self.port = free_port()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("PORTAL_")}
        return {**kept, "PORTAL_DATA": str(self.data), "PORTAL_CLOCK": CLOCK, "PORT": str(self.port)}

    @cached_property
    def portal(self) -> Portal:
        """The same sites, databases and clock, in this process."""
        return assemble(read_settings(self.environment))

    def origin(self, site: str | None) -> str:
        return self.portal.settings.origin(site)

    # ---- its process

    def start(self) -> None:
        self.data.mkdir(parents=True, exist_ok=True)
        self.command("demo", "--no-serve")
        self.serve()

    def serve(self) -> None:
        command = [
            *(sys.executable, "-m", "granian", "--interface", "wsgi", "--host", "127.0.0.1"),
            *("--port", str(self.port), "--workers", "1", "--blocking-threads", "4"),
            *("--log-level", "warning", self.app),
        ]
        with (self.data / "server.log").open("ab") as log:
            self._process = subprocess.Popen(command, env=self.environment, stdout=log, stderr=log)
        self._wait_until_it_answers()

    def _wait_until_it_answers(self) -> None:
        give_up = time.monotonic() + START_SECONDS
        while time.monotonic() < give_up and self._process and self._process.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
                return
            except OSError:
                time.sleep(0.05)
        raise RuntimeError(f"The server did not start:\n{self.log()}")

    def log(self) -> str:
        return (self.data / "server.log").read_text(encoding="utf-8", errors="replace")[-4000:]

    def stop(self) -> None:
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(10)
        self._process = None

    def end(self) -> None:
        self.stop()
        self.portal.databases.close_all()
        self.portal.support.close_all()

    @contextmanager
    def out_of_order(self) -> Iterator[None]:
        """Nobody answers on the port for a while."""
        self.stop()
        try:
            yield
        finally:
            self.serve()

    # ---- what happens behind the pages

    def command(self, *arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "webapp.commands", *arguments],
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=COMMAND_SECONDS,
        )
        assert done.returncode == 0, f"portal {' '.join(arguments)}: {done.stdout}\n{done.stderr}"
        return done.stdout

    def order(self, site: str = "fr", **fields: Any) -> Ordered:
        """One more order of the shop, through `portal orders import`."""
        return self.orders(1, site, **fields)[0]

    def orders(self, size: int, site: str = "fr", **fields: Any) -> list[Ordered]:
        """So many orders of one purchaser in one file."""
        number = next(self.numbers)
        purchaser = {
            "purchaser.email": f"purchaser{number}@browser.example",
            "purchaser.name": f"Camille Exemple {number}",
            "ordered_at": "2026-11-20T09:14:22+01:00",
            **AT_SITE[site],
            **fields,
        }
        order_numbers = [f"BROWSER-{number:04}-{line:02}" for line in range(1, size + 1)]
        file = self.data / f"orders-{number}.jsonl"
        file.write_bytes(
            b"".join(an_order({"order_number": one, **purchaser}) + b"\n" for one in order_numbers)
        )
        report = json.loads(self.command("orders", "import", str(file), "--json"))
        assert (report["accepted"], report["refused"]) == (size, 0), report
        email, name = str(purchaser["purchaser.email"]), str(purchaser["purchaser.name"])
        return [Ordered(site, one, email, name, self._public_id(site, one)) for one in order_numbers]

    def _public_id(self, site: str, order_number: str) -> str:
        with self.portal.at(self.portal.sites[site]):
            bought = Subscription.select().join(Order).where(Order.order_number == order_number).get()
        return str(bought.public_id)

    def deliver_mail(self, site: str) -> None:
        for result in run_due(self.portal, ["outbox"], [self.portal.sites[site]]):
            assert result.ok, result.error

    def give_password(self, site: str, email: str) -> None:
        with self.portal.at(self.portal.sites[site]):
            hashed = passwords.hash_password(PASSWORD)
            person = Person.email_key == email_key(email)
            assert Person.update(password_hash=hashed).where(person).execute() == 1

    def subscription_of(self, site: str, email: str, *wanted: Any) -> Subscription:
        """The first by name that this person administers and the conditions hold for."""
        with self.portal.at(self.portal.sites[site]):
            return (
                Subscription.select(Subscription, Order)
                .join(Person, on=(Subscription.administrator == Person.id))
                .switch(Subscription)
                .join(Order)
                .where(Person.email_key == email_key(email), *wanted)
                .order_by(Subscription.sort_key, Subscription.id)
                .get()
            )

    def order_number_of(self, site: str, email: str, *wanted: Any) -> str:
        found = self.subscription_of(site, email, *wanted)
        with self.portal.at(self.portal.sites[site]):
            return str(found.order.order_number)

    def password_token(self, site: str, email: str) -> str:
        """What a mailed link to set a password would hold."""
        with self.portal.at(self.portal.sites[site]):
            person = Person.get(Person.email_key == email_key(email))
            return tokens.mint(
                tokens.SET_PASSWORD, person=person, minutes=60, next_path="", now=self.portal.clock()
            )

    def address_token(self, site: str) -> str:
        """What a mailed link to confirm an address for invoices would hold."""
        with self.portal.at(self.portal.sites[site]):
            recipient = InvoiceRecipient.get(InvoiceRecipient.confirmed_at.is_null())
            owner = {"person": None, "recipient": recipient}
            now = self.portal.clock()
            return tokens.mint(tokens.INVOICE_ADDRESS, **owner, minutes=60, next_path="", now=now)

    def newest_mail_name(self) -> str:
        return mailbox.list_mails(mailbox.mailbox_folder(self.portal.settings), limit=1)[0].name

    def po_number(self, ordered: Ordered) -> str:
        return str(
            self.subscription_of(
                ordered.site, ordered.email, Subscription.public_id == ordered.public_id
            ).po_number
        )

    def active_order(self, site: str = "fr", **fields: Any) -> Ordered:
        """An order of its own whose purchaser has a password and has accepted the agreement."""
        ordered = self.order(site, **fields)
        self.give_password(site, ordered.email)
        bought = self.subscription_of(site, ordered.email)
        with self.portal.at(self.portal.sites[site]) as here:
            administrator = Person.get(Person.email_key == email_key(ordered.email))
            text = here.agreement(bought.agreement_key, administrator.language)
            activation.activate(
                bought,
                agreement=text,
                shown_sha256=text.sha256,
                shown_language=administrator.language,
                actor=administrator,
                now=self.portal.clock(),
            )
        return ordered
