"""Running jobs: each site for itself."""

from __future__ import annotations

import logging
from dataclasses import replace
from types import MappingProxyType

import peewee as pw
import pytest

from tests.conftest import TestClock
from tests.mail.cast import person
from webapp.assembly import Portal
from webapp.data.schema import OldSchema
from webapp.domain import outbox
from webapp.jobs import registry
from webapp.jobs.registry import JOBS, Job, UnknownJob, run_due
from webapp.mail.mailbox import list_mails, mailbox_folder
from webapp.sites import Site


def test_all_jobs_run_at_all_sites(portal: Portal) -> None:
    results = run_due(portal)
    assert {(result.job, result.site) for result in results} == {
        (name, code) for name in JOBS for code in portal.sites.codes
    }
    assert all(result.ok for result in results)


def test_jobs_and_sites_can_be_chosen(portal: Portal, site_fr: Site) -> None:
    (result,) = run_due(portal, ["lapse"], [site_fr])
    assert (result.job, result.site, dict(result.counts)) == ("lapse", "fr", {"lapsed": 0})


def test_an_unknown_job_is_refused_in_plain_words(portal: Portal) -> None:
    with pytest.raises(
        UnknownJob,
        match=r"no job “nonsense”\. Jobs: lapse, renew, end, remind, claims, issue, whereabouts, outbox, webhooks, purge",
    ):
        run_due(portal, ["nonsense"])


def test_what_fails_at_one_site_is_reported_and_stops_no_other(
    portal: Portal, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def run(_portal: Portal, site: Site) -> dict[str, int]:
        if site.code == "de":
            raise OSError("disk full")
        return {"done": 1}

    monkeypatch.setattr(registry, "JOBS", MappingProxyType({"work": Job("work", "", run)}))
    with caplog.at_level(logging.ERROR):
        results = run_due(portal, ["work"])
    failed = [result for result in results if not result.ok]
    assert [(result.site, result.error) for result in failed] == [("de", "OSError: disk full")]
    assert len(results) == len(portal.sites)
    assert "Job work failed at site de" in caplog.text


@pytest.mark.parametrize(
    "problem", [pw.OperationalError("connection refused"), OldSchema("run portal db migrate")]
)
def test_a_database_that_is_away_is_one_line_in_the_log(
    portal: Portal,
    site_fr: Site,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    problem: Exception,
) -> None:
    def run(_portal: Portal, _site: Site) -> dict[str, int]:
        raise problem

    monkeypatch.setattr(registry, "JOBS", MappingProxyType({"work": Job("work", "", run)}))
    (result,) = run_due(portal, ["work"], [site_fr])
    assert str(problem) in result.error
    (logged,) = caplog.records
    assert (logged.levelname, logged.exc_info) == ("WARNING", None)


def test_the_demo_keeps_its_mail_in_the_mailbox(portal: Portal, clock: TestClock) -> None:
    for code in ("fr", "de"):
        with portal.at(portal.sites[code]):
            outbox.enqueue("password_changed", to=person(now=clock.now), now=clock.now)
    results = run_due(portal, ["outbox"])
    assert {result.site: result.counts["sent"] for result in results if result.counts["sent"]} == {
        "de": 1,
        "fr": 1,
    }
    assert {mail.site for mail in list_mails(mailbox_folder(portal.settings))} == {"de", "fr"}


def test_a_mail_server_that_is_down_is_an_error_without_a_loss(
    portal: Portal, site_fr: Site, clock: TestClock
) -> None:
    unreachable = replace(portal, settings=replace(portal.settings, smtp="smtp://127.0.0.1:1"))
    with portal.at(site_fr):
        outbox.enqueue("password_changed", to=person(now=clock.now), now=clock.now)
    (result,) = run_due(unreachable, ["outbox"], [site_fr])
    assert not result.ok
    assert "ConnectionRefused" in result.error
    clock.forward(minutes=1)
    (result,) = run_due(portal, ["outbox"], [site_fr])
    assert result.counts == {"sent": 1, "failed": 0, "dead": 0}
