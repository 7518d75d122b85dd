"""Documents by name, for what must hold of every one of them: archivable, accessible, looked at."""

from __future__ import annotations

from collections.abc import Callable

from tests.documents.contracts import SAMPLES, a_contract, pending
from tests.documents.invoices import INVOICES
from webapp.documents.contract import Company, render

_GULF = Company(
    "شركة الخليج للمقاولات ذ.م.م",
    ("شارع الشيخ زايد 12", "دبي"),
    vat_id="100123456700003",
    customer_number="10700001",
)
_TOKYO = Company(
    "鹿島見本建設株式会社",
    ("〒100-0005", "東京都千代田区丸の内1丁目1番1号"),
    vat_id="T7000012050002",
    customer_number="10700001",
)


def _contract(site: str, **changes: object) -> Callable[[], bytes]:
    return lambda: render(a_contract(site, **changes))


NAMED: dict[str, Callable[[], bytes]] = {
    **INVOICES,
    **{
        f"contract-{site}": _contract(site) for site in ("at", "ch", "de", "es", "fr", "gb", "it", "pl", "us")
    },
    "contract-ae": _contract("ae", buyer=_GULF, language="ar", currency="AED"),
    "contract-jp": _contract("jp", buyer=_TOKYO, currency="JPY"),
    "contract-ar": _contract(
        "ae", agreement=SAMPLES / "software-1.0.ar.md", buyer=_GULF, language="ar", currency="AED"
    ),
    "contract-ja": _contract("jp", agreement=SAMPLES / "software-1.0.ja.md", buyer=_TOKYO, currency="JPY"),
    "contract-pending-fr": lambda: render(pending(a_contract("fr"))),
    "contract-pending-ar": lambda: render(
        pending(a_contract("ae", agreement=SAMPLES / "software-1.0.ar.md", buyer=_GULF, language="ar"))
    ),
}
