"""The country sites, what they sell and what customers agree to there: `tenants/` as typed objects.

Everything is read once at start, and refused there with file and field if something is wrong. Only agreement
texts are looked up again each time, since they may be published while the program runs.
"""

from webapp.sites.agreements import AgreementMissing, AgreementText
from webapp.sites.catalogue import Catalogue, Product, load_catalogue
from webapp.sites.fields import LocalText, SiteConfigError
from webapp.sites.regions import Region, Regions, load_regions
from webapp.sites.seller import Bank, Invoicing, LegalEntity, MentionText
from webapp.sites.site import (
    NATIONAL_IDS,
    PAYMENT_METHODS,
    SUPPORT,
    Brand,
    DirectDebitOffer,
    Site,
    Sites,
    load_sites,
)

__all__ = [
    "NATIONAL_IDS",
    "PAYMENT_METHODS",
    "SUPPORT",
    "AgreementMissing",
    "AgreementText",
    "Bank",
    "Brand",
    "Catalogue",
    "DirectDebitOffer",
    "Invoicing",
    "LegalEntity",
    "LocalText",
    "MentionText",
    "Product",
    "Region",
    "Regions",
    "Site",
    "SiteConfigError",
    "Sites",
    "load_catalogue",
    "load_regions",
    "load_sites",
]
