"""`portal webhooks …`, as an operator types it."""

from __future__ import annotations

import json
import re
from pathlib import Path

from tests.conftest import TestClock
from tests.support.cast import place_order
from tests.support.receiver import receiving
from webapp.assembly import Portal
from webapp.data.webhooks import WebhookMessage
from webapp.domain.webhooks.webhook_document import published_schema
from webapp.jobs import webhooks as job

FR = ("--site", "fr")


def test_an_endpoint_is_added_listed_rotated_disabled_and_enabled(type_in) -> None:
    added = type_in("webhooks", "add", "https://shop.example/hooks", *FR, "--event", "invoice.issued")
    assert added.exit_code == 0
    key, secret = re.search(r"(we_\w+) .*(whsec_\S+)", added.output, re.S).groups()
    assert "not shown again" in added.stderr
    rotated = type_in("webhooks", "rotate", key, *FR)
    assert "whsec_" in rotated.output and secret not in rotated.output
    assert type_in("webhooks", "disable", key, *FR).exit_code == 0
    (listed,) = json.loads(type_in("webhooks", "list", *FR, "--json").output)
    assert (listed["endpoint"], listed["state"], listed["events"]) == (key, "disabled", "invoice.issued")
    assert secret not in type_in("webhooks", "list", *FR).output
    assert type_in("webhooks", "enable", key, *FR).exit_code == 0
    assert json.loads(type_in("webhooks", "list", *FR, "--json").output)[0]["state"] == "enabled"


def test_what_is_wrong_is_said(type_in) -> None:
    for words, arguments in {
        "begin with https": ("add", "ftp://shop.example/"),
        "not a public address": ("add", "https://10.0.0.1/"),
        "no event “nonsense”": ("add", "https://shop.example/", "--event", "nonsense"),
        "no endpoint “we_0”": ("rotate", "we_0"),
        "no message msg_0": ("replay", "msg_0"),
        "Name one message": ("replay",),
    }.items():
        result = type_in("webhooks", *arguments, *FR)
        assert result.exit_code and words in result.output, arguments


def test_dead_ones_are_listed_and_replayed(type_in, portal: Portal, clock: TestClock) -> None:
    with receiving() as gone:
        url = gone.url()
    type_in("webhooks", "add", url, *FR)
    with portal.at(portal.sites["fr"]):
        public_id = place_order(portal, ordered_at=clock.now).public_id
    clock.forward(days=4)
    job.tell(portal, portal.sites["fr"])
    (dead,) = json.loads(type_in("webhooks", "dead", *FR, "--json").output)
    assert (dead["event"], dead["subscription"], dead["tries"]) == ("order.accepted", public_id, 1)
    assert "refused" in type_in("webhooks", "dead", *FR, "--json").output
    assert "Waiting to be told: 1." in type_in("webhooks", "replay", "--dead", *FR).output
    assert "Waiting to be told: 0." in type_in("webhooks", "replay", "--since", "2026-11-01", *FR).output
    with portal.at(portal.sites["fr"]):
        assert WebhookMessage.get().state == "queued"


def test_the_schema_is_written(type_in, tmp_path: Path) -> None:
    assert type_in("webhooks", "schema", tmp_path / "s.json").exit_code == 0
    assert (tmp_path / "s.json").read_text(encoding="utf-8") == published_schema()
