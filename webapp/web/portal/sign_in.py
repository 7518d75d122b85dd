"""Sign in and out. The page says which country this is and offers the others."""

from __future__ import annotations

import re
from typing import Any

from flask import Blueprint, request

from webapp.domain.limits import TooOften
from webapp.domain.people import sign_in
from webapp.domain.people.sign_in import CodeNeeded, SignInRefused
from webapp.web import auth, htmx
from webapp.web.forms import SignInForm
from webapp.web.limits import sign_ins_per_address
from webapp.web.policy import OrderNumber, policy
from webapp.web.site import this_portal

pages = Blueprint("sign_in", __name__)

ORDER_LINK = re.compile(f"/activate/({OrderNumber.regex})")


def _page(form: SignInForm, *, problem: str = "", status: int = 200) -> Any:
    next_path = auth.local_path(str(form.next.data or ""))
    order = ORDER_LINK.fullmatch(next_path)
    return htmx.render(
        "sign_in/page.html",
        status=status,
        form=form,
        problem=problem,
        next=next_path,
        order=order and order[1],
    )


@pages.get("/sign-in")
@policy("public")
def show() -> Any:
    next_path = auth.local_path(request.args.get("next", ""))
    if auth.visitor_or_none():
        return htmx.go(next_path or "/subscriptions")
    return _page(SignInForm(next=next_path))


@pages.post("/sign-in")
@sign_ins_per_address
@policy("public")
def submit() -> Any:
    form = SignInForm(request.form)
    if not form.validate():
        return _page(form, status=422)
    try:
        token = sign_in.sign_in(
            str(form.email.data),
            str(form.password.data),
            user_agent=request.headers.get("User-Agent", ""),
            now=this_portal().clock(),
        )
    except CodeNeeded as needed:
        auth.begin_half(needed.half)
        return htmx.go(auth.code_address(auth.local_path(str(form.next.data or ""))))
    except SignInRefused as refusal:
        return _page(form, problem=str(refusal), status=422)
    except TooOften as refusal:
        answer = _page(form, problem=str(refusal), status=429)
        answer.headers["Retry-After"] = str(int(refusal.retry_after.total_seconds()) + 1)
        return answer
    auth.begin(token)
    return htmx.go(auth.local_path(str(form.next.data or "")) or "/subscriptions")


@pages.post("/sign-out")
@policy("person")
def leave() -> Any:
    sign_in.sign_out(auth.visitor().signed_in, now=this_portal().clock())
    auth.end()
    return htmx.go("/sign-in")
