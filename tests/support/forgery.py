"""Session cookies of a site: real ones, and those that must be worth nothing."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from flask import Flask
from itsdangerous import URLSafeTimedSerializer

from tests.support.cast import OTHER_PASSWORD, Actor, Cast, cheap_hash
from tests.support.client import SiteClient, client_at
from webapp.assembly import Portal
from webapp.data.accounts import Person
from webapp.data.sign_in import Session
from webapp.domain import tokens
from webapp.domain.hashing import hash_token
from webapp.domain.people import sign_in
from webapp.sites import Site
from webapp.web.site import PLACE_KEY, SITE_KEY


class Cookies:
    """Of one app. `of(actor)` comes from the real form; the others are made from such a one."""

    def __init__(self, app: Flask, cast: Cast) -> None:
        self.app, self.cast = app, cast
        self.portal: Portal = app.extensions["portal"]
        self.name = app.config["SESSION_COOKIE_NAME"]

    def of(self, actor: Actor) -> str:
        return self._cookie_in(self._browser_of(actor), actor)

    def _browser_of(self, actor: Actor) -> SiteClient:
        """The form itself has its tests: here it is only sent."""
        client = client_at(self.app, actor.site)
        answer = client.post("/sign-in", data={"email": actor.email, "password": actor.password})
        assert answer.status_code == 303, f"{actor.key}: {answer.status}"
        return client

    def _cookie_in(self, client: SiteClient, actor: Actor) -> str:
        cookie = client.get_cookie(self.name, domain=f"{actor.site}.{self.portal.settings.domain}")
        assert cookie is not None
        return cookie.value

    def serializer(self, site: Site) -> URLSafeTimedSerializer:
        with self.app.test_request_context(
            base_url=site.origin, environ_overrides={SITE_KEY: site, PLACE_KEY: "site"}
        ):
            made = self.app.session_interface.get_signing_serializer(self.app)  # type: ignore[attr-defined]
        assert made is not None
        return made

    def token_in(self, cookie: str, site: Site) -> str:
        return str(self.serializer(site).loads(cookie)["_user_id"])

    def plant_same_token(self, cookie: str, of: Actor, at: Actor) -> None:
        """Ids collide, and so do the sessions' tokens: at the other site the same one is somebody else's."""
        token = self.token_in(cookie, self.portal.sites[of.site])
        with self.portal.at(self.portal.sites[at.site]):
            Session.insert(
                token_hash=hash_token(token),
                person=self.cast.person_ids[at],
                created_at=self.portal.clock(),
                last_seen_at=self.portal.clock(),
            ).execute()

    def worthless(self, actor: Actor) -> Iterator[tuple[str, str]]:
        """What they are, and the cookie: none of them is anybody at this site."""
        site, real = self.portal.sites[actor.site], self.of(actor)
        payload, stamp, signature = real.rsplit(".", 2)
        known = {"_user_id": self.token_in(real, site), "_fresh": True}
        yield "tampered signature", f"{payload}.{stamp}.{_flip(signature)}"
        yield "tampered payload", f"{_flip(payload)}.{stamp}.{signature}"
        yield "unsigned", payload
        yield "signed with another secret", serializer_of("another secret", site.code).dumps(known)
        yield "signed for no site", serializer_of(str(self.app.secret_key), None).dumps(known)
        yield (
            "a person’s row number",
            self.serializer(site).dumps({"_user_id": str(self.cast.person_ids[actor])}),
        )
        yield "a token nobody has", self.serializer(site).dumps({"_user_id": "x" * 43})
        now = self.portal.clock()
        yield "idle for 12 hours", self.aged(actor, last_seen_at=now - sign_in.IDLE)
        yield "seven days old", self.aged(actor, created_at=now - sign_in.ABSOLUTE)
        yield "signed out", self.signed_out(actor)

    def aged(self, actor: Actor, **changes: datetime) -> str:
        cookie = self.of(actor)
        site = self.portal.sites[actor.site]
        with self.portal.at(site):
            here = Session.token_hash == hash_token(self.token_in(cookie, site))
            assert Session.update(**changes).where(here).execute() == 1
        return cookie

    def signed_out(self, actor: Actor) -> str:
        client = self._browser_of(actor)
        cookie = self._cookie_in(client, actor)
        assert client.post("/sign-out").status_code == 303
        return cookie

    def before_a_new_password(self, actor: Actor) -> str:
        """Of a session that the person's new password has ended."""
        cookie, now = self.of(actor), self.portal.clock()
        with self.portal.at(self.portal.sites[actor.site]):
            person = Person.get_by_id(self.cast.person_ids[actor])
            token = tokens.mint(tokens.SET_PASSWORD, person=person, minutes=60, next_path="", now=now)
            sign_in.set_password(token, OTHER_PASSWORD, now=now + timedelta(minutes=1))
            Person.update(password_hash=cheap_hash(actor.password)).where(Person.id == person.id).execute()
        return cookie


def serializer_of(secret: str, site_code: str | None) -> URLSafeTimedSerializer:
    from flask.sessions import SecureCookieSessionInterface as Default

    return URLSafeTimedSerializer(
        secret,
        salt=f"portal-session-{site_code}" if site_code else Default.salt,
        serializer=Default.serializer,
        signer_kwargs={"key_derivation": Default.key_derivation, "digest_method": Default.digest_method},
    )


def _flip(text: str) -> str:
    """Another letter in the middle: the last one may hold bits that nobody reads."""
    middle = len(text) // 2
    return text[:middle] + ("A" if text[middle] != "A" else "B") + text[middle + 1 :]
