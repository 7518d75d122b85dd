"""An agent's own page: what protects their access, and their password."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, request

from webapp.domain.limits import TooOften
from webapp.domain.people import totp
from webapp.domain.refusals import Refusal
from webapp.domain.support import agent_factors, agent_passkeys, agent_sign_in
from webapp.i18n import _
from webapp.web import agent_auth, htmx
from webapp.web.forms import CodeForm, OwnPasswordForm, PasswordForm
from webapp.web.limits import agents_per_address
from webapp.web.policy import policy
from webapp.web.qr import qr_svg
from webapp.web.site import this_portal
from webapp.web.support.proving import proven

pages = Blueprint("agent", __name__, url_prefix="/agent")


@pages.get("")
@policy("agent", place="support")
def show() -> Any:
    passkeys = agent_passkeys.all_of(agent_auth.agent())
    return htmx.render(
        "support/me.html",
        done=request.args.get("done", ""),
        passkeys=[(agent_passkeys.name_of(passkey), passkey) for passkey in passkeys],
    )


@pages.get("/set-up")
@policy("half_agent", place="support")
def choose() -> Any:
    """The first one: without it the console shows nothing."""
    half = agent_auth.half_agent()
    if half.factor or half.has_factor:
        return htmx.go(agent_auth.way_on(half, "/agent"))
    return htmx.render("support/set_up.html")


# ---- an authenticator app


def _started() -> Any:
    agent_factors.start_app(agent_auth.half_agent(), vault=this_portal().vault, now=this_portal().clock())
    return htmx.go("/agent/app/code")


def _password_page(form: PasswordForm, *, status: int = 200) -> Any:
    return htmx.render("support/app_start.html", status=status, form=form)


@pages.get("/app")
@policy("agent", place="support")
def ask_app() -> Any:
    return _password_page(PasswordForm())


@pages.post("/app")
@agents_per_address
@policy("half_agent", place="support")
def start_app() -> Any:
    """Who is signed in already says once more that it is they."""
    half = agent_auth.half_agent()
    if not half.factor:
        return _started()
    form = PasswordForm(request.form)
    if not proven(form):
        return _password_page(form, status=422)
    return _started()


def _code_page(form: CodeForm, *, status: int = 200) -> Any:
    half, portal = agent_auth.half_agent(), this_portal()
    secret = agent_factors.pending_secret(half, vault=portal.vault, now=portal.clock())
    if secret is None:
        return htmx.go(agent_auth.way_on(half, "/agent"))
    issuer = f"{_('Support console')} {portal.settings.domain}"
    address = totp.app_address(secret, owner=half.email, issuer=issuer)
    return htmx.render(
        "support/app_code.html",
        status=status,
        form=form,
        secret=secret,
        qr=qr_svg(address),
        app_address=address,
        half=half,
    )


@pages.get("/app/code")
@policy("half_agent", place="support")
def show_app() -> Any:
    return _code_page(CodeForm())


@pages.post("/app/code")
@agents_per_address
@policy("half_agent", place="support")
def confirm_app() -> Any:
    half, form, portal = agent_auth.half_agent(), CodeForm(request.form), this_portal()
    if not form.validate():
        return _code_page(form, status=422)
    try:
        token = agent_factors.confirm_app(
            half,
            str(form.code.data),
            vault=portal.vault,
            user_agent=agent_auth.user_agent(),
            now=portal.clock(),
        )
    except agent_sign_in.CodeWrong as refusal:
        form.code.errors = [str(refusal)]
        return _code_page(form, status=422)
    if token:
        agent_auth.begin(token)
    return htmx.go("/agent?done=app" if half.factor else agent_auth.HOME)


@pages.get("/app/remove")
@policy("agent", place="support")
def ask_remove_app() -> Any:
    return htmx.render("support/app_remove.html", form=PasswordForm())


@pages.post("/app/remove")
@agents_per_address
@policy("agent", place="support")
def remove_app() -> Any:
    form = PasswordForm(request.form)
    if not proven(form):
        return htmx.render("support/app_remove.html", status=422, form=form)
    agent_factors.remove_app(agent_auth.agent(), now=this_portal().clock())
    return htmx.go("/agent?done=app-removed")


# ---- their password


@pages.get("/password")
@policy("agent", place="support")
def edit_password() -> Any:
    return htmx.render("support/password.html", form=OwnPasswordForm())


@pages.post("/password")
@agents_per_address
@policy("agent", place="support")
def change_password() -> Any:
    form, now = OwnPasswordForm(request.form), this_portal().clock()
    if form.validate():
        try:
            agent_sign_in.change_password(
                agent_auth.agent(), current=str(form.current.data), new=str(form.password.data), now=now
            )
            return htmx.go("/agent?done=password")
        except TooOften:
            raise
        except Refusal as refusal:
            theirs = isinstance(refusal, agent_sign_in.PasswordNotTheirs)
            (form.current if theirs else form.password).errors = [str(refusal)]
    return htmx.render("support/password.html", status=422, form=form)
