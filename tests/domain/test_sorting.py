"""Lists in the order of the site's default language, and after that has changed."""

from __future__ import annotations

from dataclasses import replace

from tests.support.cast import BOB, call_cast
from webapp.assembly import Portal
from webapp.data.accounts import Account, Person
from webapp.data.subscriptions import Seat, Subscription
from webapp.domain import sorting
from webapp.domain.companies import accounts
from webapp.sites import Site

_NAMES = ("Ñandú", "Nube", "Nz", "Ochoa")


def _listed() -> list[str]:
    found = Person.select().where(Person.name.in_(_NAMES)).order_by(Person.sort_key, Person.id)
    return [person.name for person in found]


def test_people_change_places_with_the_default_language(portal: Portal, site_fr: Site) -> None:
    with portal.at(site_fr):
        for name in _NAMES:
            accounts.keep_person(email=f"{name}@example.com", name=name, language="fr", now=portal.clock())
        assert _listed() == ["Ñandú", "Nube", "Nz", "Ochoa"]
        assert sorting.sort_again() == 0
    with portal.at(replace(site_fr, languages=("es",))):
        assert sorting.sort_again() == 1
        assert _listed() == ["Nube", "Nz", "Ñandú", "Ochoa"]
        assert sorting.sort_again() == 0


def test_users_companies_and_products_are_sorted_again_too(portal: Portal, site_fr: Site) -> None:
    cast = call_cast(portal, sites=("fr",))
    with portal.at(site_fr):
        right = {model: _keys(model) for model in (Person, Account, Seat, Subscription)}
        for model in right:
            model.update(sort_key="out of order").execute()
        products = Subscription.select(Subscription.product_name).distinct().count()
        assert sorting.sort_again() == len(right[Person]) + len(right[Account]) + products
        assert {model: _keys(model) for model in right} == right
        assert Seat.select().where(Seat.person == cast.person_ids[BOB]).exists()


def _keys(model: type[Person] | type[Account] | type[Seat] | type[Subscription]) -> list[tuple[int, str]]:
    return list(model.select(model.id, model.sort_key).order_by(model.id).tuples())
