"""The country sites as they are shipped, and what happens when a file of theirs is wrong."""

from pathlib import Path

TENANTS = Path(__file__).parents[2] / "tenants"
CODES = (
    *("ae", "at", "be", "ca", "ch", "cz", "de", "es", "fr", "gb", "hu", "it"),
    *("jp", "nl", "pl", "pt", "sk", "us"),
)


def origin(code: str) -> str:
    return f"https://{code}.portal.example"


def change(file: Path, old: str, new: str) -> None:
    before = file.read_text(encoding="utf-8")
    assert old in before
    file.write_text(before.replace(old, new), encoding="utf-8")
