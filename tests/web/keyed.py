"""The sweep's questions to the API: with every key to every operation, about every row."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.support.cast import ALICE, GIVEN, GONE, PEOPLE, SITES, canary
from tests.support.orders import an_order
from tests.support.remitted import a_payment
from tests.web.asking import SAME_ORIGIN, Asker, Case
from tests.web.ground import ELSEWHERE, MISSING, OWNERS, Ground, address, named, pick
from tests.web.routes import ROUTES
from tests.web.routes.shapes import Route
from webapp.web.api.operations import operation_of


def keyed(asker: Asker, ground: Ground) -> Iterator[str]:
    for site in SITES:
        for endpoint, route in ROUTES.items():
            if route.who == "key":
                yield from _refused(asker, ground, site, endpoint, route)
                yield from _answered(asker, ground, site, endpoint, route)
    yield from _walk(asker, ground)


def everything_of(site: str) -> frozenset[str]:
    """A key opens all of its site, and nothing of another one."""
    people = {actor.key for actor in PEOPLE[site]} | {actor.company.key for actor in PEOPLE[site]}
    return frozenset(canary(site, key) for key in (*people, GONE, GIVEN))


def _case(
    site: str, endpoint: str, method: str, value: str, expected: int, *, key: str, **facts: Any
) -> Case:
    route = ROUTES[endpoint]
    path = address(route, value) + (f"?{route.query}" if route.query else "")
    headers = {"Content-Type": route.media_type, **({"Authorization": f"Bearer {key}"} if key else {})}
    facts = {"body": route.document, "headers": headers, **facts}
    return Case(endpoint, site, method, path, expected, **facts)


def _refused(asker: Asker, ground: Ground, site: str, endpoint: str, route: Route) -> Iterator[str]:
    """With what would be answered and changed, if there were the right key."""
    value = ground.tempting(site, route) if route.names else ""
    operation = operation_of(ground.app, endpoint)
    assert operation is not None
    wrong = {name: (key, 401) for name, key in ground.keys.worthless(site).items()}
    wrong[f"a key without {operation.scope}"] = (ground.keys.without(site, operation.scope), 403)
    for method in route.answers:
        for who, (key, status) in wrong.items():
            yield from asker.ask(_case(site, endpoint, method, value, status, key=key, who=who))
        visitor = ground.visitors[OWNERS[site]]
        facts = {"who": visitor.name, "cookie": visitor.cookie, "headers": SAME_ORIGIN}
        yield from asker.ask(_case(site, endpoint, method, value, 401, key="", **facts))


def _answered(asker: Asker, ground: Ground, site: str, endpoint: str, route: Route) -> Iterator[str]:
    for about, value, state in _values(ground, site, route):
        for method, status in route.answers.items():
            expected = pick(status, state) if state or not route.names else 404
            if method == "PUT" and expected == 200:
                continue  # it changes something: see the walk
            facts = {
                "about": about,
                "who": "shop",
                "sees": everything_of(site),
                "key": ground.keys.right[site],
            }
            yield from asker.ask(_case(site, endpoint, method, value, expected, **facts))


def _values(ground: Ground, site: str, route: Route) -> Iterator[tuple[str, str, str]]:
    if not route.names:
        yield "", "", ""
        return
    if route.names == "product":
        yield "sold", "fieldwire-business", "there"
        yield "nobody’s", "no-such-product", ""
        return
    for row in ground.cast.rows:
        if row.owner.site == site:
            yield f"{row.owner.key}’s {row.state}", named(row, route), row.state
    for row in ground.rows_elsewhere(site, route):
        yield f"another site’s {row.state}", named(row, route), ""
    yield "nobody’s", MISSING[route.names].format(site.upper()), ""


def _walk(asker: Asker, ground: Ground) -> Iterator[str]:
    """What changes something, with the right key; and the same with the key of the other site."""
    cast = ground.cast
    pending = cast.row(ALICE, "pending").order_number
    payment = a_payment(invoice_number=cast.row(ALICE, "active").invoice, amount="1.00")
    for endpoint, method, value, document, status in (
        ("api_orders.take", "POST", "", an_order(), 201),
        ("api_orders.take_many", "POST", "", an_order(order_number="SWEPT"), 200),
        ("api_payments.take", "POST", "", payment, 201),
        ("api_payments.take_many", "POST", "", payment, 200),
        ("api_orders.correct_purchaser", "PUT", pending, b'{"email": "new@example.com"}', 200),
        ("api_orders.withdraw", "PUT", pending, b'{"reason": "bought twice"}', 200),
    ):
        facts = {"body": document, "sees": everything_of("fr")}
        foreign = ground.keys.right[ELSEWHERE["fr"]]
        yield from asker.ask(_case("fr", endpoint, method, value, 401, key=foreign, **facts))
        own = ground.keys.right["fr"]
        yield from asker.ask(_case("fr", endpoint, method, value, status, key=own, writes=True, **facts))
