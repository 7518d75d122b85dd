"""Agents sign in: first the password, then a second factor. Nothing of the console is shown before both."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, request

from webapp.domain.limits import TooOften
from webapp.domain.refusals import NotThere, Refusal
from webapp.domain.support import agent_sign_in
from webapp.web import agent_auth, auth, htmx
from webapp.web.forms import CodeForm, NewPasswordForm, SignInForm
from webapp.web.limits import agents_per_address
from webapp.web.policy import policy
from webapp.web.site import this_portal
from webapp.web.support.proving import proof_page

pages = Blueprint("agent_sign_in", __name__, url_prefix="/agent")


def _page(form: SignInForm, *, problem: str = "", status: int = 200) -> Any:
    next_path = auth.local_path(str(form.next.data or ""))
    return htmx.render("support/sign_in.html", status=status, form=form, problem=problem, next=next_path)


@pages.get("/sign-in")
@policy("public", place="support")
def show() -> Any:
    next_path = auth.local_path(request.args.get("next", ""))
    if found := agent_auth.half_agent_or_none():
        return htmx.go(agent_auth.way_on(found, next_path))
    return _page(SignInForm(next=next_path))


@pages.post("/sign-in")
@agents_per_address
@policy("public", place="support")
def submit() -> Any:
    form = SignInForm(request.form)
    if not form.validate():
        return _page(form, status=422)
    try:
        token = agent_sign_in.show_password(
            str(form.email.data),
            str(form.password.data),
            network=agent_auth.network(),
            user_agent=agent_auth.user_agent(),
            now=this_portal().clock(),
        )
    except TooOften:
        raise
    except Refusal as refusal:
        return _page(form, problem=str(refusal), status=422)
    agent_auth.begin(token)
    return htmx.go(agent_auth.way_on(agent_auth.half_agent(), auth.local_path(str(form.next.data or ""))))


@pages.post("/sign-out")
@policy("half_agent", place="support")
def leave() -> Any:
    agent_sign_in.sign_out(agent_auth.half_agent(), now=this_portal().clock())
    agent_auth.end()
    return htmx.go(agent_auth.SIGN_IN)


# ---- the second factor


@pages.get("/proof")
@policy("half_agent", place="support")
def proof() -> Any:
    half, next_path = agent_auth.half_agent(), auth.local_path(request.args.get("next", ""))
    if half.factor or not half.has_factor:
        return htmx.go(agent_auth.way_on(half, next_path))
    return proof_page(CodeForm(next=next_path))


@pages.post("/proof")
@agents_per_address
@policy("half_agent", place="support")
def show_code() -> Any:
    half, form = agent_auth.half_agent(), CodeForm(request.form)
    if half.factor:
        return htmx.go(agent_auth.HOME)
    if not half.has_app:
        raise NotThere
    if not form.validate():
        return proof_page(form, status=422)
    portal = this_portal()
    try:
        token = agent_sign_in.show_code(
            half,
            str(form.code.data),
            vault=portal.vault,
            user_agent=agent_auth.user_agent(),
            now=portal.clock(),
        )
    except TooOften:
        raise
    except Refusal as refusal:
        form.code.errors = [str(refusal)]
        return proof_page(form, status=422)
    agent_auth.begin(token)
    return htmx.go(auth.local_path(str(form.next.data or "")) or agent_auth.HOME)


# ---- a link from the operator


@pages.get("/link/<mailed_token:token>")
@policy("public", place="support")
def choose(token: str) -> Any:
    """Looks only."""
    try:
        found = agent_sign_in.agent_of_link(token, now=this_portal().clock())
    except agent_sign_in.LinkDead as refusal:
        return _dead_link(refusal)
    return htmx.render("support/choose_password.html", email=found.email, problem="")


@pages.post("/link/<mailed_token:token>")
@agents_per_address
@policy("public", place="support")
def save(token: str) -> Any:
    form, now = NewPasswordForm(request.form), this_portal().clock()
    try:
        found = agent_sign_in.agent_of_link(token, now=now)
        problem = "" if form.validate() else form.password.errors[0]
        if not problem:
            session = agent_sign_in.choose_password(
                token, str(form.password.data), user_agent=agent_auth.user_agent(), now=now
            )
    except agent_sign_in.LinkDead as refusal:
        return _dead_link(refusal)
    except Refusal as refusal:
        problem = str(refusal)
    if problem:
        return htmx.render("support/choose_password.html", status=422, email=found.email, problem=problem)
    agent_auth.begin(session)
    return htmx.go(agent_auth.way_on(agent_auth.half_agent(), ""))


def _dead_link(refusal: Refusal) -> Any:
    return htmx.render("support/dead_link.html", status=410, problem=str(refusal))
