"""`portal db migrate` puts lists into the order of each site's default language."""

from __future__ import annotations

from collections.abc import Callable

from click.testing import Result

from tests.support.cast import call_cast
from webapp.assembly import Portal
from webapp.data.accounts import Person
from webapp.sites import Site


def test_migrating_sorts_names_that_stand_wrong_and_says_so(
    portal: Portal, site_fr: Site, type_in: Callable[..., Result]
) -> None:
    call_cast(portal, sites=("fr",))
    with portal.at(site_fr):
        Person.update(sort_key="elsewhere").where(Person.id == 1).execute()
    assert "fr: 1 names sorted anew, for fr\n" in type_in("db", "migrate", "--site", "fr").output
    assert "sorted" not in type_in("db", "migrate", "--site", "fr").output
