"""What a WSGI server loads, installed or not: `webapp.wsgi:app`."""

from webapp import create_app

app = create_app()
