"""Which tax: by a rule where one fits, by a person where none does, and never guessed."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tests.sites import TENANTS, origin
from webapp.data.issued import Party
from webapp.domain.intake.order_fields import COUNTRIES
from webapp.domain.invoices import tax
from webapp.domain.invoices.tax import (
    Decision,
    DecisionInvalid,
    NeedsTaxDecision,
    TaxRule,
    checked_decision,
    decide,
    decision_from_json,
)
from webapp.i18n import speaking, speech
from webapp.sites import load_sites

SITES = load_sites(TENANTS, origin)
RATES = {site.territory: site.tax_rate for site in SITES}
CANADIAN = SITES["ca"].tax_rates_of_regions
# With right check digits.
VAT_IDS = {
    **{"FR": "FR40303265045", "DE": "DE136695976", "AT": "ATU13585627", "IT": "IT00743110157"},
    **{"ES": "ESB58378431", "PL": "PL8567346215", "GR": "EL094259216", "NL": "NL004495445B01"},
    "BE": "BE0428759497",
}
POSTAL_CODES = {"ES": "28013", "FR": "69006", "DE": "90491", "AT": "1010", "IT": "50123", "CH": "8001"}


def party(country: str, *, vat_id: str | None = None, **facts: str) -> Party:
    known = {"postal_code": POSTAL_CODES.get(country, ""), "city": "Town"} | facts
    given = VAT_IDS.get(country, "") if vat_id is None else vat_id
    return Party("Builders", "1 Street", country=country, vat_id=given, **known)


def decided(seller: str, buyer: Party) -> TaxRule:
    return decide(party(seller), buyer, standard_rate=RATES.get(seller))


def question(seller: str, buyer: Party) -> str:
    with pytest.raises(NeedsTaxDecision) as unknown:
        decided(seller, buyer)
    return str(unknown.value)


@pytest.mark.parametrize("country", [code for code, rate in RATES.items() if rate is not None])
def test_at_home_it_is_the_standard_rate(country: str) -> None:
    assert decided(country, party(country)) == TaxRule("S", RATES[country])


@pytest.mark.parametrize("place", [{"postal_code": "9000-017"}, {"postal_code": "", "city": "Ponta Delgada"}])
def test_madeira_and_the_azores_have_rates_of_their_own_for_a_seller_in_portugal(
    place: dict[str, str],
) -> None:
    assert "Madeira or the Azores" in question("PT", party("PT", vat_id="PT512345678", **place))
    assert decided("FR", party("PT", vat_id="PT512345678", **place)).category == "AE"


@pytest.mark.parametrize(("region", "rate"), [("ON", "13"), ("NS", "14"), ("AB", "5"), ("PE", "15")])
def test_in_canada_it_is_the_rate_of_the_province(region: str, rate: str) -> None:
    assert in_canada(region) == TaxRule("S", Decimal(rate))


@pytest.mark.parametrize("region", ["QC", "BC", "MB", "SK", "", "Ontario"])
def test_where_a_province_adds_a_tax_of_its_own_a_person_decides(region: str) -> None:
    with pytest.raises(NeedsTaxDecision, match="no single rate in CA"):
        in_canada(region)


def test_a_region_of_another_country_is_none_of_the_sellers() -> None:
    with pytest.raises(NeedsTaxDecision):
        decide(party("CA"), party("US", region="ON"), standard_rate=None, rates_of_regions=CANADIAN)


def in_canada(region: str) -> TaxRule:
    return decide(party("CA"), party("CA", region=region), standard_rate=None, rates_of_regions=CANADIAN)


@pytest.mark.parametrize(("seller", "buyer"), [("FR", "MC"), ("CH", "LI")])
def test_some_neighbours_are_taxed_as_at_home(seller: str, buyer: str) -> None:
    assert decided(seller, party(buyer)) == TaxRule("S", RATES[seller])


@pytest.mark.parametrize("buyer", sorted(VAT_IDS))
@pytest.mark.parametrize("seller", ["FR", "DE", "AT", "ES", "IT", "PL"])
def test_between_member_states_the_customer_owes_the_tax(seller: str, buyer: str) -> None:
    rule = decided(seller, party(buyer))
    if seller == buyer:
        assert rule.category == "S"
    else:
        assert (rule.category, rule.rate, rule.reason_code) == ("AE", 0, "VATEX-EU-AE")
        assert "Reverse charge" in rule.reason


def test_a_customer_in_monaco_is_french_to_another_member_state() -> None:
    assert decided("DE", party("MC", vat_id=VAT_IDS["FR"])).category == "AE"


@pytest.mark.parametrize(
    ("vat_id", "words"),
    [
        ("", "no VAT number"),
        ("DE136695976", "of another country"),
        ("FR40303265045", "of another country"),
        ("ATU13585628", "can’t be right"),
        ("AT", "can’t be right"),
    ],
)
def test_without_its_vat_number_nobody_guesses(vat_id: str, words: str) -> None:
    assert words in question("FR", party("AT", vat_id=vat_id))


def test_spaces_in_a_vat_number_do_no_harm() -> None:
    assert decided("FR", party("AT", vat_id="ATU 1358 5627")).category == "AE"


@pytest.mark.parametrize(
    ("seller", "buyer", "code"),
    [
        ("FR", "US", "VATEX-EU-O"),
        ("DE", "CH", "VATEX-EU-O"),
        ("ES", "GB", "VATEX-EU-O"),
        ("AT", "LI", "VATEX-EU-O"),
        ("CH", "DE", ""),
        ("GB", "FR", ""),
    ],
)
def test_across_the_unions_border_a_service_is_taxed_at_the_customers(
    seller: str, buyer: str, code: str
) -> None:
    rule = decided(seller, party(buyer))
    assert (rule.category, rule.rate, rule.reason_code) == ("O", 0, code)
    assert rule.reason


@pytest.mark.parametrize(("seller", "buyer"), [("AE", "FR"), ("JP", "US"), ("US", "US"), ("US", "CA")])
def test_where_no_rule_is_known_a_person_decides(seller: str, buyer: str) -> None:
    assert question(seller, party(buyer)).endswith("?")


def test_sales_tax_depends_on_the_place_and_the_question_names_it() -> None:
    buyer = party("US", postal_code="78701", city="Austin", region="TX")
    assert question("US", buyer) == "There is no single rate in US: which one counts at 78701 Austin TX US?"


@pytest.mark.parametrize(
    ("country", "postal_code"),
    [
        *(("ES", code) for code in ("35001", "38670", "51001", "52006", " 35 001", "E-38001", "３５００１")),
        *(("FR", code) for code in ("97110", "97400", "97600", "98713", "F-97200")),
        *(("DE", code) for code in ("78266", "27498", "D-27498")),
        *(("IT", code) for code in ("23041", "22061")),
        *(("AT", code) for code in ("6691", "6991", "6993", "A-6992")),
        *(("CH", code) for code in ("7562", "8238", "6911")),
        *(("GB", code) for code in ("JE2 3AB", "GY1 1AA", "IM1 1AA", "je23ab")),
    ],
)
@pytest.mark.parametrize("from_home", [True, False])
def test_a_place_that_is_taxed_otherwise_is_asked_about(
    country: str, postal_code: str, from_home: bool
) -> None:
    seller = country if from_home else "PL"
    assert "which tax counts there?" in question(seller, party(country, postal_code=postal_code))


@pytest.mark.parametrize(
    ("country", "postal_code"),
    [
        *(("ES", code) for code in ("28013", "08035", "50001", "53001", "E-28013", "03501")),
        *(("FR", code) for code in ("69006", "20090", "09700", "98000", "75009")),
        *(("DE", code) for code in ("78267", "27499", "20095")),
        *(("IT", code) for code in ("23042", "20121")),
        *(("AT", code) for code in ("6690", "6990", "1030")),
        *(("CH", code) for code in ("7560", "8239", "6300")),
        *(("GB", code) for code in ("LS1 1AA", "BT1 1AA", "GL1 1AA", "IP1 1AA")),
    ],
)
def test_its_neighbours_are_not(country: str, postal_code: str) -> None:
    """Belfast among them: for services Northern Ireland is the United Kingdom."""
    assert decided(country, party(country, postal_code=postal_code)).category == "S"


@pytest.mark.parametrize(
    ("country", "city"),
    [("DE", "Büsingen am Hochrhein"), ("DE", "Helgoland"), ("IT", "livigno"), ("GB", "Jersey")],
)
def test_without_a_postal_code_the_town_is_looked_at(country: str, city: str) -> None:
    assert city in question(country, party(country, postal_code="", city=city))


@pytest.mark.parametrize("postal_code", ["", "8001", "280130", "Madrid"])
def test_in_spain_nothing_is_known_without_a_whole_postal_code(postal_code: str) -> None:
    assert "no whole postal code" in question("ES", party("ES", postal_code=postal_code))


@pytest.mark.parametrize("country", ["GP", "RE", "IC", "JE", "IM", "AX", "SM", "VA", "XI"])
@pytest.mark.parametrize("seller", ["FR", "ES", "GB", "IT"])
def test_places_with_a_country_code_of_their_own_are_asked_about(seller: str, country: str) -> None:
    assert "Which tax counts" in question(seller, party(country))


@pytest.mark.parametrize("seller", sorted(RATES))
def test_every_country_gets_a_rule_or_a_question(seller: str) -> None:
    for country in COUNTRIES:
        try:
            rule = decided(seller, party(country))
        except NeedsTaxDecision as unknown:
            assert unknown.question.endswith("?")
            continue
        assert rule.category in tax.CATEGORIES
        assert (rule.rate == 0) == (rule.category in tax.UNTAXED)
        assert bool(rule.reason) == (rule.category in tax.EXPLAINED)


@pytest.mark.parametrize(
    ("language", "words"),
    [("fr", "Autoliquidation"), ("de", "Steuerschuldnerschaft des Leistungsempfängers"), ("en", "Reverse")],
)
def test_the_reason_is_said_in_the_documents_language(language: str, words: str) -> None:
    rule = decided("FR", party("DE"))
    with speaking(speech(language, "FR")):
        assert rule.reason_in_speech.startswith(words)
        assert TaxRule("S", Decimal(20)).reason_in_speech == ""


# ---- what a person decides


@pytest.mark.parametrize("category", tax.CATEGORIES)
def test_a_decision_is_kept_as_it_was_made(category: str) -> None:
    rate = "0" if category in tax.UNTAXED else "8.25"
    made = checked_decision(category=category, rate=rate, reason=" as  Austin\twants ")
    assert decision_from_json(made.to_json()) == made
    assert made.reason == "as Austin wants"
    assert made.rule.reason == ("as Austin wants" if category in tax.EXPLAINED else "")


def test_a_decision_of_reverse_charge_has_its_code() -> None:
    made = checked_decision(category="AE", rate="0", reason="registered")
    assert made == Decision(TaxRule("AE", Decimal(0), "registered", "VATEX-EU-AE"), "registered")


@pytest.mark.parametrize(
    ("category", "rate", "reason", "words"),
    [
        ("X", "8", "r", "“X” is not one of the categories S"),
        ("S", "0", "r", "needs a rate above 0"),
        ("AE", "19", "r", "has the rate 0, not 19"),
        ("O", "0.1", "r", "has the rate 0"),
        ("S", "8,25", "r", "“8,25” is no rate in percent"),
        ("S", "NaN", "r", "is no rate"),
        ("S", "-1", "r", "is no rate"),
        ("S", "101", "r", "is no rate"),
        ("S", "8.12345", "r", "is no rate"),
        ("S", "1e-9", "r", "is no rate"),
        ("S", "8", "  ", "a reason has 1 to 200"),
        ("S", "8", "x" * 201, "a reason has 1 to 200"),
        ("S", "8", "a\0b", "a reason has 1 to 200"),
    ],
)
def test_a_wrong_decision_is_refused_in_words(category: str, rate: str, reason: str, words: str) -> None:
    with pytest.raises(DecisionInvalid) as refusal:
        checked_decision(category=category, rate=rate, reason=reason)
    assert words in str(refusal.value)
    assert str(refusal.value).startswith("Nothing was decided: ")
