"""Forms parse and explain; what was typed is kept. The guard against forged requests is in `security.py`."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date
from typing import Any

from wtforms import (
    BooleanField,
    EmailField,
    Form,
    HiddenField,
    PasswordField,
    StringField,
    TextAreaField,
)
from wtforms.validators import ValidationError

from webapp.domain import addresses, names
from webapp.domain.invoices import billing_details
from webapp.domain.invoices.invoice_recipients import COMPANY
from webapp.domain.invoices.invoice_warnings import Missing
from webapp.domain.refusals import Refusal
from webapp.domain.seats import seat_facts
from webapp.domain.seats.seat_facts import Facts
from webapp.domain.subscriptions import cancellation, purchase_orders
from webapp.domain.support import visits
from webapp.i18n import N_, _


def required(message: str) -> Callable[[Any, Any], None]:
    """`message` is marked with `N_` and translated when it is shown."""

    def check(form: Form, field: Any) -> None:
        if not (field.data or "").strip():
            raise ValidationError(_(message))

    return check


class SignInForm(Form):
    email = EmailField(validators=[required(N_("Enter your email address."))])
    password = PasswordField(validators=[required(N_("Enter your password."))])
    next = HiddenField()


class PasswordLinkForm(Form):
    email = EmailField(validators=[required(N_("Enter your email address."))])
    next = HiddenField()


class AddressForm(Form):
    email = EmailField()

    def validate_email(self, field: EmailField) -> None:
        try:
            field.data = addresses.checked_email(field.data or "")
        except Refusal as refusal:
            raise ValidationError(str(refusal)) from None


class NewPasswordForm(Form):
    password = PasswordField(validators=[required(N_("Choose a password."))])


class PasswordForm(Form):
    """That it is still they who ask."""

    password = PasswordField(validators=[required(N_("Enter your password."))])


class CodeForm(Form):
    """Of an authenticator app."""

    code = StringField(validators=[required(N_("Enter the code."))])
    next = HiddenField()


class PasskeyForm(Form):
    """`answer` is what the authenticator says, as JSON: the page's own script puts it there."""

    name = StringField()
    answer = HiddenField()
    next = HiddenField()


class VisitForm(Form):
    """Why a support agent looks into an account."""

    site = HiddenField()
    subscription = HiddenField()
    reason = StringField()
    ticket = StringField()

    def validate_reason(self, field: StringField) -> None:
        field.data = _checked(visits.checked_reason, field)

    def validate_ticket(self, field: StringField) -> None:
        field.data = _checked(visits.checked_ticket, field)


def _checked(check: Callable[[str], str], field: StringField) -> str:
    try:
        return check(field.data or "")
    except Refusal as refusal:
        raise ValidationError(str(refusal)) from None


class VersionedForm(Form):
    """Knows what was read: who saves what somebody changed since is told."""

    version = HiddenField()

    @property
    def read_version(self) -> int:
        text = str(self.version.data or "")
        return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else -1


class PoNumberForm(VersionedForm):
    po_number = StringField()

    def validate_po_number(self, field: StringField) -> None:
        try:
            field.data = purchase_orders.normal_po_number(field.data or "")
        except Refusal as refusal:
            raise ValidationError(str(refusal)) from None


def _as_the_rule_says(form: Form, field: Any) -> None:
    """What was typed stays as it was typed."""
    try:
        billing_details.normal_detail(field.name, {**form.data, field.name: field.data})
    except Refusal as refusal:
        raise ValidationError(str(refusal)) from None


def billing_form(fields: Iterable[str]) -> type[VersionedForm]:
    """With the site's own numbers among the fields."""
    made = {name: StringField(validators=[_as_the_rule_says]) for name in fields}
    return type("BillingForm", (VersionedForm,), made)


def first_invoice_form(missing: Missing) -> type[PoNumberForm]:
    """With a field for each number that is missing on it."""

    def right_in_its_country(form: Form, field: Any) -> None:
        try:
            billing_details.normal_detail(field.name, {"country": missing.country, field.name: field.data})
        except Refusal as refusal:
            raise ValidationError(str(refusal)) from None

    made = {name: StringField(validators=[right_in_its_country]) for name in missing.ids}
    return type("FirstInvoiceForm", (PoNumberForm,), made)


class RecipientForm(Form):
    email = EmailField()
    whose = StringField(default=COMPANY)


class PaymentForm(VersionedForm):
    """`mandate` is the hash of the text that was shown, `language` the one it was shown in."""

    holder = StringField()
    iban = StringField()
    accepted = BooleanField()
    mandate = HiddenField()
    language = HiddenField()


def _shown_date(field: HiddenField) -> date:
    """The renewal that the page spoke of; one that can’t be, if it was no date."""
    try:
        return date.fromisoformat(str(field.data or ""))
    except ValueError:
        return date.min


class CancellationForm(Form):
    reason = TextAreaField()
    ends_on = HiddenField()

    def validate_reason(self, field: TextAreaField) -> None:
        """What was typed stays as it was typed."""
        try:
            cancellation.normal_reason(field.data or "")
        except Refusal as refusal:
            raise ValidationError(str(refusal)) from None

    @property
    def shown_date(self) -> date:
        return _shown_date(self.ends_on)


def _whole_number(text: str) -> int | None:
    trimmed = text.strip()
    return int(trimmed) if trimmed.isascii() and trimmed.isdigit() and len(trimmed) < 10 else None


class QuantityForm(Form):
    """How many licences there are to be; what is sent back says what was shown."""

    number = StringField()
    added = HiddenField()
    shown = HiddenField()
    renewal = HiddenField()
    planned = HiddenField()

    @property
    def wished(self) -> int:
        """None is wished for by nobody: 0 is refused by the rules."""
        return _whole_number(self.number.data or "") or 0

    @property
    def more(self) -> int:
        return _whole_number(self.added.data or "") or 0

    @property
    def shown_renewal(self) -> date:
        return _shown_date(self.renewal)

    @property
    def shown_plan(self) -> int | None:
        """The number that was planned already; one that nobody plans, if it was no number."""
        text = self.planned.data or ""
        return (_whole_number(text) or -1) if text else None


class OwnNameForm(Form):
    name = StringField()

    def validate_name(self, field: StringField) -> None:
        try:
            field.data = names.checked_own_name(field.data or "")
        except Refusal as refusal:
            raise ValidationError(str(refusal)) from None


class NewEmailForm(AddressForm):
    password = PasswordField(validators=[required(N_("Enter your password."))])


class OwnPasswordForm(Form):
    current = PasswordField(validators=[required(N_("Enter your password."))])
    password = PasswordField(validators=[required(N_("Choose a password."))])


NEW_PERSON = "new"  # chosen instead of an address


class TransferForm(Form):
    """`step`: review shows the consequences, confirm hands over to whom the button has `named`."""

    to = StringField()
    new_name = StringField()
    new_email = EmailField()
    keep_seat = BooleanField()
    named = HiddenField()
    step = HiddenField()

    @property
    def adds_somebody(self) -> bool:
        return self.to.data == NEW_PERSON


def _refused_by(rule: Callable[[str], object]) -> Callable[[Any, Any], None]:
    """What was typed stays as it was typed."""

    def check(form: Form, field: Any) -> None:
        try:
            rule(field.data or "")
        except Refusal as refusal:
            raise ValidationError(str(refusal)) from None

    return check


class SeatForm(VersionedForm):
    """What is noted of a seat."""

    last_day = StringField(validators=[_refused_by(seat_facts.read_day)])
    cost_centre = StringField(validators=[_refused_by(seat_facts.normal_cost_centre)])
    job_site = StringField(validators=[_refused_by(seat_facts.normal_job_site)])

    @property
    def facts(self) -> Facts:
        """Of a form that is valid."""
        return Facts(
            seat_facts.read_day(self.last_day.data or ""),
            seat_facts.normal_cost_centre(self.cost_centre.data or ""),
            seat_facts.normal_job_site(self.job_site.data or ""),
        )


class InvitationForm(SeatForm):
    addresses = TextAreaField()
    language = StringField()


class PurchaserForm(AddressForm):
    """Of a pending order, as support corrects it: `shown` is the address that was to be corrected, `named`
    the new one of the button that confirms it."""

    name = StringField(validators=[_refused_by(names.checked_name)])
    shown = HiddenField()
    named = HiddenField()
