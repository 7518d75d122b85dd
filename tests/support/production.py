"""The settings of a portal in production, none of them the demo's."""

from __future__ import annotations

PRODUCTION = {
    "PORTAL_MODE": "production",
    "PORTAL_SECRET": "a random text of the tests, 40 characters",
    "PORTAL_SMTP": "smtp://127.0.0.1:2525",
    "PORTAL_MAIL_FROM": "subscriptions@portal.test",
    "PORTAL_DOMAIN": "portal.example",
    "PORTAL_PROXIES": "127.0.0.1",
    "PORTAL_WEB_PROCESSES": "1",
}
