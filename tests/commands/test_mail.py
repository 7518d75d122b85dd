"""`portal mail …`: what did not arrive, and trying it again."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from flask.cli import ScriptInfo

from tests.conftest import TestClock
from tests.mail.cast import person
from tests.mail.reports import report
from webapp import create_app
from webapp.assembly import Portal
from webapp.commands import cli
from webapp.data.outbox import DEAD, SENT, OutboxMessage
from webapp.domain import outbox

Run = Callable[..., Result]


@pytest.fixture
def run(portal: Portal) -> Run:
    app = create_app(portal)

    def run(*arguments: object) -> Result:
        info = ScriptInfo(create_app=lambda: app)
        return CliRunner().invoke(cli, ["mail", *map(str, arguments)], obj=info)

    return run


@pytest.fixture
def mailed(portal: Portal, clock: TestClock):
    """The Message-ID of one more mail of the site, in this state."""

    def write(code: str, state: str) -> str:
        with portal.at(portal.sites[code]):
            number = OutboxMessage.select().count()
            outbox.enqueue(
                "password_changed", to=person(f"p{number}@example.com", now=clock.now), now=clock.now
            )
            message = OutboxMessage.select().order_by(OutboxMessage.id.desc()).get()
            values = {"state": state, "attempts": 1, "last_error": "550 gone" if state == DEAD else ""}
            OutboxMessage.update(**values).where(OutboxMessage.id == message.id).execute()
        return str(message.message_id)

    return write


def dead(run: Run, *arguments: object) -> list[tuple[str, str, str]]:
    result = run("dead", "--json", *arguments)
    assert result.exit_code == 0, result.output
    return [(one["site"], one["message_id"], one["reason"]) for one in json.loads(result.stdout)]


def test_dead_mails_of_all_sites_are_listed_or_of_one(run: Run, mailed) -> None:
    german, french = mailed("de", DEAD), mailed("fr", DEAD)
    mailed("fr", SENT)
    assert dead(run) == [("de", german, "550 gone"), ("fr", french, "550 gone")]
    assert dead(run, "--site", "fr") == [("fr", french, "550 gone")]
    told = run("dead").stdout
    assert "550 gone" in told and german in told and french in told


def test_one_mail_is_tried_again_wherever_it_is(run: Run, mailed) -> None:
    german, french = mailed("de", DEAD), mailed("fr", DEAD)
    result = run("retry", german)
    assert (result.exit_code, result.stdout) == (0, "Waiting to be delivered again: 1.\n")
    assert [one[1] for one in dead(run)] == [french]


def test_all_mails_are_tried_again_at_all_sites_or_at_one(run: Run, mailed) -> None:
    for code in ("de", "fr", "fr"):
        mailed(code, DEAD)
    assert "again: 2." in run("retry", "--all", "--site", "fr").stdout
    assert "again: 1." in run("retry", "--all").stdout
    assert dead(run) == []


@pytest.mark.parametrize("arguments", [[], ["<a@b>", "--all"]])
def test_retry_wants_one_mail_or_all(run: Run, arguments: list[str]) -> None:
    result = run("retry", *arguments)
    assert result.exit_code != 0
    assert "--all" in result.stderr


def test_a_mail_that_is_not_dead_is_not_sent_again(run: Run, mailed) -> None:
    result = run("retry", mailed("fr", SENT))
    assert result.exit_code != 0
    assert "no undelivered message" in result.stderr


def test_reports_are_read_from_a_maildir(run: Run, mailed, tmp_path: Path) -> None:
    for name in ("new", "cur"):
        (tmp_path / name).mkdir()
    message_id = mailed("fr", SENT)
    (tmp_path / "new" / "1").write_bytes(report(message_id))
    result = run("bounces", tmp_path)
    assert (result.exit_code, result.stdout) == (0, "bounces: 1 bounced, 0 known, 0 other, 0 failed\n")
    ((site, found, reason),) = dead(run)
    assert (site, found) == ("fr", message_id)
    assert "User unknown" in reason


def test_a_folder_that_is_no_maildir_is_refused(run: Run, tmp_path: Path) -> None:
    result = run("bounces", tmp_path)
    assert result.exit_code != 0
    assert "no Maildir" in result.stderr
