from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from tests.sites import CODES, change, origin
from webapp.sites import SiteConfigError, Sites, load_sites


def test_all_eighteen_country_sites_load_in_the_order_of_their_codes(sites: Sites) -> None:
    """And those that somebody has added."""
    assert set(sites.codes) >= set(CODES) and list(sites.codes) == sorted(sites.codes)
    assert [site.code for site in sites] == list(sites.codes)
    assert len(sites) == len(sites.codes)


def test_a_site_offers_what_its_file_says(sites: Sites) -> None:
    site = sites["ch"]
    assert site.languages == ("de_CH", "fr_CH", "it_CH")
    assert site.default_language == "de_CH"
    assert (site.currency, site.territory, site.time_zone.key) == ("CHF", "CH", "Europe/Zurich")
    assert site.tax_rate == Decimal("8.1")
    assert site.document_format == "qr-bill"
    assert site.legal_entity_in("fr_CH") == "Example Tools (Suisse) SA"
    assert site.tax_name_in("it_CH") == "IVA"
    assert site.brand_name_in("it_CH") == "Portale di sottoscrizione"
    assert site.name_in("it_CH") == "Svizzera"


def test_sales_tax_has_no_single_rate(sites: Sites) -> None:
    assert [site.code for site in sites if site.tax_rate is None and site.code in CODES] == ["ca", "us"]


def test_direct_debit_is_offered_only_where_customers_pay_in_euros(sites: Sites) -> None:
    shipped = [sites[code] for code in CODES]
    offering = {site.code for site in shipped if "direct_debit" in site.payment_methods}
    assert offering == {site.code for site in shipped if site.currency == "EUR"}


@pytest.mark.parametrize("code", CODES)
def test_each_site_has_its_name_in_english_french_german_and_its_own_languages(
    sites: Sites, code: str
) -> None:
    site = sites[code]
    own = {language.partition("_")[0] for language in site.languages}
    assert {"en", "fr", "de"} | own <= set(site.names.by_language)


@pytest.mark.parametrize("code", CODES)
def test_each_site_names_itself_in_its_own_languages(sites: Sites, code: str) -> None:
    site = sites[code]
    for text in (site.brand.name, site.legal_entity.name, site.legal_entity.registration, site.tax_name):
        own = {language.partition("_")[0] for language in site.languages}
        assert len(text.by_language) == 1 or own | {"en"} <= set(text.by_language)
    assert site.brand_name_in("en") == "Subscription Portal"


@pytest.mark.parametrize("code", CODES)
def test_invoices_are_in_each_of_the_sites_own_languages(sites: Sites, code: str) -> None:
    site = sites[code]
    mentions = [mention.text for mention in site.invoicing.mentions]
    for text in (site.bank.holder, site.bank.name, *mentions):
        own = {language.partition("_")[0] for language in site.languages}
        assert len(text.by_language) == 1 or own | {"en"} <= set(text.by_language)


@pytest.mark.parametrize("code", CODES)
def test_the_seller_can_be_named_in_an_e_invoice(sites: Sites, code: str) -> None:
    site = sites[code]
    entity = site.legal_entity
    assert entity.street and entity.city
    assert (entity.postal_code == "") == (code == "ae")
    assert (entity.vat_id == "") == (site.tax_rate is None)
    assert entity.vat_id or entity.ids
    assert site.invoicing.series != site.invoicing.credit_series


def test_payers_are_given_an_iban_where_there_are_ibans(sites: Sites) -> None:
    shipped = [sites[code] for code in CODES]
    assert {site.code for site in shipped if not site.bank.iban} == {"ca", "jp", "us"}
    assert all(site.bank.iban[:2] == site.territory for site in sites if site.bank.iban)
    assert all("0000000" in site.bank.iban for site in shipped if site.bank.iban), "nobody’s account"


def test_france_wants_its_mentions_by_their_codes(sites: Sites) -> None:
    invoicing = sites["fr"].invoicing
    assert [mention.code for mention in invoicing.mentions if mention.code] == ["PMT", "PMD", "AAB"]
    assert (invoicing.series, invoicing.credit_series, invoicing.process) == ("FA", "AV", "S1")


def test_a_name_without_this_language_is_said_in_english(sites: Sites) -> None:
    assert sites["jp"].name_in("pl") == "Japan"
    assert sites["jp"].name_in("fr_CH") == "Japon"


@pytest.mark.parametrize(
    ("code", "asked", "offered"),
    [
        ("ch", "de", "de_CH"),
        ("ch", "fr", "fr_CH"),
        ("ch", "it", "it_CH"),
        ("ch", "fr_CH", "fr_CH"),
        ("ch", "de-CH", "de_CH"),
        ("ch", "DE-ch", "de_CH"),
        ("ch", "de_AT", "de_CH"),
        ("ch", "es", None),
        ("ch", "d", None),
        ("ch", "", None),
        ("at", "de", "de_AT"),
        ("gb", "en", "en_GB"),
        ("us", "en_GB", "en_US"),
        ("be", "fr_FR", "fr"),
        ("be", "de-BE", "de"),
        ("ca", "fr", "fr_CA"),
        ("ca", "en-US", "en"),
        ("cz", "cs", "cs"),
        ("pt", "pt_BR", "pt"),
        ("ae", "ar", "ar"),
        ("ae", "en-US", "en"),
        ("fr", "fr_CA", "fr"),
        ("fr", "en", None),
    ],
)
def test_a_language_code_finds_the_sites_locale(
    sites: Sites, code: str, asked: str, offered: str | None
) -> None:
    assert sites[code].language_for(asked) == offered


@pytest.mark.parametrize(
    ("host", "code"),
    [
        ("fr.portal.example", "fr"),
        ("FR.Portal.Example", "fr"),
        ("fr.portal.example:8000", "fr"),
        ("de.portal.example:443", "de"),
        ("fr.portal.example:", "fr"),
        ("fr.portal.example:http", None),
        ("fr.portal.example:８０", None),
        ("fr.portal.example.", None),
        ("fr.portal.example:80:80", None),
        ("xx.portal.example", None),
        ("support.portal.example", None),
        ("portal.example", None),
        ("portal.example:8000", None),
        ("www.fr.portal.example", None),
        ("fr.de.portal.example", None),
        ("fr.portal.example.evil.example", None),
        ("frportal.example", None),
        ("fr.", None),
        ("fr", None),
        ("", None),
        (".portal.example", None),
        ("[::1]:8000", None),
        ("127.0.0.1", None),
    ],
)
def test_only_the_exact_host_name_leads_to_a_site(sites: Sites, host: str, code: str | None) -> None:
    site = sites.site_for_host(host, "portal.example")
    assert (site.code if site else None) == code


@pytest.mark.parametrize(
    ("old", "new", "field", "words"),
    [
        ('code = "ch"', 'code = "li"', "code", "“li” must be the name of the folder, “ch”"),
        ('currency = "CHF"\n', "", "currency", "is missing; it must be a text such as “EUR”"),
        ('currency = "CHF"', 'currency = "francs"', "currency", "“francs” must look like “EUR”"),
        ('currency = "CHF"', "currency = 756", "currency", "must be a text such as “EUR”"),
        ("payment_days = 30", 'payment_days = "30"', "payment_days", "must be a whole number"),
        ("payment_days = 30", "payment_days = true", "payment_days", "must be a whole number"),
        ("payment_days = 30", "payment_days = 0", "payment_days", "0 must be 1 or more"),
        ("payment_days = 30", "payment_day = 30", "payment_days", "is missing"),
        ("payment_days = 30", "payment_days = 30\nvat = 1", "vat", "the portal knows no such field"),
        ("Europe/Zurich", "Europe/Zuerich", "time_zone", "no time zone is called “Europe/Zuerich”"),
        ("Europe/Zurich", "../etc/passwd", "time_zone", "no time zone is called"),
        ('"de_CH", ', '"de-CH", ', "languages", "“de-CH” must look like “de_CH”"),
        ('"fr_CH", "it_CH"', '"de_CH"', "languages", "each of them once"),
        ('["de_CH", "fr_CH", "it_CH"]', "[]", "languages", "must be a list of texts"),
        ('"invoice", "credit_card"', '"cheque"', "payment_methods", "“cheque” is not one of: invoice"),
        ('"invoice", "credit_card"', '"invoice", "direct_debit"', "direct_debit", "go together"),
        ("[tax]", "[direct_debit]\ncreditor_id = 7\n[tax]", "direct_debit.creditor_id", "must be a text"),
        ('["che_uid"]', '["ssn"]', "national_ids", "“ssn” is not one of: siret"),
        ("qr-bill", "fax", "document_format", "“fax” is not one of: facturx, qr-bill, pdf"),
        ('standard_rate = "8.1"', "standard_rate = 8.1", "tax.standard_rate", "must be a text"),
        ('standard_rate = "8.1"', 'standard_rate = "8,1"', "tax.standard_rate", "“8,1” must be a number"),
        ('standard_rate = "8.1"', 'standard_rate = "-8"', "tax.standard_rate", "“-8” must be a number"),
        ("[tax]", "[taxes]", "tax", "is missing; it must be a table"),
        ("[legal_entity]", '[tax.regions]\nZH = "8"\n[legal_entity]', "tax.regions", "not for the same site"),
        ('it = "Svizzera"', "it = 41", "name.it", "must be a text"),
        ('it = "Svizzera"', 'Italian = "Svizzera"', "name.Italian", "“Italian” must look like “de_CH”"),
        ("support@ch.portal.example", "nobody", "contact.support_email", "“nobody” must look like"),
        ("[brand]\n", '[brand]\naccent = "red"\n', "brand.accent", "“red” must look like “#0a5168”"),
        ("[brand]\n", '[brand]\nlogo = "x"\n', "brand.logo", "the portal knows no such field"),
        ('vat_id = "', 'vat = "', "legal_entity.vat_id", "is missing"),
        ('street = "Beispiel', 'street = "Muster', "legal_entity.street", "does not stand in the address"),
        ('postal_code = "0000"', 'postal_code = "8000"', "legal_entity.postal_code", "does not stand in"),
        ('city = "Musterdorf"', "", "legal_entity.city", "is missing; it must be a text"),
        ("che_uid = ", "uid = ", "legal_entity.ids.uid", "is not one of: siren"),
        ("CH5830000", "CH5730000", "bank.iban", "is no IBAN: compare it"),
        ("EXMPCHZZXXX", "EXMP", "bank.bic", "“EXMP” is no BIC"),
        (
            "CH5830000000000000000",
            "DE36000000000000000000",
            "bank.iban",
            "a QR-bill needs an account of Switz",
        ),
        ("[bank]", "[banks]", "bank", "is missing; it must be a table"),
        ('series = "RE"', 'series = "Re-"', "invoices.series", "“Re-” must look like “FA”"),
        ('credit_series = "GS"', 'credit_series = "RE"', "invoices.credit_series", "a series of their own"),
        ("[invoices]", '[invoices]\nprocess = "x"', "invoices.process", "“x” must look like “S1”"),
        ("[invoices]", "[invoices]\nmentions = [1]", "invoices.mentions", "must be a list of tables"),
        ("[invoices]", "[invoices]\nmentions = [{}]", "invoices.mentions[1].text", "is missing"),
        (
            "[invoices]",
            '[invoices]\nmentions = [{ text = "a", code = "PMT" }, { text = "b", code = "PMT" }]',
            "invoices.mentions",
            "each code may be there once",
        ),
        (
            "[invoices]",
            '[invoices]\nmentions = [{ text = "a", kind = "b" }]',
            "invoices.mentions[1].kind",
            "the portal knows no such field",
        ),
    ],
)
def test_a_wrong_site_file_is_refused_with_file_field_and_plain_words(
    tenants: Path, old: str, new: str, field: str, words: str
) -> None:
    file = tenants / "ch" / "site.toml"
    change(file, old, new)
    with pytest.raises(SiteConfigError) as refusal:
        load_sites(tenants, origin)
    assert refusal.value.file == file
    assert refusal.value.field == field
    assert words in str(refusal.value)
    assert str(refusal.value).startswith(f"{file}: {field}: ")


def test_a_brand_may_bring_its_own_accent(tenants: Path) -> None:
    change(
        tenants / "us" / "site.toml", "[brand]\n", '[brand]\naccent = "#7a1f3d"\naccent_dark = "#f0a0b8"\n'
    )
    brand = load_sites(tenants, origin)["us"].brand
    assert (brand.accent, brand.accent_dark) == ("#7a1f3d", "#f0a0b8")


def test_a_file_that_cannot_be_read_is_refused_in_plain_words(tenants: Path) -> None:
    file = tenants / "ch" / "site.toml"
    file.write_bytes(b"code = ")
    with pytest.raises(SiteConfigError, match="is not valid TOML"):
        load_sites(tenants, origin)
    file.write_bytes(b'code = "\xff"')
    with pytest.raises(SiteConfigError, match="is not written in UTF-8"):
        load_sites(tenants, origin)
    file.unlink()
    with pytest.raises(SiteConfigError, match=r"site\.toml: there is no such file"):
        load_sites(tenants, origin)


def test_a_folder_without_sites_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SiteConfigError, match="holds no country site"):
        load_sites(tmp_path, origin)
    with pytest.raises(SiteConfigError, match="there is no such folder"):
        load_sites(tmp_path / "nowhere", origin)


def test_a_site_knows_where_its_customers_reach_it(sites: Sites) -> None:
    assert sites["fr"].origin == "https://fr.portal.example"


def test_a_site_that_does_not_exist_is_no_site(sites: Sites) -> None:
    assert sites.by_code("xx") is None
    with pytest.raises(KeyError):
        sites["xx"]
