"""Who one is, and where: sessions, hosts, links, keys, signatures."""

from __future__ import annotations

from tests.web.planted.leak import Downgraded, Leak
from webapp.data import database
from webapp.domain import tokens
from webapp.domain.people import sign_in
from webapp.domain.shop import api_keys
from webapp.domain.subscriptions import calendar_feeds
from webapp.payments import stand_in, stripe_cards
from webapp.web import auth, security, site
from webapp.web.api import callers
from webapp.web.api import entitlements as entitlement_views
from webapp.web.portal import activation, cancellation, purchase_orders, quantity
from webapp.web.portal import subscriptions as subscription_pages

LEAKS: dict[str, dict[str, Leak | Downgraded]] = {
    "signed_out": {
        "the session’s signature is the same at each site": Leak(
            auth.SiteSessions, "get_signing_serializer", "-{name}", ""
        ),
        "the session is not looked up": Leak(
            sign_in, "_SESSION_SQL", "WHERE s.token_hash = :token_hash", "WHERE s.token_hash IS NOT NULL"
        ),
        "an idle session lives on": Leak(sign_in, "_SESSION_SQL", "AND s.last_seen_at > :idle", ""),
        "an old session lives on": Leak(sign_in, "_SESSION_SQL", "AND s.created_at > :oldest", ""),
        "signing out keeps the session": Leak(sign_in, "sign_out", "Session.delete()", "Session.select()"),
        "a new password keeps the sessions": Leak(
            sign_in, "set_password", "Session.delete()", "Session.select()"
        ),
        "a page is for everybody": Downgraded(subscription_pages.show_list),
        "activating is for everybody": Downgraded(activation.activate),
        "saving is for everybody": Downgraded(purchase_orders.save),
        "cancelling is for everybody": Downgraded(cancellation.plan),
        "buying licences is for everybody": Downgraded(quantity.add),
        "nobody asks for the policy": Leak(
            auth, "require_policy", 'declared.who == "person"', "False", crashes=True
        ),
    },
    "forged_origins": {
        "requests from elsewhere are taken": Leak(security, "refuse_forged_requests", "abort(403)", "return"),
        "requests from a sibling site are taken": Leak(
            security, "refuse_forged_requests", '== "same-origin"', 'in ("same-origin", "same-site")'
        ),
    },
    "places": {
        "pages are at every place": Leak(auth, "require_policy", "wrong_place or", ""),
        "a strange host is the first site": Leak(
            site.SiteMiddleware,
            "_whereabouts",
            "return own.get(name), None",
            'return own.get(name, "site"), self.portal.sites["fr"]',
        ),
        "a host’s beginning is enough": Leak(
            site.SiteMiddleware,
            "_whereabouts",
            "sites.site_for_host(host, domain)",
            'sites.by_code(host.partition(".")[0])',
        ),
    },
    "anybody": {
        "a mailed link works for ever": Leak(tokens, "peek", "& (Token.expires_at > now)", ""),
        "a mailed link works again": Leak(tokens, "peek", "& Token.used_at.is_null()", ""),
        "a mailed link works for another purpose": Leak(tokens, "peek", "& (Token.purpose == purpose)", ""),
        "a calendar holds the dates of everybody": Leak(
            calendar_feeds, "_DAYS_SQL", "(s.administrator_id = :person OR s.backup_id = :person)", "1 = 1"
        ),
    },
    "signatures": {
        "nobody looks at a signature": Leak(
            stripe_cards,
            "completed_session",
            "stripe.WebhookSignature.verify_header(text, signature, secret, TOLERANCE)",
            "pass",
        ),
        "a signature is good for a day": Leak(
            stripe_cards, "completed_session", "secret, TOLERANCE)", "secret, 86400)"
        ),
        "all sites have one secret": Leak(
            stand_in.StandIn, "session_in", 'f"{SECRET}_{site.code}"', 'f"{SECRET}_fr"'
        ),
        "a signed message is taken for a forged form": Leak(
            security, "_may_come_from_anywhere", 'declared.who == "signature"', "False"
        ),
    },
    "keys": {
        "a revoked key opens": Leak(api_keys, "caller_of", " or found.revoked_at is not None", ""),
        "a replaced key opens for ever": Leak(
            api_keys, "caller_of", "from_micros(found.expires_at) <= now", "False"
        ),
        "the public part of a key is enough": Leak(api_keys, "caller_of", " or not fits", ""),
        "a key of another site opens": Leak(
            api_keys, "caller_of", ' or parts["site"] != current_site().code', ""
        ),
        "a key opens whatever its scopes": Leak(
            callers, "require_key", "declared.scope not in found.scopes", "False"
        ),
        "an operation asks for no key": Downgraded(entitlement_views.to_product),
    },
    "probes": {
        "rows of another site are foreign keys": Leak(
            database.SiteForeignKey, "db_value", "value.refuse_elsewhere()", "pass"
        ),
        "rows of another site are saved": Leak(database.SiteModel, "save", "self.refuse_elsewhere()", "pass"),
        "rows of another site are deleted": Leak(
            database.SiteModel, "delete_instance", "self.refuse_elsewhere()", "pass"
        ),
    },
}
