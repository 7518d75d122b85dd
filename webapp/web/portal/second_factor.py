"""Codes of an authenticator app: set up on the profile, asked for at sign-in; a way out without the phone."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, request

from webapp.domain.limits import TooOften
from webapp.domain.people import second_factor, totp
from webapp.domain.refusals import NotThere, Refusal
from webapp.domain.tokens import TokenInvalid
from webapp.web import auth, htmx
from webapp.web.forms import CodeForm, PasswordForm
from webapp.web.limits import codes_per_address, links_per_address
from webapp.web.policy import policy
from webapp.web.qr import qr_svg
from webapp.web.site import this_portal, this_site

pages = Blueprint("second_factor", __name__)

_PAGE, _CODE = "/profile/second-factor", "/profile/second-factor/code"


# ---- on the profile


def _page(form: PasswordForm, *, status: int = 200, **facts: Any) -> Any:
    standing = second_factor.standing(auth.visitor().person_id)
    return htmx.render("second_factor/page.html", status=status, form=form, standing=standing, **facts)


@pages.get(_PAGE)
@policy("person")
def show() -> Any:
    return _page(PasswordForm())


@pages.post(_PAGE)
@policy("person")
def change() -> Any:
    """What their password is shown for: to set it up, to get new recovery codes, to turn it off."""
    form = PasswordForm(request.form)
    acts = {"start": _start, "codes": _new_codes, "off": _turn_off}
    act = acts.get(request.form.get("do", ""))
    if act is None:
        raise NotThere
    if not form.validate():
        return _page(form, status=422)
    try:
        return act(auth.visitor().person_id, str(form.password.data))
    except (TooOften, NotThere):
        raise
    except Refusal as refusal:
        form.password.errors = [str(refusal)]
        return _page(form, status=422)


def _start(person_id: int, password: str) -> Any:
    portal = this_portal()
    second_factor.start(person_id, password=password, vault=portal.vault, now=portal.clock())
    return htmx.go(_CODE)


def _new_codes(person_id: int, password: str) -> Any:
    """Answers with the codes themselves, which are shown this once."""
    codes = second_factor.new_codes(person_id, password=password, now=this_portal().clock())
    return htmx.render("second_factor/codes.html", codes=codes)


def _turn_off(person_id: int, password: str) -> Any:
    second_factor.turn_off(person_id, password=password, now=this_portal().clock())
    return htmx.go("/profile?done=second-factor-off")


def _code_page(form: CodeForm, *, status: int = 200) -> Any:
    visitor, portal = auth.visitor(), this_portal()
    secret = second_factor.pending_secret(visitor.person_id, vault=portal.vault, now=portal.clock())
    if secret is None:
        return htmx.go(_PAGE)
    issuer = this_site().brand_name_in(this_site().default_language)
    address = totp.app_address(secret, owner=visitor.email, issuer=f"{issuer} {this_site().territory}")
    return htmx.render(
        "second_factor/code.html",
        status=status,
        form=form,
        secret=secret,
        qr=qr_svg(address),
        app_address=address,
    )


@pages.get(_CODE)
@policy("person")
def show_key() -> Any:
    return _code_page(CodeForm())


@pages.post(_CODE)
@policy("person")
def confirm() -> Any:
    """Answers with the recovery codes, which are shown this once."""
    form, portal = CodeForm(request.form), this_portal()
    if not form.validate():
        return _code_page(form, status=422)
    try:
        codes = second_factor.confirm(
            auth.visitor().person_id, str(form.code.data), vault=portal.vault, now=portal.clock()
        )
    except second_factor.SetUpTooOld:
        return htmx.go(_PAGE)
    except second_factor.CodeWrong as refusal:
        form.code.errors = [str(refusal)]
        return _code_page(form, status=422)
    return htmx.render("second_factor/codes.html", codes=codes)


# ---- at sign-in


def _sign_in_page(form: CodeForm, *, status: int = 200) -> Any:
    return htmx.render("second_factor/sign_in.html", status=status, form=form)


@pages.get("/sign-in/code")
@policy("public")
def ask() -> Any:
    next_path = auth.local_path(request.args.get("next", ""))
    try:
        second_factor.whose(auth.half(), now=this_portal().clock())
    except TokenInvalid:
        return htmx.go(auth.sign_in_address(next_path))
    return _sign_in_page(CodeForm(next=next_path))


@pages.post("/sign-in/code")
@codes_per_address
@policy("public")
def enter() -> Any:
    form, portal = CodeForm(request.form), this_portal()
    next_path = auth.local_path(str(form.next.data or ""))
    try:
        second_factor.whose(auth.half(), now=portal.clock())
        if not form.validate():
            return _sign_in_page(form, status=422)
        token = second_factor.enter(
            auth.half(),
            str(form.code.data),
            vault=portal.vault,
            user_agent=request.headers.get("User-Agent", ""),
            now=portal.clock(),
        )
    except TokenInvalid:
        return htmx.go(auth.sign_in_address(next_path))
    except second_factor.CodeWrong as refusal:
        form.code.errors = [str(refusal)]
        return _sign_in_page(form, status=422)
    auth.begin(token)
    return htmx.go(next_path or "/subscriptions")


# ---- phone and recovery codes are lost


@pages.get("/sign-in/lost")
@policy("public")
def lost() -> Any:
    try:
        second_factor.whose(auth.half(), now=this_portal().clock())
    except TokenInvalid:
        return htmx.go("/sign-in")
    return htmx.render("second_factor/lost.html", works_from=None)


@pages.post("/sign-in/lost")
@links_per_address
@policy("public")
def send_link() -> Any:
    try:
        works_from = second_factor.ask_for_link(auth.half(), now=this_portal().clock())
    except TokenInvalid:
        return htmx.go("/sign-in")
    return htmx.render("second_factor/lost.html", works_from=works_from)


@pages.get("/sign-in/lost/<mailed_token:token>")
@policy("public")
def show_link(token: str) -> Any:
    """Looks only: mail scanners open links before people do."""
    try:
        found = second_factor.peek_link(token, now=this_portal().clock())
    except (TokenInvalid, second_factor.NotYet) as refusal:
        return _not_working(refusal)
    return htmx.render("second_factor/off.html", email=found.email)


@pages.post("/sign-in/lost/<mailed_token:token>")
@links_per_address
@policy("public")
def turn_off_by_link(token: str) -> Any:
    try:
        second_factor.turn_off_by_link(token, now=this_portal().clock())
    except (TokenInvalid, second_factor.NotYet) as refusal:
        return _not_working(refusal)
    auth.end()
    return htmx.go("/sign-in")


def _not_working(refusal: Refusal) -> Any:
    if isinstance(refusal, second_factor.NotYet):
        return htmx.render("second_factor/lost.html", works_from=refusal.works_from)
    return htmx.render("second_factor/dead_link.html", status=410, problem=str(refusal))
