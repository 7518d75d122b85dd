"""May this person use that, and who may use what: asked by software whenever it starts."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from flask import Blueprint, Response
from pydantic import Field

from webapp.domain.intake import intake_fields as fields
from webapp.domain.intake.intake_document import Part
from webapp.domain.shop import entitlements
from webapp.domain.shop.entitlements import Because, Entitlement, Right, last_day_before
from webapp.web.api.exchange import PARAMETER_CODES, query_of, read
from webapp.web.api.operations import Shape, Told, operation
from webapp.web.api.parameters import Paged
from webapp.web.site import this_portal

api = Blueprint("api_entitlements", __name__, url_prefix="/api/v1/entitlements")

_SCOPE = "entitlements:read"


class EntitlementAnswer(Shape):
    allowed: bool
    because: Because = Field(
        description="`seat`: holds a license. `company`: users of this product are not managed in the portal,"
        " and the person belongs to the company."
    )
    product: str
    subscription: str | None = Field(description="By which it is allowed.")
    last_day: date | None = Field(description="Of use, where one is set.")


class EntitledPerson(Shape):
    email: str
    name: str
    last_day: date | None


class EntitledPeople(Shape):
    running: bool = Field(description="Nobody may use what is not active.")
    by: Right
    people: list[EntitledPerson]
    next: str | None = Field(description="For `after`; null where there is nobody more.")


class PersonQuery(Part):
    email: Annotated[str, fields.text(320), Field(description="Compared without case.")]


@api.get("/subscriptions/<public_id:public_id>")
@operation(
    "May this person use the subscription?",
    scope=_SCOPE,
    query=PersonQuery,
    answers={200: Told("yes or no, and why", EntitlementAnswer)},
    codes=PARAMETER_CODES,
)
def to_subscription(public_id: str) -> Response:
    asked, portal = query_of(PersonQuery), this_portal()
    catalogue, now = portal.catalogue, portal.clock()
    return _read(entitlements.to_subscription(asked.email, public_id, catalogue=catalogue, now=now))


@api.get("/products/<product_key:product>")
@operation(
    "May this person use the product, by whichever subscription?",
    scope=_SCOPE,
    query=PersonQuery,
    answers={200: Told("yes or no, and why", EntitlementAnswer)},
    codes=PARAMETER_CODES,
)
def to_product(product: str) -> Response:
    asked, portal = query_of(PersonQuery), this_portal()
    catalogue, now = portal.catalogue, portal.clock()
    return _read(entitlements.to_product(asked.email, product, catalogue=catalogue, now=now))


@api.get("/subscriptions/<public_id:public_id>/people")
@operation(
    "Who may use the subscription?",
    scope=_SCOPE,
    query=Paged,
    answers={200: Told("a page of them", EntitledPeople)},
    codes=PARAMETER_CODES,
)
def people(public_id: str) -> Response:
    asked, portal = query_of(Paged), this_portal()
    found = entitlements.users_of(
        public_id, after=asked.after, limit=asked.limit, catalogue=portal.catalogue, now=portal.clock()
    )
    shown = [
        EntitledPerson(
            email=one.email, name=one.name, last_day=last_day_before(one.over_on) if one.over_on else None
        )
        for one in found.people
    ]
    return read(EntitledPeople(running=found.running, by=found.by, people=shown, next=found.next))


def _read(found: Entitlement) -> Response:
    return read(
        EntitlementAnswer(
            allowed=found.allowed,
            because=found.because,
            product=found.product,
            subscription=found.subscription,
            last_day=found.last_day,
        )
    )
