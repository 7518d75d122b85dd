"""Postal addresses by country: order, lines, what separates them."""

from __future__ import annotations

import pytest

from webapp.data.issued import Party
from webapp.i18n import speaking, speech
from webapp.postal import address_lines


def lines(
    country: str, line1: str, city: str, code: str = "", region: str = "", line2: str = ""
) -> list[str]:
    party = Party("Company", line1, city, country, line2=line2, postal_code=code, region=region)
    return address_lines(party, country)


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        (("FR", "1 rue X", "Lyon", "69001", "", "Bât. B"), ["1 rue X", "Bât. B", "69001 Lyon"]),
        (("CH", "Gasse 1", "Zürich", "8004"), ["Gasse 1", "8004 Zürich"]),
        (("US", "500 Main Street", "Austin", "78701", "TX"), ["500 Main Street", "Austin, TX 78701"]),
        (("US", "500 Main Street", "Austin", "", ""), ["500 Main Street", "Austin"]),
        (("CA", "1 rue Y", "Montréal", "H2X 1Y4", "QC"), ["1 rue Y", "Montréal QC H2X 1Y4"]),
        (("GB", "1 High Street", "London", "SW1A 1AA"), ["1 High Street", "London", "SW1A 1AA"]),
        (("IT", "Via Roma 1", "Monza", "20900", "MB"), ["Via Roma 1", "20900 Monza MB"]),
        (("HU", "Fő utca 1.", "Budapest", "1011"), ["Budapest", "Fő utca 1.", "1011"]),
        (("AE", "P.O. Box 1", "Dubai"), ["P.O. Box 1", "Dubai"]),
        (("AE", "Street 1", "Deira", "", "Dubai"), ["Street 1", "Deira, Dubai"]),
        (
            ("JP", "丸の内1-1", "千代田区", "100-0005", "東京都", "ビル3F"),
            ["〒100-0005", "東京都千代田区", "丸の内1-1", "ビル3F"],
        ),
        (
            ("JP", "1-1 Marunouchi", "Chiyoda-ku", "100-0005", "Tokyo"),
            ["1-1 Marunouchi, Chiyoda-ku, Tokyo", "100-0005"],
        ),
        (("SG", "1 Road", "Singapore", "018989"), ["1 Road", "Singapore 018989"]),
        (("ZZ", "Somewhere 1", "Town", "1"), ["Somewhere 1", "Town", "1"]),
    ],
)
def test_an_address_stands_as_its_country_writes_it(address: tuple[str, ...], shown: list[str]) -> None:
    assert lines(*address) == shown


def test_the_country_is_named_where_a_letter_leaves_it_in_the_readers_language() -> None:
    party = Party("Company", "Gasse 1", "Zürich", "CH", postal_code="8004")
    with speaking(speech("fr", "FR")):
        assert address_lines(party, "FR") == ["Gasse 1", "8004 Zürich", "Suisse"]
