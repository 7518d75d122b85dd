"""The mailbox of reports: each is noted at the site whose mail it was, once, whatever happens in between."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import TestClock
from tests.mail.cast import person
from tests.mail.reports import report
from webapp.assembly import Portal
from webapp.data.outbox import BOUNCED, SENT, OutboxMessage
from webapp.domain import deliveries, outbox
from webapp.jobs.bounces import NoMaildir, read_mailbox


@pytest.fixture
def maildir(tmp_path: Path) -> Path:
    for name in ("new", "cur", "tmp"):
        (tmp_path / "Maildir" / name).mkdir(parents=True)
    return tmp_path / "Maildir"


@pytest.fixture
def mailed(portal: Portal, clock: TestClock):
    """The Message-ID of a mail that this site has sent."""

    def send(code: str) -> str:
        with portal.at(portal.sites[code]):
            outbox.enqueue("password_changed", to=person(now=clock.now), now=clock.now)
            message = OutboxMessage.get()
            OutboxMessage.update(state=SENT, attempts=1).execute()
        return str(message.message_id)

    return send


def states(portal: Portal, code: str) -> list[str]:
    with portal.at(portal.sites[code]):
        return [message.state for message in OutboxMessage.select()]


def test_each_report_is_noted_at_the_site_that_sent_the_mail(portal: Portal, maildir: Path, mailed) -> None:
    (maildir / "new" / "1.host").write_bytes(report(mailed("fr")))
    (maildir / "new" / "2.host").write_bytes(b"Subject: holidays\n\nBack on Monday.\n")
    (maildir / "new" / "3.host").write_bytes(report("<x@shop.example>"))
    mailed("de")
    counts = read_mailbox(portal, maildir)
    assert counts == {"bounced": 1, "known": 0, "other": 2, "failed": 0}
    assert (states(portal, "fr"), states(portal, "de")) == ([BOUNCED], [SENT])
    assert sorted(path.name for path in (maildir / "cur").iterdir()) == [
        "1.host:2,S",
        "2.host:2,S",
        "3.host:2,S",
    ]
    assert read_mailbox(portal, maildir) == {"bounced": 0, "known": 0, "other": 0, "failed": 0}


def test_a_crash_before_it_is_moved_reads_it_once_more_without_effect(
    portal: Portal, maildir: Path, mailed, monkeypatch: pytest.MonkeyPatch
) -> None:
    (maildir / "new" / "1.host").write_bytes(report(mailed("fr")))

    def crash(*_: object) -> None:
        raise SystemExit

    with monkeypatch.context() as patch:
        patch.setattr(Path, "rename", crash)
        with pytest.raises(SystemExit):
            read_mailbox(portal, maildir)
    assert states(portal, "fr") == [BOUNCED]
    assert read_mailbox(portal, maildir)["known"] == 1
    assert not list((maildir / "new").iterdir())


def test_what_can_not_be_noted_stays_and_stops_no_other(
    portal: Portal, maildir: Path, mailed, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = mailed("de"), mailed("fr")
    (maildir / "new" / "1.host").write_bytes(report(first))
    (maildir / "new" / "2.host").write_bytes(report(second))
    note = deliveries.note_bounce

    def unless_german(bounce, *, now):
        if bounce.message_id == first:
            raise OSError("disk full")
        return note(bounce, now=now)

    with monkeypatch.context() as patch:
        patch.setattr(deliveries, "note_bounce", unless_german)
        assert read_mailbox(portal, maildir) == {"bounced": 1, "known": 0, "other": 0, "failed": 1}
    assert [path.name for path in (maildir / "new").iterdir()] == ["1.host"]
    assert read_mailbox(portal, maildir)["bounced"] == 1


def test_a_folder_that_is_no_maildir_is_refused(portal: Portal, tmp_path: Path) -> None:
    with pytest.raises(NoMaildir, match="new or cur"):
        read_mailbox(portal, tmp_path)
