"""The accounts of a person, and which of them the session looks at."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, request

from webapp.domain import permissions
from webapp.domain.people import sign_in
from webapp.web import auth, htmx
from webapp.web.policy import policy

pages = Blueprint("accounts", __name__, url_prefix="/accounts")


@pages.get("")
@policy("person")
def show() -> Any:
    return htmx.render("accounts/page.html")


@pages.post("")
@policy("person")
def look_at() -> Any:
    visitor = auth.visitor()
    account = permissions.own_account(
        visitor.person_id, request.form.get("account", "").replace("\0", "")[:40]
    )
    sign_in.look_at_account(visitor.signed_in, account)
    return htmx.go("/subscriptions")
