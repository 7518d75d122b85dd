"""People and subscriptions that mails are about."""

from __future__ import annotations

from datetime import datetime, timedelta

from webapp.data.accounts import Account, Person
from webapp.data.keys import email_key, sort_key
from webapp.data.subscriptions import Order, Subscription


def person(
    email: str = "alice@example.com", *, name: str = "Alice Martin", language: str = "fr", now: datetime
) -> Person:
    return Person.create(
        email=email,
        email_key=email_key(email),
        name=name,
        sort_key=sort_key(name),
        language=language,
        created_at=now,
    )


def subscription(
    administrator: Person, *, number: str = "0314100037", po_number: str = "BC 2026-113", now: datetime
) -> Subscription:
    """Pending, ordered now."""
    order = Order.create(order_number=number, content_hash="", document="{}", ordered_at=now, received_at=now)
    account, _created = Account.get_or_create(
        customer_number="10400012",
        defaults={
            "name": "Exemple Construction",
            "line1": "12 rue de l’Exemple",
            "city": "Lyon",
            "country": "FR",
            "search_key": "",
            "sort_key": "",
        },
    )
    return Subscription.create(
        public_id=f"SUB-FR-{number[-6:]}",
        order=order,
        account=account,
        administrator=administrator,
        product_key="profis-engineering-premium",
        product_name="PROFIS Engineering Premium",
        kind="software",
        agreement_key="software",
        quantity=3,
        commitment="annual",
        billing_period="annual",
        unit_price=59000,
        currency="EUR",
        payment_method="invoice",
        po_number=po_number,
        language="fr",
        ordered_at=now,
        activate_before=now + timedelta(days=90),
        search_key="",
        sort_key="",
    )
