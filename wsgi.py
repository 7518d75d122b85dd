"""For servers started in a checkout: `wsgi:app`."""

from webapp.wsgi import app

__all__ = ["app"]
