"""From the site's tables to a real receiver, whatever that one does."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.conftest import TestClock
from tests.support.cast import accept, place_order
from tests.support.receiver import Receiver, answer, receiving
from webapp.assembly import Portal
from webapp.data.subscriptions import Subscription
from webapp.data.webhooks import DEAD, DISABLED, QUEUED, SENT, WebhookEndpoint, WebhookMessage
from webapp.domain.webhooks import webhook_deliveries, webhook_endpoints
from webapp.domain.webhooks.webhook_deliveries import GONE, LEASE
from webapp.jobs import turn
from webapp.jobs import webhooks as job
from webapp.jobs.purge import purge
from webapp.jobs.turn import Turn
from webapp.sites import Site
from webapp.webhooks import Reach


@pytest.fixture
def clock() -> TestClock:
    """The true one, since receivers look at it."""
    return TestClock(datetime.now(UTC).replace(microsecond=0))


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


class Shop:
    """What happens at fr, and who is told."""

    def __init__(self, portal: Portal, clock: TestClock) -> None:
        self.portal, self.clock, self.site = portal, clock, portal.sites["fr"]
        self.orders = 0

    def listen(self, url: str, site: Site | None = None) -> tuple[str, str]:
        """Key and secret."""
        with self.portal.at(site or self.site):
            options: dict[str, Any] = {"vault": self.portal.vault, "reach": self.portal.reach}
            endpoint, secret = webhook_endpoints.add(url, now=self.clock.now, **options)
            return endpoint.key, secret

    def order(self, number: int = 1, site: Site | None = None) -> list[str]:
        """Their public ids."""
        made = []
        with self.portal.at(site or self.site):
            for _time in range(number):
                self.orders += 1
                at = {"ordered_at": self.clock.now, "order_number": f"{self.orders:010}"}
                made.append(place_order(self.portal, **at).public_id)
        return made

    def accept(self, public_id: str) -> None:
        with self.portal.at(self.site):
            accept(Subscription.get(Subscription.public_id == public_id), now=self.clock.now)

    def tell(self, site: Site | None = None) -> dict[str, int]:
        return {what: number for what, number in job.tell(self.portal, site or self.site).items() if number}

    def messages(self) -> list[WebhookMessage]:
        with self.portal.at(self.site):
            return list(WebhookMessage.select().order_by(WebhookMessage.id))

    def endpoint(self) -> WebhookEndpoint:
        with self.portal.at(self.site):
            return WebhookEndpoint.select().order_by(WebhookEndpoint.id).get()

    @property
    def states(self) -> list[str]:
        return [message.state for message in self.messages()]


@pytest.fixture
def shop(portal: Portal, clock: TestClock) -> Shop:
    return Shop(portal, clock)


# ---- when all is well


def test_what_happens_arrives_once_and_its_signature_is_right(shop: Shop, receiver: Receiver) -> None:
    _key, secret = shop.listen(receiver.url())
    (public_id,) = shop.order()
    assert shop.tell() == {"told": 1}
    assert shop.tell() == {}
    (got,) = receiver.got
    assert got.signed_by(secret)
    assert receiver.events == [(public_id, "order.accepted")]
    assert (got.headers["content-type"], got.id) == ("application/json", shop.messages()[0].message_id)
    assert shop.states == [SENT]


def test_who_does_not_know_the_secret_can_be_told_apart(shop: Shop, receiver: Receiver) -> None:
    shop.listen(receiver.url())
    shop.order()
    shop.tell()
    (got,) = receiver.got
    assert not got.signed_by("whsec_" + "A" * 44)
    changed = got.body.replace("pending", "active")
    assert not type(got)(got.path, got.headers, changed).signed_by(shop.listen(receiver.url())[1])


def test_while_a_secret_is_replaced_either_is_right(
    shop: Shop, receiver: Receiver, portal: Portal, clock: TestClock
) -> None:
    key, old = shop.listen(receiver.url())
    with portal.at(shop.site):
        overlap = timedelta(seconds=60)
        new, _until = webhook_endpoints.rotate(key, vault=portal.vault, now=clock.now, overlap=overlap)
    shop.order()
    shop.tell()
    clock.forward(seconds=61)
    shop.order()
    shop.tell()
    both, later = receiver.got
    assert (both.signed_by(old), both.signed_by(new)) == (True, True)
    assert (later.signed_by(old), later.signed_by(new)) == (False, True)


def test_of_one_subscription_events_come_in_their_order(
    shop: Shop, receiver: Receiver, clock: TestClock
) -> None:
    """Also when the first one fails: later ones of the same wait for it, others don't."""
    shop.listen(receiver.url())
    first, second = shop.order(2)
    shop.accept(first)
    receiver.say_next = [answer(400, "not yet")]
    assert shop.tell() == {"failed": 1, "told": 1}
    assert receiver.events == [(first, "order.accepted"), (second, "order.accepted")]
    clock.forward(seconds=6)
    shop.tell()
    assert receiver.events[2:] == [
        (first, "order.accepted"),
        (first, "subscription.activated"),
        (first, "invoice.issued"),
    ]
    assert receiver.got[0].id == receiver.got[2].id, "the same message"


def test_workers_at_once_tell_each_event_once_and_in_order(shop: Shop, receiver: Receiver) -> None:
    shop.listen(receiver.url())
    for public_id in shop.order(8):
        shop.accept(public_id)
    with ThreadPoolExecutor(4) as workers:
        list(workers.map(lambda _number: shop.tell(), range(4)))
    assert len(receiver.got) == len({got.id for got in receiver.got}) == 24
    by_subscription: dict[str, list[str]] = {}
    for public_id, event in receiver.events:
        by_subscription.setdefault(public_id, []).append(event)
    told = ["order.accepted", "subscription.activated", "invoice.issued"]
    assert list(by_subscription.values()) == [told] * 8


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_without_the_claim_two_workers_tell_the_same(
    shop: Shop, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control."""
    together = threading.Barrier(2, timeout=10)

    def take(_message: WebhookMessage, _due_by: datetime, _now: datetime) -> bool:
        together.wait()
        return True

    monkeypatch.setattr(webhook_deliveries, "_take", take)
    shop.listen(receiver.url())
    shop.order()

    def tell(_number: int) -> None:
        with turn.taking(Turn(ends=lambda: len(receiver.got) > 1)):
            shop.tell()

    with ThreadPoolExecutor(2) as workers:
        list(workers.map(tell, range(2)))
    assert len(receiver.got) == 2 and len({got.id for got in receiver.got}) == 1


# ---- when it is not


@pytest.mark.parametrize(
    ("say", "words"),
    [
        (answer(500, "<h1>Oops</h1>"), "500 <h1>Oops</h1>"),
        (answer(302, Location="http://127.0.0.1:1/"), "302"),
        (answer(404, "x" * 10_000), "404 " + "x" * 200),
        (lambda handler, _got: handler.wfile.write(b"nonsense\r\n\r\n"), "BadStatusLine: nonsense"),
        (lambda handler, _got: None, "RemoteDisconnected: Remote end closed connection without response"),
    ],
)
@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_what_is_not_taken_is_told_again(
    shop: Shop, receiver: Receiver, clock: TestClock, say: Any, words: str
) -> None:
    shop.listen(receiver.url())
    shop.order()
    receiver.say_next = [say]
    assert shop.tell() == {"failed": 1}
    (message,) = shop.messages()
    assert (message.state, message.attempts, message.last_error) == (QUEUED, 1, words)
    assert shop.tell() == {}, "not at once"
    clock.forward(seconds=6)
    assert shop.tell() == {"told": 1}
    assert [got.id for got in receiver.got] == [message.message_id] * 2


def down(shop: Shop) -> str:
    """An address where nobody is."""
    with receiving() as gone:
        return gone.url()


def test_an_endpoint_that_is_down_rests_and_nothing_else_waits(
    shop: Shop, receiver: Receiver, clock: TestClock, site_de: Site
) -> None:
    shop.listen(down(shop))
    shop.listen(receiver.url())
    shop.listen(receiver.url(), site_de)
    shop.order(3)
    shop.order(1, site_de)
    assert shop.tell() == {"failed": 1, "told": 3}, "one try, not three"
    assert shop.tell(site_de) == {"told": 1}
    ill = shop.endpoint()
    assert ill.failing_since == clock.now and "refused" in ill.last_error
    clock.forward(seconds=6)
    assert shop.tell() == {"failed": 1}
    assert sum(message.attempts for message in shop.messages() if message.endpoint_id == ill.id) == 2


def test_an_endpoint_that_comes_back_is_told_everything(
    shop: Shop, receiver: Receiver, clock: TestClock
) -> None:
    shop.listen(receiver.url())
    shop.order(3)
    receiver.say_next = [answer(503, Retry_After="600")]
    assert shop.tell() == {"failed": 1}
    clock.forward(seconds=500)
    assert shop.tell() == {}, "it asked for ten minutes"
    clock.forward(seconds=200)
    assert shop.tell() == {"told": 3}
    well = shop.endpoint()
    assert (well.failures, well.failing_since, well.last_error) == (0, None, "")


def test_410_disables_the_endpoint_and_what_waited_is_dead(
    shop: Shop, receiver: Receiver, portal: Portal, clock: TestClock
) -> None:
    key, _secret = shop.listen(receiver.url())
    shop.order(3)
    receiver.say_next = [answer(204), answer(410)]
    assert shop.tell() == {"told": 1, "dead": 1}
    assert (shop.endpoint().state, shop.endpoint().last_error) == (DISABLED, GONE)
    assert shop.states == [SENT, DEAD, DEAD]
    shop.order()
    assert (shop.tell(), len(shop.messages())) == ({}, 3), "it is told nothing any more"
    with portal.at(shop.site):
        webhook_endpoints.enable(key)
        assert webhook_deliveries.replay_dead(now=clock.now) == 2
    assert shop.tell() == {"told": 2}
    assert len({got.id for got in receiver.got}) == 3


def test_after_three_days_a_message_is_dead_with_the_last_words(
    shop: Shop, receiver: Receiver, clock: TestClock
) -> None:
    shop.listen(receiver.url())
    shop.order()
    receiver.say = answer(400, "never")
    began, tried = clock.now, []
    while shop.states == [QUEUED]:
        clock.now = shop.messages()[0].next_attempt_at
        shop.tell()
        tried.append(clock.now - began)
    (message,) = shop.messages()
    assert (message.state, message.last_error, len(receiver.got)) == (DEAD, "400 never", len(tried))
    assert 9 <= len(tried) <= 11
    assert timedelta(hours=60) < tried[-1] <= timedelta(days=3)


def test_what_an_endpoint_was_too_ill_to_be_asked_ends_as_well(
    shop: Shop, receiver: Receiver, clock: TestClock
) -> None:
    shop.listen(receiver.url())
    receiver.say = answer(500)
    shop.order(5)
    shop.tell()
    clock.forward(days=3, seconds=1)
    shop.order()
    assert shop.tell() == {"dead": 1}, "one last try, which shows that it is ill still"
    assert shop.tell() == {"dead": 4}
    assert shop.states == [DEAD] * 5 + [QUEUED]
    assert len(receiver.got) < 5


def test_after_days_without_a_worker_everything_is_told(
    shop: Shop, receiver: Receiver, clock: TestClock
) -> None:
    shop.listen(receiver.url())
    shop.order(3)
    clock.forward(days=5)
    assert shop.tell() == {"told": 3}


def test_a_worker_that_died_keeps_a_message_no_longer_than_its_lease(
    shop: Shop, receiver: Receiver, portal: Portal, clock: TestClock
) -> None:
    shop.listen(receiver.url())
    shop.order()
    with portal.at(shop.site):
        (endpoint,) = webhook_deliveries.ready(now=clock.now)
        claimed = webhook_deliveries.claim_next(endpoint, due_by=clock.now, now=clock.now)
    assert claimed and shop.tell() == {}
    clock.now += LEASE
    assert shop.tell() == {"told": 1}
    with portal.at(shop.site):  # and should it live after all, its note changes nothing
        webhook_deliveries.failed(claimed, error="late", now=clock.now)
    assert shop.states == [SENT]


def test_a_turn_ends_between_two_messages(shop: Shop, receiver: Receiver) -> None:
    shop.listen(receiver.url())
    shop.order(3)
    with turn.taking(Turn(ends=lambda: len(receiver.got) >= 1)) as taken:
        shop.tell()
    assert (taken.cut, len(receiver.got)) == (True, 1)


# ---- again, and no more


def test_what_was_told_can_be_told_again_under_the_same_id(
    shop: Shop, receiver: Receiver, portal: Portal, clock: TestClock
) -> None:
    shop.listen(receiver.url())
    shop.order(2)
    shop.tell()
    one = shop.messages()[1].message_id
    with portal.at(shop.site):
        webhook_deliveries.replay(one, now=clock.now)
        with pytest.raises(webhook_deliveries.NothingToReplay):
            webhook_deliveries.replay("msg_unknown", now=clock.now)
    shop.tell()
    assert [got.id for got in receiver.got][2:] == [one]
    with portal.at(shop.site):
        assert webhook_deliveries.replay_since(clock.now, now=clock.now) == 2
    shop.tell()
    assert [got.id for got in receiver.got][3:] == [got.id for got in receiver.got][:2]


def test_what_was_taken_is_forgotten_after_a_month(
    shop: Shop, receiver: Receiver, portal: Portal, clock: TestClock
) -> None:
    shop.listen(receiver.url())
    shop.order(2)
    receiver.say_next = [answer(204), answer(410)]
    shop.tell()
    clock.forward(days=29)
    purge(portal, shop.site)
    assert shop.states == [SENT, DEAD]
    clock.forward(days=2)
    purge(portal, shop.site)
    assert shop.states == [DEAD]


def test_an_endpoint_that_was_taken_to_the_inside_is_not_asked(
    shop: Shop, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its name led elsewhere when it was added."""
    shop.listen(receiver.url())
    shop.order()
    monkeypatch.setitem(vars(shop.portal), "reach", Reach((), https_only=False))
    assert shop.tell() == {"failed": 1}
    assert receiver.got == []
    assert "not a public address" in shop.messages()[0].last_error
