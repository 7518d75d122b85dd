"""A two-country production set-up on this machine: the main job is done while a process of each kind is killed."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event

import pytest

from tests.production.customers import Browser, Customer, Shop, become_a_customer, browse_until
from tests.production.services import Service, wait_for
from tests.production.set_up import SITES, Production, ask, production
from webapp.data.outbox import DEAD, OutboxMessage
from webapp.data.subscriptions import Order, Subscription

CUSTOMERS = [Customer(site, number) for number in (1, 2) for site in SITES]


@pytest.fixture(scope="module")
def live() -> Iterator[Production]:
    with production() as made:
        yield made


def refused(live: Production, *command: str, **more: str) -> str:
    done = live.command(*command, **more)
    assert done.returncode, done.stdout
    assert "Traceback" not in done.stderr
    return done.stderr


def check_that_it_starts_only_when_all_is_well(live: Production) -> None:
    """In the order in which a new operator meets it."""
    told = refused(live, "check", PORTAL_SECRET="", PORTAL_SMTP="", PORTAL_RATE_LIMITS="")
    assert all(name in told for name in ("PORTAL_SECRET", "PORTAL_SMTP", "PORTAL_RATE_LIMITS"))
    assert "Redis of PORTAL_RATE_LIMITS does not answer" in refused(live, "check")
    live.start_redis()
    wait_for(live.redis.answers, live.redis.said())
    commands = (("web", "--port", str(live.ports["web1"])), ("worker",))
    with ThreadPoolExecutor(len(commands)) as both:
        for told in both.map(lambda command: refused(live, *command), commands):
            assert "of de, fr has no tables yet" in told
    migrated = live.command("db", "migrate")
    assert migrated.returncode == 0, migrated.stderr
    checked = live.command("check")
    assert (checked.returncode, checked.stderr) == (0, ""), checked.stderr


def kill_one_of_each(live: Production, stop: Event) -> None:
    """And wait until it is back: the others are not to be missing at the same time."""
    victims: list[Service | None] = [
        *(live.web[0], live.workers[0], live.redis, None, live.nginx, live.web[1], live.workers[1])
    ]
    for victim in victims:
        stop.wait(1.0)
        live.note(f"kill {victim.name if victim else 'PostgreSQL'}")
        if victim is None:
            live.kill_backend()
            wait_for(live.database_answers, "PostgreSQL is not back.")
        else:
            kill_and_await(victim)
        live.note(f"{victim.name if victim else 'PostgreSQL'} is back")


def kill_and_await(victim: Service) -> None:
    killed = victim.process
    victim.kill()
    wait_for(lambda: victim.process is not killed and victim.answers(), f"{victim.name} is not back.")


def everything_at_once(live: Production, shop: Shop, visitor: Browser) -> list[Browser]:
    """Customers, the shop, a visitor, and who kills."""
    over = Event()
    with ThreadPoolExecutor(len(CUSTOMERS) + 3) as crowd:
        try:
            more = [crowd.submit(shop.send_until, over), crowd.submit(browse_until, over, visitor)]
            customers = [crowd.submit(become_a_customer, live, customer) for customer in CUSTOMERS]
            crowd.submit(kill_one_of_each, live, over).result(150)
            browsers = [customer.result(150) for customer in customers]
        except AssertionError as problem:
            raise AssertionError(f"{problem} {visitor.failed} {live.happened}") from problem
        finally:
            over.set()
        for each in more:
            each.result(60)
    return browsers


@pytest.mark.xdist_group("production")
def test_no_order_is_lost_and_no_page_fails_while_one_of_each_is_killed(live: Production, figure) -> None:
    check_that_it_starts_only_when_all_is_well(live)
    live.start_all()
    shop, visitor = Shop(live, live.folder), Browser(live, "fr")
    shop.send(CUSTOMERS)
    browsers = [*everything_at_once(live, shop, visitor), visitor]
    loads, repeated = sum(one.loads for one in browsers), [what for one in browsers for what in one.repeated]
    figure("pages loaded, repeated, failed", (loads, len(repeated), sum(len(one.failed) for one in browsers)))
    figure("orders acknowledged", len(shop.acknowledged))
    assert [what for one in browsers for what in one.failed] == []
    assert loads > 100
    assert all(one.kills == 1 for one in (*live.web, *live.workers, live.redis, live.nginx))
    check_that_nothing_is_lost(live, shop)
    check_what_is_said_of_it(live)
    check_that_a_large_batch_is_answered_whole(shop)
    check_the_door(live)
    check_the_logs(live)


def check_that_nothing_is_lost(live: Production, shop: Shop) -> None:
    known: Counter[str] = Counter()
    for site in SITES:
        with live.portal.at(live.portal.sites[site]):
            known.update(order.order_number for order in Order.select(Order.order_number))
            ours = [one.order_number for one in CUSTOMERS if one.site == site]
            states = Subscription.select(Subscription.status, Subscription.po_number).join(Order)
            found = {(one.status, one.po_number) for one in states.where(Order.order_number.in_(ours))}
            assert found == {("active", one.po_number) for one in CUSTOMERS if one.site == site}
            assert not OutboxMessage.select().where(OutboxMessage.state == DEAD).exists()
    assert set(known) == shop.acknowledged and set(known.values()) == {1}
    wait_for(lambda: len(activation_mails(live)) == len(known), "Activation mails are missing.")
    assert (
        max(activation_mails(live).values()) <= 2
    )  # twice only after a kill between the server's yes and ours


def activation_mails(live: Production) -> Counter[str]:
    mails = [one.message.get_body(("plain",)) for one in list(live.mail.accepted)]
    links = [re.search(r"/activate/(LIVE-[A-Z]{2}-\d{5})", body.get_content()) for body in mails if body]
    return Counter(link[1] for link in links if link)


def check_what_is_said_of_it(live: Production) -> None:
    assert ask(live.ports["web1"], "/healthz")[0] == 200
    status, told = ask(live.ports["web2"], "/readyz")
    assert (status, '"ready": "all"' in told) == (200, True), told
    assert ask(live.ports["web1"], "/metrics")[0] in (400, 404)
    status, figures = ask(live.ports["metrics"], "/metrics")
    assert status == 200
    counted = re.findall(
        r'portal_requests_total\{method="GET",route="/sign-in",site="fr",status="200"\} ([\d.]+)', figures
    )
    assert len(counted) == 1 and float(counted[0]) > 20, "of all processes in one series"
    for site in SITES:
        assert f'portal_site_up{{site="{site}"}} 1.0' in figures
        assert f'portal_outbox_messages{{site="{site}",state="dead"}} 0.0' in figures
        assert f'portal_job_last_success_timestamp_seconds{{job="outbox",site="{site}"}}' in figures


def check_that_a_large_batch_is_answered_whole(shop: Shop) -> None:
    """More than proxies and sockets hold in between."""
    told = shop.send_batch([b"no order " * 20_000] * 70)
    assert [line.get("line") for line in told] == [*range(1, 71), None], told[-1]
    assert told[-1] == {"done": {"accepted": 0, "known": 0, "lapsed": 0, "refused": 70}}


def check_the_door(live: Production) -> None:
    browser = Browser(live, "fr")
    answer = browser.ask("/sign-in")
    assert re.fullmatch(r"[0-9a-f]{32}", answer.headers["X-Request-Id"])
    assert "max-age" in answer.headers["Strict-Transport-Security"]
    assert Browser(live, "xx").ask("/sign-in").status == 404
    assert ask(live.ports["http"], "/")[0] == 301
    assert ask(live.ports["web1"], "/sign-in") == (400, ask(live.ports["web1"], "/")[1]), "http is refused"


def check_the_logs(live: Production) -> None:
    """JSON lines with request, site and job; nothing of customers."""
    lines = live.logged()
    answered = [line for line in lines if line["message"] == "answered"]
    assert {line["route"] for line in answered} >= {"/sign-in", "/password/set/<mailed_token:token>"}
    assert all(re.fullmatch(r"[0-9a-f]{32}", line["request"]) for line in answered)
    assert {line.get("site") for line in answered} >= set(SITES)
    assert {line["job"] for line in lines if "job" in line} >= {"outbox"}
    files = [*live.folder.glob("*.log"), live.folder / "nginx.log"]
    for file in files:
        text = Path(file).read_text(encoding="utf-8", errors="replace")
        assert "canary" not in text.lower(), file.name
        assert "/password/set/" not in text.replace("/password/set/<", ""), file.name
        assert "@" not in text, file.name
