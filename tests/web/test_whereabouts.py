"""The form that asks all sites: the same bytes whatever is known, at every site, with and without sign-in."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from flask import Flask

from tests.support.cast import ALICE, CHARLIE, DORA
from tests.support.client import SiteClient, client_at, page_of, said
from tests.web.conftest import on_sqlite
from webapp.assembly import Portal
from webapp.data.outbox import OutboxMessage
from webapp.data.support import WhereaboutsRequest
from webapp.domain.people import whereabouts
from webapp.jobs.registry import run_due

FORM = "/missing-subscriptions"
_NONCE = re.compile(rb"nonce[-\w]*=?['\"]?[\w-]{16,}")


def ask(client: SiteClient, email: str, address: str = "192.0.2.7") -> tuple[int, bytes, bytes]:
    """Status, and every byte of the answer and of the page that it leads to, but for what is drawn for each."""
    answer = client.post(FORM, data={"email": email}, environ_overrides={"REMOTE_ADDR": address})
    shown = client.get(answer.location) if answer.status_code == 303 else answer
    return answer.status_code, _bytes(answer), _bytes(shown)


def _bytes(answer: object) -> bytes:
    told = sorted(f"{name}: {value}" for name, value in answer.headers if name != "X-Request-Id")  # type: ignore[attr-defined]
    headers = "\n".join(told).encode()
    return _NONCE.sub(b"", headers + answer.data)  # type: ignore[attr-defined]


def queued(portal: Portal) -> list[str]:
    with portal.support.bound():
        return [request.email for request in WhereaboutsRequest.select().order_by(WhereaboutsRequest.id)]


def test_a_known_and_an_unknown_address_get_the_same_bytes(fr: SiteClient, portal: Portal) -> None:
    """Known here, known elsewhere, known nowhere, and asked about too often."""
    addresses = (ALICE.email, DORA.email, "nobody@example.org", *[CHARLIE.email] * 5)
    answers = {ask(fr, email) for email in addresses}
    assert len(answers) == 1 and next(iter(answers))[0] == 303
    assert queued(portal) == [ALICE.email, DORA.email, "nobody@example.org", *[CHARLIE.email] * 3]


def test_the_bytes_that_are_compared_are_bytes_of_the_page(fr: SiteClient) -> None:
    _status, redirect, shown = ask(fr, "nobody@example.org")
    assert b"/missing-subscriptions/asked" in redirect
    assert said(fr, "Look into your mailbox").encode() in shown
    assert b"nonce-" not in shown


def test_what_is_asked_at_one_site_is_answered_by_each_that_knows(fr: SiteClient, portal: Portal) -> None:
    """alice@example.com is another person at de."""
    ask(fr, ALICE.email)
    run_due(portal, ["whereabouts"])
    for code, number in (("fr", 1), ("de", 1), ("ch", 0)):
        with portal.at(portal.sites[code]):
            sent = OutboxMessage.select().where(OutboxMessage.kind == "whereabouts")
            assert [mail.to_email for mail in sent] == [ALICE.email] * number


def test_a_network_is_slowed_down_over_all_sites_together(
    fr: SiteClient, de: SiteClient, portal: Portal
) -> None:
    for number in range(whereabouts.PER_NETWORK.times):
        assert ask((fr, de)[number % 2], f"{number}@example.com", f"192.0.2.{number}")[0] == 303
    for client in (fr, de):
        answer = client.post(
            FORM, data={"email": "more@example.com"}, environ_overrides={"REMOTE_ADDR": "192.0.2.200"}
        )
        assert answer.status_code == 429 and int(answer.headers["Retry-After"]) > 0
    assert ask(fr, "more@example.com", "198.51.100.1")[0] == 303


@on_sqlite
@pytest.mark.parametrize(
    "typed", ["", "alice", "alice@", "a b@example.com", "x" * 300 + "@example.com", "\0@a.fr"]
)
def test_what_is_no_address_is_explained_and_kept(fr: SiteClient, portal: Portal, typed: str) -> None:
    answer = fr.post(FORM, data={"email": typed})
    assert answer.status_code == 422
    page = page_of(answer)
    assert page.one("div", role="alert").one("a")["href"] == "#email"
    assert page.one("input", id="email").get("value", "") == typed.replace("\0", "\ufffd") or "\0" in typed
    assert queued(portal) == []


@on_sqlite
def test_sign_in_help_and_the_form_lead_to_each_other(app: Flask, alice: SiteClient) -> None:
    nobody = client_at(app, "fr")
    for address in ("/sign-in", "/help"):
        assert FORM in nobody.page(address).links
    page = nobody.page(FORM)
    assert {"/sign-in", "/help#missing-answer"} <= set(page.links)
    assert said(nobody, "Why can’t I see my subscriptions?") == page.heading
    assert nobody.page("/help").one("div", id="missing-answer")
    assert alice.page(FORM).one("input", id="email")["value"] == ALICE.email


@on_sqlite
def test_reading_asks_nothing(fr: SiteClient, portal: Portal) -> None:
    fr.get(f"{FORM}?email={ALICE.email}")
    assert queued(portal) == []


@on_sqlite
def test_without_the_shared_database_the_form_says_so_and_the_site_works(
    portal: Portal, fr: SiteClient, tmp_path: Path
) -> None:
    portal.support.url = f"sqlite:///{tmp_path}"
    assert fr.post(FORM, data={"email": ALICE.email}).status_code == 503
    assert fr.get("/sign-in").status_code == 200
