"""Somebody who is signed in, on the bound site, and somebody else."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.conftest import TestClock
from tests.support.cast import PASSWORD, keep_person
from webapp.data.outbox import QUEUED, OutboxMessage
from webapp.domain import outbox
from webapp.domain.people import email_changes, sign_in
from webapp.domain.people.sign_in import SignInRefused
from webapp.sites import Site

OLD, NEW = "alice@example.com", "alice@example.org"
OTHER_WORDS = "a spade and a shovel"


class Scene:
    """Alice is signed in; Bob is somebody else."""

    def __init__(self, clock: TestClock) -> None:
        self.clock = clock
        self.alice = keep_person(OLD, name="Alice Martin", now=clock.now)
        self.bob = keep_person("bob@example.com", name="Bob", now=clock.now)
        self.here = self.signed_in(sign_in.start_session(self.alice, user_agent="", now=clock.now))

    def signed_in(self, token: str) -> sign_in.SignedIn:
        found = sign_in.person_of_session(token, now=self.clock.now)
        assert found
        return found

    def ask(self, email: str = NEW, password: str = PASSWORD) -> None:
        email_changes.ask(self.alice.id, email, password=password, now=self.clock.now)

    def mails(self) -> list[tuple[str, str]]:
        found = OutboxMessage.select().where(OutboxMessage.state == QUEUED).order_by(OutboxMessage.id)
        return [(mail.kind, mail.to_email) for mail in found]

    def link(self) -> str:
        """What the newest mail to confirm an address holds, once it is delivered."""
        mail = OutboxMessage.select().where(OutboxMessage.kind == "confirm_email")
        secret = outbox.secret_for(mail.order_by(OutboxMessage.id.desc()).get(), now=self.clock.now)
        assert secret
        return secret.token

    def may_sign_in(self, email: str) -> bool:
        try:
            sign_in.sign_in(email, PASSWORD, now=self.clock.now)
        except SignInRefused:
            return False
        return True


@pytest.fixture
def scene(bound_fr: Site, clock: TestClock) -> Iterator[Scene]:
    return Scene(clock)  # type: ignore[return-value]
