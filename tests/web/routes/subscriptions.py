"""Subscriptions: the list, and all that is done with one but for its users and its bills."""

from __future__ import annotations

from datetime import date, timedelta

from tests.conftest import NOON
from tests.support.cast import ALL_STATES
from tests.web.routes.shapes import (
    MANAGEABLE,
    VISIBLE,
    Body,
    Route,
    by_state,
    managed,
    of_subscription,
    paid,
    personal,
    while_active,
)
from webapp.domain.calendar import add_months, local_date
from webapp.sites import Site


def _agreement_hash(site: Site) -> Body:
    return {"agreement": site.agreement("software", site.default_language).sha256}


def _renewal(site: Site) -> Body:
    """Of the subscription that the cast has active, as its page shows it."""
    activated = next(story.activated or 0 for story in ALL_STATES if story.state == "active")
    start = local_date(NOON - timedelta(days=activated), site.time_zone)
    return {"ends_on": add_months(start, 12, anchor_day=start.day).isoformat()}


def _one_more(site: Site) -> Body:
    """A sixth licence of 480.00 a year, at its price for the days that are left of the first one."""
    end = date.fromisoformat(_renewal(site)["ends_on"])
    today = local_date(NOON, site.time_zone)
    days, year = (end - today).days, (end - add_months(end, -12, anchor_day=end.day)).days
    net = (2 * 48000 * days + year) // (2 * year)
    return {"added": "1", "shown": f"6:{net}:{today.isoformat()}"}


def _one_fewer(site: Site) -> Body:
    return {"number": "4", "renewal": _renewal(site)["ends_on"]}


def _hand_over_to_a_colleague(site: Site) -> Body:
    heir = {"fr": "bob@example.com", "de": "hans@example.com"}[site.code]
    return {"to": heir, "named": heir, "step": "confirm"}


ROUTES: dict[str, Route] = {
    "subscriptions.show_list": personal("GET /subscriptions", 200),
    "subscription_choice.show": personal("GET /subscriptions/chosen", 303),
    "subscription_choice.save": personal(
        "POST /subscriptions/chosen",
        422,
        body={"po_number": "nothing"},
        attack=lambda site: {"po_number": "stolen"},
    ),
    "subscriptions.manage": paid("GET", VISIBLE),
    "activation.follow_link": personal(
        "GET /activate/<order_number:order_number>", by_state(303, 303, 303, gone=410), names="order"
    ),
    "activation.show_agreement": managed("GET /agreement", VISIBLE),
    "activation.activate": of_subscription(
        "POST /activate", by_state(409, 303, 303), body={"agreement": "0" * 64}, attack=_agreement_hash
    ),
    "activation.send_mail_again": of_subscription("POST /activation-mail", by_state(303, 409, 409)),
    "quantity.show": managed("GET /licenses", MANAGEABLE),
    "quantity.show_value": managed("GET /licenses/value", while_active(303), in_place=MANAGEABLE),
    "quantity.add": managed(
        "POST /licenses/more", while_active(409), body={"added": "1", "shown": "nothing"}, attack=_one_more
    ),
    "quantity.reduce": managed(
        "POST /licenses/fewer",
        while_active(409),
        body={"number": "1", "renewal": "2001-01-01"},
        attack=_one_fewer,
        shows_colleagues=True,
    ),
    "quantity.keep": managed(
        "POST /licenses/undo",
        while_active(409),
        body={"renewal": "2001-01-01"},
        attack=lambda site: {"renewal": _renewal(site)["ends_on"], "planned": "4"},
    ),
    "cancellation.show": managed("GET /cancellation", MANAGEABLE),
    "cancellation.plan": managed(
        "POST /cancellation",
        while_active(409),
        body={"reason": "nothing", "ends_on": "2001-01-01"},
        attack=_renewal,
    ),
    "cancellation.undo": managed(
        "POST /cancellation/undo", while_active(409), body={"ends_on": "2001-01-01"}, attack=_renewal
    ),
    "transfer.choose": of_subscription("GET /transfer", MANAGEABLE, shows_colleagues=True),
    "transfer.submit": of_subscription(
        "POST /transfer",
        while_active(422),
        body={"step": "confirm"},
        attack=_hand_over_to_a_colleague,
        shows_colleagues=True,
    ),
    "transfer.show_take_back": of_subscription("GET /transfer/take-back", {"handed-over": 200}),
    "transfer.take_back": of_subscription("POST /transfer/take-back", {"handed-over": 303}, once=True),
    "backup.choose": of_subscription("GET /backup", MANAGEABLE, shows_colleagues=True),
    "backup.save": of_subscription(
        "POST /backup", while_active(422), attack=_hand_over_to_a_colleague, shows_colleagues=True
    ),
    "backup.show_leave": managed("GET /backup/leave", MANAGEABLE, owners=False),
    "backup.leave": managed("POST /backup/leave", while_active(303), once=True, owners=False),
}
