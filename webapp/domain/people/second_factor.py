"""A second factor for customers' people, who choose it themselves: codes of an authenticator app.

Who lost their phone has recovery codes; who lost those too shows the password and asks for a link by e-mail.
It turns the second factor off a day later, so that its owner can object by simply signing in with a code.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

from webapp.data.accounts import Person
from webapp.data.database import atomic, current_site
from webapp.data.second_factors import RecoveryCode, SecondFactor
from webapp.data.sign_in import Session, Token
from webapp.domain import audit, limits, outbox, tokens
from webapp.domain.people import sign_in, totp
from webapp.domain.refusals import NotThere, Refusal
from webapp.i18n import _
from webapp.payments import Vault

CODES = limits.Limit("second_factor", times=5, within=timedelta(minutes=5))
LOST = limits.Limit("lost_factor", times=3, within=timedelta(days=1))
PENDING = timedelta(minutes=30)
LOST_WAIT = timedelta(hours=24)
LOST_MINUTES = 7 * 24 * 60
RECOVERY_CODES = 10
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"  # none that looks like another


class CodeWrong(Refusal):
    def __str__(self) -> str:
        return _("That code is not right, or it was used before. Wait for the next one.")


class SetUpTooOld(Refusal):
    def __str__(self) -> str:
        return _("That took too long. Please start again.")


class NotYet(Refusal):
    """The link to turn it off works a day after it was mailed."""

    def __init__(self, works_from: datetime) -> None:
        self.works_from = works_from
        super().__init__()


@dataclass(frozen=True, slots=True)
class Standing:
    since: datetime | None  # nothing: it is off
    codes_left: int


def _place() -> str:
    return f"totp {current_site().code}"


def _confirmed(person_id: int) -> SecondFactor | None:
    found: SecondFactor | None = SecondFactor.get_or_none(
        SecondFactor.person == person_id, SecondFactor.confirmed_at.is_null(False)
    )
    return found


def standing(person_id: int) -> Standing:
    found = _confirmed(person_id)
    if found is None:
        return Standing(None, 0)
    unused = (RecoveryCode.person == person_id) & RecoveryCode.used_at.is_null()
    return Standing(found.confirmed_at, RecoveryCode.select().where(unused).count())


# ---- set up, changed and turned off by who is signed in


def start(person_id: int, *, password: str, vault: Vault, now: datetime) -> None:
    """A new key, which counts once a code of it was typed; the app until now goes on working till then."""
    person = Person.get_by_id(person_id)
    sign_in.prove(person, password, now=now)
    with atomic():
        _drop_pending(person)
        SecondFactor.create(
            person=person, secret_sealed=vault.seal(totp.new_secret(), place=_place()), started_at=now
        )


def _drop_pending(person: Person) -> None:
    pending = (SecondFactor.person == person) & SecondFactor.confirmed_at.is_null()
    SecondFactor.delete().where(pending).execute()


def _pending(person_id: int, *, now: datetime) -> SecondFactor | None:
    found: SecondFactor | None = SecondFactor.get_or_none(
        SecondFactor.person == person_id,
        SecondFactor.confirmed_at.is_null(),
        SecondFactor.started_at > now - PENDING,
    )
    return found


def pending_secret(person_id: int, *, vault: Vault, now: datetime) -> str | None:
    """What the QR code shows while the set-up goes on."""
    found = _pending(person_id, now=now)
    return vault.unseal(found.secret_sealed, place=_place()) if found else None


def confirm(person_id: int, code: str, *, vault: Vault, now: datetime) -> tuple[str, ...]:
    """The app shows the right codes: it is on. Gives the recovery codes, which are shown this once."""
    person, pending = Person.get_by_id(person_id), _pending(person_id, now=now)
    if pending is None:
        raise SetUpTooOld
    limits.check(CODES, str(person_id), now=now)
    secret = vault.unseal(pending.secret_sealed, place=_place())
    step = totp.step_of(code, secret, after=0, now=now)
    if step is None:
        _note_failure(person, now=now)
        raise CodeWrong
    with atomic():
        SecondFactor.delete().where(SecondFactor.person == person, SecondFactor.id != pending.id).execute()
        itself = SecondFactor.id == pending.id
        if SecondFactor.update(confirmed_at=now, used_step=step).where(itself).execute() != 1:
            raise SetUpTooOld  # started again meanwhile
        _kill_lost_links(person, now=now)
        audit.record(audit.SECOND_FACTOR_ON, actor=audit.Actor.of(person), person=person, now=now)
        _tell(person, on=True, now=now)
        return _make_codes(person, now=now)


def _tell(person: Person, *, on: bool, now: datetime) -> None:
    outbox.enqueue("second_factor_changed", to=person, path="/password/forgotten", on=on, now=now)


def _make_codes(person: Person, *, now: datetime) -> tuple[str, ...]:
    """Those before work no longer."""
    RecoveryCode.delete().where(RecoveryCode.person == person).execute()
    made = tuple(_new_code() for _number in range(RECOVERY_CODES))
    for code in made:
        RecoveryCode.create(person=person, code_hash=_hash(person.id, code), made_at=now)
    return made


def _new_code() -> str:
    """79 random bits: `k7qf-2mzd-pxw3-ahe9`."""
    letters = "".join(secrets.choice(_LETTERS) for _place in range(16))
    return "-".join(letters[place : place + 4] for place in range(0, 16, 4))


def _hash(person_id: int, code: str) -> str:
    typed = "".join(letter for letter in code.lower() if letter in _LETTERS)
    return sha256(f"{person_id}:{typed}".encode()).hexdigest()


def new_codes(person_id: int, *, password: str, now: datetime) -> tuple[str, ...]:
    person = Person.get_by_id(person_id)
    sign_in.prove(person, password, now=now)
    with atomic():
        if _confirmed(person_id) is None:
            raise NotThere
        audit.record(audit.RECOVERY_CODES_MADE, actor=audit.Actor.of(person), person=person, now=now)
        return _make_codes(person, now=now)


def turn_off(person_id: int, *, password: str, now: datetime) -> None:
    person = Person.get_by_id(person_id)
    sign_in.prove(person, password, now=now)
    with atomic():
        _turn_off(person, now=now)


def _turn_off(person: Person, *, now: datetime) -> None:
    SecondFactor.delete().where(SecondFactor.person == person).execute()
    RecoveryCode.delete().where(RecoveryCode.person == person).execute()
    _kill_lost_links(person, now=now)
    audit.record(audit.SECOND_FACTOR_OFF, actor=audit.Actor.of(person), person=person, now=now)
    _tell(person, on=False, now=now)


# ---- signing in: whoever comes has shown the password, and holds a token that says so


def whose(half: str, *, now: datetime) -> Person:
    """`TokenInvalid`, if too much time has passed since the password."""
    person: Person = tokens.peek(half, tokens.SECOND_FACTOR, now=now).person
    return person


def enter(half: str, code: str, *, vault: Vault, user_agent: str, now: datetime) -> str:
    """The session's token, for a code of the app or a recovery code."""
    person = whose(half, now=now)
    limits.check(CODES, str(person.id), now=now)
    with atomic():
        found = _confirmed(person.id)
        if found is None or _takes(found, code, vault=vault, now=now) or _recovers(person, code, now=now):
            return _entered(person, half, user_agent=user_agent, now=now)
    _note_failure(person, now=now)
    raise CodeWrong


def _takes(factor: SecondFactor, code: str, *, vault: Vault, now: datetime) -> bool:
    secret = vault.unseal(factor.secret_sealed, place=_place())
    step = totp.step_of(code, secret, after=factor.used_step, now=now)
    if step is None:
        return False
    unused = (SecondFactor.id == factor.id) & (SecondFactor.used_step < step)
    return SecondFactor.update(used_step=step).where(unused).execute() == 1


def _recovers(person: Person, code: str, *, now: datetime) -> bool:
    unused = (
        (RecoveryCode.person == person)
        & (RecoveryCode.code_hash == _hash(person.id, code))
        & RecoveryCode.used_at.is_null()
    )
    if RecoveryCode.update(used_at=now).where(unused).execute() != 1:
        return False
    audit.record(audit.RECOVERY_CODE_USED, actor=audit.Actor.of(person), person=person, now=now)
    return True


def _entered(person: Person, half: str, *, user_agent: str, now: datetime) -> str:
    tokens.consume(half, tokens.SECOND_FACTOR, now=now)
    _kill_lost_links(person, now=now)
    audit.record(audit.SIGNED_IN, actor=audit.Actor.of(person), person=person, now=now)
    return sign_in.start_session(person, user_agent=user_agent, now=now)


def _note_failure(person: Person, *, now: datetime) -> None:
    with atomic():
        limits.count(CODES, str(person.id), now=now)
        audit.record(audit.SECOND_FACTOR_FAILED, actor=audit.PORTAL, person=person, now=now)


# ---- phone and recovery codes are lost


def ask_for_link(half: str, *, now: datetime) -> datetime:
    """Mails it; from when on it works."""
    person = whose(half, now=now)
    works_from = now + LOST_WAIT
    with atomic():
        limits.spend(LOST, str(person.id), now=now)
        _kill_lost_links(person, now=now)
        link = outbox.TokenRequest(tokens.LOST_FACTOR, minutes=LOST_MINUTES)
        outbox.enqueue("second_factor_lost", to=person, token=link, works_from=works_from, now=now)
        audit.record(audit.SECOND_FACTOR_LOST, actor=audit.Actor.of(person), person=person, now=now)
    return works_from


def _kill_lost_links(person: Person, *, now: datetime) -> None:
    tokens.kill(person, tokens.LOST_FACTOR, now=now)
    outbox.withdraw_links(person, tokens.LOST_FACTOR)


def peek_link(token: str, *, now: datetime) -> Person:
    """Looks only."""
    found: Token = tokens.peek(token, tokens.LOST_FACTOR, now=now)
    if found.created_at + LOST_WAIT > now:
        raise NotYet(found.created_at + LOST_WAIT)
    person: Person = found.person
    return person


def turn_off_by_link(token: str, *, now: datetime) -> None:
    """All sessions end: whoever it was signs in anew, with the password."""
    person = peek_link(token, now=now)
    with atomic():
        tokens.consume(token, tokens.LOST_FACTOR, now=now)
        _turn_off(person, now=now)
        Session.delete().where(Session.person == person).execute()
