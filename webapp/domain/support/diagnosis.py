"""Why a customer is stuck: five questions, each answered by the first rule that knows.

The rules stand in `findings_of_*`, in the order in which one reason hides another.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import islice

from webapp.domain.support.findings import Finding
from webapp.domain.support.findings_of_address import WHO
from webapp.domain.support.findings_of_invoices import OF_INVOICES
from webapp.domain.support.findings_of_mail import OF_MAIL, unconfirmed_recipient
from webapp.domain.support.findings_of_sight import (
    has_nothing,
    hidden,
    looks_at_another,
    sees_all,
    waits_for_activation,
)
from webapp.domain.support.findings_of_sign_in import OF_SIGN_IN
from webapp.domain.support.findings_of_users import OF_USERS
from webapp.domain.support.support_facts import Case

CANNOT_SEE, CANNOT_SIGN_IN, NO_EMAIL = "see", "sign-in", "email"
CANNOT_INVITE, WRONG_INVOICE = "invite", "invoice"
QUESTIONS = (CANNOT_SEE, CANNOT_SIGN_IN, NO_EMAIL, CANNOT_INVITE, WRONG_INVOICE)
WITHOUT_ADDRESS = (WRONG_INVOICE,)  # can be asked of an account alone
_MOST = 5

Rule = Callable[[Case], Finding | None]


def diagnose(question: str, case: Case) -> list[Finding]:
    """What is the case first, what else may matter after it. Never empty."""
    return list(islice(_ANSWERS[question](case), _MOST))


def _told(rules: Iterable[Rule], case: Case) -> Iterator[Finding]:
    return (found for rule in rules if (found := rule(case)))


def _first(rules: Iterable[Rule], case: Case) -> Iterator[Finding]:
    return islice(_told(rules, case), 1)


def _stranger(case: Case) -> Finding | None:
    """Before anything else: whose address it is."""
    return next(_told(WHO, case), None)


def _see(case: Case) -> Iterator[Finding]:
    if stranger := _stranger(case):
        yield stranger
        return
    told = False
    for found in (*hidden(case), *_told((looks_at_another, waits_for_activation, has_nothing), case)):
        told = True
        yield found
    if not told:
        yield sees_all(case)


def _sign_in(case: Case) -> Iterator[Finding]:
    stranger = _stranger(case)
    if stranger and not case.person:
        yield stranger
        return
    yield from _first(OF_SIGN_IN, case)
    if stranger:
        yield stranger


def _email(case: Case) -> Iterator[Finding]:
    if waiting := unconfirmed_recipient(case):
        yield waiting
        return
    stranger = None if case.recipient else _stranger(case)
    if stranger:
        yield stranger
        return
    yield from _first(OF_MAIL, case)


def _invite(case: Case) -> Iterator[Finding]:
    stranger = _stranger(case)
    if stranger:
        yield stranger
        return
    yield from _first(OF_USERS, case)


def _invoice(case: Case) -> Iterator[Finding]:
    yield from _first(OF_INVOICES, case)


_ANSWERS: dict[str, Callable[[Case], Iterator[Finding]]] = {
    CANNOT_SEE: _see,
    CANNOT_SIGN_IN: _sign_in,
    NO_EMAIL: _email,
    CANNOT_INVITE: _invite,
    WRONG_INVOICE: _invoice,
}
