"""Users whom no e-mail reaches."""

from __future__ import annotations

from collections.abc import Callable

from tests.support.cast import ALICE, ERIN, KIM, Actor
from tests.support.client import SiteClient, said
from tests.web.licensed import address, as_actor, fail, hold_all, plain
from webapp.assembly import Portal
from webapp.data.accounts import Person
from webapp.data.outbox import DEAD, SENT

__all__ = ["address", "as_actor"]


def test_who_can_not_be_reached_is_told_why_and_what_to_do(
    alice: SiteClient, as_actor: Callable[[Actor], SiteClient], portal: Portal, address: str
) -> None:
    assert not alice.page(address).all("div", id="undelivered")
    fail(portal, address, ALICE.email, told="552 5.2.2 Over quota")
    note = alice.page(address).one("div", id="undelivered")
    assert said(alice, "The last email came back: the mailbox is full.") in note.text
    assert note.one("a", href="/profile/email")
    for actor in (KIM, ERIN):
        seen = as_actor(actor).page(address).one("div", id="undelivered")
        assert ALICE.name in seen.text and not seen.all("a")
    fail(portal, address, ALICE.email, state=SENT, told="")
    assert not alice.page(address).all("div", id="undelivered")


def test_users_who_can_not_be_reached_are_counted_and_named_among_the_users(
    alice: SiteClient, as_actor: Callable[[Actor], SiteClient], portal: Portal, address: str
) -> None:
    hold_all(portal, address, "zoe", "max")
    fail(portal, address, "zoe@example.com", "zoe@example.com", state=DEAD, told="TimeoutError")
    fail(portal, address, "max@example.com", told="554 5.7.1 Spam")
    fail(portal, address, KIM.email)  # holds no licence
    note = alice.page(address).one("div", id="unreached")
    assert "2 utilisateurs" in plain(note.text) and note.one("a", href=f"{address}/users?show=unreached")
    users = alice.page(f"{address}/users?show=unreached").one("ul", class_="people seats").all("li")
    lines = {line.one("strong").text: line.text for line in users if line.get("id").startswith("seat-")}
    assert set(lines) == {"Max", "Zoe"}
    assert (
        said(alice, "The last email was refused by the recipient’s mail server as unwanted.") in lines["Max"]
    )
    assert not as_actor(ERIN).page(address).all("div", id="unreached")
    with portal.at(portal.sites["fr"]):
        Person.update(email="zoe@example.org").where(Person.email == "zoe@example.com").execute()
    assert "1 utilisateur" in plain(alice.page(address).one("div", id="unreached").text)
