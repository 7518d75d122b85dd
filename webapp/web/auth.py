"""Sessions: Flask-Login holds who is there, the site's own rows decide it.

The cookie carries a random token and is signed with the site's code in the salt; the token's hash is a
row of the site's database. Neither means anything at another site.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from flask import Flask, Request, Response, current_app, g, session
from flask.sessions import SecureCookieSessionInterface
from flask_login import LoginManager, UserMixin, current_user, login_user, logout_user
from htmx_flask import request
from itsdangerous import URLSafeTimedSerializer

from webapp.data.accounts import Person
from webapp.domain.people import sign_in
from webapp.domain.refusals import NotThere
from webapp.sites import SUPPORT
from webapp.web import agent_auth, htmx, visits
from webapp.web.policy import API, policy_of
from webapp.web.site import place, site_or_none, this_portal

_HALF = "half"


class Visitor(UserMixin):
    """Flask-Login's user: the person behind a session of this site."""

    def __init__(self, signed_in: sign_in.SignedIn, token: str, *, visited: bool = False) -> None:
        self.signed_in, self.token = signed_in, token
        self.person_id, self.name, self.email = signed_in.person_id, signed_in.name, signed_in.email
        self.language, self.account_name = signed_in.language, signed_in.account_name
        self.account, self.accounts = signed_in.account, signed_in.accounts
        self.visited = visited  # by a support agent, who looks at one account only
        self.several = visited or len(signed_in.accounts) > 1  # so that lists are of one account only

    def get_id(self) -> str:
        return self.token


def _cookie_place() -> str | None:
    """Whose session cookies count here: a site's, or the console's. On a visit neither does."""
    if place() == "support":
        return SUPPORT
    site = site_or_none()
    return site.code if site and place() == "site" else None


class SiteSessions(SecureCookieSessionInterface):
    """A cookie of one site is not even readable at another: its signature is salted with the site's code."""

    def __init__(self) -> None:
        self._serializers: dict[str, URLSafeTimedSerializer] = {}

    def get_signing_serializer(self, app: Flask) -> URLSafeTimedSerializer | None:
        name = _cookie_place()
        if name is None:
            return None
        if name not in self._serializers:
            self._serializers[name] = URLSafeTimedSerializer(
                str(app.secret_key),
                salt=f"portal-session-{name}",
                serializer=self.serializer,
                signer_kwargs={"key_derivation": self.key_derivation, "digest_method": self.digest_method},
            )
        return self._serializers[name]

    def save_session(self, app: Flask, session: Any, response: Response) -> None:
        """Most answers change nothing in it: those only say that they depend on the cookie."""
        if session.modified:
            super().save_session(app, session, response)
        else:
            response.vary.add("Cookie")

    def open_session(self, app: Flask, request: Request) -> Any:
        if _cookie_place() is None or request.path.startswith(API):
            return self.make_null_session(app)
        return super().open_session(app, request)


def load_visitor(token: str) -> Visitor | None:
    signed_in = sign_in.person_of_session(token, now=this_portal().clock())
    return Visitor(signed_in, token) if signed_in else None


def begin(token: str) -> None:
    """A new session: nothing of an earlier one is kept."""
    session.clear()
    visitor = load_visitor(token)
    if visitor:
        login_user(visitor)
        session.pop("_id", None)  # of the browser; only Flask-Login's own protection would look at it


def begin_half(half: str) -> None:
    """The password was right: this says so while the second factor is asked for."""
    session.clear()
    session[_HALF] = half


def half() -> str:
    """Empty, if nobody has shown a password here."""
    return str(session.get(_HALF, ""))


def end() -> None:
    logout_user()
    session.clear()


def visitor() -> Visitor:
    """Who is signed in; on a visit, through whose eyes the agent looks. Only views with the policy `person`
    ask."""
    found = visitor_or_none()
    assert found is not None
    return found


def actor() -> Person:
    """The same as a row, for rules that say who did something. An agent does nothing in a customer's name."""
    if place() != "site":
        raise NotThere
    found: Person = Person.get_by_id(visitor().person_id)
    return found


def ask_nobody() -> None:
    """For pages that say the database does not answer: they can't ask it who is there."""
    g.nobody_asked = True


def visitor_or_none() -> Visitor | None:
    if "nobody_asked" in g or request.path.startswith(API):
        return None
    if place() == "visit":
        return _visited()
    if site_or_none() is None or place() != "site":
        return None
    found = current_user._get_current_object()
    return found if isinstance(found, Visitor) else None


def _visited() -> Visitor | None:
    """With the one account that is visited, whichever others the person has."""
    shown = visits.shown_or_none()
    if shown is None:
        return None
    if "visited" not in g:
        person, now = shown.person, this_portal().clock()
        account = sign_in.OwnAccount(*_fields_of(shown), person.billing)
        seen = sign_in.SignedIn(
            person.id, person.name, person.email, person.language, "", now, (account,), account
        )
        g.visited = Visitor(seen, "", visited=True)
    found: Visitor = g.visited
    return found


def _fields_of(shown: visits.ThisVisit) -> tuple[int, str, str]:
    return shown.account.id, shown.account.customer_number, shown.account.name


def local_path(text: str) -> str:
    """A path of this site, or nothing: who signs in is never sent elsewhere."""
    plain = text.isprintable() and "\\" not in text
    return text if plain and text.startswith("/") and not text.startswith("//") else ""


def code_address(next_path: str) -> str:
    """Where the second factor is asked for."""
    return (
        f"/sign-in/code?next={quote(next_path, safe='/')}" if next_path not in ("", "/") else "/sign-in/code"
    )


def sign_in_address(next_path: str) -> str:
    return f"/sign-in?next={quote(next_path, safe='/')}" if next_path not in ("", "/") else "/sign-in"


def require_policy() -> Response | Any | None:
    """Runs before each view: pages of a country need a country, personal pages a person."""
    if request.endpoint is None:
        return None
    declared = policy_of(current_app, request.endpoint)
    assert declared is not None  # the app would not have started
    if place() == "visit":
        return visits.admit(declared)
    wrong_place = declared.place not in ("anywhere", place())
    if wrong_place or (declared.who == "demo" and this_portal().settings.production):
        raise NotThere
    if declared.who in ("agent", "half_agent"):
        return agent_auth.require(declared.who, _wanted())
    if declared.who == "person" and visitor_or_none() is None:
        return htmx.sign_in_first(sign_in_address(_wanted()))
    return None


def _wanted() -> str:
    """What was asked for, where signing in may lead back to it."""
    return local_path(request.full_path.rstrip("?")) if request.method == "GET" else ""


def init_app(app: Flask) -> None:
    secure = app.extensions["portal"].settings.scheme == "https"
    app.config.update(
        SESSION_COOKIE_NAME="__Host-session" if secure else "session",
        SESSION_COOKIE_SECURE=secure,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_REFRESH_EACH_REQUEST=False,
    )
    app.session_interface = SiteSessions()
    manager = LoginManager(app, add_context_processor=False)  # templates get `visitor`
    manager.session_protection = None  # the row decides; a hash of address and browser would sign people out
    manager.user_loader(load_visitor)
    app.before_request(require_policy)
