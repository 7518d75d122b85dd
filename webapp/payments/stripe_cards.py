"""Cards by Stripe's hosted page (Checkout in set-up mode), with each site's own keys.

The SDK is imported when a card is wanted: it costs half a second and 30 MB, which most processes never need.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from webapp.payments.cards import CardWanted, GivenCard, HostedPage, NotFromProvider
from webapp.payments.protocol import SetUpFailed
from webapp.sites import Site

if TYPE_CHECKING:
    from stripe import RequestOptions, StripeClient
    from stripe.params.checkout import SessionCreateParams

log = logging.getLogger(__name__)

TOLERANCE = 300  # seconds that a signature is good for
_SECONDS, _RETRIES = 10, 1
_COMPLETED = "checkout.session.completed"


@dataclass(frozen=True, slots=True)
class StripeKeys:
    api: str
    webhook: str


class StripeCards:
    def __init__(self, keys: Mapping[str, StripeKeys], *, address: str = "") -> None:
        """`address`: where Stripe's API is, if not at Stripe."""
        self._keys, self._address = keys, address

    def offers(self, site: Site) -> bool:
        return site.code in self._keys

    def begin(self, wanted: CardWanted) -> HostedPage:
        facts = {
            "site": wanted.site.code,
            "customer_number": wanted.customer_number,
            "subscription": wanted.public_id,
        }
        with _as_set_up_failed():
            client = self._client(wanted.site)
            customer = client.v1.customers.create(
                {"metadata": facts}, {"idempotency_key": f"{wanted.key}-customer"}
            )
            asked: SessionCreateParams = {
                "mode": "setup",
                "customer": customer.id,
                "allowed_payment_method_types": ["card"],
                "client_reference_id": wanted.key,
                "metadata": facts,
                "success_url": wanted.success_url,
                "cancel_url": wanted.cancel_url,
            }
            options: RequestOptions = {"idempotency_key": f"{wanted.key}-session"}
            session = client.v1.checkout.sessions.create(asked, options)
            if not session.url:
                raise SetUpFailed("unavailable")
            return HostedPage(session.id, session.url)

    def card_of(self, site: Site, session: str) -> GivenCard | None:
        with _as_set_up_failed():
            found: Any = self._client(site).v1.checkout.sessions.retrieve(
                session, {"expand": ["setup_intent.payment_method"]}
            )
            intent = found.setup_intent
            if found.status != "complete" or intent is None or intent.status != "succeeded":
                return None
            given, card = intent.payment_method, intent.payment_method.card
            expires = f"{card.exp_year:04}-{card.exp_month:02}"
            return GivenCard(card.brand, card.last4, expires, str(found.customer), given.id)

    def session_in(self, site: Site, payload: bytes, signature: str) -> str | None:
        if site.code not in self._keys:
            raise NotFromProvider
        return completed_session(payload, signature, self._keys[site.code].webhook)

    def _client(self, site: Site) -> StripeClient:
        import stripe

        return stripe.StripeClient(
            self._keys[site.code].api,
            http_client=stripe.RequestsClient(timeout=_SECONDS),
            max_network_retries=_RETRIES,
            base_addresses={"api": self._address} if self._address else {},
        )


@contextmanager
def _as_set_up_failed() -> Iterator[None]:
    import stripe

    try:
        yield
    except stripe.StripeError as problem:
        log.warning("Stripe: %s %s", type(problem).__name__, problem.user_message or problem.code or "")
        raise SetUpFailed("unavailable") from problem


def completed_session(payload: bytes, signature: str, secret: str) -> str | None:
    """Signed by Stripe's scheme, lately."""
    import stripe

    try:
        text = payload.decode()
        stripe.WebhookSignature.verify_header(text, signature, secret, TOLERANCE)
        event = json.loads(text)
    except (stripe.SignatureVerificationError, ValueError) as problem:
        raise NotFromProvider from problem
    try:
        return str(event["data"]["object"]["id"]) if event["type"] == _COMPLETED else None
    except (KeyError, TypeError):
        return None
