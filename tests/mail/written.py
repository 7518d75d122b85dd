"""Each kind of mail, with all that it may be told."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, date, datetime
from types import SimpleNamespace
from typing import Any

from tests.support.papers import ISSUED_ON, an_invoice
from webapp.config import read_settings, resource_folder
from webapp.data.issued import Credited
from webapp.domain.reminders.reminder_items import ORDER, Item, Section
from webapp.i18n import speech
from webapp.mail.render import Rendered, render
from webapp.sites import Site, load_sites

SITES = load_sites(resource_folder("tenants"), read_settings({}).origin)
# An invoice and a credit note at once: each mail takes what it shows.
ISSUED = replace(
    an_invoice("fr", number="FA-2026-000042"),
    credited=Credited("FA-2026-000041", ISSUED_ON),
    credit_reason="Wrong address",
)
_ITEM = Item(
    kind="renewal",
    public_id="SUB-FR-204118",
    product="PROFIS Engineering Premium",
    company="Exemple Construction",
    on=date(2027, 11, 22),
    days_left=30,
    path="/subscriptions/SUB-FR-204118",
    quantity=3,
    net=177000,
    currency="EUR",
    billing_period="annual",
    people=("Éloïse D’Hérouville", "Max Neu"),
)
REMINDED = [Section(kind, [replace(_ITEM, kind=kind)], number=1) for kind in ORDER]
LINK = "http://fr.localhost:8000/activate/0314100037"


def context(**changes: Any) -> dict[str, Any]:
    """Everything that any of the mails may need."""
    bought = SimpleNamespace(
        product_name="PROFIS Engineering Premium",
        quantity=3,
        po_number="BC 2026-113",
        account=SimpleNamespace(name="Exemple Construction"),
        administrator=SimpleNamespace(name="Alice Martin"),
        public_id="SUB-FR-204118",
        term_start=date(2026, 11, 22),
        term_end=date(2027, 11, 22),
        ends_on=None,
        unit_price=48000,
        currency="EUR",
    )
    return {
        "person": SimpleNamespace(name="Éloïse D’Hérouville", email="eloise@example.com"),
        "subscription": bought,
        "order_number": "0314100037",
        "last_day": date(2027, 2, 20),
        "days_left": 90,
        "reason": "We bought another tool",
        "by_name": "Alice Martin",
        "by_oneself": True,
        "version": "4.2",
        "from_name": "Alice Martin",
        "to_name": "Max Neu",
        "to_email": "max@example.com",
        "kept_seat": True,
        "company": "Exemple Construction",
        "changed_by": "Alice Martin",
        "changed": [
            ("city", "Town", "Lyon", "Nantes"),
            ("country", "Country", "FR", "DE"),
            ("vat_id", "VAT number", "", "FR40303265045"),
        ],
        "days": 7,
        "creditor_id": "FR00ZZZ000000",
        "old": {"method": "invoice", "ending": ""},
        "new": {"method": "direct_debit", "ending": "2606", "reference": "SUB-FR-204118-1A2B3C4D"},
        "on": True,
        "works_from": datetime(2026, 11, 23, 12, 0, tzinfo=UTC),
        "old_email": "eloise@example.com",
        "new_email": "eloise@example.org",
        "granted": True,
        "companies": ["Exemple Construction", "Autre Exemple"],
        "administers": 3,
        "uses": 1,
        "link_days": 30,
        "document": ISSUED,
        "reads_portal": True,
        "e_invoice": True,
        "number_of_users": 3,
        "invoice": SimpleNamespace(
            quantity=3, po_number="BC 2026-113", net=144000, currency="EUR", number="FA-2026-000042"
        ),
        "price": SimpleNamespace(
            added=2,
            quantity=5,
            unit_price=24066,
            net=48132,
            currency="EUR",
            first_day=date(2027, 5, 23),
            last_day=date(2027, 11, 21),
            next_day=date(2027, 11, 22),
            next_quantity=5,
            next_net=240000,
        ),
        "sections": REMINDED,
        "number_of_items": 5,
        "quantity": 2,
        "going": 1,
        "staying": 1,
        "named": ["SUB-FR-204118", "SUB-FR-204119"],
        "claimant_name": "Max Neu",
        "claimant_email": "max@example.com",
        "claims": False,
        "outcome": "refused",
        "administered": True,
        "decides": False,
        "token": SimpleNamespace(minutes=60),
        "link": LINK,
        "now": datetime(2026, 11, 22, 12, 0, tzinfo=UTC),
        **changes,
    }


def rendered(kind: str, site: Site | None = None, language: str = "en", **changes: Any) -> Rendered:
    site = site or SITES["gb"]
    return render(kind, site=site, speech=speech(language, site.territory), context=context(**changes))


def words(html: str) -> str:
    """What a reader of the HTML part sees."""
    body = html[html.index("<body") :]
    return " ".join(re.sub(r"<[^>]+>", " ", body).replace("&#39;", "'").split())
