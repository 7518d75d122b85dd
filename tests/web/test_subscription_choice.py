"""Several subscriptions of the list at once: exported, or given one purchase order number."""

from __future__ import annotations

import io
from urllib.parse import urlencode

import pytest
from flask import Flask
from openpyxl import load_workbook

from tests.support.cast import ALICE, CHARLIE, ERIN, Cast
from tests.support.client import SiteClient, page_of, signed_in
from tests.support.many import more_like
from webapp.assembly import Portal
from webapp.data.database import atomic
from webapp.data.subscriptions import Subscription

CHOSEN = "/subscriptions/chosen"


def asked(do: str, *public_ids: str, **more: str) -> str:
    pairs = [("do", do), *(("subscription", one) for one in public_ids), *more.items()]
    return f"{CHOSEN}?{urlencode(pairs)}"


def table(text: str) -> list[list[str]]:
    return [line.split(";") for line in text.removeprefix("\ufeff").splitlines()]


def test_exactly_what_is_filtered_is_exported(alice: SiteClient, cast: Cast) -> None:
    listed = [row.public_id for row in cast.rows_of(ALICE) if row.state in ("active", "cancelled", "ended")]
    answer = alice.get(f"{CHOSEN}?do=csv&of=all&status=active&q=fieldwire")
    assert answer.status_code == 200 and answer.mimetype == "text/csv"
    assert answer.headers["Content-Disposition"].startswith('attachment; filename="subscriptions-')
    names = {line[0] for line in table(answer.text)[1:]}
    shown = {link.rpartition("/")[2] for link in alice.page("/subscriptions?status=active&q=fieldwire").links}
    assert names and names == names & shown & set(listed)


def test_the_chosen_ones_are_exported_and_formulas_are_texts(
    alice: SiteClient, cast: Cast, portal: Portal
) -> None:
    row = cast.row(ALICE, "active")
    with portal.at(portal.sites["fr"]):
        Subscription.update(po_number="=1+1").where(Subscription.id == row.id).execute()
    lines = table(alice.get(asked("csv", row.public_id)).text)
    assert len(lines) == 2 and lines[1][0] == row.public_id and "'=1+1" in lines[1]
    sheet = load_workbook(io.BytesIO(alice.get(asked("xlsx", row.public_id)).data)).active
    cells = {cell.value: cell.data_type for cell in sheet[2]}
    assert cells["=1+1"] == "s" and sheet.max_row == 2


def test_all_of_a_large_list_are_exported_in_its_order(alice: SiteClient, cast: Cast, portal: Portal) -> None:
    with portal.at(portal.sites["fr"]), atomic():
        made = more_like(cast.row(ALICE, "active"), 1_020)
    lines = table(alice.get(f"{CHOSEN}?do=csv&of=all&sort=newest").text)[1:]
    names = [line[0] for line in lines]
    assert len(set(names)) == len(names) and set(made) <= set(names)
    refused = alice.get(f"{CHOSEN}?do=po&of=all")
    assert refused.status_code == 422 and "200" in refused.text, "so many are not changed at once"


def test_other_peoples_are_not_there(alice: SiteClient, cast: Cast) -> None:
    own, foreign = cast.row(ALICE, "active").public_id, cast.row(CHARLIE, "active").public_id
    for do in ("csv", "xlsx", "po"):
        assert alice.get(asked(do, own, foreign)).status_code == 404
    assert alice.get(asked("csv", "' OR 1=1 --")).status_code == 404
    saved = alice.post(CHOSEN, data={"po_number": "stolen", "row": [f"{own}:0", f"{foreign}:0"]})
    assert saved.status_code == 404


@pytest.mark.parametrize("do", ["csv", "xlsx", "po"])
def test_nothing_chosen_is_said_on_the_list(alice: SiteClient, do: str) -> None:
    answer = alice.get(f"{CHOSEN}?do={do}&status=active")
    page = page_of(answer)
    assert answer.status_code == 422 and "/subscriptions?status=active&choose=page" in page.links


def test_a_page_is_chosen_without_javascript(alice: SiteClient) -> None:
    plain, chosen = alice.page("/subscriptions"), alice.page("/subscriptions?choose=page")
    ticked = [box for box in chosen.all("input") if box.get("type") == "checkbox"]
    assert ticked and all("checked" in box for box in ticked)
    assert not any("checked" in box for box in plain.all("input"))


def test_one_number_for_several_is_previewed_and_every_row_says_its_fate(
    alice: SiteClient, cast: Cast, portal: Portal
) -> None:
    active, cancelled = cast.row(ALICE, "active"), cast.row(ALICE, "cancelled")
    pending, ended = cast.row(ALICE, "pending"), cast.row(ALICE, "ended")
    ids = [row.public_id for row in (active, cancelled, pending, ended)]
    form = alice.page(asked("po", *ids))
    assert "po_number" in {box.get("name") for box in form.all("input")}
    for wrong in (" ", "x" * 71):
        assert alice.get(asked("po", *ids, po_number=wrong)).status_code == 422
    preview = alice.page(asked("po", *ids, po_number="BC 2027-1"))
    rows = [box.get("value") for box in preview.all("input") if box.get("name") == "row"]
    assert len(rows) == 4 and stored(portal, active.id) != "BC 2027-1", "a preview changes nothing"
    someone = alice.post(
        f"/subscriptions/{cancelled.public_id}/purchase-order", data={"po_number": "faster", "version": "0"}
    )
    assert someone.status_code in (303, 204)
    answer = alice.post(CHOSEN, data={"po_number": "BC 2027-1", "row": rows})
    assert answer.status_code == 200
    assert stored(portal, active.id) == "BC 2027-1" and stored(portal, cancelled.id) == "faster"
    assert stored(portal, pending.id) == pending.po_number and stored(portal, ended.id) == ended.po_number
    again = alice.post(CHOSEN, data={"po_number": "BC 2027-1", "row": rows})
    assert again.status_code == 200 and stored(portal, active.id) == "BC 2027-1"


def stored(portal: Portal, subscription: int) -> str:
    with portal.at(portal.sites["fr"]):
        return str(Subscription.get_by_id(subscription).po_number)


@pytest.mark.parametrize("row", ["", "SUB-FR-1", "SUB-FR-123456:x", "x:1", "SUB-FR-123456:99999999999"])
def test_a_form_that_was_tampered_with_is_refused(alice: SiteClient, row: str) -> None:
    answer = alice.post(CHOSEN, data={"po_number": "BC", "row": row})
    assert answer.status_code in (404, 422)


def test_who_looks_after_billing_does_not_see_who_uses_what(app: Flask, cast: Cast) -> None:
    erin = signed_in(app, ERIN)
    head, *lines = table(erin.get(f"{CHOSEN}?do=csv&of=all&view=billing").text)
    full = table(signed_in(app, ALICE).get(f"{CHOSEN}?do=csv&of=all").text)[0]
    assert lines and len(head) == len(full) - 1
