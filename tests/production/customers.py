"""Who uses the portal while its processes are killed: customers with a browser, and the shop."""

from __future__ import annotations

import gzip
import http.client
import json
import re
import socket
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.message import Message
from pathlib import Path
from threading import Event
from typing import Any
from urllib.parse import urlencode, urljoin, urlsplit

from tests.browser.server import AT_SITE
from tests.production.set_up import DOMAIN, Production, until_mailed
from tests.support.orders import an_order
from tests.support.page import Page

LONGEST_PAUSE = 6.0
PASSWORD = "sept grues jaunes au matin"


class _Tls(http.client.HTTPSConnection):
    """To this machine, whatever the name is that the certificate must have."""

    def __init__(self, host: str, port: int, context: ssl.SSLContext) -> None:
        super().__init__(host, port, timeout=15, context=context)
        self._tls = context

    def connect(self) -> None:
        raw = socket.create_connection(("127.0.0.1", self.port), 15)
        self.sock = self._tls.wrap_socket(raw, server_hostname=self.host)


@dataclass
class Answer:
    status: int
    headers: Message
    text: str

    @property
    def page(self) -> Page:
        return Page(self.text)


@dataclass
class Browser:
    """Loads a page a second time where the first one failed, after the pause that was asked for; as people do."""

    production: Production
    site: str
    cookie: str = ""
    loads: int = 0
    repeated: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.context = ssl.create_default_context(cafile=str(self.production.trusted))

    @property
    def origin(self) -> str:
        return f"https://{self.site}.{DOMAIN}:{self.production.ports['https']}"

    def ask(self, path: str, form: Mapping[str, str] | None = None) -> Answer:
        self.loads += 1
        what = f"{'POST' if form is not None else 'GET'} {path}"
        first = self._try(path, form)
        if first.status < 500 and first.status:
            return first
        self.repeated.append(f"{what}: {first.status}")
        failed_at = time.monotonic()
        time.sleep(min(LONGEST_PAUSE, float(first.headers.get("Retry-After") or 2)))
        second = self._try(path, form)
        if second.status >= 500 or not second.status:
            when = f"{failed_at:.1f} and {time.monotonic():.1f}"
            self.failed.append(f"{what}: {first.status}, then {second.status}, at {when}")
        return second

    def _try(self, path: str, form: Mapping[str, str] | None) -> Answer:
        """Status 0: nobody answered."""
        host = f"{self.site}.{DOMAIN}"
        connection = _Tls(host, self.production.ports["https"], self.context)
        headers = {"Accept-Encoding": "gzip", "Accept-Language": self.site, "Cookie": self.cookie}
        if form is not None:
            headers |= {"Origin": self.origin, "Content-Type": "application/x-www-form-urlencoded"}
        try:
            body = urlencode(form) if form is not None else None
            connection.request("GET" if form is None else "POST", path, body, headers)
            answer = connection.getresponse()
            return self._read(answer)
        except (OSError, http.client.HTTPException) as problem:
            return Answer(0, Message(), repr(problem))
        finally:
            connection.close()

    def _read(self, answer: http.client.HTTPResponse) -> Answer:
        content = answer.read()
        if answer.headers.get("Content-Encoding") == "gzip":
            content = gzip.decompress(content)
        if cookie := answer.headers.get("Set-Cookie"):
            assert cookie.startswith("__Host-session=") and "Secure" in cookie
            self.cookie = cookie.split(";")[0]
        return Answer(answer.status, answer.headers, content.decode())

    def follow(self, answer: Answer) -> Page:
        for _step in range(5):
            if answer.status == 200:
                return answer.page
            assert answer.status in (302, 303), f"{answer.status}: {answer.text[:300]}"
            place = urlsplit(urljoin(self.origin, answer.headers["Location"]))
            answer = self.ask(place.path + (f"?{place.query}" if place.query else ""))
        raise AssertionError("led on and on")

    def submit(self, page: Page, action: str, **typed: str) -> Page:
        (form,) = [one for one in page.all("form", method="post") if one.get("action") in (action, "")]
        named = {one["name"]: one.get("value") for one in form.all("input") if "name" in one}
        assert typed.keys() <= named.keys(), f"{typed.keys()} into {named.keys()}"
        return self.follow(self.ask(action, {**named, **typed}))


@dataclass
class Customer:
    """Each of them, and each thing about them, can be told apart in a log."""

    site: str
    number: int

    @property
    def mark(self) -> str:
        return f"canary{self.site}{self.number}"

    @property
    def email(self) -> str:
        return f"{self.mark}@customers.example"

    @property
    def po_number(self) -> str:
        return f"PO-{self.mark}"

    @property
    def order_number(self) -> str:
        return f"LIVE-{self.site.upper()}-{self.number:05}"

    def order(self) -> bytes:
        """Taken an hour ago by the machine's clock."""
        fields: dict[str, Any] = {
            **AT_SITE[self.site],
            "order_number": self.order_number,
            "ordered_at": (datetime.now(UTC) - timedelta(hours=1)).isoformat(timespec="seconds"),
            "purchaser.name": f"Camille {self.mark}",
            "purchaser.email": self.email,
            "account.name": f"{self.mark} SAS",
            "account.customer_number": f"{30_000_000 + self.number}",
            "account.vat_id": None,
            "purchase_order_number": f"BC {self.mark}",
        }
        return an_order(fields)


def become_a_customer(production: Production, customer: Customer) -> Browser:
    """The main job, from the mail to the changed purchase order number."""
    browser, mail = Browser(production, customer.site), production.mail
    text = until_mailed(mail, customer.email, f"/activate/{customer.order_number}")
    assert f"{browser.origin}/activate/{customer.order_number}" in text
    sign_in = browser.follow(browser.ask(f"/activate/{customer.order_number}"))
    browser.submit(sign_in, f"/activate/{customer.order_number}/password")
    letter = until_mailed(mail, customer.email, "/password/set/")
    (path,) = set(re.findall(r"/password/set/[\w-]{43}", letter))
    agreement = browser.submit(browser.follow(browser.ask(path)), path, password=PASSWORD)
    (activate,) = {one["action"] for one in agreement.all("form") if one.get("action").endswith("/activate")}
    manage = browser.submit(agreement, activate)
    change_po_number(browser, activate.removesuffix("/activate"), customer.po_number)
    assert manage.heading
    return browser


def change_po_number(browser: Browser, path: str, number: str) -> None:
    """Where the answer to the change was lost, the page shows whether it was made."""
    form = browser.follow(browser.ask(f"{path}/purchase-order"))
    (edit,) = [one for one in form.all("form") if one.get("action") == f"{path}/purchase-order"]
    named = {one["name"]: one.get("value") for one in edit.all("input") if "name" in one}
    answer = browser.ask(f"{path}/purchase-order", {**named, "po_number": number})
    assert answer.status in (303, 409), answer.status
    assert number in browser.follow(browser.ask(path)).text


@dataclass
class Shop:
    """Sends orders, and sends again what it got no answer to."""

    production: Production
    folder: Path
    acknowledged: set[str] = field(default_factory=set)
    repeated: int = 0

    def send(self, customers: list[Customer], tries: int = 10) -> None:
        file = self.folder / f"orders-{customers[0].order_number}.jsonl"
        file.write_bytes(b"".join(one.order() + b"\n" for one in customers))
        for _try in range(tries):
            done = self.production.command("orders", "import", file, "--json")
            report = json.loads(done.stdout) if done.stdout.strip().startswith("{") else {}
            if report.get("accepted", 0) + report.get("known", 0) == len(customers):
                self.acknowledged.update(one.order_number for one in customers)
                return
            self.repeated += 1
            time.sleep(1)
        raise AssertionError(f"The orders were not taken: {done.stdout} {done.stderr[-3000:]}")

    def send_until(self, stop: Event) -> None:
        number = 1000
        while not stop.is_set():
            self.send([Customer(site, number + n) for n in range(5) for site in ("fr", "de")])
            number += 5
            stop.wait(1)

    def send_batch(self, lines: list[bytes]) -> list[dict[str, Any]]:
        """Over the API and through nginx."""
        made = self.production.command("keys", "create", "a shop", "--site", "fr", "--scope", "orders:write")
        context = ssl.create_default_context(cafile=str(self.production.trusted))
        connection = _Tls(f"fr.{DOMAIN}", self.production.ports["https"], context)
        headers = {"Authorization": f"Bearer {made.stdout.strip()}", "Content-Type": "application/x-ndjson"}
        try:
            connection.request("POST", "/api/v1/batches/orders", b"\n".join(lines), headers)
            return [json.loads(line) for line in connection.getresponse().read().splitlines()]
        finally:
            connection.close()


def browse_until(stop: Event, browser: Browser) -> None:
    while not stop.is_set():
        for path in ("/sign-in", "/help", "/static/css/app.css"):
            browser.ask(path)
        stop.wait(0.2)
