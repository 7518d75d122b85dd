"""Agents sign in to the console with two factors, and see nothing before both were shown."""

from __future__ import annotations

import json

import pytest
from flask import Flask

from tests.conftest import TestClock
from tests.support.agents import (
    AGENT_PASSWORD,
    SAM,
    TONI,
    console_client,
    keep_agent,
    show_password,
    signed_in_agent,
)
from tests.support.cast import ALICE
from tests.support.client import SiteClient, client_at, page_of, said, signed_in
from tests.web.conftest import on_sqlite
from webapp.assembly import Portal
from webapp.data.agents import Agent, AgentEvent, AgentSession
from webapp.domain.limits import TooOften
from webapp.domain.people import totp
from webapp.domain.support import agent_sign_in, agents

PAGES = ("/console", "/agent", "/agent/app", "/agent/password")
HALF_PAGES = ("/agent/proof", "/agent/set-up", "/agent/app/code")


def events(portal: Portal) -> list[str]:
    with portal.support.bound():
        return [event.action for event in AgentEvent.select().order_by(AgentEvent.id)]


def test_an_agent_shows_password_and_code_and_each_step_is_noted(app: Flask, portal: Portal) -> None:
    keep_agent(portal)
    page = signed_in_agent(app).page("/console")
    assert SAM.name in page.text and "France" in page.text and "Germany" not in page.text
    assert events(portal) == ["agent.made", "agent.password_taken", "agent.signed_in"]


@on_sqlite
def test_nothing_is_shown_before_the_second_factor(app: Flask, portal: Portal) -> None:
    keep_agent(portal)
    nobody, half = console_client(app), show_password(console_client(app))
    for path in (*PAGES, *HALF_PAGES):
        assert nobody.get(path).location.startswith("/agent/sign-in"), path
    for path in PAGES:
        answer = half.get(path)
        assert (answer.status_code, answer.location.partition("?")[0]) == (303, "/agent/proof"), path
        assert SAM.name not in answer.text
    assert half.get("/agent/set-up").location.startswith("/agent/proof")
    assert half.post("/agent/app").status_code == 409  # nor set up another one
    assert half.get("/agent/app/code").status_code == 409


@on_sqlite
def test_without_a_second_factor_one_can_only_be_set_up(app: Flask, portal: Portal, clock: TestClock) -> None:
    keep_agent(portal, app=False)
    half = show_password(console_client(app))
    for path in PAGES:
        assert half.get(path).location.partition("?")[0] == "/agent/set-up", path
    page = half.follow(half.submit(half.page("/agent/set-up"), "/agent/app"))
    key = "".join(page.one("p", **{"class": "secret"}).text.split())
    wrong = half.submit(page, "/agent/app/code", code="000000")
    assert wrong.status_code == 422 and key[:4] in wrong.text  # the same key goes on
    done = half.submit(page, "/agent/app/code", code=totp.code_at(key, clock.now))
    assert "Western Europe" in half.follow(done).text


@on_sqlite
def test_unknown_addresses_wrong_passwords_and_disabled_agents_hear_the_same(
    app: Flask, portal: Portal
) -> None:
    keep_agent(portal)
    keep_agent(portal, TONI)
    with portal.support.bound():
        agents.disable(agents.find(TONI.email), now=portal.clock())
    console = console_client(app)
    tried = [("nobody@support.example", AGENT_PASSWORD), (SAM.email, "wrong"), (TONI.email, AGENT_PASSWORD)]
    answers = [
        console.submit(console.page("/agent/sign-in"), email=email, password=password)
        for email, password in tried
    ]
    assert {answer.status_code for answer in answers} == {422}
    texts = {
        page_of(answer).text.replace(email, "") for (email, _), answer in zip(tried, answers, strict=True)
    }
    assert len(texts) == 1 and said(None, "The email address or the password is not right.") in texts.pop()
    assert events(portal).count("agent.sign_in_failed") == 3


@on_sqlite
def test_a_code_works_once_and_the_one_before_not_after_it(
    app: Flask, portal: Portal, clock: TestClock
) -> None:
    keep_agent(portal)
    earlier = SAM.code(clock.now)
    clock.forward(seconds=30)
    signed_in_agent(app)
    again = show_password(console_client(app))
    for used in (SAM.code(clock.now), earlier):
        assert again.submit(again.page("/agent/proof"), "/agent/proof", code=used).status_code == 422
    clock.forward(seconds=30)
    right = again.submit(again.page("/agent/proof"), "/agent/proof", code=SAM.code(clock.now))
    assert right.status_code == 303


@on_sqlite
def test_guessing_ends_after_a_few_tries_even_with_the_right_code(
    app: Flask, portal: Portal, clock: TestClock
) -> None:
    keep_agent(portal)
    half = show_password(console_client(app))
    page = half.page("/agent/proof")
    for _time in range(5):
        assert half.submit(page, "/agent/proof", code="000000").status_code == 422
    locked = half.submit(page, "/agent/proof", code=SAM.code(clock.now))
    assert locked.status_code == 429 and int(locked.headers["Retry-After"]) > 200
    clock.forward(minutes=6)
    assert half.submit(page, "/agent/proof", code=SAM.code(clock.now)).status_code == 303


@on_sqlite
def test_passwords_are_tried_ten_times(portal: Portal, clock: TestClock) -> None:
    keep_agent(portal)
    told = {"network": "", "user_agent": "", "now": clock.now}
    with portal.support.bound():
        for _time in range(10):
            with pytest.raises(agent_sign_in.AgentRefused):
                agent_sign_in.show_password(SAM.email, "wrong", **told)  # type: ignore[arg-type]
        with pytest.raises(TooOften):
            agent_sign_in.show_password(SAM.email, AGENT_PASSWORD, **told)  # type: ignore[arg-type]


@on_sqlite
@pytest.mark.parametrize(
    ("steps", "minutes"), [((31,), 31), ((29,) * 25, 12 * 60 + 5)], ids=["idle", "at the end of the day"]
)
def test_a_session_ends(
    steps: tuple[int, ...], minutes: int, app: Flask, portal: Portal, clock: TestClock
) -> None:
    keep_agent(portal)
    sam = signed_in_agent(app)
    clock.forward(minutes=29)
    assert sam.get("/console").status_code == 200
    for step in steps[:-1]:
        clock.forward(minutes=step)
        sam.get("/console")
    clock.forward(minutes=steps[-1])
    assert sam.get("/console").location == "/agent/sign-in"


@on_sqlite
def test_half_a_sign_in_does_not_wait_for_long(app: Flask, portal: Portal, clock: TestClock) -> None:
    keep_agent(portal)
    half = show_password(console_client(app))
    clock.forward(minutes=16)
    answer = half.post("/agent/proof", data={"code": SAM.code(clock.now)})
    assert answer.location == "/agent/sign-in"


def test_who_is_disabled_is_out_at_once_and_who_signs_out_too(
    app: Flask, portal: Portal, clock: TestClock
) -> None:
    keep_agent(portal)
    sam = signed_in_agent(app)
    with portal.support.bound():
        assert agents.disable(agents.find(SAM.email), now=clock.now)
        assert agents.enable(agents.find(SAM.email), now=clock.now)
    assert sam.get("/console").location == "/agent/sign-in"  # not even after that
    clock.forward(seconds=60)
    sam = signed_in_agent(app)
    cookie = sam.get_cookie("session", domain="support.localhost")
    assert cookie and sam.post("/agent/sign-out").location == "/agent/sign-in"
    sam.set_cookie("session", cookie.value, domain="support.localhost")
    assert sam.get("/console").location == "/agent/sign-in"


@on_sqlite
def test_regions_are_those_of_the_moment(app: Flask, portal: Portal, clock: TestClock) -> None:
    keep_agent(portal)
    sam = signed_in_agent(app)
    with portal.support.bound():
        agents.set_regions(agents.find(SAM.email), ["dach"], known=portal.regions, now=clock.now)
    page = sam.page("/console")
    assert "Austria" in page.text and "France" not in page.text


@on_sqlite
def test_cookies_of_console_sites_and_visits_are_worth_nothing_to_each_other(
    app: Flask, portal: Portal
) -> None:
    keep_agent(portal)
    sam, alice = signed_in_agent(app), signed_in(app, ALICE)
    of_agent = sam.get_cookie("session", domain="support.localhost")
    of_alice = alice.get_cookie("session", domain="fr.localhost")
    assert of_agent and of_alice
    fr, console = client_at(app, "fr"), console_client(app)
    fr.set_cookie("session", of_agent.value, domain="fr.localhost")
    console.set_cookie("session", of_alice.value, domain="support.localhost")
    assert fr.get("/subscriptions").location.startswith("/sign-in")
    assert console.get("/console").location.startswith("/agent/sign-in")
    visit = SiteClient(app, None)
    visit.origin = "http://fr.support.localhost:8000"
    for value in (of_agent.value, of_alice.value):
        visit.set_cookie("session", value, domain="fr.support.localhost")
        answer = visit.get("/subscriptions")
        assert answer.status_code in (303, 404), answer.status


@on_sqlite
def test_customers_pages_are_not_at_the_console_and_its_pages_not_elsewhere(
    app: Flask, portal: Portal, fr: SiteClient, front: SiteClient
) -> None:
    keep_agent(portal)
    sam = signed_in_agent(app)
    assert {sam.get(path).status_code for path in ("/subscriptions", "/sign-in", "/profile")} == {404}
    for client in (fr, front):
        assert {client.get(path).status_code for path in ("/console", "/agent", "/agent/sign-in")} == {404}


@on_sqlite
def test_a_link_of_the_operator_lets_choose_a_password_once(
    app: Flask, portal: Portal, clock: TestClock
) -> None:
    keep_agent(portal)
    sam = signed_in_agent(app)
    with portal.support.bound():
        link = f"/agent/link/{agents.reset_factors(agents.find(SAM.email), now=clock.now)}"
    assert sam.get("/console").location == "/agent/sign-in"  # what they had ends
    console = console_client(app)
    old = console.submit(console.page("/agent/sign-in"), email=SAM.email, password=AGENT_PASSWORD)
    assert old.status_code == 422  # whoever knows the password sets up no factor with it
    page = console.page(link)
    assert console.submit(page, password="short").status_code == 422
    assert console.submit(page, password="a hammer and a chisel").location == "/agent/set-up"
    assert console.get(link).status_code == 410
    with portal.support.bound():
        late = f"/agent/link/{agent_sign_in.make_link(1, now=clock.now)}"
    clock.forward(hours=25)
    assert console.get(late).status_code == 410


@on_sqlite
def test_what_protects_an_agent_changes_only_with_their_password(
    app: Flask, portal: Portal, clock: TestClock
) -> None:
    keep_agent(portal)
    sam = signed_in_agent(app)
    assert sam.submit(sam.page("/agent/app"), "/agent/app", password="wrong").status_code == 422
    assert sam.get("/agent/app/code").location == "/agent"  # nothing was started
    form = sam.page("/agent/password")
    assert (
        sam.submit(form, "/agent/password", current="wrong", password="a hammer and a chisel").status_code
        == 422
    )
    clock.forward(seconds=60)
    other = signed_in_agent(app)
    changed = sam.submit(form, "/agent/password", current=AGENT_PASSWORD, password="a hammer and a chisel")
    assert changed.location == "/agent?done=password" and sam.get("/console").status_code == 200
    assert other.get("/console").location == "/agent/sign-in"


@on_sqlite
def test_the_only_factor_stays(app: Flask, portal: Portal) -> None:
    keep_agent(portal)
    sam = signed_in_agent(app)
    assert sam.post("/agent/app/remove", data={"password": AGENT_PASSWORD}).status_code == 409
    with portal.support.bound():
        assert Agent.get().totp_secret and AgentSession.select().count() == 1


@on_sqlite
def test_secrets_are_sealed_and_events_hold_none(app: Flask, portal: Portal) -> None:
    keep_agent(portal)
    signed_in_agent(app)
    with portal.support.bound():
        assert SAM.app_key not in Agent.get().totp_secret
        kept = json.dumps([event.details for event in AgentEvent.select()])
    assert SAM.app_key not in kept and AGENT_PASSWORD not in kept


@on_sqlite
def test_the_language_is_the_agents_own(app: Flask, portal: Portal) -> None:
    keep_agent(portal)
    sam = signed_in_agent(app)
    sam.post("/language", data={"language": "de", "next": "/console"})
    assert sam.page("/console").one("html")["lang"] == "de"
    with portal.support.bound():
        assert Agent.get().language == "de"


@on_sqlite
def test_stylesheets_and_scripts_ask_no_database(app: Flask, portal: Portal) -> None:
    keep_agent(portal)
    sam = signed_in_agent(app)
    for asset in ("css/app.css", "js/passkeys.js"):
        assert sam.get(f"/static/{asset}").status_code == 200
