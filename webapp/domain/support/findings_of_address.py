"""Who has the address that a customer names: the first thing to know, whatever is asked."""

from __future__ import annotations

from webapp.domain.support.findings import Finding, on
from webapp.domain.support.support_facts import Case
from webapp.formats import listing
from webapp.i18n import _


def address_changed(c: Case) -> Finding | None:
    if c.address is None or c.address.kind != "changed" or c.person:
        return None
    return Finding(
        "address_changed",
        _(
            "%(name)s changed the address from %(old)s to %(new)s on %(date)s.",
            name=c.address.name,
            old=c.email,
            new=c.address.email,
            date=on(c.address.at),
        ),
        _("They log in with %(email)s now.", email=c.address.email),
    )


def address_unconfirmed(c: Case) -> Finding | None:
    if c.address is None or c.address.kind != "asked" or c.person:
        return None
    return Finding(
        "address_unconfirmed",
        _(
            "%(name)s asked on %(date)s to use %(new)s, and has not pressed the link that was mailed there.",
            name=c.address.name,
            date=on(c.address.at),
            new=c.email,
        ),
        _("Until then they log in with %(email)s.", email=c.address.email),
    )


def purchaser_corrected(c: Case) -> Finding | None:
    if c.address is None or c.address.kind != "corrected" or (c.person and c.subscriptions):
        return None
    return Finding(
        "purchaser_corrected",
        _(
            "The purchaser of %(id)s was corrected from %(old)s to %(new)s on %(date)s.",
            id=c.address.public_id,
            old=c.email,
            new=c.address.email,
            date=on(c.address.at),
        ),
        _(
            "%(email)s activates it. If that is wrong and it is pending still, correct the address again.",
            email=c.address.email,
        ),
        public_id=c.address.public_id,
    )


def known_elsewhere(c: Case) -> Finding | None:
    if c.person or not (sites := c.elsewhere().known):
        return None
    return Finding(
        "known_elsewhere",
        _(
            "%(email)s is not known here, it is known at: %(sites)s.",
            email=c.email,
            sites=listing(list(sites)),
        ),
        _("They log in on that country’s site. Each country has its own accounts and its own passwords."),
    )


def unknown(c: Case) -> Finding | None:
    if c.person:
        return None
    silent = c.elsewhere().silent
    if silent:
        sentence = _(
            "%(email)s is not known here; these sites did not answer: %(sites)s.",
            email=c.email,
            sites=listing(list(silent)),
        )
    else:
        sentence = _("%(email)s is known neither here nor at another site of your regions.", email=c.email)
    return Finding(
        "unknown",
        sentence,
        _("Ask to which address the order confirmation went, and look for a typing error in it."),
    )


def of_another_company(c: Case) -> Finding | None:
    if c.person is None or c.person.membership is not None or c.address:
        return None
    if c.person.other_account:
        sentence = _(
            "%(email)s belongs to %(other)s, not to %(company)s.",
            email=c.person.email,
            other=c.person.other_account,
            company=c.account_name,
        )
    else:
        sentence = _("%(email)s is known here and belongs to no company any more.", email=c.person.email)
    return Finding(
        "of_another_company",
        sentence,
        _(
            "Check which company the customer means; an administrator of %(company)s can invite them.",
            company=c.account_name,
        ),
    )


WHO = (
    address_changed,
    address_unconfirmed,
    purchaser_corrected,
    known_elsewhere,
    unknown,
    of_another_company,
)
