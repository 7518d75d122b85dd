"""Passkeys of an agent, their other second factor. A challenge is signed once, for the console’s origin only.

`webauthn` is imported where it is needed: most processes never ask for a passkey.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, TypeVar

import peewee as pw

from webapp.data import support
from webapp.data.agents import AgentPasskey, AgentToken
from webapp.domain.hashing import hash_token
from webapp.domain.refusals import NotThere, Refusal
from webapp.domain.support import agent_events, agent_sign_in
from webapp.domain.support.agent_factors import LastFactor, SetUpTooOld, check_may_change
from webapp.domain.support.agent_sign_in import PASSKEY, SignedInAgent
from webapp.i18n import _

VALID = timedelta(minutes=10)
LONGEST_NAME = 60
MOST = 10  # of one agent
_ADD, _SHOW = "passkey_add", "passkey_show"
_LONGEST = 20_000  # what an authenticator says is shorter

Checked = TypeVar("Checked")


@dataclass(frozen=True, slots=True)
class Console:
    """For whom passkeys are made: `support.portal.example` at its own origin."""

    host: str
    origin: str
    name: str


class PasskeyRefused(Refusal):
    def __str__(self) -> str:
        return _("That passkey did not work. Please try again.")


class TooManyPasskeys(Refusal):
    def __str__(self) -> str:
        return _("There are many passkeys already. Remove one first.")


def all_of(agent: SignedInAgent) -> Sequence[AgentPasskey]:
    return list(AgentPasskey.select().where(AgentPasskey.agent == agent.id).order_by(AgentPasskey.id))


def name_of(passkey: AgentPasskey) -> str:
    """By which forms name it."""
    return sha256(str(passkey.credential_id).encode()).hexdigest()[:24]


def named(agent: SignedInAgent, name: str) -> AgentPasskey:
    for passkey in all_of(agent):
        if name_of(passkey) == name:
            return passkey
    raise NotThere


# ---- one more


def start(agent: SignedInAgent, *, now: datetime) -> None:
    check_may_change(agent)
    if agent.passkeys >= MOST:
        raise TooManyPasskeys
    _challenge(agent, _ADD, now=now)


def options_to_add(agent: SignedInAgent, console: Console, *, now: datetime) -> str | None:
    """JSON for the browser; nothing, if nobody has started."""
    from webauthn import generate_registration_options, options_to_json
    from webauthn.helpers.structs import AuthenticatorSelectionCriteria, ResidentKeyRequirement

    check_may_change(agent)
    started = _pending(agent, _ADD, now=now).first()
    if started is None:
        return None
    options = generate_registration_options(
        rp_id=console.host,
        rp_name=console.name,
        user_id=f"agent {agent.id}".encode(),
        user_name=agent.email,
        user_display_name=agent.name,
        challenge=started.data.encode(),
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.DISCOURAGED
        ),
        exclude_credentials=_descriptors(agent),
    )
    return str(options_to_json(options))


def add(
    agent: SignedInAgent, answer: str, *, name: str, console: Console, user_agent: str, now: datetime
) -> str | None:
    """Who is only half signed in gets the token of a whole session."""
    from webauthn import verify_registration_response
    from webauthn.helpers import bytes_to_base64url

    check_may_change(agent)
    agent_sign_in.check_may_try(agent, now=now)
    challenge = _used_up(agent, _ADD, answer, now=now)
    if challenge is None:
        raise SetUpTooOld
    made = _checked(
        agent,
        lambda: verify_registration_response(
            credential=answer,
            expected_challenge=challenge,
            expected_rp_id=console.host,
            expected_origin=console.origin,
        ),
        now=now,
    )
    with _known_to_nobody(), support.atomic():
        AgentPasskey.insert(
            agent=agent.id,
            credential_id=bytes_to_base64url(made.credential_id),
            public_key=made.credential_public_key,
            sign_count=made.sign_count,
            name=_normal_name(name),
            added_at=now,
        ).execute()
        agent_events.record(agent.id, agent_events.FACTOR_ADDED, now=now, factor=PASSKEY)
        return None if agent.factor else agent_sign_in.enter(agent, PASSKEY, user_agent=user_agent, now=now)


@contextmanager
def _known_to_nobody() -> Iterator[None]:
    try:
        yield
    except pw.IntegrityError:
        raise PasskeyRefused from None


def _normal_name(text: str) -> str:
    return "".join(letter for letter in " ".join(text.split()) if letter.isprintable())[:LONGEST_NAME]


# ---- shown at sign-in


def options_to_show(agent: SignedInAgent, console: Console, *, now: datetime) -> str:
    from webauthn import generate_authentication_options, options_to_json

    options = generate_authentication_options(
        rp_id=console.host,
        challenge=_challenge(agent, _SHOW, now=now).encode(),
        allow_credentials=_descriptors(agent),
    )
    return str(options_to_json(options))


def show(agent: SignedInAgent, answer: str, *, console: Console, user_agent: str, now: datetime) -> str:
    """The token of a session that may do everything; the one before ends."""
    from webauthn import verify_authentication_response

    agent_sign_in.check_may_try(agent, now=now)
    challenge, passkey = _used_up(agent, _SHOW, answer, now=now), _passkey_in(agent, answer)
    if challenge is None or passkey is None:
        agent_sign_in.note_failure(agent, PASSKEY, now=now)
        raise PasskeyRefused
    shown = _checked(
        agent,
        lambda: verify_authentication_response(
            credential=answer,
            expected_challenge=challenge,
            expected_rp_id=console.host,
            expected_origin=console.origin,
            credential_public_key=bytes(passkey.public_key),
            credential_current_sign_count=passkey.sign_count,
        ),
        now=now,
    )
    with support.atomic():
        mine = (AgentPasskey.id == passkey.id) & (AgentPasskey.sign_count <= shown.new_sign_count)
        if AgentPasskey.update(sign_count=shown.new_sign_count, used_at=now).where(mine).execute() != 1:
            raise PasskeyRefused  # removed meanwhile, or a copy of it was faster
        return agent_sign_in.enter(agent, PASSKEY, user_agent=user_agent, now=now)


def remove(agent: SignedInAgent, name: str, *, now: datetime) -> None:
    check_may_change(agent)
    passkey = named(agent, name)
    if not agent.has_app and agent.passkeys < 2:
        raise LastFactor
    with support.atomic():
        AgentPasskey.delete().where(AgentPasskey.id == passkey.id).execute()
        agent_events.record(agent.id, agent_events.FACTOR_REMOVED, now=now, factor=PASSKEY)


# ---- challenges


def _pending(agent: SignedInAgent, purpose: str, *, now: datetime) -> Any:
    return (
        AgentToken.select()
        .where(
            AgentToken.agent == agent.id,
            AgentToken.purpose == purpose,
            AgentToken.used_at.is_null(),
            AgentToken.valid_until > now,
        )
        .order_by(AgentToken.id.desc())
    )


def _challenge(agent: SignedInAgent, purpose: str, *, now: datetime) -> str:
    """256 random bits. What nobody answered in time goes."""
    challenge = secrets.token_urlsafe(32)
    with support.atomic():
        AgentToken.delete().where(
            AgentToken.agent == agent.id, AgentToken.purpose == purpose, AgentToken.valid_until <= now
        ).execute()
        AgentToken.insert(
            token_hash=hash_token(challenge),
            agent=agent.id,
            purpose=purpose,
            data=challenge,
            valid_until=now + VALID,
        ).execute()
    return challenge


def _used_up(agent: SignedInAgent, purpose: str, answer: str, *, now: datetime) -> bytes | None:
    """The challenge that the answer signs, if it is one of theirs that nobody has used yet."""
    challenge = _challenge_in(answer)
    mine = _pending(agent, purpose, now=now).where(AgentToken.token_hash == hash_token(challenge))
    found = mine.first()
    if found is None:
        return None
    unused = (AgentToken.id == found.id) & AgentToken.used_at.is_null()
    if AgentToken.update(used_at=now).where(unused).execute() != 1:
        return None
    return challenge.encode()


def _told(answer: str) -> dict[str, Any]:
    """What a browser sends; anything else is empty."""
    try:
        told = json.loads(answer) if len(answer) <= _LONGEST else {}
    except (ValueError, RecursionError):
        return {}
    return told if isinstance(told, dict) else {}


def _challenge_in(answer: str) -> str:
    from webauthn.helpers import base64url_to_bytes

    try:
        client_data = json.loads(base64url_to_bytes(_told(answer)["response"]["clientDataJSON"]))
        return base64url_to_bytes(client_data["challenge"]).decode("ascii")
    except (KeyError, TypeError, AttributeError, ValueError, RecursionError):
        return ""


def _passkey_in(agent: SignedInAgent, answer: str) -> AgentPasskey | None:
    wanted = _told(answer).get("id")
    return next((passkey for passkey in all_of(agent) if passkey.credential_id == wanted), None)


def _checked(agent: SignedInAgent, verify: Callable[[], Checked], *, now: datetime) -> Checked:
    try:
        return verify()
    except Exception:  # bytes of a stranger: whatever a parser says of them, they are no passkey of ours
        agent_sign_in.note_failure(agent, PASSKEY, now=now)
        raise PasskeyRefused from None


def _descriptors(agent: SignedInAgent) -> list[Any]:
    from webauthn.helpers import base64url_to_bytes
    from webauthn.helpers.structs import PublicKeyCredentialDescriptor

    return [
        PublicKeyCredentialDescriptor(id=base64url_to_bytes(passkey.credential_id))
        for passkey in all_of(agent)
    ]
