"""Every page of the portal, in every state that looks different. A new GET route must be listed here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from typing import Any, Literal
from urllib.parse import urlencode, urlsplit

from playwright.sync_api import Page, expect

from tests.browser.billing_acts import (
    add_address,
    conflicting_billing,
    conflicting_payment,
    edit_billing,
    edit_next_po,
    leave_for_card,
    wrong_address,
    wrong_billing,
    wrong_iban,
)
from tests.browser.claim_acts import claimed, objection_link, page_of, proof_link
from tests.browser.invoice_acts import (
    an_invoice_of,
    complete_again,
    download_nothing,
    incomplete_company,
    more_filters,
    without_po_number,
    wrong_number_on_first_invoice,
)
from tests.browser.quantity_acts import edit_quantity, name_nobody, pay_another_price, unreached_user
from tests.browser.server import PortalServer
from tests.browser.visitor import Visitor
from webapp.data.accounts import Person
from webapp.data.email_changes import EmailChange
from webapp.data.keys import email_key
from webapp.data.subscriptions import (
    ACTIVE,
    ENDED,
    PENDING,
    SHELF_ACTIVE,
    SHELF_CANCELLED,
    Seat,
    Subscription,
)
from webapp.demo.cast import PEOPLE, SAM
from webapp.domain import seat_files, tokens, transfer
from webapp.domain.subscription_list import reminders
from webapp.payments import CardWanted
from webapp.sites import SUPPORT

NO_TOKEN = "A" * 43

Who = Literal["administrator", "user", "billing", "backup", "agent"]
Address = Callable[[PortalServer, str], str]  # of a server and a site


@dataclass(frozen=True)
class PageCase:
    name: str
    endpoint: str
    address: Address
    who: Who | None = None
    status: int = 200
    act: Callable[[Visitor], None] | None = None  # what brings the state about
    act_status: int = 200  # of the answer to that
    front: bool = False  # on the bare domain, not on a country site
    console: bool = False  # of support, neither

    def place(self, site: str) -> str | None:
        """Where it is, as windows name it."""
        return None if self.front else SUPPORT if self.console else site


LOOKED_AT_IN_WALKS = (
    *("agent_sign_in.proof", "agent_sign_in.choose", "agent.choose", "agent.ask_app", "agent.show_app"),
    *("agent.ask_remove_app", "agent.edit_password"),
    *("agent_passkeys.ask", "agent_passkeys.show_new", "agent_passkeys.ask_remove"),
    *("second_factor.show_key", "second_factor.ask", "second_factor.lost", "second_factor.show_link"),
)
BESIDE_THE_ADMINISTRATOR = (
    *("facts.overview", "facts.diagnosis", "facts.emails", "facts.sign_ins", "facts.webhooks", "facts.trail"),
    *("facts.subscription", "acts.ask_activation_mail", "acts.edit_purchaser", "acts.ask_unlock"),
)
# Routes that answer no page of their own: files, redirects, fragments.
NO_PAGES = {
    "static": "files",
    "front.robots": "a text for crawlers",
    "front.open_file": "a file",
    "purchase_orders.show": "a fragment; without htmx it leads to the subscription",
    "quantity.show_value": "a fragment; without htmx it leads to the subscription",
    "seats.show_row": "a fragment; without htmx it leads to the users",
    "billing_details.show": "a fragment; without htmx it leads to the subscription",
    "invoice_recipients.cancel": "a fragment; without htmx it leads to the subscription",
    "cards.come_back": "leads to the subscription, or is the page of the payment method",
    "profile.show_name": "a fragment; without htmx it leads to the profile",
    "profile.data": "a file",
    "calendar_feed.read": "a file",
    "invoice_files.pdf": "a file",
    "invoice_files.cii": "a file",
    "invoice_files.ubl": "a file",
    "invoice_files.contract": "a file",
    "invoice_files.as_csv": "a file",
    "invoice_files.as_xlsx": "a file",
    "invoice_files.as_zip": "a file",
    "support_claims.show": "walked in test_claims.py",
    "disputes.show_list": "walked in test_claims.py",
    "disputes.show": "walked in test_claims.py",
    **dict.fromkeys(LOOKED_AT_IN_WALKS, "a step that is walked and looked at in test_agents.py"),
    **dict.fromkeys(BESIDE_THE_ADMINISTRATOR, "walked and looked at in test_support_facts.py"),
    "support_visits.ask": "walked in test_visits.py",
    "support_visits.show": "walked in test_visits.py",
    "visiting.enter": "the door of a visit; leads on",
}


def administrator(site: str) -> str:
    return next(person.email for person in PEOPLE if person.site == site and person.administers)


def user(site: str) -> str:
    return next(person.email for person in PEOPLE if person.site == site and "license" in person.role)


def billing(site: str) -> str:
    return next(person.email for person in PEOPLE if person.site == site and person.bills)


def backup(site: str) -> str:
    """Who has two accounts as well."""
    return next(person.email for person in PEOPLE if person.site == site and person.backs_up)


def person_of(case: PageCase, site: str) -> str | None:
    if case.who == "agent":
        return SAM.email
    everybody = {"administrator": administrator, "user": user, "billing": billing, "backup": backup}
    return everybody[case.who](site) if case.who else None


def at(path: str) -> Address:
    return lambda server, site: path


def of(*wanted: Any, page: str = "") -> Address:
    """A page of the administrator's first subscription like this."""
    return lambda server, site: (
        f"/subscriptions/{server.subscription_of(site, administrator(site), *wanted).public_id}{page}"
    )


def chosen(**more: str) -> Address:
    """Of what is done with three of the administrator's subscriptions."""

    def address(server: PortalServer, site: str) -> str:
        kinds = (is_active, is_pending, is_cancelled)
        ids = [server.subscription_of(site, administrator(site), *one).public_id for one in kinds]
        return "/subscriptions/chosen?" + urlencode({"do": "po", "subscription": ids, **more}, doseq=True)

    return address


is_active = (Subscription.shelf == SHELF_ACTIVE, Subscription.seats_taken > 0)
is_for_everybody = (Subscription.product_key == "ontrack-enterprise",)
is_pending = (Subscription.status == PENDING, Subscription.product_key.not_in(["ontrack-lite"]))
is_cancelled = (Subscription.status == ACTIVE, Subscription.shelf == SHELF_CANCELLED)
is_ended = (Subscription.status == ENDED,)


def too_late(server: PortalServer, site: str) -> str:
    lapsed = Subscription.product_key == "ontrack-lite"
    return f"/activate/{server.order_number_of(site, administrator(site), lapsed)}"


def waiting_order(server: PortalServer, site: str) -> str:
    return f"/sign-in?next=/activate/{server.order_number_of(site, administrator(site), *is_pending)}"


def set_password(server: PortalServer, site: str) -> str:
    return f"/password/set/{server.password_token(site, administrator(site))}"


def confirm_address(server: PortalServer, site: str) -> str:
    return f"/invoice-address/{server.address_token(site)}"


def paid_by_card(page: str = "") -> Address:
    """One that has no purchase order number either."""

    def address(server: PortalServer, site: str) -> str:
        premium = (
            Subscription.product_key == "profis-engineering-premium",
            Subscription.shelf == SHELF_ACTIVE,
        )
        found = server.subscription_of(site, administrator(site), *premium)
        changes = {"po_number": "", "next_po_number": None, "payment_method": "credit_card"}
        with server.portal.at(server.portal.sites[site]):
            Subscription.update(changes).where(Subscription.id == found.id).execute()
        return f"/subscriptions/{found.public_id}{page}"

    return address


def unreached(page: str = "") -> Address:
    return lambda server, site: (
        unreached_user(server, site, server.subscription_of(site, administrator(site), *is_active)) + page
    )


def confirm_email(server: PortalServer, site: str) -> str:
    """As if the administrator had asked for another address."""
    with server.portal.at(server.portal.sites[site]):
        person, now = Person.get(Person.email_key == email_key(administrator(site))), server.portal.clock()
        change = EmailChange.create(person=person, email="new@demo.example", asked_at=now)
        facts = {"minutes": 60, "next_path": "", "concerns": str(change.id)}
        token = tokens.mint(tokens.CONFIRM_EMAIL, person=person, now=now, **facts)
    return f"/profile/email/confirm/{token}"


def claim_of(page: str = "/claim", *wanted: Any) -> Address:
    """Of a subscription that a colleague of its administrator claims."""

    def address(server: PortalServer, site: str) -> str:
        claim = claimed(server, site, administrator(site), *(wanted or is_for_everybody))
        if page == "/object":
            return objection_link(server, site, claim)
        return page if page == "/claims" else page_of(server, site, claim) + page

    return address


def reminder_link(server: PortalServer, site: str) -> str:
    """As a reminder brought it to the administrator."""
    with server.portal.at(server.portal.sites[site]):
        person, now = Person.get(Person.email_key == email_key(administrator(site))), server.portal.clock()
        token = tokens.mint(tokens.UNSUBSCRIBE, person=person, minutes=60, next_path="", now=now)
    return f"/reminders/{token}"


def card_provider(server: PortalServer, site: str) -> str:
    """In production it would be somebody else's page."""
    there = server.portal.sites["fr"]
    here = f"{there.origin}/help"
    begun = server.portal.cards.begin(CardWanted(there, "", "SUB-FR-200001", "1", here, here))
    return urlsplit(begun.url).path


def newest_mail(server: PortalServer, site: str) -> str:
    server.deliver_mail(site)
    return f"/mailbox/{server.newest_mail_name()}"


# ---- what brings a state about


def no_reminders(visitor: Visitor) -> None:
    visitor.page.locator("main form[method=post] button").last.click()
    expect(visitor.page.locator(".note.ok")).to_be_visible()


def open_calendar(visitor: Visitor) -> None:
    visitor.page.locator("main form[action='/profile/calendar'] button").first.click()
    expect(visitor.page.locator("#feed")).to_be_visible()


def submit_nothing(visitor: Visitor) -> None:
    visitor.page.locator("main form[method=post] button").last.click()
    expect(visitor.page.locator("[role=alert]")).to_be_visible()


def wrong_password(visitor: Visitor) -> None:
    visitor.page.fill("#email", "nobody@demo.example")
    visitor.page.fill("#password", "not the password")
    submit_nothing(visitor)


def weak_password(visitor: Visitor) -> None:
    visitor.page.fill("#password", "password1234")
    submit_nothing(visitor)


def edit_po(visitor: Visitor) -> None:
    visitor.page.click("#po-edit")
    expect(visitor.page.locator("#po_number")).to_be_visible()


def too_long_po(visitor: Visitor) -> None:
    visitor.page.fill("#po_number", "4" * 90)
    visitor.page.locator("#po button.pri").click()
    expect(visitor.page.locator("[role=alert]")).to_be_visible()


def conflicting_po(visitor: Visitor) -> None:
    """As if somebody had changed it since: the form was read at an older version."""
    visitor.page.evaluate("document.querySelector('[name=version]').value = '99'")
    visitor.page.fill("#po_number", "BC 2026-114")
    visitor.page.locator("#po button.pri").click()
    expect(visitor.page.locator(".diff")).to_be_visible()


def too_long_reason(visitor: Visitor) -> None:
    visitor.page.fill("#reason", "x" * 501)
    submit_nothing(visitor)


def cancel_at_another_date(visitor: Visitor) -> None:
    """As if the subscription had been renewed since the page was opened."""
    visitor.page.evaluate("document.querySelector('main [name=ends_on]').value = '2001-01-01'")
    submit_nothing(visitor)


def in_dialog(visitor: Visitor) -> None:
    visitor.page.click("#transfer-link")
    expect(visitor.page.locator("dialog[open] #to-new")).to_be_visible()


def chosen_in_dialog(visitor: Visitor) -> None:
    in_dialog(visitor)
    visitor.page.locator("#to-1").check()
    expect(visitor.page.locator("#transfer-end [value=confirm]")).to_be_visible()


def new_person(visitor: Visitor) -> None:
    visitor.page.locator("#to-new").check()
    submit_nothing(visitor)


def opened(popover: str) -> Callable[[Visitor], None]:
    def act(visitor: Visitor) -> None:
        visitor.page.locator(f"[popovertarget^='{popover}']:visible").first.click()
        expect(visitor.page.locator(":popover-open")).to_be_visible()

    return act


def edit_seat(visitor: Visitor) -> None:
    opened("menu-")(visitor)
    visitor.page.locator(":popover-open a").first.click()
    expect(visitor.page.locator(".seat-form #job_site")).to_be_visible()


def invite_in_dialog(visitor: Visitor) -> None:
    visitor.page.click("#invite-link")
    expect(visitor.page.locator("dialog[open] #addresses")).to_be_visible()


def invite_nobody(visitor: Visitor) -> None:
    visitor.page.fill("#addresses", "max@\neva.novak")
    submit_nothing(visitor)


def submit_nothing_to_upload(visitor: Visitor) -> None:
    visitor.page.locator("main form[enctype] button").click()
    expect(visitor.page.locator("[role=alert]")).to_be_visible()


def day_in_the_past(visitor: Visitor) -> None:
    visitor.page.fill("#last_day", "2020-01-01")
    visitor.page.locator(".seat-form button.pri").click()
    expect(visitor.page.locator("[role=alert]")).to_be_visible()


def conflicting_seat(visitor: Visitor) -> None:
    """As if somebody had changed it since: the form was read at an older version."""
    visitor.page.evaluate("document.querySelector('[name=version]').value = '99'")
    visitor.page.fill("#job_site", "Quai du Modèle 7")
    visitor.page.locator(".seat-form button.pri").click()
    expect(visitor.page.locator(".diff")).to_be_visible()


def a_seat(server: PortalServer, site: str) -> str:
    found = server.subscription_of(site, administrator(site), *is_active)
    with server.portal.at(server.portal.sites[site]):
        seat = Seat.select().where(Seat.subscription == found, Seat.counted == 1).order_by(Seat.id).get()
        return f"/seats/{seat.key}"


def just_removed(server: PortalServer, site: str) -> str:
    found = server.subscription_of(site, administrator(site), *is_active)
    with server.portal.at(server.portal.sites[site]):
        seat = Seat.select().where(Seat.subscription == found, Seat.revoked_at.is_null(False)).get()
        return f"/subscriptions/{found.public_id}/users?done=removed&seat={seat.key}"


_PEOPLE_FILE = b"""email;name;last day;cost center;job site
max.neu@new.example;Max Neu;2027-03-31;4711;Quai 7
eva.novak@new.example;;;;
marie.dupont@;Marie Dupont;;;
jan@new.example;Jan Kowalski;2020-01-01;;
max.neu@new.example;;;;
"""


def checked_file(server: PortalServer, site: str) -> str:
    bought = server.subscription_of(site, administrator(site), *is_active)
    product, now = server.portal.catalogue.by_key(bought.product_key), server.portal.clock()
    with server.portal.at(server.portal.sites[site]):
        row = Subscription.get_by_id(bought.id)
        file = seat_files.keep(
            row, BytesIO(_PEOPLE_FILE), name="people.csv", product=product, actor=row.administrator, now=now
        )
        seat_files.check(file, product=product, now=now)
    return f"/subscriptions/{bought.public_id}/users/file"


def handed_over(server: PortalServer, site: str) -> str:
    """One that the administrator gave to somebody who has not come yet."""
    with server.portal.at(server.portal.sites[site]):
        old = Person.get(Person.email_key == email_key(administrator(site)))
        gone = [row.public_id for row in reminders(old.id, now=server.portal.clock()).handed_over]
    if not gone:
        office = Subscription.product_key == "profis-layout-office"
        given = server.subscription_of(site, administrator(site), office)
        heir, now = transfer.NewPerson("Max Neu", "max@new.example"), server.portal.clock()
        with server.portal.at(server.portal.sites[site]):
            row = Subscription.get_by_id(given.id)
            transfer.transfer_administration(row, to=heir, keep_seat=True, actor=row.administrator, now=now)
        gone = [given.public_id]
    return f"/subscriptions/{gone[0]}/transfer/take-back"


def edit_name(visitor: Visitor) -> None:
    visitor.page.click("#name-edit")
    expect(visitor.page.locator("#name")).to_be_visible()


def no_name(visitor: Visitor) -> None:
    visitor.page.fill("#name", "")
    submit_nothing(visitor)


def review_billing(visitor: Visitor) -> None:
    visitor.page.locator("form[action='/members/billing'] button").first.click()
    visitor.page.wait_for_url("**/members/billing")


def all_answers(visitor: Visitor) -> None:
    visitor.page.evaluate("document.querySelectorAll('details').forEach((answer) => answer.open = true)")


ADMIN: Who = "administrator"
USER: Who = "user"
BILLING: Who = "billing"
BACKUP: Who = "backup"

CASES = (
    PageCase("chooser", "front.home", at("/"), front=True),
    PageCase("card-provider", "card_provider.show", card_provider, front=True),
    PageCase("mailbox", "front.list_mail", at("/mailbox"), front=True),
    PageCase("mail", "front.read_mail", newest_mail, front=True),
    PageCase("mail-as-sent", "front.show_mail", lambda *here: newest_mail(*here) + "/html", front=True),
    PageCase("sign-in", "sign_in.show", at("/sign-in")),
    PageCase("sign-in-language-menu", "sign_in.show", at("/sign-in"), act=opened("language-menu")),
    PageCase("sign-in-order", "sign_in.show", waiting_order),
    PageCase("sign-in-nothing-typed", "sign_in.show", at("/sign-in"), act=submit_nothing, act_status=422),
    PageCase("sign-in-refused", "sign_in.show", at("/sign-in"), act=wrong_password, act_status=422),
    PageCase("password-forgotten", "passwords.forgotten", at("/password/forgotten")),
    PageCase(
        "password-forgotten-nothing-typed",
        "passwords.forgotten",
        at("/password/forgotten"),
        act=submit_nothing,
        act_status=422,
    ),
    PageCase("password-sent", "passwords.sent", at("/password/sent")),
    PageCase("password-choose", "passwords.choose", set_password),
    PageCase("password-weak", "passwords.choose", set_password, act=weak_password, act_status=422),
    PageCase("password-dead-link", "passwords.choose", at(f"/password/set/{NO_TOKEN}"), status=410),
    PageCase("missing", "whereabouts.show", at("/missing-subscriptions")),
    PageCase("missing-of-a-person", "whereabouts.show", at("/missing-subscriptions"), USER),
    PageCase(
        "missing-nothing-typed",
        "whereabouts.show",
        at("/missing-subscriptions"),
        act=submit_nothing,
        act_status=422,
    ),
    PageCase("missing-asked", "whereabouts.asked", at("/missing-subscriptions/asked")),
    PageCase("too-late", "activation.follow_link", too_late, ADMIN, status=410),
    PageCase("agreement-pending", "activation.show_agreement", of(*is_pending, page="/agreement"), ADMIN),
    PageCase("agreement-accepted", "activation.show_agreement", of(*is_active, page="/agreement"), ADMIN),
    PageCase("list", "subscriptions.show_list", at("/subscriptions"), ADMIN),
    PageCase("list-row-menu", "subscriptions.show_list", at("/subscriptions"), ADMIN, act=opened("menu-SUB")),
    PageCase("list-my-menu", "subscriptions.show_list", at("/subscriptions"), ADMIN, act=opened("me-menu")),
    PageCase("list-no-hits", "subscriptions.show_list", at("/subscriptions?q=zeppelin"), ADMIN),
    PageCase("list-cancelled", "subscriptions.show_list", at("/subscriptions?status=cancelled"), ADMIN),
    PageCase("list-empty", "subscriptions.show_list", at("/subscriptions?view=mine"), BILLING),
    PageCase("manage-active", "subscriptions.manage", of(*is_active), ADMIN),
    PageCase("manage-unlimited", "subscriptions.manage", of(*is_for_everybody), ADMIN),
    PageCase("manage-pending", "subscriptions.manage", of(*is_pending), ADMIN),
    PageCase("manage-cancelled", "subscriptions.manage", of(*is_cancelled), ADMIN),
    PageCase("manage-ended", "subscriptions.manage", of(*is_ended), ADMIN),
    PageCase("manage-po-in-place", "subscriptions.manage", of(*is_active), ADMIN, act=edit_po),
    PageCase("list-used", "subscriptions.show_list", at("/subscriptions"), USER),
    PageCase("users", "seats.show_list", of(*is_active, page="/users"), ADMIN),
    PageCase("users-menu", "seats.show_list", of(*is_active, page="/users"), ADMIN, act=opened("menu-")),
    PageCase("users-no-hits", "seats.show_list", of(*is_active, page="/users?q=zeppelin"), ADMIN),
    PageCase("users-ended", "seats.show_list", of(*is_active, page="/users?show=ended"), ADMIN),
    PageCase("users-edit", "seats.show_list", of(*is_active, page="/users"), ADMIN, act=edit_seat),
    PageCase("users-of-support", "seats.show_list", of(*is_for_everybody, page="/users"), ADMIN),
    PageCase("users-pending", "seats.show_list", of(*is_pending, page="/users"), ADMIN),
    PageCase("users-of-an-ended-one", "seats.show_list", of(*is_ended, page="/users"), ADMIN),
    PageCase("users-just-removed", "seats.show_list", just_removed, ADMIN),
    PageCase("invite-dialog", "seats.show_list", of(*is_active, page="/users"), ADMIN, act=invite_in_dialog),
    PageCase("invite", "invitations.show", of(*is_active, page="/users/invite"), ADMIN),
    PageCase(
        "invite-refused",
        "invitations.show",
        of(*is_active, page="/users/invite"),
        ADMIN,
        act=invite_nobody,
        act_status=422,
    ),
    PageCase("seat", "seats.edit", a_seat, ADMIN),
    PageCase("seat-wrong-day", "seats.edit", a_seat, ADMIN, act=day_in_the_past, act_status=422),
    PageCase("seat-conflict", "seats.edit", a_seat, ADMIN, act=conflicting_seat, act_status=409),
    PageCase("file", "seat_files.show", of(*is_cancelled, page="/users/file"), ADMIN),
    PageCase(
        "file-refused",
        "seat_files.show",
        of(*is_cancelled, page="/users/file"),
        ADMIN,
        act=submit_nothing_to_upload,
        act_status=422,
    ),
    PageCase("file-checked", "seat_files.show", checked_file, ADMIN),
    PageCase("manage-transfer-dialog", "subscriptions.manage", of(*is_active), ADMIN, act=in_dialog),
    PageCase("manage-transfer-chosen", "subscriptions.manage", of(*is_active), ADMIN, act=chosen_in_dialog),
    PageCase("transfer", "transfer.choose", of(*is_active, page="/transfer"), ADMIN),
    PageCase(
        "transfer-new-person",
        "transfer.choose",
        of(*is_active, page="/transfer"),
        ADMIN,
        act=new_person,
        act_status=422,
    ),
    PageCase("transfer-take-back", "transfer.show_take_back", handed_over, ADMIN),
    PageCase("backup", "backup.choose", of(*is_active, page="/backup"), ADMIN),
    PageCase("po", "purchase_orders.edit", of(*is_active, page="/purchase-order"), ADMIN),
    PageCase(
        "po-too-long",
        "purchase_orders.edit",
        of(*is_active, page="/purchase-order"),
        ADMIN,
        act=too_long_po,
        act_status=422,
    ),
    PageCase(
        "po-conflict",
        "purchase_orders.edit",
        of(*is_active, page="/purchase-order"),
        ADMIN,
        act=conflicting_po,
        act_status=409,
    ),
    PageCase("manage-po-next-in-place", "subscriptions.manage", of(*is_active), ADMIN, act=edit_next_po),
    PageCase("po-next", "purchase_orders.edit", of(*is_active, page="/purchase-order?term=next"), ADMIN),
    PageCase("manage-without-po", "subscriptions.manage", paid_by_card(), ADMIN),
    PageCase("manage-billing-in-place", "subscriptions.manage", of(*is_active), ADMIN, act=edit_billing),
    PageCase("billing", "billing_details.edit", of(*is_active, page="/billing-details"), ADMIN),
    PageCase(
        "billing-wrong",
        "billing_details.edit",
        of(*is_active, page="/billing-details"),
        ADMIN,
        act=wrong_billing,
        act_status=422,
    ),
    PageCase(
        "billing-conflict",
        "billing_details.edit",
        of(*is_active, page="/billing-details"),
        ADMIN,
        act=conflicting_billing,
        act_status=409,
    ),
    PageCase("manage-address-in-place", "subscriptions.manage", of(*is_active), ADMIN, act=add_address),
    PageCase(
        "invoice-addresses", "invoice_recipients.show", of(*is_active, page="/invoice-addresses"), ADMIN
    ),
    PageCase(
        "invoice-addresses-wrong",
        "invoice_recipients.show",
        of(*is_active, page="/invoice-addresses"),
        ADMIN,
        act=wrong_address,
        act_status=422,
    ),
    PageCase(
        "manage-just-added-address", "subscriptions.manage", of(*is_active, page="?done=address-added"), ADMIN
    ),
    PageCase("invoice-address-confirm", "invoice_recipients.ask", confirm_address),
    PageCase(
        "invoice-address-dead-link", "invoice_recipients.ask", at(f"/invoice-address/{NO_TOKEN}"), status=410
    ),
    PageCase("invoice-address-confirmed", "invoice_recipients.confirmed", at("/invoice-address/confirmed")),
    PageCase("payment", "payment_methods.show", of(*is_active, page="/payment-method"), ADMIN),
    PageCase("payment-debit", "payment_methods.show", of(*is_for_everybody, page="/payment-method"), ADMIN),
    PageCase("payment-card", "payment_methods.show", paid_by_card("/payment-method"), ADMIN),
    PageCase(
        "payment-leave", "cards.leave", of(*is_active, page="/payment-method"), ADMIN, act=leave_for_card
    ),
    PageCase(
        "payment-wrong",
        "payment_methods.show",
        of(*is_active, page="/payment-method"),
        ADMIN,
        act=wrong_iban,
        act_status=422,
    ),
    PageCase(
        "payment-conflict",
        "payment_methods.show",
        of(*is_for_everybody, page="/payment-method"),
        ADMIN,
        act=conflicting_payment,
        act_status=409,
    ),
    PageCase("list-chosen", "subscriptions.show_list", at("/subscriptions?choose=page"), ADMIN),
    PageCase("choice", "subscription_choice.show", chosen(), ADMIN),
    PageCase("choice-preview", "subscription_choice.show", chosen(po_number="BC 2027"), ADMIN),
    PageCase("choice-wrong", "subscription_choice.show", chosen(po_number=" "), ADMIN, status=422),
    PageCase("invoices", "invoices.show_list", at("/invoices"), ADMIN),
    PageCase("invoices-billing", "invoices.show_list", at("/invoices?state=paid"), BILLING),
    PageCase("invoices-filtered", "invoices.show_list", at("/invoices?from=2020-01-01&po=4711"), ADMIN),
    PageCase("invoices-filters-open", "invoices.show_list", at("/invoices"), ADMIN, act=more_filters),
    PageCase("invoices-none", "invoices.show_list", at("/invoices"), USER),
    PageCase(
        "invoices-none-chosen",
        "invoices.show_list",
        at("/invoices"),
        ADMIN,
        act=download_nothing,
        act_status=422,
    ),
    PageCase("invoices-incomplete", "invoices.show_list", incomplete_company, ADMIN, act=complete_again),
    PageCase("invoice", "invoices.show", an_invoice_of("open"), ADMIN),
    PageCase("invoice-paid", "invoices.show", an_invoice_of("paid"), ADMIN),
    PageCase("credit-note", "invoices.show", an_invoice_of("given"), BILLING),
    PageCase(
        "agreement-wrong-number",
        "activation.show_agreement",
        without_po_number,
        ADMIN,
        act=wrong_number_on_first_invoice,
        act_status=422,
    ),
    PageCase("manage-licenses-in-place", "subscriptions.manage", of(*is_active), ADMIN, act=edit_quantity),
    PageCase("licenses-more", "quantity.show", of(*is_active, page="/licenses?number=60"), ADMIN),
    PageCase(
        "licenses-conflict",
        "quantity.show",
        of(*is_active, page="/licenses?number=60"),
        ADMIN,
        act=pay_another_price,
        act_status=409,
    ),
    PageCase(
        "licenses-nobody-named",
        "quantity.show",
        of(*is_active, page="/licenses?number=1"),
        ADMIN,
        act=name_nobody,
        act_status=422,
    ),
    PageCase("manage-unreached", "subscriptions.manage", unreached(), ADMIN),
    PageCase("users-unreached", "seats.show_list", unreached("/users"), ADMIN),
    PageCase("cancellation", "cancellation.show", of(*is_active, page="/cancellation"), ADMIN),
    PageCase("cancellation-scheduled", "cancellation.show", of(*is_cancelled, page="/cancellation"), ADMIN),
    PageCase(
        "cancellation-long-reason",
        "cancellation.show",
        of(*is_active, page="/cancellation"),
        ADMIN,
        act=too_long_reason,
        act_status=422,
    ),
    PageCase(
        "cancellation-conflict",
        "cancellation.show",
        of(*is_active, page="/cancellation"),
        ADMIN,
        act=cancel_at_another_date,
        act_status=409,
    ),
    PageCase(
        "manage-just-cancelled", "subscriptions.manage", of(*is_cancelled, page="?done=cancelled"), ADMIN
    ),
    PageCase("manage-just-kept", "subscriptions.manage", of(*is_active, page="?done=kept"), ADMIN),
    PageCase("list-billing", "subscriptions.show_list", at("/subscriptions"), BILLING),
    PageCase("list-backup", "subscriptions.show_list", at("/subscriptions"), BACKUP),
    PageCase(
        "list-my-companies", "subscriptions.show_list", at("/subscriptions"), BACKUP, act=opened("me-menu")
    ),
    PageCase("manage-billing", "subscriptions.manage", of(*is_active), BILLING),
    PageCase("manage-backup", "subscriptions.manage", of(Subscription.backup.is_null(False)), BACKUP),
    PageCase(
        "backup-leave",
        "backup.show_leave",
        of(Subscription.backup.is_null(False), page="/backup/leave"),
        BACKUP,
    ),
    PageCase("members", "members.show", at("/members"), ADMIN),
    PageCase("members-billing", "members.show", at("/members"), BILLING),
    PageCase("members-no-hits", "members.show", at("/members?q=zeppelin"), ADMIN),
    PageCase("members-review", "members.show", at("/members"), BILLING, act=review_billing),
    PageCase("support-visits", "support_visits_seen.show", at("/support-visits"), ADMIN),
    PageCase("accounts", "accounts.show", at("/accounts"), BACKUP),
    PageCase("profile", "profile.show", at("/profile"), ADMIN),
    PageCase("profile-name-in-place", "profile.show", at("/profile"), ADMIN, act=edit_name),
    PageCase("profile-name", "profile.edit_name", at("/profile/name"), ADMIN),
    PageCase("profile-no-name", "profile.edit_name", at("/profile/name"), ADMIN, act=no_name, act_status=422),
    PageCase("profile-email", "profile.edit_email", at("/profile/email"), ADMIN),
    PageCase(
        "profile-no-email",
        "profile.edit_email",
        at("/profile/email"),
        ADMIN,
        act=submit_nothing,
        act_status=422,
    ),
    PageCase("profile-confirm-email", "profile.show_confirm", confirm_email),
    PageCase(
        "profile-dead-link", "profile.show_confirm", at(f"/profile/email/confirm/{NO_TOKEN}"), status=410
    ),
    PageCase("reminders", "reminders.show", reminder_link),
    PageCase("reminders-saved", "reminders.show", reminder_link, act=no_reminders),
    PageCase("reminders-dead-link", "reminders.show", at(f"/reminders/{NO_TOKEN}"), status=410),
    PageCase("calendar", "calendar_feed.show", at("/profile/calendar"), ADMIN),
    PageCase("calendar-address", "calendar_feed.show", at("/profile/calendar"), ADMIN, act=open_calendar),
    PageCase("claims-nothing-typed", "claims.show", at("/claims"), USER, act=submit_nothing, act_status=422),
    PageCase("claims-own", "claims.show", claim_of("/claims"), USER),
    PageCase("claim-proof", "claims.show_proof", proof_link, USER),
    PageCase("claim-object", "claims.show_objection", claim_of("/object")),
    PageCase("claim-objected", "claims.objected", at("/claims/objected")),
    PageCase("manage-claimed", "subscriptions.manage", claim_of(""), ADMIN),
    PageCase("claim-administrator", "claims.show_waiting", claim_of(), ADMIN),
    PageCase(
        "claim-backup", "claims.show_waiting", claim_of("/claim", Subscription.backup.is_null(False)), BACKUP
    ),
    PageCase("profile-password", "profile.edit_password", at("/profile/password"), ADMIN),
    PageCase(
        "profile-no-password",
        "profile.edit_password",
        at("/profile/password"),
        ADMIN,
        act=submit_nothing,
        act_status=422,
    ),
    PageCase("second-factor", "second_factor.show", at("/profile/second-factor"), ADMIN),
    PageCase("console-sign-in", "agent_sign_in.show", at("/agent/sign-in"), console=True),
    PageCase("console-home", "console.show", at("/console"), "agent", console=True),
    PageCase("console-me", "agent.show", at("/agent"), "agent", console=True),
    PageCase("console-search", "console_search.show", at("/console/search?q=exemple"), "agent", console=True),
    PageCase("help", "help.show", at("/help"), act=all_answers),
    PageCase("imprint", "legal.imprint", at("/imprint")),
    PageCase("privacy", "legal.privacy", at("/privacy")),
    PageCase("accessibility", "legal.accessibility", at("/accessibility")),
    PageCase("not-found", "errors.404", at("/there-is-no-such-page"), status=404),
    PageCase("not-found-country-chooser", "errors.404", at("/nor-here"), status=404, front=True),
)
BY_NAME = {case.name: case for case in CASES}
# These are looked at on every site in each of its languages.
EVERYWHERE_PUBLIC = ("sign-in", "help")
EVERYWHERE_PERSONAL = ("list", "manage-active", "agreement-pending")


def show(case: PageCase, visitor: Visitor, site: str = "fr") -> Page:
    """The page in its state. Who it takes is signed in already."""
    visitor.open(case.address(visitor.server, site), site=case.place(site), status=case.status)
    if case.act:
        visitor.expected.add(case.act_status)
        case.act(visitor)
    return visitor.page
