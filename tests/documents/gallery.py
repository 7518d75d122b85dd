"""Documents by name, for what must hold of every one of them: archivable, accessible, looked at."""

from __future__ import annotations

from collections.abc import Callable

from tests.documents.contracts import SAMPLES, a_contract, pending
from tests.documents.invoices import INVOICES
from webapp.documents.contract import render


def _contract(site: str, **changes: object) -> Callable[[], bytes]:
    return lambda: render(a_contract(site, **changes))


NAMED: dict[str, Callable[[], bytes]] = {
    **INVOICES,
    **{
        f"contract-{site}": _contract(site) for site in ("at", "ch", "de", "es", "fr", "gb", "it", "pl", "us")
    },
    "contract-ae": _contract("ae", language="ar"),
    "contract-jp": _contract("jp"),
    "contract-ar": _contract("ae", agreement=SAMPLES / "software-1.0.ar.md", language="ar"),
    "contract-ja": _contract("jp", agreement=SAMPLES / "software-1.0.ja.md"),
    "contract-pending-fr": lambda: render(pending(a_contract("fr"))),
    "contract-pending-ar": lambda: render(
        pending(a_contract("ae", agreement=SAMPLES / "software-1.0.ar.md", language="ar"))
    ),
}
