"""`portal agents …`: agents are made, given regions, shut out and led back in."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from click.testing import Result

from tests.conftest import TestClock
from tests.support.agents import SAM, keep_agent
from webapp.assembly import Portal
from webapp.data.agents import Agent, AgentEvent, AgentSession
from webapp.domain.support import agent_sign_in, agents

Run = Callable[..., Result]
pytestmark = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)


@pytest.fixture
def run(type_in: Run) -> Run:
    return lambda *arguments: type_in("agents", *arguments)


def listed(run: Run) -> list[dict[str, str]]:
    found: list[dict[str, str]] = json.loads(run("list", "--json").stdout)
    return found


def test_an_agent_is_made_and_handed_a_link(run: Run, portal: Portal, clock: TestClock) -> None:
    made = run(
        "add", "ann@support.example", "--name", "Ann Ember", "--region", "dach", "--region", "americas"
    )
    address = made.stdout.strip()
    assert made.exit_code == 0 and address.startswith("http://support.localhost:8000/agent/link/")
    with portal.support.bound():
        token = address.rpartition("/")[2]
        assert agent_sign_in.agent_of_link(token, now=clock.now).name == "Ann Ember"
    assert listed(run) == [
        {
            "email": "ann@support.example",
            "name": "Ann Ember",
            "regions": "americas, dach",
            "factors": "",
            "state": "active",
        }
    ]
    assert "ann@support.example" in run("list").stdout


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (
            ("add", "x@support.example", "--name", "X", "--region", "atlantis"),
            "“atlantis” in regions.toml: dach, western-europe",
        ),
        (("add", "no address", "--name", "X", "--region", "dach"), "name@company.com"),
        (("add", SAM.email.upper(), "--name", "X", "--region", "dach"), "already"),
        (("disable", "x@support.example"), "no agent"),
        (("regions", SAM.email, "--region", "atlantis"), "atlantis"),
    ],
)
def test_slips_are_told_and_change_nothing(
    arguments: tuple[str, ...], complaint: str, run: Run, portal: Portal
) -> None:
    keep_agent(portal)
    before = listed(run)
    result = run(*arguments)
    assert result.exit_code and complaint in result.output
    assert listed(run) == before


def test_who_is_disabled_is_out_and_comes_back(run: Run, portal: Portal, clock: TestClock) -> None:
    keep_agent(portal)
    with portal.support.bound():
        AgentSession.create(token_hash="x", agent=Agent.get(), created_at=clock.now, last_seen_at=clock.now)
    assert "is disabled" in run("disable", SAM.email).stdout
    assert "before" in run("disable", SAM.email).stdout
    assert run("link", SAM.email).exit_code
    with portal.support.bound():
        assert not AgentSession.select().exists()
    assert listed(run)[0]["state"] == "disabled"
    assert "may sign in" in run("enable", SAM.email).stdout
    assert listed(run)[0] | {"state": "active"} == listed(run)[0]


def test_regions_are_replaced(run: Run, portal: Portal) -> None:
    keep_agent(portal)
    assert "dach" in run("regions", SAM.email, "--region", "dach").stdout
    assert listed(run)[0]["regions"] == "dach"
    with portal.support.bound():
        last = AgentEvent.select().order_by(AgentEvent.id.desc()).get()
        assert (last.action, json.loads(last.details)) == ("agent.regions_set", {"regions": ["dach"]})


def test_lost_factors_are_reset_with_the_password(run: Run, portal: Portal, clock: TestClock) -> None:
    keep_agent(portal)
    token = run("reset-factor", SAM.email).stdout.strip().rpartition("/")[2]
    with portal.support.bound():
        sam = agents.find(SAM.email)
        assert (sam.totp_secret, sam.password_hash) == (None, None)
        assert agent_sign_in.agent_of_link(token, now=clock.now) == sam


def test_what_is_over_is_purged(portal: Portal, clock: TestClock) -> None:
    keep_agent(portal)
    with portal.support.bound():
        AgentSession.create(token_hash="x", agent=Agent.get(), created_at=clock.now, last_seen_at=clock.now)
        agent_sign_in.make_link(Agent.get().id, now=clock.now)
        assert agents.forget_old(now=clock.now) == 0
        assert agents.forget_old(now=clock.forward(hours=25)) == 2
        assert agents.forget_old(now=clock.forward(days=400)) == AgentEvent.select().count() + 2
