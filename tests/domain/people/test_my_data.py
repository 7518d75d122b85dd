"""What a person is given of all that is kept about them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.domain.people.profiled import OLD, Scene, scene
from tests.support.cast import accept, place_order
from webapp.assembly import Portal
from webapp.data.accounts import Person
from webapp.data.agreements import AcceptedText
from webapp.data.billing import BillingDetails
from webapp.data.mandates import Mandate
from webapp.data.records import insert
from webapp.data.schema import MODELS
from webapp.data.sign_in import Attempt, Session, Token
from webapp.data.whereabouts import AnsweredRequest
from webapp.domain.people import my_data

__all__ = ["scene"]


@pytest.fixture
def busy(portal: Portal, scene: Scene) -> dict[str, Any]:
    """The file of somebody who was in every table once."""
    now = scene.clock.now
    order = place_order(portal, ordered_at=now, purchaser={"name": "Alice Martin", "email": OLD})
    accept(order, now=now)
    scene.ask()
    scene.link()
    insert(AnsweredRequest, key="a" * 32, person=scene.alice, at=now)
    Attempt.insert(kind="sign_in", subject=OLD, at=now).execute()
    Attempt.insert(kind="sign_in", subject="bob@example.com", at=now).execute()
    return my_data.everything_about(scene.alice.id, now=now)


def test_the_file_holds_each_table_in_which_the_person_is(busy: dict[str, Any]) -> None:
    with_rows = set()
    for model in MODELS:
        keys = my_data._references(model, Person)
        person = Person.get(Person.email_key == OLD)
        if any(model.select().where(key == person.id).exists() for key in keys):
            with_rows.add(model._meta.table_name)
    assert with_rows | {"attempt"} <= busy.keys()
    assert {"subscription", "acceptance", "membership", "session", "token", "outbox_message"} <= busy.keys()
    assert busy["person"]["email"] == OLD and busy["site"] == "fr"
    json.dumps(busy)


def test_the_file_holds_no_secret_and_nobody_else(busy: dict[str, Any]) -> None:
    text = json.dumps(busy)
    secrets = [row.token_hash for row in (*Token.select(), *Session.select())]
    secrets += [person.password_hash for person in Person.select()]
    assert not [secret for secret in secrets if secret in text]
    assert "bob@example.com" not in text and "Bob" not in text
    assert "unit_price" not in text


def test_every_reference_to_a_person_is_followed() -> None:
    """Who adds a table need not think of the file; this says which tables it has."""
    followed = {model._meta.table_name for model in MODELS if my_data._references(model, Person)}
    assert followed >= {"audit_event", "membership", "seat", "transfer", "email_change", "answered_request"}


def test_the_companys_billing_data_and_the_account_number_stay_out(portal: Portal, scene: Scene) -> None:
    now, alice = scene.clock.now, scene.alice
    placed = place_order(portal, ordered_at=now, purchaser={"name": "Alice Martin", "email": OLD})
    accept(placed, now=now)
    where = {"name": "Musterbau", "line1": "Hidden Lane 1", "city": "Nantes", "country": "FR"}
    BillingDetails.create(account=placed.account, **where, changed_by=alice, changed_at=now)
    mandate = {"reference": "R-1", "language": "fr", "accepted_at": now, "text": AcceptedText.select().get()}
    iban = {"holder": "Alice Martin", "iban_country": "FR", "iban_ending": "2606", "iban_sealed": "sealed!"}
    Mandate.create(subscription=placed, person=alice, **mandate, **iban)
    found = my_data.everything_about(alice.id, now=now)
    assert found["mandate"][0]["iban_ending"] == "2606" and "sealed!" not in json.dumps(found)
    (changed,) = found["billing_details"]
    assert changed.keys() == {"account", "changed_by", "changed_at"} and changed["changed_by"] == "me"
