"""Set a password by a mailed link: whether the address is known is never told."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, request

from webapp.domain import tokens
from webapp.domain.people import sign_in
from webapp.domain.refusals import Refusal
from webapp.web import auth, htmx
from webapp.web.forms import NewPasswordForm, PasswordLinkForm
from webapp.web.limits import links_per_address
from webapp.web.policy import policy
from webapp.web.site import this_portal

pages = Blueprint("passwords", __name__, url_prefix="/password")


@pages.get("/forgotten")
@policy("public")
def forgotten() -> Any:
    form = PasswordLinkForm(
        next=auth.local_path(request.args.get("next", "")), email=request.args.get("email", "")
    )
    return htmx.render("passwords/forgotten.html", form=form)


@pages.post("/forgotten")
@links_per_address
@policy("public")
def send_link() -> Any:
    form = PasswordLinkForm(request.form)
    if not form.validate():
        return htmx.render("passwords/forgotten.html", status=422, form=form)
    next_path = auth.local_path(str(form.next.data or ""))
    sign_in.request_password_link(str(form.email.data), next_path=next_path, now=this_portal().clock())
    return htmx.go("/password/sent")


@pages.get("/sent")
@policy("public")
def sent() -> Any:
    return htmx.render("passwords/sent.html", minutes=sign_in.LINK_MINUTES)


@pages.get("/set/<mailed_token:token>")
@policy("public")
def choose(token: str) -> Any:
    """Looks only: mail scanners open links before people do."""
    try:
        found = tokens.peek(token, tokens.SET_PASSWORD, now=this_portal().clock())
    except Refusal as refusal:
        return htmx.render("passwords/dead_link.html", status=410, problem=str(refusal))
    return htmx.render("passwords/choose.html", form=NewPasswordForm(), email=found.person.email, problem="")


@pages.post("/set/<mailed_token:token>")
@links_per_address
@policy("public")
def save(token: str) -> Any:
    now = this_portal().clock()
    try:
        found = tokens.peek(token, tokens.SET_PASSWORD, now=now)
    except Refusal as refusal:
        return htmx.render("passwords/dead_link.html", status=410, problem=str(refusal))
    form = NewPasswordForm(request.form)
    problem = "" if form.validate() else form.password.errors[0]
    if not problem:
        try:
            agent = request.headers.get("User-Agent", "")
            done = sign_in.set_password(token, str(form.password.data), user_agent=agent, now=now)
        except Refusal as refusal:
            problem = str(refusal)
    if problem:
        return htmx.render(
            "passwords/choose.html", status=422, form=form, email=found.person.email, problem=problem
        )
    if done.half:
        auth.begin_half(done.half)
        return htmx.go(auth.code_address(auth.local_path(done.next_path)))
    auth.begin(done.session_token)
    return htmx.go(auth.local_path(done.next_path) or "/subscriptions")
