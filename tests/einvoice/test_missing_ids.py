"""Which numbers of the buyer's an e-invoice wants and the company has not given yet."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.papers import SITES, an_invoice
from webapp.data.issued import Party
from webapp.domain.companies.national_ids import KINDS
from webapp.einvoice import missing_ids
from webapp.einvoice.countries import COUNTRIES, LEGAL_IDS


def buyer(country: str, vat_id: str = "", **ids: str) -> Party:
    return Party("Buyer", "Street 1", "Town", country, vat_id=vat_id, ids=ids)


@pytest.mark.parametrize(
    ("territory", "who", "missing"),
    [
        ("FR", buyer("FR"), ("id_siret",)),
        ("fr", buyer("FR"), ("id_siret",)),
        ("FR", buyer("FR", siret="30326504500017"), ()),
        ("FR", buyer("FR", "FR40303265045"), ()),
        ("FR", buyer("FR", "DE136695976"), ("id_siret",)),
        ("FR", buyer("DE"), ("vat_id",)),
        ("FR", buyer("DE", "DE136695976"), ()),
        ("FR", buyer("US"), ()),
        ("IT", buyer("IT"), ("vat_id", "id_sdi_code")),
        ("IT", buyer("IT", codice_fiscale="00743110157", sdi_code="ABC1234"), ()),
        ("IT", buyer("IT", "IT00743110157"), ("id_sdi_code",)),
        ("PL", buyer("PL"), ("id_nip",)),
        ("PL", buyer("PL", "PL8567346215"), ()),
        ("ES", buyer("ES"), ("id_nif",)),
        ("BE", buyer("BE"), ("vat_id",)),
        ("DE", buyer("DE"), ()),
        ("AT", buyer("AT"), ()),
        ("CH", buyer("CH"), ()),
        ("GB", buyer("FR"), ()),
        ("JP", buyer("JP"), ()),
    ],
)
def test_only_what_is_wanted_and_unknown_is_missing(
    territory: str, who: Party, missing: tuple[str, ...]
) -> None:
    assert missing_ids(territory, who) == missing


@pytest.mark.parametrize("site", SITES)
def test_the_sample_companies_lack_nothing(site: str) -> None:
    assert missing_ids(site, an_invoice(site).buyer) == ()


def test_every_name_is_one_that_the_billing_data_know() -> None:
    known = {"vat_id", *(f"id_{kind}" for kind in KINDS)}
    named: list[Any] = [name for rules in COUNTRIES.values() for group in rules.needed for name in group]
    assert named and set(named) <= known


def test_every_number_that_a_company_can_give_has_its_place() -> None:
    elsewhere = {"siret", "leitweg_id", "sdi_code"}
    assert set(KINDS) <= set(LEGAL_IDS) | elsewhere
