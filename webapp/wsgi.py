"""What a WSGI server loads, installed or not: `webapp.wsgi:app`."""

import logging

from webapp import create_app, logs
from webapp.assembly import assemble
from webapp.readiness import refuse_to_start

_portal = assemble()
logs.set_up(production=_portal.settings.production)
for _silent in refuse_to_start(_portal):
    logging.getLogger(__name__).warning("A database does not answer: %s", _silent)
app = create_app(_portal)
