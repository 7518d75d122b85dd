"""Passkeys of an agent: added, shown at sign-in, removed."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, request

from webapp.domain.limits import TooOften
from webapp.domain.people import sessions
from webapp.domain.refusals import Refusal
from webapp.domain.support import agent_passkeys
from webapp.web import agent_auth, auth, htmx
from webapp.web.forms import CodeForm, PasskeyForm, PasswordForm
from webapp.web.limits import agents_per_address
from webapp.web.policy import policy
from webapp.web.site import this_portal
from webapp.web.support.proving import console, proof_page, proven

pages = Blueprint("agent_passkeys", __name__, url_prefix="/agent")


def _password_page(form: PasswordForm, *, status: int = 200) -> Any:
    return htmx.render("support/passkey_start.html", status=status, form=form)


@pages.get("/passkeys")
@policy("agent", place="support")
def ask() -> Any:
    return _password_page(PasswordForm())


@pages.post("/passkeys")
@agents_per_address
@policy("half_agent", place="support")
def start() -> Any:
    """Who is signed in already says once more that it is they."""
    half, form = agent_auth.half_agent(), PasswordForm(request.form)
    if half.factor and not proven(form):
        return _password_page(form, status=422)
    agent_passkeys.start(half, now=this_portal().clock())
    return htmx.go("/agent/passkeys/new")


def _new_page(form: PasskeyForm, *, problem: str = "", status: int = 200) -> Any:
    half, now = agent_auth.half_agent(), this_portal().clock()
    options = agent_passkeys.options_to_add(half, console(), now=now)
    if options is None:
        return htmx.go(agent_auth.way_on(half, "/agent"))
    return htmx.render("support/passkey_new.html", status=status, form=form, options=options, problem=problem)


@pages.get("/passkeys/new")
@policy("half_agent", place="support")
def show_new() -> Any:
    browser = sessions.browser_and_system(agent_auth.user_agent())
    return _new_page(PasskeyForm(name=", ".join(part for part in browser if part)))


@pages.post("/passkeys/new")
@agents_per_address
@policy("half_agent", place="support")
def add() -> Any:
    half, form = agent_auth.half_agent(), PasskeyForm(request.form)
    now = this_portal().clock()
    try:
        token = agent_passkeys.add(
            half,
            str(form.answer.data or ""),
            name=str(form.name.data or ""),
            console=console(),
            user_agent=agent_auth.user_agent(),
            now=now,
        )
    except agent_passkeys.PasskeyRefused as refusal:
        agent_passkeys.start(half, now=now)
        return _new_page(form, problem=str(refusal), status=422)
    if token:
        agent_auth.begin(token)
    return htmx.go("/agent?done=passkey" if half.factor else agent_auth.HOME)


@pages.post("/proof/passkey")
@agents_per_address
@policy("half_agent", place="support")
def show() -> Any:
    half, form = agent_auth.half_agent(), PasskeyForm(request.form)
    if half.factor or not half.has_factor:
        return htmx.go(agent_auth.way_on(half, ""))
    try:
        token = agent_passkeys.show(
            half,
            str(form.answer.data or ""),
            console=console(),
            user_agent=agent_auth.user_agent(),
            now=this_portal().clock(),
        )
    except TooOften:
        raise
    except Refusal as refusal:
        return proof_page(CodeForm(next=form.next.data), problem=str(refusal), status=422)
    agent_auth.begin(token)
    return htmx.go(auth.local_path(str(form.next.data or "")) or agent_auth.HOME)


def _remove_page(name: str, form: PasswordForm, *, status: int = 200) -> Any:
    passkey = agent_passkeys.named(agent_auth.agent(), name)
    return htmx.render(
        "support/passkey_remove.html", status=status, form=form, passkey=passkey, passkey_name=name
    )


@pages.get("/passkeys/remove")
@policy("agent", place="support")
def ask_remove() -> Any:
    return _remove_page(request.args.get("passkey", ""), PasswordForm())


@pages.post("/passkeys/remove")
@agents_per_address
@policy("agent", place="support")
def remove() -> Any:
    form, name = PasswordForm(request.form), request.form.get("passkey", "")
    agent_passkeys.named(agent_auth.agent(), name)
    if not proven(form):
        return _remove_page(name, form, status=422)
    agent_passkeys.remove(agent_auth.agent(), name, now=this_portal().clock())
    return htmx.go("/agent?done=passkey-removed")
