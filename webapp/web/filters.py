"""What templates may call, and nothing else."""

from __future__ import annotations

from datetime import date
from functools import cache
from typing import Any
from urllib.parse import urlencode

from flask import Flask, current_app, request
from markupsafe import Markup, escape
from wtforms import Form

from webapp import formats, i18n
from webapp.data.database import from_micros
from webapp.data.keys import sort_key
from webapp.domain.companies.national_ids import KINDS
from webapp.domain.deliveries import reason_in_words
from webapp.domain.intake.order_fields import COUNTRIES
from webapp.domain.invoices import billing_details, invoice_list
from webapp.domain.invoices.billing_details import NATIONAL
from webapp.domain.seats import seat_list
from webapp.domain.subscriptions.cancellation import last_day_before
from webapp.domain.subscriptions.subscription_list import Query
from webapp.postal import address_lines
from webapp.sites import Site
from webapp.web import agent_auth, auth, language, visits
from webapp.web.assets import asset_url
from webapp.web.security import nonce
from webapp.web.site import place, site_or_none, this_portal


def _faces(file: str) -> tuple[str, ...]:
    return tuple(f"vendor/{file}-{weight}-normal.woff2" for weight in (400, 600))


_LATIN = _faces("ibm-plex-sans/ibm-plex-sans-latin")
_LATIN_EXT = _faces("ibm-plex-sans/ibm-plex-sans-latin-ext")
_ARABIC = _faces("ibm-plex-sans-arabic/ibm-plex-sans-arabic-arabic")
_WITH_MORE_LETTERS = ("cs", "hu", "pl", "sk")


def fonts() -> tuple[str, ...]:
    """What the first page needs at once: one that comes later would leave some letters in another font."""
    spoken = i18n.current_speech()
    if spoken.direction == "rtl":
        return _ARABIC
    return _LATIN + _LATIN_EXT if i18n.chain(spoken.text_language)[-1] in _WITH_MORE_LETTERS else _LATIN


@cache
def icon(name: str, extra: str = "") -> Markup:
    """One of `components/icons.html`; words beside it say what it means."""
    kind = f"ic {extra}" if extra else "ic"
    return Markup(f'<svg class="{kind}" aria-hidden="true"><use href="#i-{name}"/></svg>')


def hx(**attributes: str) -> Markup:
    """htmx attributes: `hx(get=url, target="#po")`. Without the answer's nonce `hx-csp` strips them."""
    pairs = [f'hx-{name.replace("_", "-")}="{escape(value)}"' for name, value in attributes.items()]
    return Markup(" ".join([*pairs, f'hx-nonce="{nonce()}"']))


def list_url(query: Query, **changes: str) -> str:
    arguments = query.to_url(**changes)
    return f"/subscriptions?{urlencode(arguments)}" if arguments else "/subscriptions"


def matching_url(query: Query, do: str) -> str:
    """Of what is done with all that the list's filters let through."""
    return f"/subscriptions/chosen?{urlencode({'do': do, 'of': 'all', **query.to_url()})}"


def seats_url(place: str, query: seat_list.Query, **changes: str) -> str:
    arguments = query.to_url(**changes)
    return f"{place}?{urlencode(arguments)}" if arguments else place


def invoices_url(query: invoice_list.Query, place: str = "/invoices", **changes: Any) -> str:
    """Of the list, or of a file with what it shows."""
    arguments = query.to_url(**changes)
    return f"{place}?{urlencode(arguments)}" if arguments else place


def sort_link(query: Query, sort: str, label: str) -> Markup:
    address = list_url(query, sort=sort)
    attributes = hx(get=address, target="#results", push_url="true")
    return Markup(f'<a href="{escape(address)}" {attributes}>{escape(label)}</a>')


def sorted_as(query: Query, sort: str) -> Markup:
    return Markup(' aria-sort="ascending"') if query.sort == sort else Markup("")


def address_of(row: Any) -> list[str]:
    """Its lines; the country where it is another one than the site's."""
    site = site_or_none()
    return address_lines(row, site.territory if site else "")


def countries() -> list[tuple[str, str]]:
    """Code and name of each, this site's own first."""
    site = site_or_none()
    own = site.territory if site else ""
    named = [(code, formats.country_name(code)) for code in COUNTRIES]
    return sorted(named, key=lambda pair: (pair[0] != own, sort_key(pair[1], i18n.current_speech().code)))


def national_id_hint(field: str) -> str:
    if not field.startswith(NATIONAL):
        return ""
    return i18n._("Such as %(example)s", example=KINDS[field.removeprefix(NATIONAL)].example)


def national_id(kind: str) -> str:
    """Its name, in the language that is spoken; a kind that no site asks for is called as it is kept."""
    return i18n._(KINDS[kind].name) if kind in KINDS else kind.upper().replace("_", " ")


_AUTOCOMPLETE = {
    "name": "organization",
    "line1": "address-line1",
    "line2": "address-line2",
    "postal_code": "postal-code",
    "city": "address-level2",
    "region": "address-level1",
    "contact_phone": "tel",
}


def billing_autocomplete(field: str) -> str:
    return _AUTOCOMPLETE.get(field, "off")


def form_errors(form: Form) -> list[tuple[str, str]]:
    return [(name, message) for name, messages in form.errors.items() if name for message in messages]


def initials(name: str) -> str:
    words = [word for word in name.replace("-", " ").split() if word[:1].isalpha()]
    return "".join(word[0] for word in (words[:1] + words[-1:] if len(words) > 1 else words)).upper()


def arrow() -> str:
    """From what was to what is, as one reads."""
    return "←" if i18n.current_speech().direction == "rtl" else "→"


def country_sites() -> list[tuple[str, str]]:
    """Address and name of each country site, in the order of their names."""
    portal, spoken = this_portal(), i18n.current_speech()
    named = [(site.origin, _country(site, spoken.text_language)) for site in portal.sites]
    return sorted(named, key=lambda pair: sort_key(pair[1], spoken.code))


def _country(site: Site, language: str) -> str:
    """As its file names it; in a language that the file does not have, as Unicode does."""
    known = i18n.chain(language)[-1] in site.names.by_language
    return site.name_in(language) if known else formats.country_name(site.territory)


def here() -> str:
    """Where to come back to: this page, unless it answered a form that has no page of its own."""
    readable = request.method == "GET" or current_app.url_map.bind("").test(request.path, "GET")
    if not readable:
        return "/"
    return request.full_path if request.query_string else request.path


def page_context() -> dict[str, Any]:
    """What every page is built with; cheap, since nothing here asks the database again."""
    spoken = i18n.current_speech()
    site = site_or_none()
    return {
        "site": site,
        "site_name": site.name_in(spoken.text_language) if site else "",
        "speech": spoken,
        "visitor": auth.visitor_or_none(),
        "agent": agent_auth.agent_or_none(),
        "console": place() == "support",
        "visit": visits.shown_or_none(),
        "at_visit": place() == "visit",
        "languages": language.offered(),
        "nonce": nonce(),
        "path": request.path,
        "here": here(),
        "front_address": this_portal().settings.origin() + "/",
        "production": this_portal().settings.production,
    }


def init_app(app: Flask) -> None:
    app.before_request(language.speak)
    app.context_processor(page_context)
    app.jinja_env.globals.update(
        formats.keywords(
            arrow=arrow,
            asset_url=asset_url,
            endonym=formats.language_name,
            direction_of=i18n.direction_of,
            hx=hx,
            icon=icon,
            initials=initials,
            list_url=list_url,
            matching_url=matching_url,
            invoices_url=invoices_url,
            seats_url=seats_url,
            sort_link=sort_link,
            sorted_as=sorted_as,
            address_of=address_of,
            billing_autocomplete=billing_autocomplete,
            countries=countries,
            national_id_hint=national_id_hint,
            form_errors=form_errors,
            instant=from_micros,
            iso_day=date.fromisoformat,
            last_day_before=last_day_before,
            undelivered_reason=reason_in_words,
            country_sites=country_sites,
            fonts=fonts,
        )
    )
    app.jinja_env.filters["billing_field"] = lambda field: i18n._(billing_details.field_name(field))
    app.jinja_env.filters["national_id"] = national_id
    app.jinja_env.filters["grouped"] = formats.grouped
    app.jinja_env.filters["reference"] = formats.spaced_reference
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True
