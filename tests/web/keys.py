"""API keys of the sites: one that opens everything, and those that must be worth less or nothing."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from webapp.assembly import Portal
from webapp.data.api_keys import ApiKey
from webapp.domain.shop import api_keys
from webapp.domain.shop.api_keys import SCOPES

SITES = ("fr", "de")


class Keys:
    def __init__(self, portal: Portal) -> None:
        self.portal = portal
        self.right = {site: self._make(site, "shop", *SCOPES) for site in SITES}
        self._without = {site: dict(self._each_but_one(site)) for site in SITES}
        self._worthless = {site: dict(self._make_worthless(site)) for site in SITES}
        for here, there in (("fr", "de"), ("de", "fr")):
            self._worthless[here]["a key of another site"] = self.right[there]
            self._plant(self.right[there], at=here)

    def without(self, site: str, scope: str) -> str:
        """One with every other scope."""
        return self._without[site][scope]

    def worthless(self, site: str) -> dict[str, str]:
        return self._worthless[site]

    def _make(self, site: str, name: str, *scopes: str) -> str:
        with self.portal.at(self.portal.sites[site]):
            return api_keys.create_key(name, scopes=scopes, now=self.portal.clock())

    def _each_but_one(self, site: str) -> Iterator[tuple[str, str]]:
        for scope in SCOPES:
            yield scope, self._make(site, f"without {scope}", *(one for one in SCOPES if one != scope))

    def _make_worthless(self, site: str) -> Iterator[tuple[str, str]]:
        now, right = self.portal.clock(), self.right[site]
        yield "no key", ""
        yield "another secret", right[:-43] + "A" * 43
        yield "a key of nobody", f"portal_{site}_{'0' * 12}_{'A' * 43}"
        yield "words", "portal"
        yield "a key and more", right + "A"
        revoked, replaced = self._make(site, "revoked", *SCOPES), self._make(site, "replaced", *SCOPES)
        with self.portal.at(self.portal.sites[site]):
            api_keys.revoke_key(public_part(revoked), now=now)
            api_keys.rotate_key(public_part(replaced), overlap=timedelta(0), now=now)
        yield "a revoked key", revoked
        yield "a key that was replaced", replaced

    def _plant(self, key: str, *, at: str) -> None:
        """The row of another site's key lies here too, as after a mistake with a copied database."""
        with self.portal.at(self.portal.sites[key.split("_")[1]]):
            values = dict(ApiKey.get_by_id(public_part(key)).__data__)
        with self.portal.at(self.portal.sites[at]):
            ApiKey.insert(**values).execute()


def public_part(key: str) -> str:
    return key.split("_")[2]
