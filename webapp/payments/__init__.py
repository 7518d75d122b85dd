"""Ways to pay, each behind one small protocol. What is collected, by whom and when, is the ERP's business."""

from webapp.payments.cards import CardProvider, CardWanted, GivenCard, HostedPage, NotFromProvider
from webapp.payments.direct_debit import DirectDebit
from webapp.payments.elsewhere import ByInvoice, CardOfTheShop
from webapp.payments.protocol import (
    CREDIT_CARD,
    DIRECT_DEBIT,
    INVOICE,
    Instrument,
    PaymentProvider,
    Providers,
    SetUpFailed,
    Wanted,
)
from webapp.payments.stand_in import StandIn
from webapp.payments.stripe_cards import StripeCards, StripeKeys
from webapp.payments.vault import Vault

__all__ = [
    "CREDIT_CARD",
    "DIRECT_DEBIT",
    "INVOICE",
    "CardProvider",
    "CardWanted",
    "GivenCard",
    "HostedPage",
    "Instrument",
    "NotFromProvider",
    "PaymentProvider",
    "Providers",
    "SetUpFailed",
    "StandIn",
    "StripeCards",
    "StripeKeys",
    "Vault",
    "Wanted",
    "make_providers",
]


def make_providers(vault: Vault) -> Providers:
    """Those of the portal itself; a payment service would be one more of them."""
    own: tuple[PaymentProvider, ...] = (ByInvoice(), DirectDebit(vault), CardOfTheShop())
    return {provider.method: provider for provider in own}
