"""Who may do what at which address, written down a second time and apart from the views.

A route that is not listed here fails the sweep, and so does one that is listed and gone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta

from tests.conftest import NOON
from tests.support.cast import ALICE, ALL_STATES, DORA, unconfirmed_address
from webapp.domain.calendar import add_months, local_date
from webapp.sites import Site

Status = int | Mapping[str, int]
Body = Mapping[str, str]


@dataclass(frozen=True)
class Route:
    """`answers`: what each method says to who may; by the row's state, the token's, or who and where one is.

    Whatever is not mentioned there is `unknown`.
    """

    path: str
    who: str
    place: str
    answers: Mapping[str, Status]
    names: str = ""  # what its argument names: a row, an order, a token, a mail, an asset
    unknown: int = 404
    leads: str = ""  # where it sends who has not come by the step before
    in_place: Status | None = None  # to an htmx request for a fragment, if that differs
    body: Body = field(default_factory=dict)  # goes through every check and changes nothing
    attack: Callable[[Site], Body] = lambda site: {}  # would do harm where a check is missing
    ends_session: bool = False
    once: bool = False  # done by who may, it can't be done again: only the walk does it
    shows_colleagues: bool = False  # by name
    shows_past: bool = False  # what the person was mailed and did, long ago
    also: frozenset[str] = frozenset()  # who may as well: the backup, billing of the account
    owners: bool = True  # and the administrator
    document: bytes = b""  # what a caller with a key sends
    media_type: str = "application/json"
    query: str = ""
    managing: bool = False  # for who has a role in the account
    from_anywhere: bool = False  # what it changes is named by a secret: mail programs send it, too


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


def _mandate(site: Site) -> Body:
    text = site.agreement("direct-debit-mandate", site.default_language)
    account = {"holder": "A Thief", "iban": "DE89370400440532013000", "accepted": "yes"}
    return {**account, "mandate": text.sha256, "version": "0"}


def _hand_over_to_a_colleague(site: Site) -> Body:
    heir = {"fr": "bob@example.com", "de": "hans@example.com"}[site.code]
    return {"to": heir, "named": heir, "step": "confirm"}


def _billing_for_a_colleague(site: Site) -> Body:
    colleague = {"fr": "bob@example.com", "de": "hans@example.com"}[site.code]
    return {"account": "1000001", "person": colleague, "do": "grant"}


def _states(pending: int, active: int, ended: int, gone: int = 404) -> dict[str, int]:
    return {
        **dict.fromkeys(("pending", "last-days"), pending),
        **dict.fromkeys(("active", "cancelled"), active),
        "ended": ended,
        **dict.fromkeys(("lapsed", "marked", "withdrawn"), gone),
    }


_BILLING = {
    "name": "Stolen & Sons",
    "line1": "Hidden Lane 1",
    "postal_code": "",
    "city": "Nowhere",
    "country": "FR",
}
_THIEF = {"email": "thief@example.com", "whose": "company"}


def _listed(site: Site) -> Body:
    """One that the cast has on the list of the owner's active subscription, not confirmed."""
    return {"email": unconfirmed_address({"fr": ALICE, "de": DORA}[site.code]), "whose": "subscription"}


_BACKUP = frozenset({"backup"})
_PAYING = frozenset({"backup", "billing"})
_SUBSCRIPTION = "/subscriptions/<public_id:public_id>"
_VISIBLE = _states(200, 200, 200)
_MANAGEABLE = _states(404, 200, 404)
_SEAT = "/seats/<seat_key:key>"
_NUMBER = "<invoice_number:number>"
_INVOICED = dict.fromkeys(("active", "cancelled", "ended"), 200)
_NDJSON = "application/x-ndjson"
_ORDER = "/api/v1/orders/<order_number:order_number>"
_ENTITLED = "/api/v1/entitlements/subscriptions/<public_id:public_id>"
_CORRECTED = {**_states(200, 409, 409, gone=409), "handed-over": 409}
_EVERY_STATE = {**_states(200, 200, 200, gone=200), "handed-over": 200}
_SEATED = _MANAGEABLE  # of a seat, by the state of its subscription

_LED_ON = {"half": 303, "new": 303, "agent": 303}  # agents, to where they are in signing in

ROUTES: dict[str, Route] = {
    # ---- for everybody
    "static": Route("/static/<asset:name>", "public", "anywhere", {"GET": {"there": 200}}, names="asset"),
    "front.home": Route("/", "public", "anywhere", {"GET": {"site": 303, "front": 200}}),
    "front.robots": Route("/robots.txt", "public", "anywhere", {"GET": 200}),
    "language.choose": Route("/language", "public", "anywhere", {"POST": 303}, body={"language": "fr"}),
    "help.show": Route("/help", "public", "site", {"GET": 200}),
    "legal.imprint": Route("/imprint", "public", "site", {"GET": 200}),
    "legal.privacy": Route("/privacy", "public", "site", {"GET": 200}),
    "legal.accessibility": Route("/accessibility", "public", "site", {"GET": 200}),
    "sign_in.show": Route("/sign-in", "public", "site", {"GET": {"nobody": 200, "person": 303}}),
    "sign_in.submit": Route("/sign-in", "public", "site", {"POST": 422}),
    "passwords.forgotten": Route("/password/forgotten", "public", "site", {"GET": 200}),
    "passwords.send_link": Route("/password/forgotten", "public", "site", {"POST": 422}),
    "passwords.sent": Route("/password/sent", "public", "site", {"GET": 200}),
    "passwords.choose": Route(
        "/password/set/<mailed_token:token>",
        "public",
        "site",
        {"GET": {"live": 200}},
        names="token",
        unknown=410,
    ),
    "passwords.save": Route(
        "/password/set/<mailed_token:token>",
        "public",
        "site",
        {"POST": {"live": 422}},
        names="token",
        unknown=410,
        body={"password": "short"},
        attack=lambda site: {"password": "a spade and a shovel"},
    ),
    "whereabouts.show": Route("/missing-subscriptions", "public", "site", {"GET": 200}),
    "whereabouts.ask": Route(
        "/missing-subscriptions", "public", "site", {"POST": 303}, body={"email": "alice@example.com"}
    ),
    "whereabouts.asked": Route("/missing-subscriptions/asked", "public", "site", {"GET": 200}),
    "activation.send_first_link": Route(
        "/activate/<order_number:order_number>/password",
        "public",
        "site",
        {"POST": 303},
        names="order",
        unknown=303,  # whether there is such an order is told to nobody
    ),
    # ---- for who is signed in
    "sign_in.leave": Route("/sign-out", "person", "site", {"POST": 303}, ends_session=True),
    "activation.follow_link": Route(
        "/activate/<order_number:order_number>",
        "person",
        "site",
        {"GET": _states(303, 303, 303, gone=410)},
        names="order",
    ),
    "subscriptions.show_list": Route("/subscriptions", "person", "site", {"GET": 200}),
    "subscription_choice.show": Route("/subscriptions/chosen", "person", "site", {"GET": 303}),
    "subscription_choice.save": Route(
        "/subscriptions/chosen",
        "person",
        "site",
        {"POST": 422},
        body={"po_number": "nothing"},
        attack=lambda site: {"po_number": "stolen"},
    ),
    "members.show": Route("/members", "person", "site", {"GET": 200}, shows_colleagues=True, managing=True),
    "members.change_billing": Route(
        "/members/billing",
        "person",
        "site",
        {"POST": 422},
        attack=_billing_for_a_colleague,
        shows_colleagues=True,
        managing=True,
    ),
    "accounts.show": Route("/accounts", "person", "site", {"GET": 200}),
    "support_visits_seen.show": Route("/support-visits", "person", "site", {"GET": 200}, managing=True),
    "accounts.look_at": Route(
        "/accounts", "person", "site", {"POST": 404}, attack=lambda site: {"account": "1000002"}
    ),
    "profile.show": Route("/profile", "person", "site", {"GET": 200}),
    "profile.edit_name": Route("/profile/name", "person", "site", {"GET": 200}),
    "profile.show_name": Route("/profile/name/value", "person", "site", {"GET": 303}),
    "profile.save_name": Route(
        "/profile/name", "person", "site", {"POST": 422}, attack=lambda site: {"name": "Mallory"}
    ),
    "profile.edit_email": Route("/profile/email", "person", "site", {"GET": 200}),
    "profile.ask_email": Route(
        "/profile/email", "person", "site", {"POST": 422}, attack=lambda site: {"email": "m@example.org"}
    ),
    "profile.drop_email": Route("/profile/email/drop", "person", "site", {"POST": 303}),
    "profile.show_confirm": Route(
        "/profile/email/confirm/<mailed_token:token>",
        "public",
        "site",
        {"GET": {"live": 200}},
        names="email token",
        unknown=410,
    ),
    "profile.confirm_email": Route(
        "/profile/email/confirm/<mailed_token:token>",
        "public",
        "site",
        {"POST": {"live": 303}},
        names="email token",
        unknown=410,
        once=True,
    ),
    "profile.edit_password": Route("/profile/password", "person", "site", {"GET": 200}),
    "profile.change_password": Route(
        "/profile/password",
        "person",
        "site",
        {"POST": 422},
        attack=lambda site: {"password": "a spade and a shovel"},
    ),
    "profile.end_session": Route("/profile/sessions", "person", "site", {"POST": 404}),
    "profile.end_all_sessions": Route(
        "/profile/sessions/all", "person", "site", {"POST": 303}, ends_session=True
    ),
    "profile.data": Route("/profile/data", "person", "site", {"GET": 200}, shows_past=True),
    "reminders.save": Route("/profile/reminders", "person", "site", {"POST": 303}),
    "reminders.show": Route(
        "/reminders/<mailed_token:token>",
        "public",
        "site",
        {"GET": {"live": 200}},
        names="reminder token",
        unknown=410,
    ),
    "reminders.choose": Route(
        "/reminders/<mailed_token:token>",
        "public",
        "site",
        {"POST": {"live": 303}},
        names="reminder token",
        unknown=410,
        from_anywhere=True,
    ),
    "calendar_feed.show": Route("/profile/calendar", "person", "site", {"GET": 200}),
    "calendar_feed.open_feed": Route("/profile/calendar", "person", "site", {"POST": 200}, once=True),
    "calendar_feed.close_feed": Route("/profile/calendar/close", "person", "site", {"POST": 303}, once=True),
    "calendar_feed.read": Route(
        "/calendar/<mailed_token:token>.ics",
        "public",
        "site",
        {"GET": {"live": 200}},
        names="calendar token",
    ),
    # ---- for the administrator of the row, and who has a right beside them
    "subscriptions.manage": Route(
        _SUBSCRIPTION, "person", "site", {"GET": _VISIBLE}, names="row", also=_PAYING
    ),
    "seats.show_list": Route(
        f"{_SUBSCRIPTION}/users",
        "person",
        "site",
        {"GET": _VISIBLE},
        names="row",
        also=_BACKUP,
        shows_colleagues=True,
    ),
    "invitations.show": Route(
        f"{_SUBSCRIPTION}/users/invite", "person", "site", {"GET": _MANAGEABLE}, names="row", also=_BACKUP
    ),
    "invitations.submit": Route(
        f"{_SUBSCRIPTION}/users/invite",
        "person",
        "site",
        {"POST": _states(404, 422, 404)},
        names="row",
        also=_BACKUP,
        body={"addresses": "nobody"},
        attack=lambda site: {"addresses": "intruder@example.com"},
    ),
    "seat_files.show": Route(
        f"{_SUBSCRIPTION}/users/file", "person", "site", {"GET": _MANAGEABLE}, names="row", also=_BACKUP
    ),
    "seat_files.upload": Route(
        f"{_SUBSCRIPTION}/users/file",
        "person",
        "site",
        {"POST": _states(404, 422, 404)},
        names="row",
        also=_BACKUP,
    ),
    # No file waits there: what becomes of one is told in the walk and in test_seat_files.py.
    "seat_files.check": Route(
        f"{_SUBSCRIPTION}/users/file/check", "person", "site", {"POST": 404}, names="row", also=_BACKUP
    ),
    "seat_files.invite": Route(
        f"{_SUBSCRIPTION}/users/file/invite", "person", "site", {"POST": 404}, names="row", also=_BACKUP
    ),
    "seat_files.discard": Route(
        f"{_SUBSCRIPTION}/users/file/discard",
        "person",
        "site",
        {"POST": _states(404, 303, 404)},
        names="row",
        also=_BACKUP,
    ),
    "seats.edit": Route(
        _SEAT, "person", "site", {"GET": _SEATED}, names="seat", also=_BACKUP, shows_colleagues=True
    ),
    "seats.save": Route(
        _SEAT,
        "person",
        "site",
        {"POST": _states(404, 409, 404)},
        names="seat",
        also=_BACKUP,
        body={"job_site": "nowhere", "version": "99"},
        attack=lambda site: {"job_site": "stolen", "version": "0"},
        shows_colleagues=True,
    ),
    "seats.show_row": Route(
        f"{_SEAT}/row",
        "person",
        "site",
        {"GET": _states(404, 303, 404)},
        names="seat",
        also=_BACKUP,
        in_place=_SEATED,
        shows_colleagues=True,
    ),
    "seats.invite_again": Route(
        f"{_SEAT}/invitation", "person", "site", {"POST": _states(404, 409, 404)}, names="seat", also=_BACKUP
    ),
    "seats.revoke": Route(
        f"{_SEAT}/removal",
        "person",
        "site",
        {"POST": _states(404, 303, 404)},
        names="seat",
        also=_BACKUP,
        once=True,
    ),
    "seats.restore": Route(
        f"{_SEAT}/restoration", "person", "site", {"POST": _states(404, 409, 404)}, names="seat", also=_BACKUP
    ),
    "activation.show_agreement": Route(
        f"{_SUBSCRIPTION}/agreement", "person", "site", {"GET": _VISIBLE}, names="row", also=_BACKUP
    ),
    "activation.activate": Route(
        f"{_SUBSCRIPTION}/activate",
        "person",
        "site",
        {"POST": _states(409, 303, 303)},
        names="row",
        body={"agreement": "0" * 64},
        attack=_agreement_hash,
    ),
    "activation.send_mail_again": Route(
        f"{_SUBSCRIPTION}/activation-mail", "person", "site", {"POST": _states(303, 409, 409)}, names="row"
    ),
    "purchase_orders.edit": Route(
        f"{_SUBSCRIPTION}/purchase-order", "person", "site", {"GET": _MANAGEABLE}, names="row", also=_PAYING
    ),
    "purchase_orders.show": Route(
        f"{_SUBSCRIPTION}/purchase-order/value",
        "person",
        "site",
        {"GET": _states(404, 303, 404)},
        names="row",
        in_place=_MANAGEABLE,
        also=_PAYING,
    ),
    "purchase_orders.save": Route(
        f"{_SUBSCRIPTION}/purchase-order",
        "person",
        "site",
        {"POST": _states(404, 409, 404)},
        names="row",
        body={"po_number": "nothing", "version": "99"},
        attack=lambda site: {"po_number": "stolen", "version": "0"},
        also=_PAYING,
    ),
    "quantity.show": Route(
        f"{_SUBSCRIPTION}/licenses",
        "person",
        "site",
        {"GET": _MANAGEABLE},
        names="row",
        also=_BACKUP,
    ),
    "quantity.show_value": Route(
        f"{_SUBSCRIPTION}/licenses/value",
        "person",
        "site",
        {"GET": _states(404, 303, 404)},
        names="row",
        also=_BACKUP,
        in_place=_MANAGEABLE,
    ),
    "quantity.add": Route(
        f"{_SUBSCRIPTION}/licenses/more",
        "person",
        "site",
        {"POST": _states(404, 409, 404)},
        names="row",
        also=_BACKUP,
        body={"added": "1", "shown": "nothing"},
        attack=_one_more,
    ),
    "quantity.reduce": Route(
        f"{_SUBSCRIPTION}/licenses/fewer",
        "person",
        "site",
        {"POST": _states(404, 409, 404)},
        names="row",
        also=_BACKUP,
        body={"number": "1", "renewal": "2001-01-01"},
        attack=_one_fewer,
        shows_colleagues=True,
    ),
    "quantity.keep": Route(
        f"{_SUBSCRIPTION}/licenses/undo",
        "person",
        "site",
        {"POST": _states(404, 409, 404)},
        names="row",
        also=_BACKUP,
        body={"renewal": "2001-01-01"},
        attack=lambda site: {"renewal": _renewal(site)["ends_on"], "planned": "4"},
    ),
    "cancellation.show": Route(
        f"{_SUBSCRIPTION}/cancellation", "person", "site", {"GET": _MANAGEABLE}, names="row", also=_BACKUP
    ),
    "cancellation.plan": Route(
        f"{_SUBSCRIPTION}/cancellation",
        "person",
        "site",
        {"POST": _states(404, 409, 404)},
        names="row",
        body={"reason": "nothing", "ends_on": "2001-01-01"},
        attack=_renewal,
        also=_BACKUP,
    ),
    "cancellation.undo": Route(
        f"{_SUBSCRIPTION}/cancellation/undo",
        "person",
        "site",
        {"POST": _states(404, 409, 404)},
        names="row",
        body={"ends_on": "2001-01-01"},
        attack=_renewal,
        also=_BACKUP,
    ),
    "payment_methods.show": Route(
        f"{_SUBSCRIPTION}/payment-method", "person", "site", {"GET": _MANAGEABLE}, names="row", also=_PAYING
    ),
    "payment_methods.by_invoice": Route(
        f"{_SUBSCRIPTION}/payment-method/invoice",
        "person",
        "site",
        {"POST": _states(404, 409, 404)},
        names="row",
        also=_PAYING,
        body={"version": "99"},
        attack=lambda site: {"version": "0"},
    ),
    "payment_methods.by_direct_debit": Route(
        f"{_SUBSCRIPTION}/payment-method/direct-debit",
        "person",
        "site",
        {"POST": _states(404, 422, 404)},
        names="row",
        also=_PAYING,
        attack=_mandate,
    ),
    "cards.begin": Route(
        f"{_SUBSCRIPTION}/payment-method/card",
        "person",
        "site",
        {"POST": _states(404, 409, 404)},
        names="row",
        also=_PAYING,
        body={"version": "99"},
        attack=lambda site: {"version": "0"},
    ),
    # No set-up is named: what becomes of one is told in the walk and in test_cards.py.
    "cards.leave": Route(
        f"{_SUBSCRIPTION}/payment-method/card",
        "person",
        "site",
        {"GET": _states(404, 303, 404)},
        names="row",
        also=_PAYING,
    ),
    "cards.come_back": Route(
        f"{_SUBSCRIPTION}/payment-method/card/return",
        "person",
        "site",
        {"GET": _states(404, 303, 404)},
        names="row",
        also=_PAYING,
    ),
    # Asked by nobody who has a cookie: see signed.py.
    "cards.take_event": Route("/payments/card-events", "signature", "site", {"POST": 400}),
    "billing_details.edit": Route(
        f"{_SUBSCRIPTION}/billing-details", "person", "site", {"GET": _MANAGEABLE}, names="row", also=_PAYING
    ),
    "billing_details.show": Route(
        f"{_SUBSCRIPTION}/billing-details/value",
        "person",
        "site",
        {"GET": _states(404, 303, 404)},
        names="row",
        also=_PAYING,
        in_place=_MANAGEABLE,
    ),
    "billing_details.save": Route(
        f"{_SUBSCRIPTION}/billing-details",
        "person",
        "site",
        {"POST": _states(404, 409, 404)},
        names="row",
        also=_PAYING,
        body={**_BILLING, "version": "99"},
        attack=lambda site: {**_BILLING, "version": "0"},
    ),
    "invoice_recipients.show": Route(
        f"{_SUBSCRIPTION}/invoice-addresses",
        "person",
        "site",
        {"GET": _MANAGEABLE},
        names="row",
        also=_PAYING,
    ),
    "invoice_recipients.cancel": Route(
        f"{_SUBSCRIPTION}/invoice-addresses/value",
        "person",
        "site",
        {"GET": _states(404, 303, 404)},
        names="row",
        also=_PAYING,
        in_place=_MANAGEABLE,
    ),
    "invoice_recipients.add": Route(
        f"{_SUBSCRIPTION}/invoice-addresses",
        "person",
        "site",
        {"POST": _states(404, 422, 404)},
        names="row",
        also=_PAYING,
        attack=lambda site: _THIEF,
    ),
    "invoice_recipients.send_again": Route(
        f"{_SUBSCRIPTION}/invoice-addresses/again",
        "person",
        "site",
        {"POST": 404},  # of an address that is not on the list
        names="row",
        also=_PAYING,
        body=_THIEF,
        attack=_listed,
    ),
    "invoice_recipients.remove": Route(
        f"{_SUBSCRIPTION}/invoice-addresses/remove",
        "person",
        "site",
        {"POST": 404},
        names="row",
        also=_PAYING,
        body=_THIEF,
        attack=_listed,
    ),
    "invoice_recipients.ask": Route(
        "/invoice-address/<mailed_token:token>",
        "public",
        "site",
        {"GET": {"live": 200}},
        names="address token",
        unknown=410,
    ),
    "invoice_recipients.confirm": Route(
        "/invoice-address/<mailed_token:token>",
        "public",
        "site",
        {"POST": {"live": 303}},
        names="address token",
        unknown=410,
        once=True,
    ),
    "invoice_recipients.confirmed": Route("/invoice-address/confirmed", "public", "site", {"GET": 200}),
    "invoices.show_list": Route("/invoices", "person", "site", {"GET": 200}),
    "invoices.show": Route(
        f"/invoices/{_NUMBER}", "person", "site", {"GET": _INVOICED}, names="invoice", also=_PAYING
    ),
    "invoice_files.pdf": Route(
        f"/invoices/{_NUMBER}.pdf", "person", "site", {"GET": _INVOICED}, names="invoice", also=_PAYING
    ),
    "invoice_files.cii": Route(
        f"/invoices/{_NUMBER}.xml", "person", "site", {"GET": _INVOICED}, names="invoice", also=_PAYING
    ),
    "invoice_files.ubl": Route(
        f"/invoices/{_NUMBER}-ubl.xml", "person", "site", {"GET": _INVOICED}, names="invoice", also=_PAYING
    ),
    "invoice_files.as_csv": Route("/invoices.csv", "person", "site", {"GET": 200}),
    "invoice_files.as_xlsx": Route("/invoices.xlsx", "person", "site", {"GET": 200}),
    "invoice_files.as_zip": Route("/invoices.zip", "person", "site", {"GET": 200}, managing=True),
    "invoice_files.contract": Route(
        f"{_SUBSCRIPTION}/contract.pdf", "person", "site", {"GET": _VISIBLE}, names="row", also=_BACKUP
    ),
    "transfer.choose": Route(
        f"{_SUBSCRIPTION}/transfer",
        "person",
        "site",
        {"GET": _MANAGEABLE},
        names="row",
        shows_colleagues=True,
    ),
    "transfer.submit": Route(
        f"{_SUBSCRIPTION}/transfer",
        "person",
        "site",
        {"POST": _states(404, 422, 404)},
        names="row",
        body={"step": "confirm"},
        attack=_hand_over_to_a_colleague,
        shows_colleagues=True,
    ),
    "transfer.show_take_back": Route(
        f"{_SUBSCRIPTION}/transfer/take-back", "person", "site", {"GET": {"handed-over": 200}}, names="row"
    ),
    "transfer.take_back": Route(
        f"{_SUBSCRIPTION}/transfer/take-back",
        "person",
        "site",
        {"POST": {"handed-over": 303}},
        names="row",
        once=True,
    ),
    "backup.choose": Route(
        f"{_SUBSCRIPTION}/backup", "person", "site", {"GET": _MANAGEABLE}, names="row", shows_colleagues=True
    ),
    "backup.save": Route(
        f"{_SUBSCRIPTION}/backup",
        "person",
        "site",
        {"POST": _states(404, 422, 404)},
        names="row",
        attack=_hand_over_to_a_colleague,
        shows_colleagues=True,
    ),
    "backup.show_leave": Route(
        f"{_SUBSCRIPTION}/backup/leave",
        "person",
        "site",
        {"GET": _MANAGEABLE},
        names="row",
        also=_BACKUP,
        owners=False,
    ),
    "backup.leave": Route(
        f"{_SUBSCRIPTION}/backup/leave",
        "person",
        "site",
        {"POST": _states(404, 303, 404)},
        names="row",
        once=True,
        also=_BACKUP,
        owners=False,
    ),
    # ---- for who has an API key; `answers` are those to a key with the right scope
    "api_description.show": Route("/api/v1/openapi.json", "public", "site", {"GET": 200}),
    "api_orders.take": Route("/api/v1/orders", "key", "site", {"POST": 422}, document=b"{}"),
    "api_orders.take_many": Route(
        "/api/v1/batches/orders", "key", "site", {"POST": 200}, document=b"{}", media_type=_NDJSON
    ),
    "api_orders.show": Route(_ORDER, "key", "site", {"GET": _EVERY_STATE}, names="order"),
    "api_orders.correct_purchaser": Route(
        f"{_ORDER}/purchaser",
        "key",
        "site",
        {"PUT": _CORRECTED},
        names="order",
        document=b'{"email": "intruder@example.com", "name": "Mallory"}',
    ),
    "api_orders.withdraw": Route(
        f"{_ORDER}/withdrawal",
        "key",
        "site",
        {"PUT": {**_CORRECTED, "withdrawn": 200}},
        names="order",
        document=b'{"reason": "harm"}',
    ),
    "api_payments.take": Route("/api/v1/payments", "key", "site", {"POST": 422}, document=b"{}"),
    "api_payments.take_many": Route(
        "/api/v1/batches/payments", "key", "site", {"POST": 200}, document=b"{}", media_type=_NDJSON
    ),
    "api_subscriptions.show_list": Route("/api/v1/subscriptions", "key", "site", {"GET": 200}),
    "api_subscriptions.show": Route(
        "/api/v1/subscriptions/<public_id:public_id>", "key", "site", {"GET": _EVERY_STATE}, names="row"
    ),
    "api_entitlements.to_subscription": Route(
        _ENTITLED, "key", "site", {"GET": _EVERY_STATE}, names="row", query="email=bob@example.com"
    ),
    "api_entitlements.people": Route(
        f"{_ENTITLED}/people", "key", "site", {"GET": _EVERY_STATE}, names="row"
    ),
    "api_entitlements.to_product": Route(
        "/api/v1/entitlements/products/<product_key:product>",
        "key",
        "site",
        {"GET": {"there": 200}},
        names="product",
        query="email=bob@example.com",
    ),
    # ---- a second factor
    "second_factor.show": Route("/profile/second-factor", "person", "site", {"GET": 200}),
    "second_factor.change": Route(
        "/profile/second-factor", "person", "site", {"POST": 422}, body={"do": "start"}
    ),
    "second_factor.show_key": Route("/profile/second-factor/code", "person", "site", {"GET": 303}),
    "second_factor.confirm": Route("/profile/second-factor/code", "person", "site", {"POST": 303}),
    "second_factor.ask": Route("/sign-in/code", "public", "site", {"GET": 303}, leads="/sign-in"),
    "second_factor.enter": Route("/sign-in/code", "public", "site", {"POST": 303}, leads="/sign-in"),
    "second_factor.lost": Route("/sign-in/lost", "public", "site", {"GET": 303}, leads="/sign-in"),
    "second_factor.send_link": Route("/sign-in/lost", "public", "site", {"POST": 303}, leads="/sign-in"),
    "second_factor.show_link": Route(  # which works a day later
        "/sign-in/lost/<mailed_token:token>",
        "public",
        "site",
        {"GET": {"live": 200}},
        names="lost token",
        unknown=410,
    ),
    "second_factor.turn_off_by_link": Route(
        "/sign-in/lost/<mailed_token:token>",
        "public",
        "site",
        {"POST": {"live": 200}},
        names="lost token",
        unknown=410,
    ),
    # ---- the demo's mailbox, at the bare domain
    "front.list_mail": Route("/mailbox", "demo", "front", {"GET": 200}),
    "front.read_mail": Route(
        "/mailbox/<mail_name:name>", "demo", "front", {"GET": {"there": 200}}, names="mail"
    ),
    "front.show_mail": Route(
        "/mailbox/<mail_name:name>/html", "demo", "front", {"GET": {"there": 200}}, names="mail"
    ),
    "card_provider.show": Route(
        "/card-provider/<card_session:session>",
        "demo",
        "front",
        {"GET": {"there": 200}},
        names="card session",
    ),
    "card_provider.give": Route(
        "/card-provider/<card_session:session>",
        "demo",
        "front",
        {"POST": {"there": 303}},
        names="card session",
    ),
    "front.open_file": Route(
        "/mailbox/<mail_name:name>/files/<mail_name:file_name>",
        "demo",
        "front",
        {"GET": {"there": 200}},
        names="mail",
    ),
    "agent_passkeys.ask": Route("/agent/passkeys", "agent", "support", {"GET": 200}),
    "agent_passkeys.start": Route(
        "/agent/passkeys", "half_agent", "support", {"POST": {"half": 409, "new": 303, "agent": 422}}
    ),
    "agent_passkeys.show_new": Route(
        "/agent/passkeys/new", "half_agent", "support", {"GET": {"half": 409, "new": 200, "agent": 303}}
    ),
    "agent_passkeys.add": Route(
        "/agent/passkeys/new", "half_agent", "support", {"POST": {"half": 409, "new": 409, "agent": 409}}
    ),
    "agent_passkeys.show": Route(
        "/agent/proof/passkey", "half_agent", "support", {"POST": {"half": 422, "new": 303, "agent": 303}}
    ),
    "agent_passkeys.ask_remove": Route("/agent/passkeys/remove", "agent", "support", {"GET": 404}),
    "agent_passkeys.remove": Route("/agent/passkeys/remove", "agent", "support", {"POST": 404}),
    # ---- the support console: `half` has shown a password and not yet a second factor, `new` has none
    "console.show": Route("/console", "agent", "support", {"GET": 200}),
    "support_visits.ask": Route(
        "/visits/new", "agent", "support", {"GET": 404}
    ),  # of a subscription: visited.py
    "support_visits.open_visit": Route("/visits", "agent", "support", {"POST": 404}),
    "support_visits.show": Route("/visits/<seat_key:key>", "agent", "support", {"GET": 404}, names="visit"),
    # ---- at the host of visits
    "visiting.enter": Route(
        "/support/enter/<mailed_token:token>", "public", "visit", {"GET": 303}, names="visit entry"
    ),
    "visiting.renew": Route("/support/renew", "visit", "visit", {"POST": 303}),
    "visiting.end": Route("/support/end", "visit", "visit", {"POST": 303}),
    "agent_sign_in.show": Route("/agent/sign-in", "public", "support", {"GET": {"nobody": 200, **_LED_ON}}),
    "agent_sign_in.submit": Route("/agent/sign-in", "public", "support", {"POST": 422}),
    "agent_sign_in.leave": Route(
        "/agent/sign-out", "half_agent", "support", {"POST": 303}, ends_session=True
    ),
    "agent_sign_in.proof": Route("/agent/proof", "half_agent", "support", {"GET": {**_LED_ON, "half": 200}}),
    "agent_sign_in.show_code": Route(
        "/agent/proof", "half_agent", "support", {"POST": {"half": 422, "new": 404, "agent": 303}}
    ),
    "agent_sign_in.choose": Route(
        "/agent/link/<mailed_token:token>",
        "public",
        "support",
        {"GET": {"live": 200}},
        names="agent token",
        unknown=410,
    ),
    "agent_sign_in.save": Route(
        "/agent/link/<mailed_token:token>",
        "public",
        "support",
        {"POST": {"live": 422}},
        names="agent token",
        unknown=410,
    ),
    "agent.show": Route("/agent", "agent", "support", {"GET": 200}),
    "agent.choose": Route("/agent/set-up", "half_agent", "support", {"GET": {**_LED_ON, "new": 200}}),
    "agent.ask_app": Route("/agent/app", "agent", "support", {"GET": 200}),
    "agent.start_app": Route(
        "/agent/app", "half_agent", "support", {"POST": {"half": 409, "new": 303, "agent": 422}}
    ),
    "agent.show_app": Route(
        "/agent/app/code", "half_agent", "support", {"GET": {"half": 409, "new": 200, "agent": 303}}
    ),
    "agent.confirm_app": Route(
        "/agent/app/code", "half_agent", "support", {"POST": {"half": 409, "new": 422, "agent": 303}}
    ),
    "agent.ask_remove_app": Route("/agent/app/remove", "agent", "support", {"GET": 200}),
    "agent.remove_app": Route("/agent/app/remove", "agent", "support", {"POST": 422}),
    "agent.edit_password": Route("/agent/password", "agent", "support", {"GET": 200}),
    "agent.change_password": Route("/agent/password", "agent", "support", {"POST": 422}),
}

# What a support agent is shown on a visit; nothing else of a site is.
VISITED = frozenset(
    {
        "subscriptions.show_list",
        "subscriptions.manage",
        "activation.show_agreement",
        "seats.show_list",
        "members.show",
        "invoices.show_list",
        "invoices.show",
        "invoice_files.pdf",
        "invoice_files.cii",
        "invoice_files.ubl",
        "invoice_files.contract",
        "support_visits_seen.show",
    }
)
