"""Whatever is asked of the list, it holds rows of who asks, and counts them only."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import urlencode

from tests.support import cast as people
from tests.support.cast import VISIBLE, Actor, Row
from tests.support.page import Page
from tests.web.asking import Asker
from tests.web.ground import Ground, roles_in, running
from webapp.data.database import to_micros
from webapp.data.subscriptions import Subscription

_LINK = re.compile(r'(?:href|action)="/subscriptions/(SUB-[A-Z]{2}-[0-9]+)')
_SHELVES = ("all", "pending", "active", "cancelled", "gone", "lapsed")
_TEXTS = ("sub-", "0314", "kanari", "fieldwire", "' OR 1=1 --", "%")


def listings(asker: Asker, ground: Ground, actor: Actor) -> Iterator[str]:
    yield from _counted(asker, ground, actor)
    linked = (*VISIBLE, people.HANDED_OVER)
    own = {row.public_id for row in ground.cast.rows_of(actor) if row.state in linked}
    own |= {row.public_id for row in ground.cast.rows if roles_in(actor, row)}
    plain = ground.by(actor, "subscriptions.show_list", "GET", "", 200)
    for arguments in _questions(ground, actor):
        case = replace(plain, path=f"/subscriptions?{urlencode(arguments)}")
        answer = asker.send(case)
        listed = set(_LINK.findall(answer.text))
        if answer.status_code != 200 or listed - own:
            yield f"{case}: {answer.status_code}, lists {listed - own}"
        if foreign := set(people.CANARY.findall(answer.text)) - actor.sees:
            yield f"{case}: shows {', '.join(foreign)}"
    for row in ground.cast.rows:
        if row.public_id not in own and row.owner.site == actor.site:
            path = f"/subscriptions/chosen?{urlencode({'do': 'csv', 'subscription': row.public_id})}"
            yield from asker.ask(replace(plain, path=path, expected=404, about=row.public_id))


_INVOICE = re.compile(r'href="/invoices/([A-Z0-9-]+)"')
_EDITED = re.compile(r'href="/subscriptions/(SUB-[A-Z]{2}-[0-9]+)/(?:purchase-order|billing-details)"')
_OPTION = re.compile(r'<option value="(SUB-[A-Z]{2}-[0-9]+)"')


def invoices(asker: Asker, ground: Ground, actor: Actor) -> Iterator[str]:
    """Those of what one manages or pays for: on the page, in the tables, in the archive."""
    own = {row.invoice: row.public_id for row in _invoiced(ground, actor)}
    plain = ground.by(actor, "invoices.show_list", "GET", "", 200)
    cases = [replace(plain, path=f"/invoices?{urlencode(one)}") for one in _asked_of_invoices(ground, actor)]
    pages = [replace(plain, path=f"/subscriptions/{public_id}") for public_id in own.values()]
    for case in (*cases, *pages):
        answer = asker.send(case)
        strange = {*_INVOICE.findall(answer.text)} - own.keys()
        strange |= {*_EDITED.findall(answer.text), *_OPTION.findall(answer.text)} - {*own.values()}
        if "po=" not in case.path:  # which is repeated on the page
            strange |= set(people.CANARY.findall(answer.text)) - plain.sees
        if answer.status_code != 200 or strange:
            yield f"{case}: {answer.status_code}, lists {strange}"
    if missing := own.keys() - {*_INVOICE.findall(asker.send(plain).text)}:
        yield f"{plain}: lacks {missing}"
    table = ground.by(actor, "invoice_files.as_csv", "GET", "", 200)
    yield from asker.ask(table)
    for row in ground.cast.rows:
        if row.invoice and row.invoice not in own and row.owner.site == actor.site:
            path = f"/invoices.zip?{urlencode({'chosen': 'yes', 'invoice': row.invoice})}"
            yield from asker.ask(replace(plain, path=path, expected=404, about=row.invoice))


def _invoiced(ground: Ground, actor: Actor) -> list[Row]:
    own = [row for row in ground.cast.rows_of(actor) if row.state != people.HANDED_OVER]
    return [row for row in (*own, *(row for row in ground.cast.rows if roles_in(actor, row))) if row.invoice]


def _asked_of_invoices(ground: Ground, actor: Actor) -> Iterator[dict[str, str]]:
    """By state, by text, by other people's subscriptions, and from the edge of their pages."""
    yield from ({"state": state} for state in ("issued", "open", "overdue", "paid", "credited", "prepared"))
    yield from ({"q": text} for text in (*_TEXTS, "f"))
    others = [row for row in ground.cast.rows if row.owner != actor and row.owner.site == actor.site]
    for row in (others[0], others[-1]):
        yield from ({"subscription": row.public_id}, {"po": row.po_number})
    for edge in (["9999-12-31", 10**9], ["2000-01-01", 0]):
        cursor = base64.urlsafe_b64encode(json.dumps(edge).encode()).decode().rstrip("=")
        yield from ({way: cursor} for way in ("after", "before"))


def people_of_accounts(asker: Asker, ground: Ground, actor: Actor) -> Iterator[str]:
    """The members of the own company, for who has a role there; of another, never."""
    case = ground.by(actor, "members.show", "GET", "", 200)
    manages = any(row.state in people.MANAGEABLE for row in ground.cast.rows_of(actor))
    may = manages or any(roles_in(actor, row) for row in ground.cast.rows)
    for number in ("", "1000001", "1000002", "1000003"):
        own = number in ("", actor.company.number)
        expected = 200 if own and may else 404
        for text in ("", "kanari", "example"):
            path = f"/members?{urlencode({'account': number, 'q': text})}"
            yield from asker.ask(replace(case, path=path, expected=expected, about=text))


def _questions(ground: Ground, actor: Actor) -> Iterator[dict[str, str]]:
    """By status, by text, and from the edge of other people's pages."""
    yield from ({"status": shelf} for shelf in _SHELVES)
    yield from ({"q": text} for text in _TEXTS)
    yield from ({"view": view} for view in ("mine", "backup", "billing", "all"))
    with ground.portal.at(ground.portal.sites[actor.site]):
        everybodys = list(Subscription.select().order_by(Subscription.id))
    for row in (everybodys[1], everybodys[-1]):
        keys = {"name": row.sort_key, "renewal": row.renewal_key, "newest": to_micros(row.ordered_at)}
        for sort, key in keys.items():
            edge = base64.urlsafe_b64encode(json.dumps([key, row.id]).encode()).decode().rstrip("=")
            yield from ({"sort": sort, way: edge} for way in ("after", "before"))


def _counted(asker: Asker, ground: Ground, actor: Actor) -> Iterator[str]:
    page = Page(asker.send(ground.by(actor, "subscriptions.show_list", "GET", "", 200)).text)
    states = [row.state for row in ground.cast.rows_of(actor) if row.state in VISIBLE]
    shelves: tuple[tuple[str, ...], ...] = (people.PENDING, ("active",), ("cancelled", "ended"))
    if not states:  # the first view in which there is something
        beside = [row for row in ground.cast.rows if roles_in(actor, row)]
        states = [running(row) for row in beside]
        shelves = shelves[1:] if any("billing" in roles_in(actor, row) for row in beside) else shelves
    parts = [sum(state in shelf for state in states) for shelf in shelves]
    expected = [str(number) for number in (sum(parts), *parts)] if states else []
    shown = [link.one("span").text for link in page.all("a") if link.within("nav") and link.within("form")]
    if shown != expected:
        yield f"the list counts {shown} for {actor.key}, not {expected}"
