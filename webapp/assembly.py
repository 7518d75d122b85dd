"""What every caller (pages, commands, jobs) needs: settings, sites, products, clock, databases."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property

from webapp import metrics
from webapp.clock import Clock, make_clock
from webapp.config import Settings, read_settings
from webapp.data.database import Databases
from webapp.data.roles import Mode
from webapp.data.schema import migrate, migrate_support, refuse_old_schema, refuse_old_support_schema
from webapp.data.support import SupportStore
from webapp.payments import (
    CardProvider,
    Providers,
    StandIn,
    StripeCards,
    StripeKeys,
    Vault,
    make_providers,
)
from webapp.sites import Catalogue, Regions, Site, Sites, load_catalogue, load_regions, load_sites
from webapp.sites.adding import missing
from webapp.webhooks import Reach

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Portal:
    settings: Settings
    sites: Sites
    catalogue: Catalogue
    clock: Clock
    databases: Databases
    support: SupportStore

    @cached_property
    def regions(self) -> Regions:
        """Who of support helps where."""
        return load_regions(self.settings.tenants, self.sites)

    @cached_property
    def payments(self) -> Providers:
        return make_providers(self.vault)

    @cached_property
    def cards(self) -> CardProvider:
        """Stripe where it is set up; a demo without it has a page of its own that looks like a provider’s."""
        settings = self.settings
        if settings.stripe or settings.production:
            return StripeCards({code: StripeKeys(*keys) for code, keys in settings.stripe.items()})
        return StandIn(settings.data / "cards", settings.origin())

    @cached_property
    def vault(self) -> Vault:
        return Vault(self.settings.vault_key)

    @cached_property
    def reach(self) -> Reach:
        """Where webhooks may go."""
        return Reach(self.settings.webhook_networks, https_only=self.settings.production)

    @contextmanager
    def at(self, site: Site, mode: Mode = "all") -> Iterator[Site]:
        """Everything inside happens at this site."""
        with self.databases.bound(site, mode):
            yield site


def _finished(sites: Sites) -> Sites:
    """A site that is being prepared has no customers yet, and stops none of the others."""
    drafts = [site.code for site in sites if missing(site)]
    for code in drafts:
        log.warning("Site %s is a draft and not served: portal site check %s says why.", code, code)
    return sites.but(drafts)


def assemble(settings: Settings | None = None) -> Portal:
    settings = settings or read_settings()
    metrics.keep_in(settings.metrics)
    every = load_sites(settings.tenants, settings.origin)
    sites = _finished(every) if settings.production else every
    portal = Portal(
        settings=settings,
        sites=sites,
        catalogue=load_catalogue(settings.tenants, every),
        clock=make_clock(settings.clock, settings.data),
        databases=Databases(
            {site.code: settings.database_url(site.code) for site in sites},
            prepare=refuse_old_schema if settings.production else migrate,
        ),
        support=SupportStore(
            settings.support_database_url,
            prepare=refuse_old_support_schema if settings.production else migrate_support,
        ),
    )
    assert portal.regions  # read now: a slip in the file is told at start
    return portal
