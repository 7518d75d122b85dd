"""Taking in orders against bare inserts of the same rows: one transaction and its sync an order, both."""

from __future__ import annotations

import os
import time
from collections import defaultdict
from datetime import timedelta
from pathlib import Path
from statistics import median
from typing import Any

from bench.backends import Backend
from bench.filling import order_document
from bench.pages import CLOCK, Figures
from webapp.assembly import Portal, assemble
from webapp.commands.order_import import order_intake
from webapp.config import read_settings
from webapp.data.database import atomic, database
from webapp.data.statements import engine_name, rows

ORDERS = 40  # a round: short ones, so that both meet the same disk
AN_ACCOUNT = 5  # orders of one company and person
Row = tuple[str, dict[str, Any]]  # table, values


def measure(backend: Backend, *, rounds: int) -> Figures:
    importing, bare = (_portal(backend, folder) for folder in ("import", "bare"))
    taken, inserted = [], []
    for number in range(2 * rounds + 1):  # the first one warms up
        file = backend.folder / f"orders-{number}.jsonl"
        _write_orders(importing, file, first=number * ORDERS)
        taken.append(_import(importing, file))
        inserted.append(_insert(bare, _rows_of(importing, first=number * ORDERS)))
    for portal in (importing, bare):
        portal.databases.close_all()
    return {
        "import_over_bare_inserts": median(b / a for a, b in zip(taken[1:], inserted[1:], strict=True)),
        "orders_per_second": ORDERS / median(taken[1:]),
    }


def _portal(backend: Backend, folder: str) -> Portal:
    backend.create(f"{folder}_fr")
    environment = backend.environment(folder, PORTAL_CLOCK=CLOCK)
    return assemble(read_settings({**os.environ, **environment}))


def _write_orders(portal: Portal, file: Path, *, first: int) -> None:
    site = portal.sites["fr"]
    products = [product.key for product in portal.catalogue if product.sold_on(site.code)]
    with portal.at(site):
        lines = [
            order_document(
                number + 1,
                account=f"{2000 + number // AN_ACCOUNT}",
                email=f"buyer{number // AN_ACCOUNT}@demo.example",
                product=products[number % len(products)],
                ordered_at=portal.clock() - timedelta(days=number % 60),
            )
            for number in range(first, first + ORDERS)
        ]
    file.write_bytes(b"\n".join(lines) + b"\n")


def _import(portal: Portal, file: Path) -> float:
    intake = order_intake(portal)
    started = time.perf_counter()
    intake.import_file(file)
    taken = time.perf_counter() - started
    if intake.report.counts["accepted"] != ORDERS:
        raise RuntimeError(f"Not every order was taken: {intake.report.counts}")
    return taken


# ---- the same rows once more


def _rows_of(portal: Portal, *, first: int) -> list[list[Row]]:
    """What each order of a round wrote: its own rows, and those of people and companies that it brought."""
    with portal.at(portal.sites["fr"]):
        orders = _all(f"SELECT * FROM shop_order ORDER BY id LIMIT {ORDERS} OFFSET {first}")
        first_id, last_id = orders[0]["id"], orders[-1]["id"]
        mine = f"order_id BETWEEN {first_id} AND {last_id}"
        subscriptions = {row["order_id"]: row for row in _all(f"SELECT * FROM subscription WHERE {mine}")}
        of_these = f"subscription_id IN (SELECT id FROM subscription WHERE {mine})"
        told = defaultdict(list)
        for table in ("audit_event", "outbox_message"):
            for row in _all(f"SELECT * FROM {table} WHERE {of_these}"):
                told[row["subscription_id"]].append((table, row))
        companies = _Newcomers(first_id)
        return [
            [
                ("shop_order", order),
                *companies.brought_by(subscription := subscriptions[order["id"]]),
                ("subscription", subscription),
                *told[subscription["id"]],
            ]
            for order in orders
        ]


class _Newcomers:
    def __init__(self, first_order: int) -> None:
        earlier = _all(
            f"SELECT account_id, administrator_id FROM subscription WHERE order_id < {first_order}"
        )
        self._accounts = {row["account_id"] for row in earlier}

    def brought_by(self, subscription: dict[str, Any]) -> list[Row]:
        account, person = subscription["account_id"], subscription["administrator_id"]
        if account in self._accounts:
            return []
        self._accounts.add(account)
        return [
            *(("account", row) for row in _all(f"SELECT * FROM account WHERE id = {account}")),
            *(("person", row) for row in _all(f"SELECT * FROM person WHERE id = {person}")),
            *(("membership", row) for row in _all(f"SELECT * FROM membership WHERE person_id = {person}")),
        ]


def _all(sql: str) -> list[dict[str, Any]]:
    return [row._asdict() for row in rows(sql)]


def _insert(portal: Portal, orders: list[list[Row]]) -> float:
    with portal.at(portal.sites["fr"]):
        mark = "?" if engine_name() == "sqlite" else "%s"
        ready = [[_statement(table, values, mark) for table, values in order] for order in orders]
        started = time.perf_counter()
        for statements in ready:
            with atomic():
                for sql, values in statements:
                    database.execute_sql(sql, values)
        return time.perf_counter() - started


def _statement(table: str, values: dict[str, Any], mark: str) -> tuple[str, list[Any]]:
    columns = ", ".join(f'"{name}"' for name in values)
    return f'INSERT INTO "{table}" ({columns}) VALUES ({", ".join([mark] * len(values))})', list(
        values.values()
    )
