"""The bare domain: which country? And, in the demo, the mailbox."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Flask, Response

from webapp.domain.refusals import NotThere
from webapp.mail import mailbox
from webapp.web import agent_auth, card_provider, htmx
from webapp.web.policy import policy
from webapp.web.site import place, site_or_none, this_portal

pages = Blueprint("front", __name__)


@pages.get("/")
@policy("public", place="anywhere")
def home() -> Any:
    if place() == "support":
        return htmx.go(agent_auth.HOME)
    if site_or_none():
        return htmx.go("/subscriptions")
    return htmx.render("front/chooser.html")


@pages.get("/robots.txt")
@policy("public", place="anywhere")
def robots() -> Response:
    """Personal pages say `noindex` themselves; here is only what nobody should crawl."""
    return Response("User-agent: *\nDisallow: /activate/\nDisallow: /password/\n", mimetype="text/plain")


@pages.get("/mailbox")
@policy("demo", place="front")
def list_mail() -> Any:
    return htmx.render(
        "front/mailbox.html", messages=mailbox.list_mails(mailbox.mailbox_folder(this_portal().settings))
    )


def _mail(name: str) -> mailbox.Mail:
    found = mailbox.open_mail(mailbox.mailbox_folder(this_portal().settings), name)
    if found is None:
        raise NotThere
    return found


@pages.get("/mailbox/<mail_name:name>")
@policy("demo", place="front")
def read_mail(name: str) -> Any:
    return htmx.render("front/message.html", mail=_mail(name))


@pages.get("/mailbox/<mail_name:name>/html")
@policy("demo", place="front")
def show_mail(name: str) -> Response:
    """The mail's own HTML: its inline styles are what mail programs need, scripts stay forbidden."""
    response = Response(_mail(name).html, mimetype="text/html")
    response.headers["Content-Security-Policy"] = (
        "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'"
    )
    return response


@pages.get("/mailbox/<mail_name:name>/files/<mail_name:file_name>")
@policy("demo", place="front")
def open_file(name: str, file_name: str) -> Response:
    """What is attached, to be kept: nothing of it is shown in the portal's own pages."""
    file = _mail(name).file(file_name)
    if file is None:
        raise NotThere
    response = Response(file.content, mimetype=file.media_type)
    response.headers["Content-Disposition"] = f'attachment; filename="{file_name}"'
    return response


def init_app(app: Flask) -> None:
    app.register_blueprint(pages)
    app.register_blueprint(card_provider.pages)
