"""Machines that sign what they send: whose signature is taken where, and that nothing else is."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator

from tests.support.cast import SITES
from tests.support.stripe_stand_in import signed as stripe_signature
from tests.web.asking import SAME_ORIGIN, Asker, Case
from tests.web.ground import ELSEWHERE, OWNERS, Ground
from webapp.payments.stand_in import SECRET

ENDPOINT, PATH = "cards.take_event", "/payments/card-events"
EVENT = json.dumps({"type": "checkout.session.completed", "data": {"object": {"id": "cs_demo_" + "0" * 32}}})


def signatures(asker: Asker, ground: Ground) -> Iterator[str]:
    """No cookie and no page helps; one's own site's signature does, lately."""
    for site in SITES:
        cookie = ground.visitors[OWNERS[site]].cookie
        late = int(time.time()) - 310
        for about, status, headers in (
            ("no signature", 400, {}),
            ("no signature, from a page", 400, SAME_ORIGIN),
            ("another site’s", 400, stripe_signature(EVENT, f"{SECRET}_{ELSEWHERE[site]}")),
            ("an old one", 400, stripe_signature(EVENT, f"{SECRET}_{site}", late)),
            ("of something else", 400, stripe_signature(EVENT + " ", f"{SECRET}_{site}")),
            ("its own", 204, stripe_signature(EVENT, f"{SECRET}_{site}")),
        ):
            facts = {"cookie": cookie, "about": about, "headers": headers, "content": EVENT}
            yield from asker.ask(Case(ENDPOINT, site, "POST", PATH, status, **facts))
