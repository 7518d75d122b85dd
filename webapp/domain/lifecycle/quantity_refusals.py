"""Why the number of licences can’t be what somebody wishes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from webapp.data.database import current_site
from webapp.domain.intake.order_fields import MOST_LICENSES
from webapp.domain.refusals import Refusal
from webapp.domain.subscriptions.cancellation import NothingToUndo, last_day_before
from webapp.formats import day
from webapp.i18n import _, ngettext


class NotCounted(Refusal):
    def __str__(self) -> str:
        return _("This product is not sold by the license: any number of people may use it.")


class NotSoldHere(Refusal):
    def __str__(self) -> str:
        site = current_site()
        return _(
            "More licenses of this product can’t be bought here. Write to %(email)s or call %(phone)s.",
            email=site.support_email,
            phone=site.support_phone,
        )


class QuantityInvalid(Refusal):
    def __str__(self) -> str:
        return _("Enter a whole number of licenses, 1 or more.")


class TooManyLicences(Refusal):
    def __str__(self) -> str:
        return ngettext(
            "At most %(num)s license can be managed here.",
            "At most %(num)s licenses can be managed here.",
            MOST_LICENSES,
        )


@dataclass
class NotFewer(Refusal):
    quantity: int

    def __str__(self) -> str:
        return ngettext(
            "There is %(num)s license now: enter a smaller number.",
            "There are %(num)s licenses now: enter a smaller number.",
            self.quantity,
        )


class PeriodBegins(Refusal):
    """Its first day has come, and its invoice is not recorded yet."""

    def __str__(self) -> str:
        return _("A new billing period is just beginning. Try again in a few minutes.")


@dataclass
class SeatsStay(Refusal):
    """More people keep their licence over the renewal than there would be."""

    staying: int
    wanted: int
    renewal: date

    def __str__(self) -> str:
        return ngettext(
            "%(staying)s people keep their license after %(date)s. Choose %(num)s of them who won’t.",
            "%(staying)s people keep their license after %(date)s. Choose %(num)s of them who won’t.",
            self.staying - self.wanted,
            staying=self.staying,
            date=day(last_day_before(self.renewal)),
        )


@dataclass
class AsManyAlready(Refusal):
    quantity: int

    def __str__(self) -> str:
        return ngettext(
            "There is %(num)s license already: enter another number.",
            "There are %(num)s licenses already: enter another number.",
            self.quantity,
        )


class NoFewerPlanned(NothingToUndo):
    def __str__(self) -> str:
        return _("No smaller number of licenses is planned: it renews with as many as now.")
