"""Reads TOML field by field; what is missing, misspelt or of the wrong kind is refused in plain words."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

FALLBACK_LANGUAGE = "en"
_LANGUAGE = re.compile(r"[a-z]{2}(_[A-Z]{2})?")


class SiteConfigError(Exception):
    """A file below `tenants/` says something the portal can't use; the message names file and field."""

    def __init__(self, file: Path, field: str, problem: str) -> None:
        super().__init__(f"{file}: {field}: {problem}" if field else f"{file}: {problem}")
        self.file, self.field, self.problem = file, field, problem


def base_language(language: str) -> str:
    return language.partition("_")[0]


@dataclass(frozen=True, slots=True)
class LocalText:
    """A short text that may differ from language to language; English, or the first one, stands in."""

    by_language: Mapping[str, str]

    def in_language(self, language: str) -> str:
        for candidate in (language, base_language(language), FALLBACK_LANGUAGE):
            if candidate in self.by_language:
                return self.by_language[candidate]
        return next(iter(self.by_language.values()))


@dataclass(frozen=True, slots=True)
class Shape:
    """What a text must look like, and one that does."""

    pattern: re.Pattern[str]
    example: str


LANGUAGE = Shape(_LANGUAGE, "de_CH")


class Fields:
    """One table of a file. Each field is taken once; what nobody took is a slip, see `end`."""

    def __init__(self, file: Path, values: Mapping[str, Any], within: str = "") -> None:
        self.file, self._left, self._within = file, dict(values), within

    def __contains__(self, name: str) -> bool:
        return name in self._left

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self._left)

    def wrong(self, name: str, problem: str) -> SiteConfigError:
        return SiteConfigError(self.file, f"{self._within}{name}", problem)

    def end(self) -> None:
        for name in self._left:
            raise self.wrong(name, "the portal knows no such field")

    def is_text(self, name: str) -> bool:
        return isinstance(self._left.get(name), str)

    def named(self, name: str, shape: Shape) -> str:
        """The field's own name, where names are free to choose."""
        return self._shaped(name, name, shape)

    def text(self, name: str, shape: Shape | None = None) -> str:
        value: str = self._take(name, str, f"a text such as “{shape.example}”" if shape else "a text")
        return self._shaped(name, value, shape)

    def optional_text(self, name: str) -> str:
        """Empty where it is left out; an empty text itself is a slip."""
        return self.text(name) if name in self else ""

    def choice(self, name: str, choices: Sequence[str]) -> str:
        return self._chosen(name, self.text(name), choices)

    def flag(self, name: str) -> bool:
        value: bool = self._take(name, bool, "true or false")
        return value

    def number(self, name: str) -> int:
        value: int = self._take(name, int, "a whole number")
        if value < 1:
            raise self.wrong(name, f"{value} must be 1 or more")
        return value

    def decimal(self, name: str) -> Decimal:
        text = self.text(name)
        try:
            value = Decimal(text)
        except InvalidOperation:
            value = Decimal("NaN")
        if not value.is_finite() or value < 0:
            raise self.wrong(name, f'“{text}” must be a number written as a text, such as "8.1"')
        return value

    def texts(self, name: str, shape: Shape | None = None) -> tuple[str, ...]:
        values: list[Any] = self._take(name, list, "a list of texts")
        if not all(isinstance(value, str) and value for value in values) or len(set(values)) < len(values):
            raise self.wrong(name, "must be a list of texts, each of them once")
        return tuple(self._shaped(name, value, shape) for value in values)

    def choices(self, name: str, choices: Sequence[str]) -> tuple[str, ...]:
        return tuple(self._chosen(name, value, choices) for value in self.texts(name))

    def some_of(self, name: str, choices: Sequence[str]) -> tuple[str, ...]:
        """Perhaps none of them."""
        if self._left.get(name, []) == []:
            self._left.pop(name, None)
            return ()
        return self.choices(name, choices)

    def local_text(self, name: str) -> LocalText:
        """One text for all languages, or a table with a text for each."""
        if self.is_text(name):
            return LocalText(MappingProxyType({FALLBACK_LANGUAGE: self.text(name)}))
        table = self.table(name, "a text, or a table with one text for each language")
        return LocalText(
            MappingProxyType({table.named(code, LANGUAGE): table.text(code) for code in table.names})
        )

    def table(self, name: str, what: str = "a table") -> Fields:
        return Fields(self.file, self._take(name, dict, what), f"{self._within}{name}.")

    def tables(self, name: str) -> tuple[Fields, ...]:
        """Written as `[[name]]`, once for each."""
        values: list[Any] = self._take(name, list, "a list of tables")
        if not all(isinstance(value, dict) for value in values):
            raise self.wrong(name, "must be a list of tables")
        within = f"{self._within}{name}"
        return tuple(Fields(self.file, value, f"{within}[{place}].") for place, value in enumerate(values, 1))

    def _take(self, name: str, kind: type, what: str) -> Any:
        if name not in self._left:
            raise self.wrong(name, f"is missing; it must be {what}")
        value = self._left.pop(name)
        # `type`, since true and false are whole numbers to isinstance.
        if type(value) is not kind or value in ("", [], {}):
            raise self.wrong(name, f"must be {what}")
        return value

    def _shaped(self, name: str, value: str, shape: Shape | None) -> str:
        if shape and not shape.pattern.fullmatch(value):
            raise self.wrong(name, f"“{value}” must look like “{shape.example}”")
        return value

    def _chosen(self, name: str, value: str, choices: Sequence[str]) -> str:
        if value not in choices:
            raise self.wrong(name, f"“{value}” is not one of: {', '.join(choices)}")
        return value


@lru_cache(maxsize=64)
def _parsed(text: str) -> Mapping[str, Any]:
    """Parsing is most of the time that sites take to load; the same words need it once. `Fields` takes from
    copies, so nobody changes what is kept."""
    return tomllib.loads(text)


def read_fields(file: Path) -> Fields:
    try:
        return Fields(file, _parsed(file.read_text(encoding="utf-8")))
    except FileNotFoundError:
        raise SiteConfigError(file, "", "there is no such file") from None
    except UnicodeDecodeError:
        raise SiteConfigError(file, "", "is not written in UTF-8") from None
    except tomllib.TOMLDecodeError as problem:
        raise SiteConfigError(file, "", f"is not valid TOML: {problem}") from None
