"""That it works at all: the sweep's changes, each made by who may make it."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO

from tests.support.cast import ALICE, ERIN, HANDED_OVER, KIM
from tests.web.asking import Asker, Case
from tests.web.ground import Ground, address
from tests.web.routes import ROUTES
from tests.web.routes.shapes import Body
from webapp.payments.stand_in import DemoSession

_MAIL = """\
From: a@example.com
To: b@example.com
Subject: Hello
Date: Sun, 22 Nov 2026 12:00:00 +0000
Message-ID: <fr-1@localhost>
X-Portal-Site: fr
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary="-"

---
Content-Type: text/html; charset="utf-8"

<p>Hello</p>
---
Content-Type: application/pdf
Content-Disposition: attachment; filename="fr-1@localhost.eml"

%PDF-
-----
"""


def walk(asker: Asker, ground: Ground) -> Iterator[str]:
    """Each change, made by who may make it."""

    def attack(endpoint: str) -> Body:
        return ground.attack(ROUTES[endpoint], "fr")

    active, last = (ground.cast.row(ALICE, state).public_id for state in ("active", "last-days"))
    handed_over = ground.cast.row(ALICE, HANDED_OVER).public_id
    colleague = attack("transfer.submit")
    seat = ground.cast.row(ALICE, "active").seat_key
    thief = attack("invoice_recipients.add")
    yield from asker.ask(ground.by(KIM, "backup.leave", "POST", active, 303, writes=True))
    for endpoint, value, body in (
        ("sign_in.submit", "", {"email": ALICE.email, "password": ALICE.password}),
        ("passwords.send_link", "", {"email": ALICE.email}),
        ("passwords.save", ground.tokens["fr"]["live"], {"password": "a spade and a shovel"}),
        ("activation.activate", last, attack("activation.activate")),
        ("purchase_orders.save", active, {"po_number": "4500071236", "version": "0"}),
        ("cancellation.plan", active, attack("cancellation.plan")),
        ("cancellation.undo", active, attack("cancellation.undo")),
        ("quantity.add", active, attack("quantity.add")),
        ("quantity.reduce", active, attack("quantity.reduce")),
        ("quantity.keep", active, attack("quantity.keep")),
        ("payment_methods.by_direct_debit", active, attack("payment_methods.by_direct_debit")),
        ("payment_methods.by_invoice", active, {"version": "1"}),
        ("cards.begin", active, {"version": "2"}),
        ("billing_details.save", active, attack("billing_details.save")),
        ("invoice_recipients.add", active, thief),
        ("invoice_recipients.send_again", active, thief),
        ("invoice_recipients.remove", active, thief),
        ("invoice_recipients.confirm", ground.address_tokens["fr"]["live"], {}),
        ("transfer.take_back", handed_over, {}),
        ("backup.save", active, colleague),
        ("seats.save", seat, {"job_site": "Quai 7", "version": "0"}),
        ("seats.revoke", seat, {}),
        ("seats.restore", seat, {}),
        ("seats.revoke", seat, {}),
        ("seats.invite_again", seat, {}),
        ("invitations.submit", active, {"addresses": "newcomer@example.com"}),
        ("seat_files.upload", active, {"file": (BytesIO(b"max@example.com"), "people.csv")}),
        ("seat_files.check", active, {}),
        ("seat_files.discard", active, {}),
        ("transfer.submit", active, colleague),
        ("profile.save_name", "", {"name": ALICE.name}),
        ("second_factor.change", "", {"do": "start", "password": ALICE.password}),
        ("profile.ask_email", "", {"email": "alice@example.org", "password": ALICE.password}),
        ("profile.confirm_email", ground.email_tokens["fr"]["live"], {}),
        ("claims.ask", "", attack("claims.ask")),
        ("claims.prove", ground.proof_tokens["fr"]["live"], {}),
        ("claims.object_by_link", ground.objection_tokens["fr"]["live"], {}),
        ("profile.end_session", "", {"session": ground.another_session(ALICE)}),
        ("accounts.look_at", "", {"account": ALICE.company.number}),
    ):
        yield from asker.ask(ground.by(ALICE, endpoint, "POST", value, 303, body=body, writes=True))
    own_password = {"current": KIM.password, "password": "a spade and a shovel"}
    named = attack("members.change_billing")
    for actor, endpoint, value, body in (
        (ERIN, "members.change_billing", "", named),
        (KIM, "claims.withdraw", ground.claims["fr"], {}),
        (KIM, "profile.change_password", "", own_password),
        (KIM, "profile.end_all_sessions", "", {}),
    ):
        lead = "/sign-in" if endpoint == "profile.end_all_sessions" else ""
        facts = {"body": body, "writes": True, "location": lead}
        yield from asker.ask(ground.by(actor, endpoint, "POST", value, 303, **facts))
    opened = ground.by(ALICE, "calendar_feed.open_feed", "POST", "", 200, writes=True)
    yield from asker.ask(opened)
    closed = ground.by(ALICE, "calendar_feed.close_feed", "POST", "", 303, writes=True)
    yield from asker.ask(closed)
    out = ground.by(ALICE, "sign_in.leave", "POST", "", 303, writes=True, location="/sign-in")
    yield from asker.ask(out)


def demo(asker: Asker, ground: Ground) -> Iterator[str]:
    """The mailbox of the bare domain, with a mail in it."""
    name, missing = "fr-1@localhost.eml", "fr-2@localhost.eml"
    folder = ground.portal.settings.data / "mailbox"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(_MAIL, encoding="utf-8")
    setup = f"cs_demo_{'0' * 32}"
    begun = DemoSession(setup, "fr", "http://fr.localhost:8000/", "http://fr.localhost:8000/")
    ground.portal.cards.give(begun, "visa")
    there = {"mail": {name: 200, missing: 404}, "card session": {setup: 200, setup[:-1] + "1": 404}}
    for endpoint, route in ROUTES.items():
        for value, status in there.get(route.names, {"": 200}).items() if route.who == "demo" else ():
            for method in route.answers:
                expected = 303 if (method, status) == ("POST", 200) else status
                yield from asker.ask(Case(endpoint, "", method, address(route, value), expected))
