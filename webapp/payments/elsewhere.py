"""Ways to pay that leave nothing to set up here."""

from __future__ import annotations

from webapp.payments.protocol import CREDIT_CARD, INVOICE, Instrument, SetUpFailed, Wanted


class ByInvoice:
    method = INVOICE

    def set_up(self, wanted: Wanted) -> Instrument:
        return Instrument(INVOICE)


class CardOfTheShop:
    """Given in the shop with the order, and kept there: the portal never sees a card."""

    method = CREDIT_CARD

    def set_up(self, wanted: Wanted) -> Instrument:
        raise SetUpFailed("elsewhere")
