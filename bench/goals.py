"""What was promised, and whether this run keeps it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

# CPU of the peers' pages over that of granian with Flask and a string of 20 kB, measured on one machine.
# Through the same string they can be set beside ours.
ODOO_INVOICES_OVER_PLAIN = 62 / 0.26
PRETIX_ORDERS_OVER_PLAIN = 77 / 0.26


@dataclass(frozen=True, slots=True)
class Goal:
    figure: str
    what: str
    limit: float
    direction: Literal["≤", "≥"] = "≤"
    unit: str = "×"

    def reached(self, value: float) -> bool:
        return value <= self.limit if self.direction == "≤" else value >= self.limit


def goals_for(backend: str) -> list[Goal]:
    floor = {"sqlite": 1.7, "postgresql": 2.2}[backend]
    return [
        Goal("list_over_floor", "list page over its floor", floor),
        Goal("manage_over_floor", "manage page over its floor", floor),
        Goal("fragment_over_page", "PO number’s fragment over the manage page", 0.4),
        Goal("list_of_10000_over_25", "list with 10,000 subscriptions over 25", 2),
        Goal("hit_of_10000_over_25", "the same, with a search", 2),
        Goal("miss_of_10000_over_25", "the same, nothing found", 2),
        Goal("miss_by_renewal_of_10000_over_25", "the same, sorted by renewal", 2),
        Goal("users_of_10000_over_25", "manage users with 10,000 seats over 25", 1.5),
        Goal("odoo_over_list", "Odoo’s invoices over our list (estimated)", 25, "≥"),
        Goal("pretix_over_list", "pretix’s orders over our list (estimated)", 30, "≥"),
        Goal("sign_in_beyond_hash_ms", "sign-in beyond its hash", 5, unit="ms"),
        Goal("whereabouts_auc", "known address told by the time of the answer", 0.55, unit="AUC"),
        Goal("whereabouts_auc", "the same", 0.45, "≥", unit="AUC"),
        Goal("search_first_over_one", "support’s search of 48 sites: first group over one site’s search", 3),
        Goal("search_all_over_one", "the same, all groups", 60),
        Goal("search_hanging_adds_s", "the same, what a hanging site adds", 1, unit="s"),
        Goal("import_over_bare_inserts", "order import over bare inserts", 0.25, "≥"),
        Goal("renewals_over_bare_inserts", "100,000 renewals by 8 workers over bare inserts", 0.25, "≥"),
        Goal("nothing_due_of_100000_over_1000", "jobs with nothing to do, at 100,000 over 1,000", 1.2),
        Goal("list_growth", "list page at 1,000,000 subscriptions a site over 1,000", 1.2),
        Goal("manage_growth", "manage page, the same", 1.2),
        Goal("search_hit_growth", "search, the same", 1.2),
        Goal("search_miss_growth", "search that finds nothing, the same", 1.2),
        Goal("idle_growth", "all jobs with nothing to do, the same", 1.2),
        Goal("worst_idle_growth", "the job that grows most, the same", 1.2),
        Goal("start_s", "start with all sites", 2, unit="s"),
        Goal("start_s_48_sites", "start with 48 sites", 2, unit="s"),
        Goal("worker_mib", "memory of a worker, all sites", 110, unit="MiB"),
        Goal("worker_mib_48_sites", "memory of a worker, 48 sites", 150, unit="MiB"),
        Goal("jobs_mib_48_sites", "memory of a job worker, 48 sites", 150, unit="MiB"),
        Goal("list_with_48_sites_over_11", "list page with 48 sites over all sites", 1.05),
        Goal("manage_in_ar_over_en", "manage page in Arabic over English", 1.15),
        Goal("manage_in_ja_over_en", "manage page in Japanese over English", 1.15),
        Goal("list_in_ar_over_en", "list page in Arabic over English", 1.15),
        Goal("list_in_ja_over_en", "list page in Japanese over English", 1.15),
        Goal("invoice_of_floor", "invoices a second from ready XML, of a bare canvas’s", 0.55, "≥"),
        Goal("invoice_and_xml_of_floor", "the same, XML made as well", 0.3, "≥"),
        Goal("invoice_times_weasyprint", "invoices a second over WeasyPrint’s", 15, "≥"),
        Goal("invoice_times_wkhtmltopdf", "invoices a second over wkhtmltopdf’s", 40, "≥"),
        Goal("first_page_kb", "first page, compressed, without fonts", 40, unit="kB"),
    ]


def beside_peers(figures: dict[str, float]) -> dict[str, float]:
    return {
        "odoo_over_list": ODOO_INVOICES_OVER_PLAIN / figures["list_over_plain"],
        "pretix_over_list": PRETIX_ORDERS_OVER_PLAIN / figures["list_over_plain"],
    }
