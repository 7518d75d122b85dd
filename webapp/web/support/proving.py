"""What the pages of sign-in and of second factors share."""

from __future__ import annotations

from typing import Any

from webapp.domain.limits import TooOften
from webapp.domain.refusals import Refusal
from webapp.domain.support import agent_passkeys, agent_sign_in
from webapp.i18n import _
from webapp.sites import SUPPORT
from webapp.web import agent_auth, htmx
from webapp.web.forms import CodeForm, PasswordForm
from webapp.web.site import this_portal


def console() -> agent_passkeys.Console:
    """For whom passkeys are made."""
    settings = this_portal().settings
    return agent_passkeys.Console(
        f"{SUPPORT}.{settings.domain}", settings.origin(SUPPORT), _("Support console")
    )


def proof_page(form: CodeForm, *, problem: str = "", status: int = 200) -> Any:
    half = agent_auth.half_agent()
    options = ""
    if half.passkeys:
        options = agent_passkeys.options_to_show(half, console(), now=this_portal().clock())
    return htmx.render(
        "support/proof.html", status=status, form=form, half=half, options=options, problem=problem
    )


def proven(form: PasswordForm) -> bool:
    """They have said once more that it is they; else the form says why not."""
    if not form.validate():
        return False
    now = this_portal().clock()
    try:
        agent_sign_in.prove_password(agent_auth.agent(), str(form.password.data), now=now)
    except TooOften:
        raise
    except Refusal as refusal:
        form.password.errors = [str(refusal)]
        return False
    return True
