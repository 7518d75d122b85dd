"""Many subscriptions that hardly differ: where lists lose rows, or ask once for each."""

from __future__ import annotations

from typing import Any

from tests.support.cast import Row
from webapp.data.records import insert
from webapp.data.subscriptions import Order, Subscription


def more_like(row: Row, number: int, **changes: Any) -> list[str]:
    """At the bound site: that many copies of one row, apart from what must differ. Their public ids."""
    like = Subscription.get_by_id(row.id)
    values = {name: value for name, value in like.__data__.items() if name != "id"} | changes
    public_ids = [f"{row.public_id[:7]}3{index:05}" for index in range(number)]
    for index, public_id in enumerate(public_ids):
        order = insert(
            Order,
            order_number=f"0315{index:06}",
            content_hash="",
            document="{}",
            ordered_at=values["ordered_at"],
            received_at=values["ordered_at"],
        )
        insert(
            Subscription, **values | {"order": order, "public_id": public_id, "search_key": public_id.lower()}
        )
    return public_ids
