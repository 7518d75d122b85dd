"""200 generated invoices: no rule of the standard, and in France none of the French ones, may object."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings

from tests.einvoice.generated import documents
from tests.support.schematron import CII, FRENCH_CII, FRENCH_UBL, GROUP, UBL, failures
from webapp.data.issued import IssuedDocument
from webapp.einvoice import cii, ubl
from webapp.einvoice.countries import ids_of

pytestmark = pytest.mark.xdist_group(GROUP)


@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
@given(documents())
def test_whatever_is_sold_to_whomever_the_rules_find_nothing_wrong(document: IssuedDocument) -> None:
    # Without any address of the buyer's the French rules object rightly: `missing_ids` says so before.
    french = document.site == "fr" and bool(ids_of(document.buyer).address[0])
    assert failures(cii(document), CII, *[FRENCH_CII] * french) == []
    assert failures(ubl(document), UBL, *[FRENCH_UBL] * french) == []
