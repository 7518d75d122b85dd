"""What the pages of a subscription tell when time has passed."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from tests.conftest import TestClock
from tests.support.cast import ALICE, Cast
from tests.support.client import SiteClient, said, sign_in
from webapp.assembly import Portal
from webapp.data.accounts import Person
from webapp.data.subscriptions import Subscription
from webapp.domain.calendar import start_of_day
from webapp.domain.lifecycle import quantity
from webapp.formats import day
from webapp.i18n import speaking, speech
from webapp.jobs.renew import end, renew


def in_french(value: Any) -> str:
    with speaking(speech("fr", "FR")):
        return day(value, "medium")


def address_of(cast: Cast, state: str) -> str:
    return f"/subscriptions/{cast.row(ALICE, state).public_id}"


def term_end(portal: Portal, address: str) -> Any:
    with portal.at(portal.sites["fr"]):
        return Subscription.get(Subscription.public_id == address.rpartition("/")[2]).term_end


def test_the_page_tells_of_renewals_and_of_licences(
    alice: SiteClient, portal: Portal, cast: Cast, clock: TestClock
) -> None:
    site, address = portal.sites["fr"], address_of(cast, "active")
    product = portal.catalogue.by_key("fieldwire-business")
    with portal.at(site):
        found = Subscription.get(Subscription.public_id == address.rpartition("/")[2])
        who: dict[str, Any] = {"product": product, "actor": Person.get_by_id(cast.person_ids[ALICE])}
        who["now"] = clock.now
        price = quantity.price_of_more(found, 2, product=product, now=clock.now)
        quantity.add_licences(found, 2, shown=price.key, **who)
        quantity.plan_fewer(found, 4, renewal=found.term_end, planned=None, **who)
        renewal = found.term_end
    shown = alice.page(address).text
    assert "2 licences ajoutées" in shown.replace("\u00a0", " ")
    assert in_french(renewal) in shown
    clock.now = start_of_day(renewal, site.time_zone)
    renew(portal, site)
    sign_in(alice, ALICE.email, ALICE.password)
    after = alice.page(address).text
    assert (
        said(alice, "Renewed until the renewal on %(date)s", date=in_french(term_end(portal, address)))
        in after
    )
    assert "Désormais 4 licences" in after.replace("\u00a0", " ")


def test_from_its_last_midnight_on_it_has_ended_whether_or_not_the_job_has_run(
    alice: SiteClient, portal: Portal, cast: Cast, clock: TestClock
) -> None:
    site, address = portal.sites["fr"], address_of(cast, "cancelled")
    over = start_of_day(term_end(portal, address), site.time_zone)
    clock.now = over - timedelta(hours=1)
    sign_in(alice, ALICE.email, ALICE.password)
    alice.page(address).one("a", href=f"{address}/users")
    clock.now = over
    before = alice.page(address)
    for gone in ("cancellation", "transfer"):
        assert alice.get(f"{address}/{gone}").status_code == 404
    assert not before.all("form", action=f"{address}/cancellation/undo")
    assert end(portal, site) == {"ended": 1}
    after = alice.page(address)
    assert said(alice, "Subscription ended as cancelled") in after.text
