"""An answer's HTML as a tree, and what each page and fragment of the portal must be like."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from functools import cached_property
from html.parser import HTMLParser
from itertools import pairwise

VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
NOT_TEXT = {"script", "style", "svg"}
INLINE = {
    "a",
    "abbr",
    "b",
    "bdi",
    "bdo",
    "code",
    "em",
    "i",
    "s",
    "small",
    "span",
    "strong",
    "sub",
    "sup",
    "time",
    "wbr",
}
HEADINGS = {f"h{level}": level for level in range(1, 7)}
# An attribute whose words are ids of the same answer.
REFERENCES = ("for", "aria-describedby", "aria-labelledby", "aria-controls", "popovertarget")
_NONE_SAID = re.compile(r"^None$|(?<!^)(?<![.!?]\s)\bNone\b|^None\s+[^a-z\s]")


class Element:
    def __init__(self, tag: str, attributes: dict[str, str], parent: Element | None) -> None:
        self.tag, self.attributes, self.parent = tag, attributes, parent
        self.children: list[Element | str] = []

    def __repr__(self) -> str:
        named = "".join(
            f' {name}="{self[name]}"' for name in ("id", "name", "href", "action") if name in self
        )
        return f"<{self.tag}{named}>"

    def __contains__(self, name: str) -> bool:
        return name in self.attributes

    def __getitem__(self, name: str) -> str:
        return self.attributes[name]

    def get(self, name: str, default: str = "") -> str:
        return self.attributes.get(name, default)

    @property
    def inside(self) -> Iterator[Element]:
        """Every element below, in the order of the document."""
        for child in self.children:
            if isinstance(child, Element):
                yield child
                yield from child.inside

    @cached_property
    def elements(self) -> list[Element]:
        """The same, of a page that was read to its end."""
        return list(self.inside)

    @property
    def texts(self) -> Iterator[str]:
        for child in self.children:
            if isinstance(child, str):
                yield child
            elif child.tag not in NOT_TEXT:
                apart = "" if child.tag in INLINE else " "
                yield from (apart, *child.texts, apart)

    @property
    def text(self) -> str:
        """What people read, in one line."""
        return " ".join("".join(self.texts).split())

    def all(self, tag: str = "", **attributes: str) -> list[Element]:
        """`all("input", name="q")`; `class_` and `aria_label` are written as Python allows."""
        wanted = {name.rstrip("_").replace("_", "-"): value for name, value in attributes.items()}
        return [
            element
            for element in self.elements
            if (not tag or element.tag == tag) and wanted.items() <= element.attributes.items()
        ]

    def one(self, tag: str = "", **attributes: str) -> Element:
        found = self.all(tag, **attributes)
        assert len(found) == 1, f"{len(found)} × <{tag} {attributes}> in {self}"
        return found[0]

    def within(self, *tags: str) -> bool:
        return self.parent is not None and (self.parent.tag in tags or self.parent.within(*tags))


class _Builder(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.root = self.current = Element("", {}, None)
        self.slips: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = self._add(tag, attrs)
        if tag not in VOID:
            self.current = element

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._add(tag, attrs)

    def _add(self, tag: str, attrs: list[tuple[str, str | None]]) -> Element:
        twice = [name for name, times in Counter(name for name, _ in attrs).items() if times > 1]
        self.slips += [f"<{tag}> has {name} twice" for name in twice]
        element = Element(tag, {name: value or "" for name, value in attrs}, self.current)
        self.current.children.append(element)
        return element

    def handle_endtag(self, tag: str) -> None:
        if tag != self.current.tag:
            self.slips.append(f"</{tag}> closes {self.current}")
        if self.current.parent is not None:
            self.current = self.current.parent

    def handle_data(self, data: str) -> None:
        self.current.children.append(data)


class Page(Element):
    """A whole page, or the fragment that htmx puts into one."""

    def __init__(self, html: str) -> None:
        builder = _Builder()
        builder.feed(html)
        builder.close()
        super().__init__("", {}, None)
        self.children = builder.root.children
        self.slips = builder.slips + ([f"{builder.current} is not closed"] if builder.current.tag else [])

    @property
    def whole(self) -> bool:
        return any(element.tag == "html" for element in self.elements)

    @property
    def title(self) -> str:
        return self.one("title").text

    @property
    def heading(self) -> str:
        return self.one("h1").text

    @property
    def links(self) -> list[str]:
        return [link["href"] for link in self.all("a") if "href" in link]


def problems_of(page: Page, *, nonce: str, noindex: bool | None) -> list[str]:
    """Everything that no page may have; empty for a good one. `noindex` None: either will do."""
    found = [*page.slips, *_nonces(page, nonce)]
    for check in (_ids, _htmx_repeats, _inline_code, _leftovers, _names, _references):
        found += check(page)
    if page.whole:
        for check in (_frame, _headings, _targets):
            found += check(page)
        found += _robots(page, noindex)
    return found


def _nonces(page: Page, nonce: str) -> Iterator[str]:
    for element in page.elements:
        if element.tag == "script" and (not nonce or element.get("nonce") != nonce):
            yield f"{element} has not the nonce of the answer"
        if any(name.startswith("hx-") for name in element.attributes) and element.get("hx-nonce") != nonce:
            yield f"{element} has hx-* attributes without the nonce of the answer"


def _ids(page: Page) -> Iterator[str]:
    times = Counter(element["id"] for element in page.elements if "id" in element)
    yield from (f"id {name} is there {number} times" for name, number in times.items() if number > 1)


def _htmx_repeats(page: Page) -> Iterator[str]:
    """What htmx does, the browser does without it."""
    for element in page.elements:
        method = element.get("method", "get").lower()
        if "hx-get" in element:
            plain = (
                element.get("href")
                if element.tag == "a"
                else element.get("action")
                if method == "get"
                else ""
            )
            if plain != element["hx-get"]:
                yield f"{element} hx-get={element['hx-get']} is not what it does without htmx"
        if "hx-post" in element and (element.get("action") != element["hx-post"] or method != "post"):
            yield f"{element} hx-post={element['hx-post']} is not its action"


def _inline_code(page: Page) -> Iterator[str]:
    for element in page.elements:
        bad = [name for name in element.attributes if name == "style" or name.startswith(("on", "hx-on"))]
        yield from (f"{element} has {name}=" for name in bad)
        if element.tag == "style" or any(
            value.startswith("javascript:") for value in element.attributes.values()
        ):
            yield f"{element} holds style or script"


def _leftovers(page: Page) -> Iterator[str]:
    """Traces of a value that was not there, or of a text that was not filled in."""
    for element in page.elements:
        if element.tag in NOT_TEXT or element.within(*NOT_TEXT):
            continue
        for text in (" ".join(child.split()) for child in element.children if isinstance(child, str)):
            if _NONE_SAID.search(text) or "%(" in text or "Undefined" in text:
                yield f"{element} says “{text}”"
        yield from (
            f"{element} {name}={value}"
            for name, value in element.attributes.items()
            if value == "None" or "%(" in value
        )


def _names(page: Page) -> Iterator[str]:
    """Fields have labels; buttons and links have words."""
    labelled = {label["for"] for label in page.all("label") if "for" in label}
    for element in page.elements:
        said = element.get("aria-label") or element.get("aria-labelledby")
        if element.get("aria-hidden") == "true":
            continue
        if element.tag in ("input", "select", "textarea"):
            hidden = element.get("type") in ("hidden", "submit", "button")
            if not (hidden or said or element.get("id") in labelled or element.within("label")):
                yield f"{element} has no label"
        if element.tag in ("a", "button") and not (said or element.text):
            yield f"{element} has no words"


def _references(page: Page) -> Iterator[str]:
    ids = {element["id"] for element in page.elements if "id" in element}
    for element in page.elements:
        for name in REFERENCES:
            for wanted in element.get(name).split():
                if wanted not in ids:
                    yield f"{element} {name}={wanted}, which is not there"


def _targets(page: Page) -> Iterator[str]:
    """Of whole pages only: a fragment's targets are on the page that it goes to."""
    ids = {element["id"] for element in page.elements if "id" in element}
    for element in page.elements:
        for name in ("href", "hx-target", "hx-indicator"):
            if element.get(name).startswith("#") and element[name][1:] not in ids:
                yield f"{element} {name}={element[name]}, which is not there"


def _frame(page: Page) -> Iterator[str]:
    html = page.one("html")
    if not html.get("lang") or html.get("dir") not in ("ltr", "rtl"):
        yield f"lang={html.get('lang')} dir={html.get('dir')}"
    titles = [title.text for title in page.all("title")]
    if len(titles) != 1 or not titles[0] or titles[0].startswith("–"):
        yield f"titles: {titles}"
    for tag in ("main", "header", "footer"):
        if len([element for element in page.all(tag) if not element.within("main")]) != 1:
            yield f"not one <{tag}>"


def _headings(page: Page) -> Iterator[str]:
    levels = [HEADINGS[element.tag] for element in page.elements if element.tag in HEADINGS]
    if levels.count(1) != 1 or levels[0] != 1:
        yield f"headings {levels}: one h1, before all others"
    yield from (f"h{lower} follows h{upper}" for upper, lower in pairwise(levels) if lower > upper + 1)


def _robots(page: Page, noindex: bool | None) -> Iterator[str]:
    said = [meta.get("content") for meta in page.all("meta", name="robots")]
    if noindex is not None and noindex != ("noindex" in said):
        yield f"robots: {said}, expected {'noindex' if noindex else 'nothing'}"
