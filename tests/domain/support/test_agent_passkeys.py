from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime

import pytest

from tests.conftest import TestClock
from tests.support.agents import AGENT_PASSWORD, SAM, TONI, AnAgent, keep_agent
from tests.support.authenticator import Authenticator
from webapp.assembly import Portal
from webapp.data.agents import AgentEvent, AgentPasskey, AgentToken
from webapp.domain.limits import TooOften
from webapp.domain.support import agent_factors, agent_passkeys, agent_sign_in
from webapp.domain.support.agent_passkeys import Console, PasskeyRefused
from webapp.domain.support.agent_sign_in import SignedInAgent

CONSOLE = Console("support.localhost", "http://support.localhost:8000", "Support console")
on_sqlite = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)


@pytest.fixture(autouse=True)
def _bound(portal: Portal) -> Iterator[None]:
    keep_agent(portal, SAM, app=False)
    keep_agent(portal, TONI)
    with portal.support.bound():
        yield


def half(now: datetime, who: AnAgent = SAM) -> SignedInAgent:
    told = {"network": "", "user_agent": "", "now": now}
    token = agent_sign_in.show_password(who.email, AGENT_PASSWORD, **told)
    found = agent_sign_in.agent_of_session(token, now=now)
    assert found
    return found


def a_key() -> Authenticator:
    return Authenticator(CONSOLE.origin, CONSOLE.host)


def options_to_add(agent: SignedInAgent, now: datetime) -> str:
    agent_passkeys.start(agent, now=now)
    options = agent_passkeys.options_to_add(agent, CONSOLE, now=now)
    assert options
    return options


def add(agent: SignedInAgent, answer: str, now: datetime) -> str | None:
    return agent_passkeys.add(agent, answer, name="Key", console=CONSOLE, user_agent="", now=now)


def show(agent: SignedInAgent, answer: str, now: datetime) -> str:
    return agent_passkeys.show(agent, answer, console=CONSOLE, user_agent="", now=now)


@pytest.fixture
def key(now: datetime) -> Authenticator:
    """sam's, set up."""
    made, agent = a_key(), half(now)
    assert add(agent, made.made(options_to_add(agent, now)), now)
    return made


def test_a_passkey_opens_the_console(key: Authenticator, now: datetime) -> None:
    agent = half(now)
    token = show(agent, key.shown(agent_passkeys.options_to_show(agent, CONSOLE, now=now)), now)
    whole = agent_sign_in.agent_of_session(token, now=now)
    assert whole and whole.factor == "passkey" and AgentPasskey.get().sign_count == 2
    assert agent_sign_in.session_lives(whole.session_hash, now=now)
    assert not agent_sign_in.session_lives(agent.session_hash, now=now)  # what led here has ended


@on_sqlite
@pytest.mark.parametrize(
    "attack", ["replayed", "another origin", "a visit’s origin", "another host", "another key", "an old copy"]
)
def test_what_is_not_signed_for_the_console_now_is_refused(
    attack: str, key: Authenticator, now: datetime
) -> None:
    agent = half(now)
    options = agent_passkeys.options_to_show(agent, CONSOLE, now=now)
    if attack == "replayed":
        answer = key.shown(options)
        show(agent, answer, now)
        agent = half(now)
    elif attack == "another origin":
        answer = key.elsewhere(origin="http://support.evil.example").shown(options)
    elif attack == "a visit’s origin":
        answer = key.elsewhere(origin="http://fr.support.localhost:8000").shown(options)
    elif attack == "another host":
        answer = key.elsewhere(host="localhost").shown(options)
    elif attack == "another key":
        other = a_key()
        other.number = key.number
        answer = other.shown(options)
    else:
        show(agent, key.elsewhere().shown(options), now)
        agent = half(now)
        key.signed = 0
        answer = key.shown(agent_passkeys.options_to_show(agent, CONSOLE, now=now))
    with pytest.raises(PasskeyRefused):
        show(agent, answer, now)
    assert AgentEvent.select().where(AgentEvent.action == "agent.factor_failed").count() == 1


@on_sqlite
def test_challenges_are_for_one_agent_one_purpose_and_a_while(key: Authenticator, clock: TestClock) -> None:
    now = clock.now
    agent, other = half(now), half(now, TONI)
    of_other = agent_passkeys.options_to_show(other, CONSOLE, now=now)
    with pytest.raises(PasskeyRefused):
        show(agent, key.shown(of_other), now)
    late = agent_passkeys.options_to_show(agent, CONSOLE, now=now)
    clock.forward(minutes=11)
    with pytest.raises(PasskeyRefused):
        show(half(clock.now), key.shown(late), clock.now)


@on_sqlite
@pytest.mark.parametrize(
    "answer",
    ["", "{}", "[]", "null", "[" * 5000, '{"id": 1, "response": {"clientDataJSON": "AA"}}', "x" * 30_000],
)
def test_whatever_is_sent_instead_is_refused(answer: str, key: Authenticator, now: datetime) -> None:
    agent = half(now)
    with pytest.raises(PasskeyRefused):
        show(agent, answer, now)


@on_sqlite
def test_no_byte_of_an_answer_can_be_changed(key: Authenticator, now: datetime) -> None:
    """Nor does a changed one break anything."""
    agent = half(now)
    for part in ("clientDataJSON", "authenticatorData", "signature"):
        answer = json.loads(key.shown(agent_passkeys.options_to_show(agent, CONSOLE, now=now)))
        text = answer["response"][part]
        answer["response"][part] = text[:6] + ("A" if text[6] != "A" else "B") + text[7:]
        with pytest.raises(PasskeyRefused):
            show(agent, json.dumps(answer), now)


@on_sqlite
def test_who_has_a_factor_adds_no_other_before_it_was_shown(key: Authenticator, now: datetime) -> None:
    agent = half(now)
    with pytest.raises(agent_factors.ProofFirst):
        agent_passkeys.start(agent, now=now)
    AgentToken.update(used_at=None).execute()  # even if a challenge were left over
    with pytest.raises(agent_factors.ProofFirst):
        add(agent, a_key().made('{"challenge": "AA"}'), now)


@on_sqlite
def test_one_passkey_belongs_to_one_agent(key: Authenticator, now: datetime) -> None:
    token = show(half(now), key.shown(agent_passkeys.options_to_show(half(now), CONSOLE, now=now)), now)
    whole = agent_sign_in.agent_of_session(token, now=now)
    assert whole
    with pytest.raises(PasskeyRefused):
        add(whole, key.made(options_to_add(whole, now)), now)
    assert AgentPasskey.select().count() == 1
    with pytest.raises(agent_factors.LastFactor):
        agent_passkeys.remove(whole, agent_passkeys.name_of(AgentPasskey.get()), now=now)


@on_sqlite
def test_guessing_ends(key: Authenticator, now: datetime) -> None:
    agent = half(now)
    for _time in range(5):
        with pytest.raises(PasskeyRefused):
            show(agent, "", now)
    with pytest.raises(TooOften):
        show(agent, key.shown(agent_passkeys.options_to_show(agent, CONSOLE, now=now)), now)
