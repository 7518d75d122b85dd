"""“Our administrator has left”: bob claims what alice administers."""

from __future__ import annotations

import json
from typing import Any

from tests.browser.pages.shapes import (
    ADMIN,
    BACKUP,
    USER,
    Address,
    PageCase,
    administrator,
    at,
    has_backup,
    is_for_everybody,
    submit_nothing,
)
from tests.browser.server import PortalServer
from webapp.data.accounts import Person
from webapp.data.claims import Claim, ClaimRequest
from webapp.data.keys import email_key
from webapp.data.subscriptions import Subscription
from webapp.domain import tokens
from webapp.domain.claims import claims

CLAIMANT = "bob@demo.example"
LEFT = "Alice a quitté l’entreprise en octobre."


def claim_of(page: str = "/claim", *wanted: Any) -> Address:
    """Of a subscription that a colleague of its administrator claims."""

    def address(server: PortalServer, site: str) -> str:
        claim = claimed(server, site, administrator(site), *(wanted or is_for_everybody))
        if page == "/object":
            return objection_link(server, site, claim)
        return page if page == "/claims" else page_of(server, site, claim) + page

    return address


def _person(email: str) -> Person:
    found: Person = Person.get(Person.email_key == email_key(email))
    return found


def proof_link(server: PortalServer, site: str) -> str:
    """As it was mailed to who asked."""
    with server.portal.at(server.portal.sites[site]):
        return f"/claims/prove/{_proof(server, ['SUB-FR-999999'])}"


def _proof(server: PortalServer, named: list[str], by: str = CLAIMANT) -> str:
    now, person = server.portal.clock(), _person(by)
    asked = ClaimRequest.create(
        person=person, email=person.email, named=json.dumps(named), reason=LEFT, asked_at=now
    )
    facts = {"minutes": 60, "next_path": "", "concerns": str(asked.id)}
    return tokens.mint(tokens.PROVE_CLAIM, person=person, now=now, **facts)


def claimed(server: PortalServer, site: str, administrator: str, *wanted: Any, by: str = CLAIMANT) -> Claim:
    """The claim to the administrator's first subscription like this; made once."""
    found = server.subscription_of(site, administrator, *wanted)
    with server.portal.at(server.portal.sites[site]):
        there: Claim | None = Claim.get_or_none(Claim.waits_for == found.id)
        if there is None:
            token = _proof(server, [found.public_id], by)
            claims.prove(token, person=_person(by), now=server.portal.clock())
            there = Claim.get(Claim.waits_for == found.id)
    assert there
    return there


def objection_link(server: PortalServer, site: str, claim: Claim) -> str:
    with server.portal.at(server.portal.sites[site]):
        facts = {"minutes": 60, "next_path": "", "concerns": claim.key}
        now = server.portal.clock()
        token = tokens.mint(tokens.OBJECT_CLAIM, person=claim.administrator, now=now, **facts)
    return f"/claims/object/{token}"


def page_of(server: PortalServer, site: str, claim: Claim) -> str:
    with server.portal.at(server.portal.sites[site]):
        return f"/subscriptions/{Subscription.get_by_id(claim.subscription_id).public_id}"


CASES = (
    PageCase("claims-nothing-typed", "claims.show", at("/claims"), USER, submit_nothing, 422),
    PageCase("claims-own", "claims.show", claim_of("/claims"), USER),
    PageCase("claim-proof", "claims.show_proof", proof_link, USER),
    PageCase("claim-object", "claims.show_objection", claim_of("/object")),
    PageCase("claim-objected", "claims.objected", at("/claims/objected")),
    PageCase("manage-claimed", "subscriptions.manage", claim_of(""), ADMIN),
    PageCase("claim-administrator", "claims.show_waiting", claim_of(), ADMIN),
    PageCase("claim-backup", "claims.show_waiting", claim_of("/claim", *has_backup), BACKUP),
)
