"""`portal metrics`: figures for Prometheus, on a port of their own."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import Any

import click

from webapp.assembly import Portal
from webapp.commands.context import CommandError, with_portal
from webapp.data.pool import close_idle
from webapp.domain.outbox_figures import OutboxFigures, outbox_figures
from webapp.sites import Site

_SECONDS = 6.0  # Prometheus gives up after ten
_AT_ONCE = 8


log = logging.getLogger(__name__)


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Whoever can reach it can read it.")
@click.option("--port", type=click.IntRange(1, 65535), default=9464, show_default=True)
@with_portal
def metrics(portal: Portal, host: str, port: int) -> None:
    """Serve what all processes of this machine counted, and what waits at each site, for Prometheus.

    Never on the port that customers reach: it is a process of its own.
    """
    if portal.settings.metrics is None:
        raise CommandError("PORTAL_METRICS must name the folder where web server and workers count.")
    from prometheus_client import CollectorRegistry, start_http_server
    from prometheus_client.multiprocess import MultiProcessCollector

    registry = CollectorRegistry()
    MultiProcessCollector(registry, str(portal.settings.metrics))
    registry.register(SiteFigures(portal))
    _server, thread = start_http_server(port, host, registry)
    log.info("Metrics at http://%s:%s/metrics.", host, port)
    thread.join()


class SiteFigures:
    """Asked of the databases at each scrape. A site that does not answer has no other figures."""

    def __init__(self, portal: Portal) -> None:
        self._portal = portal

    def describe(self) -> list[Any]:
        return []  # else the databases would be asked before anybody wants to know

    def collect(self) -> Iterator[Any]:
        from prometheus_client.core import GaugeMetricFamily

        up = GaugeMetricFamily("portal_site_up", "The site’s database answers.", labels=["site"])
        outbox = GaugeMetricFamily("portal_outbox_messages", "E-mails by state.", labels=["site", "state"])
        oldest = GaugeMetricFamily(
            "portal_outbox_oldest_waiting_seconds",
            "How long the oldest e-mail has waited that is due.",
            labels=["site"],
        )
        for code, figures in self._of_all_sites().items():
            up.add_metric([code], figures is not None)
            if figures is not None:
                outbox.add_metric([code, "waiting"], figures.waiting)
                outbox.add_metric([code, "dead"], figures.dead)
                oldest.add_metric([code], figures.oldest_seconds)
        yield from (up, outbox, oldest)

    def _of_all_sites(self) -> dict[str, OutboxFigures | None]:
        asking = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="figures")
        asked = {site.code: asking.submit(self._of, site) for site in self._portal.sites}
        wait(asked.values(), timeout=_SECONDS)
        asking.shutdown(wait=False, cancel_futures=True)
        close_idle(0.0)  # the next scrape is a while away
        return {code: _told(future) for code, future in asked.items()}

    def _of(self, site: Site) -> OutboxFigures:
        with self._portal.at(site):
            return outbox_figures(now=self._portal.clock())


def _told(future: Future[OutboxFigures]) -> OutboxFigures | None:
    return future.result() if future.done() and not future.cancelled() and not future.exception() else None
