"""The backup of an administrator."""

from __future__ import annotations

import pytest

from tests.domain.subscriptions.handing_over import Scene, scene
from webapp.data.audit import AuditEvent
from webapp.domain import audit
from webapp.domain.refusals import NotThere
from webapp.domain.subscriptions import transfer

__all__ = ["scene"]


def test_a_backup_is_named_changed_and_taken_away(scene: Scene) -> None:
    for person in (scene.bob, scene.erin, None):
        transfer.name_backup(scene.current(), person=person, actor=scene.olga, now=scene.clock.now)
        assert scene.current().backup == person
    named = AuditEvent.select().where(AuditEvent.action == audit.BACKUP_NAMED)
    assert [event.person_id for event in named.order_by(AuditEvent.id)] == [scene.bob.id, scene.erin.id, None]


def test_a_backup_is_somebody_else_of_the_account_and_named_by_the_administrator(scene: Scene) -> None:
    for person, actor, refusal in (
        (scene.charlie, scene.olga, transfer.NotOfTheAccount),
        (scene.olga, scene.olga, transfer.AlreadyAdministrator),
        (scene.erin, scene.bob, NotThere),
    ):
        with pytest.raises(refusal):
            transfer.name_backup(scene.current(), person=person, actor=actor, now=scene.clock.now)
    assert scene.current().backup is None


def test_a_backup_who_becomes_administrator_is_backup_no_more_until_it_is_taken_back(scene: Scene) -> None:
    transfer.name_backup(scene.current(), person=scene.bob, actor=scene.olga, now=scene.clock.now)
    scene.hand_over(scene.bob)
    assert scene.current().backup is None
    scene.take_back()
    assert scene.current().backup == scene.bob


def test_a_backup_stays_when_somebody_else_becomes_administrator(scene: Scene) -> None:
    transfer.name_backup(scene.current(), person=scene.bob, actor=scene.olga, now=scene.clock.now)
    scene.hand_over(scene.erin)
    assert scene.current().backup == scene.bob
