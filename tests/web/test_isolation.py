from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from flask import Flask, Response

from tests.conftest import TestClock
from tests.support.cast import ALICE, CANARY, DORA, NAMESAKE, PASSWORD, Actor, Cast
from tests.support.client import SiteClient, client_at, page_of, sign_in, signed_in
from tests.support.forgery import Cookies
from tests.support.letters import fetch_letters
from tests.web.conftest import CastEngine, new_app, on_sqlite
from webapp.assembly import Portal
from webapp.data.accounts import Person
from webapp.data.database import CrossSite, SiteNotBound, current_site
from webapp.web.site import SiteMiddleware

THREADS, ROUNDS = 8, 6


def foreign_in(text: str, actor: Actor) -> set[str]:
    return set(CANARY.findall(text.lower())) - actor.sees


# ---- one site's things at another


def test_a_session_cookie_is_not_even_readable_at_another_site(app: Flask, cast: Cast) -> None:
    cookies = Cookies(app, cast)
    french = cookies.of(ALICE)
    sites = app.extensions["portal"].sites
    assert cookies.serializer(sites["fr"]).loads(french)["_user_id"]
    assert cookies.serializer(sites["de"]).loads_unsafe(french)[0] is False


def test_two_persons_with_one_address_have_two_passwords(fr: SiteClient, de: SiteClient) -> None:
    assert ALICE.email == NAMESAKE.email
    for client, wrong, right in ((fr, NAMESAKE, ALICE), (de, ALICE, NAMESAKE)):
        answer = client.post("/sign-in", data={"email": wrong.email, "password": wrong.password})
        assert answer.status_code == 422
        page = sign_in(client, right.email, right.password).page("/subscriptions")
        assert right.name in page.text and not foreign_in(page.text, right)


def test_a_password_link_of_one_site_is_worth_nothing_at_another(
    portal: Portal, fr: SiteClient, de: SiteClient
) -> None:
    fr.post("/password/forgotten", data={"email": ALICE.email})
    link = fetch_letters(portal, "fr")[0].path
    password = {"password": "a spade and a shovel"}
    assert de.get(link).status_code == 410
    assert de.post(link, data=password).status_code == 410
    assert fr.post(link, data=password).status_code == 303
    assert de.post("/sign-in", data={"email": ALICE.email, **password}).status_code == 422


def test_an_order_link_names_only_the_order_of_its_own_site(app: Flask, cast: Cast) -> None:
    """The number is dora's at de; that it is alice's at fr helps her namesake nothing."""
    number = cast.row(ALICE, "pending").order_number
    assert number == cast.row(DORA, "pending").order_number
    assert signed_in(app, NAMESAKE).get(f"/activate/{number}").status_code == 404
    answer = signed_in(app, DORA).get(f"/activate/{number}")
    assert answer.location.endswith(f"{cast.row(DORA, 'pending').public_id}/agreement")


def test_wrong_passwords_at_one_site_lock_nobody_out_of_another(fr: SiteClient, de: SiteClient) -> None:
    for _try in range(10):
        fr.post("/sign-in", data={"email": ALICE.email, "password": "wrong"})
    assert fr.post("/sign-in", data={"email": ALICE.email, "password": PASSWORD}).status_code == 429
    sign_in(de, NAMESAKE.email, NAMESAKE.password)


@on_sqlite
@pytest.mark.parametrize(
    "host",
    ["xx.localhost", "fr.localhost.evil.example", "fr.fr.localhost", "evil.example", "localhostfr", ""],
)
def test_an_unknown_host_is_nothing(host: str, app: Flask, cast: Cast) -> None:
    client = client_at(app, "fr")
    answer = client.get("/sign-in", base_url=f"http://{host or 'localhost'}", headers={"Host": host})
    assert answer.status_code == 404
    assert "Set-Cookie" not in answer.headers and not CANARY.search(answer.text.lower())


@on_sqlite
@pytest.mark.parametrize("host", ["FR.localhost", "fr.LOCALHOST:8000", "fr.localhost:443"])
def test_a_host_is_the_same_in_capitals_and_at_any_port(host: str, fr: SiteClient) -> None:
    assert page_of(fr.get("/sign-in", headers={"Host": host})).heading


# ---- many at once


def visit(client: SiteClient, actor: Actor, cast: Cast, version: int) -> Iterator[str]:
    """What an administrator sees who looks around and saves a purchase order number."""
    active = cast.row(actor, "active").public_id
    for path in ("/subscriptions", f"/subscriptions/{active}", f"/subscriptions/{active}/users"):
        answer = client.get(path)
        yield from foreign_in(answer.text, actor)
        if answer.status_code != 200 or actor.name not in answer.text:
            yield f"{path} at {actor.site}: {answer.status}"
    data = {"po_number": f"PO kanari-{actor.site}-{actor.key} {version}", "version": str(version)}
    answer = client.post(f"/subscriptions/{active}/purchase-order", data=data)
    if answer.status_code not in (303, 409):
        yield f"saving at {actor.site}: {answer.status}"
    yield from foreign_in(answer.text, actor)


def test_eight_threads_at_two_sites_see_nothing_of_each_other(app: Flask, cast: Cast) -> None:
    barrier = Barrier(THREADS)

    def work(number: int) -> list[str]:
        clients = {actor: signed_in(app, actor) for actor in (ALICE, DORA)}
        barrier.wait()
        turns = [(ALICE, DORA)[(number + turn) % 2] for turn in range(ROUNDS)]
        return [
            problem
            for turn, actor in enumerate(turns)
            for problem in visit(clients[actor], actor, cast, turn)
        ]

    with ThreadPoolExecutor(THREADS) as pool:
        problems = [problem for found in pool.map(work, range(THREADS)) for problem in found]
    assert problems == []
    for actor in (ALICE, DORA):
        answer = signed_in(app, actor).get("/subscriptions")
        assert f"kanari-{actor.site}-{actor.key}" in answer.text and not foreign_in(answer.text, actor)


# ---- the binding lasts as long as the answer


class Streamed:
    """A WSGI program whose answer asks the database while it is sent."""

    def __init__(self, parts: Callable[[], Iterator[bytes]]) -> None:
        self.parts = parts
        self.closed = False

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        response = Response(self.parts(), mimetype="text/csv")
        response.call_on_close(self.close)
        return response(environ, start_response)

    def close(self) -> None:
        self.closed = True
        current_site()  # still bound when the answer is closed


def names() -> Iterator[bytes]:
    for person in Person.select().order_by(Person.id):
        yield f"{current_site().code}: {person.name}\n".encode()


def ask(program: Any, portal: Portal, host: str = "fr.localhost:8000", path: str = "/") -> Any:
    environ = {"HTTP_HOST": host, "PATH_INFO": path, "REQUEST_METHOD": "GET", "wsgi.url_scheme": "http"}
    return SiteMiddleware(program, portal)(environ, lambda status, headers, problem=None: None)


def in_use(portal: Portal) -> int:
    return sum(len(opened._in_use) for opened in portal.databases._open.values())  # type: ignore[attr-defined]


def test_a_streamed_answer_keeps_its_site_until_it_is_closed(portal: Portal, cast: Cast) -> None:
    program = Streamed(names)
    body = ask(program, portal)
    with pytest.raises(SiteNotBound):  # the server's own thread is never bound
        current_site()
    with portal.at(portal.sites["de"]):  # meanwhile the same thread works for another site
        first = next(iter(body))
    assert first == f"fr: {ALICE.name}\n".encode()
    assert in_use(portal) == 1 and not program.closed
    assert b"".join(body).startswith(b"fr: ")
    body.close()
    assert program.closed and in_use(portal) == 0


def test_an_answer_read_to_its_end_is_closed_for_servers_that_forget_to(portal: Portal, cast: Cast) -> None:
    program = Streamed(names)
    list(ask(program, portal))
    assert program.closed and in_use(portal) == 0


def test_who_hangs_up_in_the_middle_leaves_no_connection_behind(portal: Portal, cast: Cast) -> None:
    body = ask(Streamed(names), portal)
    next(iter(body))
    body.close()
    assert in_use(portal) == 0


def test_an_answer_that_breaks_off_leaves_no_connection_behind(portal: Portal, cast: Cast) -> None:
    def broken() -> Iterator[bytes]:
        yield next(names())
        raise ZeroDivisionError

    body = ask(Streamed(broken), portal)
    with pytest.raises(ZeroDivisionError):
        list(body)
    body.close()
    assert in_use(portal) == 0


def test_a_program_that_fails_leaves_no_connection_behind(portal: Portal, cast: Cast) -> None:
    def failing(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        ask(failing, portal)
    assert in_use(portal) == 0


def test_a_request_cannot_start_inside_another_binding(portal: Portal, cast: Cast) -> None:
    with portal.at(portal.sites["de"]), pytest.raises(CrossSite):
        ask(Streamed(names), portal)


def test_files_and_the_bare_domain_need_no_database(
    make_portal: Callable[..., Portal], sqlite_cast: CastEngine, clock: TestClock
) -> None:
    portal = make_portal(sqlite_cast)
    app = new_app(portal)
    assert client_at(app, "fr").get("/static/css/app.css").status_code == 200
    assert client_at(app, None).get("/").status_code == 200
    assert client_at(app, None).get("/nothing").status_code == 404
    assert portal.databases._open == {}
