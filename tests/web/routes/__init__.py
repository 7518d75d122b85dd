"""Who may do what at which address, written down a second time and apart from the views.

A route that is not listed here fails the sweep, and so does one that is listed and gone.
"""

from __future__ import annotations

from tests.web.routes import (
    account,
    api,
    billing,
    claims,
    console,
    demo,
    profile,
    seats,
    signed_out,
    subscriptions,
    visits,
)
from tests.web.routes.shapes import Route

_AREAS = (signed_out, subscriptions, seats, billing, account, profile, claims, api, demo, console, visits)
ROUTES: dict[str, Route] = {endpoint: route for area in _AREAS for endpoint, route in area.ROUTES.items()}
