"""Who did what, when: rows are only ever added."""

from __future__ import annotations

import peewee as pw

from webapp.data.accounts import Account, Person
from webapp.data.database import InstantField, SiteForeignKey, SiteModel
from webapp.data.subscriptions import Subscription


class AuditEvent(SiteModel):
    at = InstantField()
    action = pw.CharField(max_length=60)
    actor_kind = pw.CharField(max_length=10)  # person, shop, operator, portal, agent
    actor = SiteForeignKey(Person, null=True, backref="acted")
    actor_name = pw.TextField(default="")
    account = SiteForeignKey(Account, null=True, backref="events")
    subscription = SiteForeignKey(Subscription, null=True, backref="events")
    person = SiteForeignKey(Person, null=True, backref="concerned")
    details = pw.TextField(default="{}")  # JSON

    class Meta:
        indexes = ((("subscription", "id"), False), (("at", "id"), False))


AGENT = "agent"
# What support did is found by its account, however much else happened there.
AuditEvent.add_index(
    AuditEvent.account,
    AuditEvent.at,
    where=AuditEvent.actor_kind == AGENT,
    name="audit_event_by_agents",
)
