"""What a person sees and changes about themselves."""

from __future__ import annotations

import json
from typing import Any

from flask import Blueprint, Response, request

from webapp.domain.limits import TooOften
from webapp.domain.people import email_changes, my_data, people, second_factor, sessions, sign_in
from webapp.domain.people.sign_in import PasswordWrong
from webapp.domain.refusals import Refusal
from webapp.domain.subscriptions import calendar_feeds
from webapp.domain.tokens import TokenInvalid
from webapp.web import auth, htmx
from webapp.web.forms import NewEmailForm, OwnNameForm, OwnPasswordForm
from webapp.web.limits import links_per_address
from webapp.web.policy import policy
from webapp.web.portal.reminders import own_choices
from webapp.web.site import this_portal

pages = Blueprint("profile", __name__, url_prefix="/profile")


@pages.get("")
@policy("person")
def show() -> Any:
    now, visitor = this_portal().clock(), auth.visitor()
    return htmx.render(
        "profile/page.html",
        sessions=sessions.open_sessions(visitor.signed_in, now=now),
        waiting=email_changes.waiting(visitor.person_id, now=now),
        done=request.args.get("done", ""),
        minutes=email_changes.LINK_MINUTES,
        reminders=own_choices(visitor.person_id),
        second_factor=second_factor.standing(visitor.person_id),
        calendar_since=calendar_feeds.opened_at(visitor.person_id),
    )


# ---- name


def _name_page(form: OwnNameForm, *, status: int = 200) -> Any:
    return htmx.render("profile/name.html", fragment="profile/_name_form.html", status=status, form=form)


@pages.get("/name")
@policy("person")
def edit_name() -> Any:
    return _name_page(OwnNameForm(name=auth.visitor().name))


@pages.get("/name/value")
@policy("person")
def show_name() -> Any:
    """What *Cancel* brings back in place; without JavaScript it leads back to the page."""
    if not htmx.wants_fragment():
        return htmx.go("/profile")
    return htmx.render("profile/_name.html", fragment="profile/_name.html", name=auth.visitor().name)


@pages.post("/name")
@policy("person")
def save_name() -> Any:
    form = OwnNameForm(request.form)
    if not form.validate():
        return _name_page(form, status=422)
    new = str(form.name.data)
    people.change_name(auth.visitor().person_id, new, now=this_portal().clock())
    if not htmx.wants_fragment():
        return htmx.go("/profile?done=name")
    return htmx.render("profile/_name.html", fragment="profile/_name.html", name=new, saved=True)


# ---- e-mail address


def _email_page(form: NewEmailForm, *, status: int = 200) -> Any:
    return htmx.render("profile/email.html", status=status, form=form, minutes=email_changes.LINK_MINUTES)


@pages.get("/email")
@policy("person")
def edit_email() -> Any:
    return _email_page(NewEmailForm())


@pages.post("/email")
@policy("person")
def ask_email() -> Any:
    form, now = NewEmailForm(request.form), this_portal().clock()
    if not form.validate():
        return _email_page(form, status=422)
    try:
        email_changes.ask(
            auth.visitor().person_id, str(form.email.data), password=str(form.password.data), now=now
        )
    except TooOften:
        raise
    except Refusal as refusal:
        field = form.password if isinstance(refusal, PasswordWrong) else form.email
        field.errors = [str(refusal)]
        return _email_page(form, status=422)
    return htmx.go("/profile?done=email-asked")


@pages.post("/email/drop")
@policy("person")
def drop_email() -> Any:
    email_changes.drop(auth.visitor().person_id, now=this_portal().clock())
    return htmx.go("/profile?done=email-dropped")


@pages.get("/email/confirm/<mailed_token:token>")
@policy("public")
def show_confirm(token: str) -> Any:
    """Looks only: mail scanners open links before people do."""
    try:
        change = email_changes.peek(token, now=this_portal().clock())
    except TokenInvalid as refusal:
        return _dead_link(refusal)
    return htmx.render("profile/confirm_email.html", new_email=change.email, old_email=change.person.email)


@pages.post("/email/confirm/<mailed_token:token>")
@links_per_address
@policy("public")
def confirm_email(token: str) -> Any:
    try:
        email_changes.confirm(token, now=this_portal().clock())
    except TokenInvalid as refusal:
        return _dead_link(refusal)
    return htmx.go("/profile?done=email")


def _dead_link(refusal: Refusal) -> Any:
    return htmx.render("profile/dead_link.html", status=410, problem=str(refusal))


# ---- password


def _password_page(form: OwnPasswordForm, *, status: int = 200) -> Any:
    return htmx.render("profile/password.html", status=status, form=form)


@pages.get("/password")
@policy("person")
def edit_password() -> Any:
    return _password_page(OwnPasswordForm())


@pages.post("/password")
@policy("person")
def change_password() -> Any:
    form, now = OwnPasswordForm(request.form), this_portal().clock()
    if not form.validate():
        return _password_page(form, status=422)
    try:
        sign_in.change_password(
            auth.visitor().signed_in,
            current=str(form.current.data),
            new=str(form.password.data),
            now=now,
        )
    except TooOften:
        raise
    except Refusal as refusal:
        field = form.current if isinstance(refusal, PasswordWrong) else form.password
        field.errors = [str(refusal)]
        return _password_page(form, status=422)
    return htmx.go("/profile?done=password")


# ---- sessions


@pages.post("/sessions")
@policy("person")
def end_session() -> Any:
    name = request.form.get("session", "")
    if sessions.end_one(auth.visitor().signed_in, name, now=this_portal().clock()):
        return _signed_out()
    return htmx.go("/profile?done=session")


@pages.post("/sessions/all")
@policy("person")
def end_all_sessions() -> Any:
    sessions.end_all(auth.visitor().signed_in, now=this_portal().clock())
    return _signed_out()


def _signed_out() -> Any:
    auth.end()
    return htmx.go("/sign-in")


# ---- my data


@pages.get("/data")
@policy("person")
def data() -> Response:
    found = my_data.everything_about(auth.visitor().person_id, now=this_portal().clock())
    text = json.dumps(found, ensure_ascii=False, indent=2)
    answer = Response(text + "\n", mimetype="application/json")
    answer.headers["Content-Disposition"] = 'attachment; filename="my-data.json"'
    return answer
