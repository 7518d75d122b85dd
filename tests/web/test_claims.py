"""“Our administrator has left” in the portal: bob claims what alice administers, link by link and page by page."""

from __future__ import annotations

from collections.abc import Sequence

import peewee as pw
import pytest
from flask import Flask

from tests.conftest import TestClock
from tests.support.agents import SAM, TONI, keep_agent, signed_in_agent
from tests.support.cast import ALICE, BOB, CHARLIE, ERIN, FRANK, KIM, Cast
from tests.support.client import SiteClient, client_at, said, signed_in
from tests.support.letters import Letter, fetch_letters
from tests.support.visits import visiting
from webapp.assembly import Portal
from webapp.data.accounts import Person
from webapp.data.claims import DISPUTED, GRANTED, OPEN, REFUSED, Claim
from webapp.data.database import current_site
from webapp.data.subscriptions import Subscription
from webapp.domain.claims import claims
from webapp.jobs.claims import settle_claims
from webapp.jobs.registry import run_due

LEFT = "Alice works elsewhere since October."


@pytest.fixture
def active(cast: Cast) -> str:
    return cast.row(ALICE, "active").public_id


@pytest.fixture
def bob(app: Flask) -> SiteClient:
    return signed_in(app, BOB)


def letters(portal: Portal) -> dict[str, Letter]:
    """The waiting ones, by whom they go to."""
    return {letter.to: letter for letter in fetch_letters(portal, "fr")}


def claim(client: SiteClient, portal: Portal, number: str) -> dict[str, Letter]:
    """From the form to the notices, which are given back."""
    fetch_letters(portal, "fr")
    answer = client.post("/claims", data={"subscription": number, "reason": LEFT})
    assert answer.location == "/claims?done=asked"
    (letter,) = fetch_letters(portal, "fr")
    assert client.submit(client.page(letter.path), letter.path).location == "/claims?done=proven"
    return letters(portal)


def stands(portal: Portal, cast: Cast) -> tuple[str, str]:
    """The claim's state, and who administers alice's active subscription."""
    with portal.at(portal.sites["fr"]):
        found = Claim.select().order_by(Claim.id.desc()).first()
        subscription = Subscription.get_by_id(cast.row(ALICE, "active").id)
        return found.state if found else "", str(subscription.administrator.email)


def test_the_whole_story_with_nobody_objecting(
    app: Flask, bob: SiteClient, alice: SiteClient, portal: Portal, cast: Cast, active: str, clock: TestClock
) -> None:
    assert "/claims" in bob.page("/subscriptions").links
    assert said(bob, "Our administrator has left") in bob.page("/help").text
    shown = bob.page("/claims")
    assert active in {box["value"] for box in shown.all("input", type="checkbox")}
    assert ALICE.email not in shown.text
    told = claim(bob, portal, active)
    assert set(told) == {ALICE.email, FRANK.email, KIM.email}
    assert LEFT in told[ALICE.email].text
    assert active in bob.page("/claims?done=proven").text
    assert BOB.name in alice.page(f"/subscriptions/{active}").text
    assert LEFT in alice.page(f"/subscriptions/{active}/claim").text
    clock.forward(days=9)
    with portal.at(portal.sites["fr"]):
        assert Claim.get().object_before <= clock.now
    assert [result.counts for result in run_due(portal, ["claims"], [portal.sites["fr"]])] == [
        {"handed_over": 1, "overtaken": 0}
    ]
    assert stands(portal, cast) == (GRANTED, BOB.email)
    assert set(letters(portal)) >= {ALICE.email, FRANK.email, KIM.email, BOB.email}
    bob, alice = signed_in(app, BOB), signed_in(app, ALICE)
    page = bob.page(f"/subscriptions/{active}")
    assert said(bob, "Nobody objected to the handover to %(name)s", name=BOB.name) in page.text
    assert alice.get(f"/subscriptions/{active}").status_code == 404
    assert alice.get(f"/subscriptions/{active}/transfer/take-back").status_code == 404


def test_the_old_administrator_objects_from_the_mail_without_signing_in(
    app: Flask, bob: SiteClient, portal: Portal, cast: Cast, active: str
) -> None:
    told = claim(bob, portal, active)
    path, nobody = told[ALICE.email].path, client_at(app, "fr")
    for _scanner in range(3):
        assert BOB.email in nobody.page(path).text
    assert stands(portal, cast) == (OPEN, ALICE.email)
    done = nobody.follow(nobody.submit(nobody.page(path), path))
    assert done.heading == said(nobody, "You have objected")
    assert stands(portal, cast) == (DISPUTED, ALICE.email)
    assert nobody.get(path).status_code == 410
    assert set(letters(portal)) == {BOB.email}
    assert said(bob, "Somebody objected: our support decides") in bob.page("/claims").text


def test_the_administrator_objects_on_the_page_of_the_subscription(
    bob: SiteClient, alice: SiteClient, portal: Portal, cast: Cast, active: str
) -> None:
    claim(bob, portal, active)
    address = f"/subscriptions/{active}/claim"
    assert [button["value"] for button in alice.page(address).all("button", name="do")] == ["object"]
    for decision in ("approve", "refuse"):  # that is the backup's
        assert alice.post(address, data={"do": decision, "reason": "No."}).status_code == 404
    page = alice.follow(alice.post(address, data={"do": "object", "reason": "I am here."}))
    assert said(alice, "You have objected") in page.text
    assert stands(portal, cast) == (DISPUTED, ALICE.email)
    assert alice.post(address, data={"do": "object"}).status_code == 409


@pytest.mark.parametrize(("do", "end"), [("approve", GRANTED), ("refuse", REFUSED)])
def test_the_backup_decides_at_once_from_the_manage_page(
    app: Flask, bob: SiteClient, portal: Portal, cast: Cast, active: str, do: str, end: str
) -> None:
    told = claim(bob, portal, active)
    address, kim = f"/subscriptions/{active}/claim", signed_in(app, KIM)
    assert told[KIM.email].path == address
    assert address in kim.page(f"/subscriptions/{active}").links
    refused = kim.post(address, data={"do": "refuse", "reason": ""})
    assert refused.status_code == 422
    assert stands(portal, cast) == (OPEN, ALICE.email)
    answer = kim.post(address, data={"do": do, "reason": "We talked." if do == "refuse" else ""})
    assert answer.status_code == 303
    assert stands(portal, cast) == (end, BOB.email if do == "approve" else ALICE.email)
    assert set(letters(portal)) == {ALICE.email, FRANK.email, BOB.email}
    assert kim.get(address).status_code == 404  # nothing waits any more


def test_who_claims_withdraws_and_nobody_else_can(
    app: Flask, bob: SiteClient, alice: SiteClient, portal: Portal, cast: Cast, active: str, clock: TestClock
) -> None:
    claim(bob, portal, active)
    with portal.at(portal.sites["fr"]):
        path = f"/claims/{Claim.get().key}/withdraw"
    for other in (alice, signed_in(app, KIM), signed_in(app, CHARLIE)):
        assert other.post(path).status_code == 404
    assert bob.get(path).status_code == 405
    assert said(bob, "Withdraw") in bob.page("/claims").text
    assert bob.submit(bob.page("/claims"), path).status_code == 303
    assert bob.post(path).status_code == 409
    clock.forward(days=30)
    assert settle_claims(portal, portal.sites["fr"])["handed_over"] == 0
    assert stands(portal, cast)[1] == ALICE.email


# ---- attackers


def test_who_only_knows_names_gets_the_same_answer_for_everything(
    app: Flask, portal: Portal, cast: Cast, active: str
) -> None:
    """Charlie, of another company, knows alice, the company, the product and even the number."""
    charlie = signed_in(app, CHARLIE)
    assert not charlie.page("/claims").all("input", type="checkbox")
    fetch_letters(portal, "fr")
    seen = []
    for number in (active, cast.row(FRANK, "active").public_id, "SUB-FR-999999"):
        asked = charlie.post("/claims", data={"more": number, "reason": LEFT})
        (letter,) = fetch_letters(portal, "fr")  # to charlie, and to nobody else
        assert letter.to == CHARLIE.email
        before = charlie.page(letter.path).text
        charlie.submit(charlie.page(letter.path), letter.path)
        after = charlie.page("/claims?done=proven").text
        texts = [text.replace(number, "N") for text in (asked.text, letter.text, before, after)]
        texts[1] = texts[1].replace(letter.path, "")
        seen.append((asked.status_code, *texts))
        assert not fetch_letters(portal, "fr")
    assert seen[0] == seen[1] == seen[2]
    for known in (ALICE.email, ALICE.name, "kanari-fr-ouest"):
        assert not any(known in text for text in map(str, seen[0]))
    assert stands(portal, cast) == ("", ALICE.email)


def test_names_are_no_numbers(app: Flask) -> None:
    charlie = signed_in(app, CHARLIE)
    for name in ("Fieldwire Business", "alice@example.com", "Ouest", "SUB-FR-%", "' OR 1=1 --"):
        answer = charlie.post("/claims", data={"more": name, "reason": LEFT})
        assert answer.status_code == 422
        assert LEFT in answer.text  # what was typed stays


def test_a_free_mail_address_is_refused_before_anything_is_looked_up(
    bob: SiteClient, portal: Portal, cast: Cast, active: str
) -> None:
    with portal.at(portal.sites["fr"]):
        Person.update(email="bob@gmail.com", email_key="bob@gmail.com").where(
            Person.email_key == BOB.email
        ).execute()
    fetch_letters(portal, "fr")
    for number in (active, "SUB-FR-999999"):
        answer = bob.post("/claims", data={"more": number, "reason": LEFT})
        assert answer.status_code == 422
        assert "gmail.com" in answer.text
    assert not fetch_letters(portal, "fr")


def test_a_colleague_with_another_domain_proves_nothing(
    bob: SiteClient, portal: Portal, cast: Cast, active: str
) -> None:
    with portal.at(portal.sites["fr"]):
        Person.update(email="bob@sub.example.com", email_key="bob@sub.example.com").where(
            Person.email_key == BOB.email
        ).execute()
    assert claim(bob, portal, active) == {}
    assert said(bob, "Not possible: %(named)s", named=active) in bob.page("/claims?done=proven").text
    assert stands(portal, cast)[0] == ""


def test_who_intercepts_nothing_but_guesses_gets_410_and_then_429(
    app: Flask, bob: SiteClient, portal: Portal, cast: Cast, active: str
) -> None:
    claim(bob, portal, active)
    nobody = client_at(app, "fr")
    answers = [nobody.post(f"/claims/object/{guess:043}").status_code for guess in range(35)]
    assert set(answers) == {410, 429}
    assert answers[-1] == 429
    kim = signed_in(app, KIM)
    bob.post("/claims", data={"subscription": cast.row(ALICE, "cancelled").public_id, "reason": LEFT})
    (letter,) = [one for one in fetch_letters(portal, "fr") if one.to == BOB.email]
    assert kim.get(letter.path).status_code == 410  # bob's link, in kim's session
    assert nobody.get(letter.path).status_code == 303  # sign in first
    assert stands(portal, cast) == (OPEN, ALICE.email)


def test_what_is_missing_is_said_at_its_field(bob: SiteClient, active: str) -> None:
    nothing = bob.post("/claims", data={"reason": LEFT})
    assert nothing.status_code == 422
    silent = bob.post("/claims", data={"subscription": active, "reason": ""})
    assert silent.status_code == 422
    assert f'value="{active}" checked' in silent.text


# ---- at the console


def test_agents_of_the_region_see_that_a_dispute_waits_and_no_more(
    app: Flask, bob: SiteClient, alice: SiteClient, portal: Portal, active: str
) -> None:
    for agent in (SAM, TONI):
        keep_agent(portal, agent)
    sam, toni = signed_in_agent(app, SAM), signed_in_agent(app, TONI)
    assert "/console/claims" in sam.page("/console").links
    claim(bob, portal, active)
    assert active not in sam.page("/console/claims").text  # nobody objected
    alice.post(f"/subscriptions/{active}/claim", data={"do": "object", "reason": "Secret words."})
    page = sam.page("/console/claims")
    assert active in page.text
    assert f"/visits/new?site=fr&subscription={active}" in page.links
    for hidden in (BOB.email, BOB.name, ALICE.email, LEFT, "Secret words."):
        assert hidden not in page.text
    assert active not in toni.page("/console/claims").text
    assert bob.get("/console/claims").status_code == 404


@pytest.mark.parametrize("do", ["approve", "refuse"])
def test_support_decides_a_dispute_on_a_visit(
    app: Flask, bob: SiteClient, alice: SiteClient, portal: Portal, cast: Cast, active: str, do: str
) -> None:
    keep_agent(portal, SAM)
    claim(bob, portal, active)
    waiting = claims_key(portal)
    sam = visiting(app, signed_in_agent(app, SAM), active)
    path = f"/support/claims/{waiting}"
    assert not sam.page(path).all("button", name="do")  # nobody objected: there is nothing to decide
    assert sam.post(path, data={"do": do, "reason": "Hurry."}).status_code == 404
    alice.post(f"/subscriptions/{active}/claim", data={"do": "object", "reason": "I am on leave."})
    letters(portal)
    assert path in sam.page("/support/claims").links
    assert path in sam.page(f"/subscriptions/{active}/claim").links
    page = sam.page(path)
    for told in (LEFT, "I am on leave.", BOB.email, ALICE.email):
        assert told in page.text
    assert sam.post(path, data={"do": do, "reason": " "}).status_code == 422
    assert stands(portal, cast) == (DISPUTED, ALICE.email)
    done = sam.follow(sam.post(path, data={"do": do, "reason": "We phoned the company."}))
    assert path not in done.links
    end = (GRANTED, BOB.email) if do == "approve" else (REFUSED, ALICE.email)
    assert stands(portal, cast) == end
    told_to = letters(portal)
    assert set(told_to) >= {ALICE.email, FRANK.email, KIM.email, BOB.email}
    assert all("We phoned the company." in letter.text for letter in told_to.values())
    winner = bob if do == "approve" else alice
    assert SAM.name in winner.page(f"/subscriptions/{active}").text
    assert sam.post(path, data={"do": do, "reason": "Again."}).status_code == 409


def test_another_accounts_dispute_is_not_there_on_a_visit(
    app: Flask, bob: SiteClient, alice: SiteClient, portal: Portal, cast: Cast, active: str
) -> None:
    keep_agent(portal, SAM)
    claim(bob, portal, active)
    alice.post(f"/subscriptions/{active}/claim", data={"do": "object"})
    elsewhere = visiting(app, signed_in_agent(app, SAM), cast.row(CHARLIE, "active").public_id)
    path = f"/support/claims/{claims_key(portal)}"
    assert elsewhere.get(path).status_code == 404
    assert elsewhere.post(path, data={"do": "approve", "reason": "Mine."}).status_code == 404
    assert active not in elsewhere.page("/support/claims").text
    assert bob.get(path).status_code == 404  # on the customers' own host there is no such page
    assert stands(portal, cast) == (DISPUTED, ALICE.email)


def claims_key(portal: Portal) -> str:
    with portal.at(portal.sites["fr"]):
        return str(Claim.get().key)


def test_a_site_that_does_not_answer_stops_no_other(
    app: Flask,
    bob: SiteClient,
    alice: SiteClient,
    portal: Portal,
    active: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    keep_agent(portal, SAM)
    sam = signed_in_agent(app, SAM)
    claim(bob, portal, active)
    alice.post(f"/subscriptions/{active}/claim", data={"do": "object"})
    asked = claims.disputes

    def disputes() -> Sequence[Claim]:
        if current_site().code == "gb":
            raise pw.OperationalError("no answer")
        return asked()

    monkeypatch.setattr(claims, "disputes", disputes)
    page = sam.page("/console/claims")
    assert active in page.text
    assert "Not reachable now: United Kingdom" in page.text


def test_billing_people_and_members_see_the_way_in(app: Flask, active: str) -> None:
    erin = signed_in(app, ERIN)
    assert f"/claims?id={active}" in erin.page(f"/subscriptions/{active}").links
    boxes = erin.page(f"/claims?id={active}").all("input", type="checkbox")
    assert [box["value"] for box in boxes if "checked" in box] == [active]
