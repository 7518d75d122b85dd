"""Turns an e-mail's templates into subject, text and HTML in the language that is spoken just now."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template

from webapp.config import resource_folder
from webapp.formats import keywords
from webapp.i18n import Speech, speaking
from webapp.isolates import well_nested
from webapp.sites import Site

# Line breaks, control characters, and marks that let a name read in another order than it is written.
_UNWANTED = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]+")
_BUT_ISOLATES = re.compile(
    _UNWANTED.pattern.replace("\u2066-\u2069", "\u2066\u2067")
)  # they keep names apart


@dataclass(frozen=True, slots=True)
class Rendered:
    subject: str
    text: str
    html: str


def one_line(text: str) -> str:
    """Without line breaks and control characters: nobody's name may add a header or a paragraph."""
    if text.isprintable():
        return text.strip()
    return (_BUT_ISOLATES if well_nested(text) else _UNWANTED).sub(" ", text).strip()


def _flatten(value: Any) -> Any:
    return one_line(value) if type(value) is str else value  # what macros return is marked up already


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(resource_folder("templates")),
        autoescape=lambda name: name is not None and name.endswith(".html"),
        undefined=StrictUndefined,
        finalize=_flatten,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.globals.update(keywords())
    return environment


@lru_cache(maxsize=256)
def _parts(site: Site, speech: Speech) -> Any:
    """The macros of HTML mails in the site's colours; what they say is translated when they are called."""
    return _environment().get_template("email/parts.html").make_module({"site": site, "speech": speech})


def render(kind: str, *, site: Site, speech: Speech, context: Mapping[str, Any]) -> Rendered:
    """`templates/email/<kind>/`: what is set in `words.txt` is there in subject, text and HTML."""
    with speaking(speech):
        known = {**context, "site": site, "speech": speech, "parts": _parts(site, speech)}
        known.update(_words(kind, known))
        known["subject"] = subject = one_line(_template(kind, "subject.txt").render(known))
        text = _template(kind, "body.txt").render(known).strip() + "\n"
        return Rendered(subject, text, _template(kind, "body.html").render(known))


def _words(kind: str, known: Mapping[str, Any]) -> dict[str, Any]:
    module = _template(kind, "words.txt").make_module(dict(known))
    return {name: value for name, value in vars(module).items() if not name.startswith("_")}


def _template(kind: str, name: str) -> Template:
    return _environment().get_template(f"email/{kind}/{name}")
