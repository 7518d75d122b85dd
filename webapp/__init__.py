"""The subscription portal. `create_app` is the whole assembly; everything else is in the rooms below."""

from __future__ import annotations

from flask import Flask
from htmx_flask import Htmx

from webapp.assembly import Portal, assemble
from webapp.config import resource_folder


def create_app(portal: Portal | None = None) -> Flask:
    from webapp.web import (
        api,
        assets,
        auth,
        compression,
        entrance,
        errors,
        filters,
        front,
        limits,
        policy,
        security,
        site,
        support,
        visits,
    )
    from webapp.web import portal as portal_pages
    from webapp.web.application import Application

    portal = portal or assemble()
    app = Application("webapp", template_folder=str(resource_folder("templates")), static_folder=None)
    app.config.update(SECRET_KEY=portal.settings.secret, MAX_CONTENT_LENGTH=1_000_000)
    app.extensions["portal"] = portal

    Htmx(app)
    compression.init_app(app)
    app.before_request(site.refuse_without_database)
    policy.init_app(app)
    assets.init_app(app)
    visits.init_app(app)
    filters.init_app(app)
    errors.init_app(app)
    security.init_app(app)
    auth.init_app(app)
    limits.init_app(app)
    portal_pages.init_app(app)
    api.init_app(app)
    front.init_app(app)
    support.init_app(app)

    policy.refuse_undeclared(app)
    site.wrap(app, portal)
    entrance.wrap(app, portal)
    return app
