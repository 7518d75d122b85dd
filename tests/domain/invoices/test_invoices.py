"""An invoice: issued in one transaction, frozen, and never changed; or waiting for a person's decision."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from stdnum import iso11649
from stdnum.ch import esr

from tests.domain.invoices.invoicing import bought, events, issued
from tests.support.billed import address, an_issued, many_due
from tests.support.cast import accept, place_order
from webapp.assembly import Portal
from webapp.data.agreements import AcceptedText
from webapp.data.billing import OPEN, BillingDetails, Invoice
from webapp.data.counters import Counter
from webapp.data.mandates import Mandate
from webapp.data.subscriptions import Subscription
from webapp.domain import audit
from webapp.domain.invoices import invoice_numbers, invoices
from webapp.domain.invoices.invoices import content_of
from webapp.sites import Site

__all__ = ["bought", "issued"]


# ---- what is issued


def test_the_columns_say_what_the_content_says(issued: Invoice, bought: Subscription, now: datetime) -> None:
    said = content_of(issued)
    assert (issued.number, issued.state, issued.language) == ("FA-2026-000001", OPEN, "fr")
    assert (issued.net, issued.tax, issued.gross) == (177030, 35406, 212436)
    assert (said.net, said.tax, said.gross) == (issued.net, issued.tax, issued.gross)
    assert (issued.issued_at, issued.issued_on, issued.due_on) == (
        now,
        date(2026, 11, 22),
        date(2026, 12, 22),
    )
    assert (said.issued_at, said.issued_on, said.payment.due_on) == (now, issued.issued_on, issued.due_on)
    assert (said.number, said.po_number, said.contract) == (issued.number, "BC 7", bought.public_id)
    for part in ("fa-2026-000001", "bc 7", bought.public_id.lower(), "profis engineering premium"):
        assert part in issued.search_key


def test_the_line_has_the_service_period(issued: Invoice, bought: Subscription) -> None:
    said = content_of(issued)
    (line,) = said.lines
    assert (line.name, line.quantity, line.unit_price) == (bought.product_name, 3, 59010)
    assert (line.net, line.tax_category, line.tax_rate) == (177030, "S", Decimal(20))
    assert (line.period_start, line.period_last) == (date(2026, 11, 22), date(2027, 11, 21))
    assert (said.supplied_from, said.supplied_last) == (line.period_start, line.period_last)
    assert (line.subscription, line.po_number) == (bought.public_id, "BC 7")


def test_the_seller_is_the_sites_legal_entity(issued: Invoice, site_fr: Site) -> None:
    seller = content_of(issued).seller
    assert (seller.name, seller.line1, seller.city) == (
        "Example Tools France SAS",
        "1 rue de l’Exemple",
        "Exempleville",
    )
    assert (seller.country, seller.postal_code, seller.vat_id) == ("FR", "75000", "FR00000000000")
    assert seller.ids == {"siren": "000000000"}
    assert "RCS" in seller.registration
    assert (seller.contact_phone, seller.contact_email) == (site_fr.support_phone, site_fr.support_email)


def test_the_countrys_mentions_are_on_it_in_its_language(issued: Invoice) -> None:
    said = content_of(issued)
    assert [mention.code for mention in said.mentions] == ["PMT", "PMD", "AAB", "", ""]
    assert "40\u00a0€" in said.mentions[0].text
    assert "prestation de services" in said.mentions[3].text
    assert (said.process, said.format, said.tax_name) == ("S1", "facturx", "TVA")


def test_the_buyer_is_what_the_billing_data_say(bound_fr: Site, portal: Portal, now: datetime) -> None:
    subscription = place_order(portal, ordered_at=now, account=address("FR"))
    where = {"name": "Bâti SAS", "line1": "7 quai", "postal_code": "44000", "city": "Nantes", "country": "FR"}
    BillingDetails.create(
        account=subscription.account,
        **where,
        vat_id="FR40303265045",
        national_ids=json.dumps({"siret": "30326504500017"}),
        buyer_reference="Service 7",
        contact_name="Compta",
        changed_by=subscription.administrator,
        changed_at=now,
    )
    accept(subscription, now=now)
    said = content_of(Invoice.get())
    assert (said.buyer.name, said.buyer.line1, said.buyer.city) == ("Bâti SAS", "7 quai", "Nantes")
    assert (said.buyer.vat_id, said.buyer.ids) == ("FR40303265045", {"siret": "30326504500017"})
    assert (said.buyer.contact_name, said.buyer_reference) == ("Compta", "Service 7")
    assert said.customer_number == "1000077"


def test_it_is_dated_and_due_by_the_sites_calendar(portal: Portal, site_de: Site) -> None:
    late = datetime(2026, 12, 31, 23, 30, tzinfo=UTC)  # in Berlin it is next year
    with portal.at(site_de):
        issued = an_issued(portal, now=late)
        assert (issued.number, issued.issued_on) == ("RE-2027-000001", date(2027, 1, 1))
        assert issued.due_on == date(2027, 1, 15)


def test_each_year_counts_from_one(bought: Subscription, now: datetime) -> None:
    first, second, third = many_due(bought, 3, now=now)
    assert invoices.issue(first, now=now).number == "FA-2026-000002"
    assert invoices.issue(second, now=now + timedelta(days=60)).number == "FA-2027-000001"
    assert invoices.issue(third, now=now).number == "FA-2026-000003"
    assert {row.name: row.value for row in Counter.select().where(Counter.name.startswith("invoice"))} == {
        "invoice FA 2026": 3,
        "invoice FA 2027": 1,
    }


def test_the_series_goes_on_beyond_six_digits(bought: Subscription, now: datetime) -> None:
    Counter.update(value=999_999).where(Counter.name == "invoice FA 2026").execute()
    (due,) = many_due(bought, 1, now=now)
    assert invoices.issue(due, now=now).number == "FA-2026-1000000"


def test_issuing_is_written_down(issued: Invoice, now: datetime) -> None:
    (event,) = events(audit.INVOICE_ISSUED)
    assert event == {"number": "FA-2026-000001", "gross": 212436, "currency": "EUR"}


def test_an_invoice_over_nothing_is_issued_too(bound_fr: Site, portal: Portal, now: datetime) -> None:
    ordered = place_order(portal, ordered_at=now)
    Subscription.update(unit_price=0).where(Subscription.id == ordered.id).execute()
    accept(Subscription.get_by_id(ordered.id), now=now)
    issued = Invoice.get()
    assert (issued.state, issued.gross, content_of(issued).gross) == (OPEN, 0, 0)


@pytest.mark.parametrize(
    ("code", "net", "tax"),
    [("jp", 74_500, 7_450), ("ch", 59_010, 4_780), ("gb", 59_010, 11_802), ("ae", 59_010, 2_951)],
)
def test_each_site_charges_its_own_tax_in_its_own_currency(
    portal: Portal, now: datetime, code: str, net: int, tax: int
) -> None:
    with portal.at(portal.sites[code]) as site:
        price = "74500" if code == "jp" else "590.10"
        issued = an_issued(portal, now=now, quantity=1, unit_price=price)
        said = content_of(issued)
        assert (issued.net, issued.tax, issued.currency) == (net, tax, site.currency)
        assert said.language == site.default_language
        assert said.seller.name == site.legal_entity_in(site.default_language)


def test_it_speaks_the_language_in_which_the_company_bought(portal: Portal, now: datetime) -> None:
    with portal.at(portal.sites["ch"]):
        ordered = place_order(portal, ordered_at=now)
        Subscription.update(language="fr_CH").where(Subscription.id == ordered.id).execute()
        accept(Subscription.get_by_id(ordered.id), now=now)
        said = content_of(Invoice.get())
    assert (said.language, said.tax_name) == ("fr_CH", "TVA")
    assert said.seller.name == "Example Tools (Suisse) SA"
    assert said.seller.vat_id == "CHE-000.000.000 TVA"
    assert said.payment.bank == "Banque Modèle Suisse"


def test_reverse_charge_says_why_in_the_invoices_language(
    portal: Portal, now: datetime, site_de: Site
) -> None:
    with portal.at(site_de):
        account = address("AT", postal_code="1010") | {"vat_id": "ATU13585627"}
        issued = an_issued(portal, now=now, account=account)
        (group,) = content_of(issued).taxes
    assert (issued.tax, issued.gross) == (0, issued.net)
    assert (group.category, group.rate, group.reason_code) == ("AE", 0, "VATEX-EU-AE")
    assert group.reason.startswith("Steuerschuldnerschaft des Leistungsempfängers")


# ---- how it is paid


def test_who_pays_by_invoice_is_told_the_account(issued: Invoice, site_fr: Site) -> None:
    how = content_of(issued).payment
    assert (how.method, how.iban, how.bic) == ("invoice", site_fr.bank.iban, site_fr.bank.bic)
    assert (how.account_holder, how.reference) == ("Example Tools France SAS", "FA-2026-000001")


def test_in_switzerland_the_reference_is_made_of_the_number(portal: Portal, now: datetime) -> None:
    with portal.at(portal.sites["ch"]):
        how = content_of(an_issued(portal, now=now)).payment
    assert esr.is_valid(how.reference) and len(how.reference) == 27
    assert how.reference[:-1].endswith("2026000001")


@pytest.mark.parametrize("country", ["CH", "LI"])
def test_without_a_qr_account_it_is_a_creditor_reference(site_fr: Site, country: str) -> None:
    bank = replace(site_fr.bank, iban=f"{country}3600000000000000000")
    reference = invoice_numbers.payment_reference("RE-2026-000042", bank=bank)
    assert iso11649.is_valid(reference)
    assert reference.endswith("RE2026000042")


def test_a_direct_debit_names_its_mandate_and_no_more_of_the_account_than_its_end(
    bound_fr: Site, portal: Portal, now: datetime
) -> None:
    subscription = place_order(portal, ordered_at=now, payment_method="direct_debit")
    accept(subscription, now=now)
    said = content_of(Invoice.get()).payment
    assert (said.method, said.mandate, said.creditor_id) == ("direct_debit", "", "FR00ZZZ000000")
    mandate = Mandate.create(
        subscription=subscription,
        reference="SUB-1",
        person=subscription.administrator,
        text=AcceptedText.select().get(),
        language="fr",
        accepted_at=now,
        holder="Bâti SAS",
        iban_country="FR",
        iban_ending="0189",
        iban_sealed="sealed",
    )
    (due,) = many_due(Subscription.get_by_id(subscription.id), 1, now=now)
    said = content_of(invoices.issue(due, now=now)).payment
    assert (said.mandate, said.debited_account, said.account_holder) == ("SUB-1", "FR…0189", mandate.holder)
    assert said.iban == ""


# ---- what it costs


def test_issuing_asks_the_database_little(
    bought: Subscription,
    now: datetime,
    count_queries: Callable[[], list[str]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Besides its e-mails: to take it, its company, its number, to freeze it, to write it down."""
    monkeypatch.setattr("webapp.domain.invoices.documents.send_invoice", lambda invoice, *, now: None)
    (due,) = many_due(bought, 1, now=now)
    seen = count_queries()
    invoices.issue(due, now=now)
    asked = [sql for sql in seen if not sql.startswith(("SAVEPOINT", "RELEASE", "BEGIN", "COMMIT"))]
    assert len(asked) <= 6, asked
