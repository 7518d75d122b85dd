"""A backup is one ZIP file: the rows of each table as lines of JSON, and last what it must hold, counted and
with checksums. Either engine writes it and either reads it; `unzip` shows what is in it."""

from __future__ import annotations

import getpass
import hashlib
import json
import os
import secrets
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import peewee as pw

from webapp.data.tables import Content, Row, Show, Table, head_line, tables, write_lines

FORMAT = 1
_MANIFEST = "manifest.json"
_ENTRY_DATE = (1980, 1, 1, 0, 0, 0)
_READ = 1 << 20


class BackupRefused(RuntimeError):
    """Nothing was changed; the message says why, and what to do."""


class Damaged(BackupRefused):
    """The file is not what was once written."""


@dataclass(frozen=True, slots=True)
class Manifest:
    site: str
    engine: str
    made_at: str
    schema: tuple[str, ...]  # names of the migrations that were applied
    tables: tuple[Table, ...]
    contents: Mapping[str, Content]
    next_ids: Mapping[str, int]
    sealed: int  # account numbers that only the vault's key opens
    key_check: str

    @property
    def rows(self) -> int:
        return sum(content.rows for content in self.contents.values())

    @property
    def sha256(self) -> str:
        """Of all tables: two databases with the same rows have the same, on whichever engine."""
        return combined(self.contents)


def combined(contents: Mapping[str, Content]) -> str:
    lines = [f"{name} {contents[name].rows} {contents[name].sha256}\n" for name in sorted(contents)]
    return hashlib.sha256("".join(lines).encode()).hexdigest()


# ---- writing


@contextmanager
def appearing(path: Path) -> Iterator[Path]:
    """A file beside it that becomes this one at the end, whole or not at all; one that is there stays."""
    if path.exists():
        raise BackupRefused(f"{path} is there already, and nothing is overwritten: choose another name.")
    if not path.parent.is_dir():
        raise BackupRefused(f"There is no folder {path.parent}.")
    if not os.access(path.parent, os.W_OK):
        raise BackupRefused(f"{path.parent} can’t be written by the user {getpass.getuser()}, who runs this.")
    partial = path.with_name(f".{path.name}.{secrets.token_hex(4)}.partial")
    try:
        partial.touch(mode=0o600)  # it holds everything that customers have confided to us
        yield partial
        _keep(partial, path)
    finally:
        partial.unlink(missing_ok=True)


def _keep(partial: Path, path: Path) -> None:
    with partial.open("rb") as file:
        os.fsync(file.fileno())
    try:
        os.link(partial, path)
    except FileExistsError:
        raise BackupRefused(f"{path} has appeared meanwhile, and nothing is overwritten.") from None
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def write(
    path: Path, opened: pw.Database, describe: Callable[[dict[str, Any]], Manifest], show: Show
) -> Manifest:
    """Inside a snapshot. `describe` makes the manifest of what was written."""
    found, contents = tables(opened), {}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for table in found:
            with archive.open(_entry(table.name), "w", force_zip64=True) as stream:
                contents[table.name] = write_lines(opened, table, stream.write, show)
        manifest = describe({"tables": tuple(found), "contents": contents})
        archive.writestr(zipfile.ZipInfo(_MANIFEST, _ENTRY_DATE), _as_json(manifest))
    return manifest


def _entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(f"tables/{name}.jsonl", _ENTRY_DATE)
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry._compresslevel = 1  # type: ignore[attr-defined]
    return entry


def _as_json(manifest: Manifest) -> str:
    told = asdict(manifest)
    return json.dumps({"format": FORMAT, "sha256": manifest.sha256, **told}, indent=1)


# ---- reading

_BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, KeyError, ValueError, TypeError, NotImplementedError)


@contextmanager
def _whole(path: Path) -> Iterator[None]:
    try:
        yield
    except _BROKEN as problem:
        raise Damaged(f"{path} is damaged, or no backup: {problem}") from problem
    except OSError as problem:
        raise BackupRefused(f"{path} can’t be read: {problem.strerror or problem}") from problem


def read_manifest(path: Path) -> Manifest:
    with _whole(path), zipfile.ZipFile(path) as archive:
        told = json.loads(archive.read(_MANIFEST))
        if told.pop("format") != FORMAT:
            raise BackupRefused(f"{path} was written by a newer portal: read it with that one.")
        stated = told.pop("sha256")
        manifest = _manifest(told)
        if manifest.sha256 != stated:
            raise Damaged(f"{path} is damaged: its list of contents contradicts itself.")
        return manifest


def _manifest(told: dict[str, Any]) -> Manifest:
    return Manifest(
        **{
            **told,
            "schema": tuple(told["schema"]),
            "tables": tuple(
                Table(one["name"], tuple((name, kind) for name, kind in one["columns"]), tuple(one["key"]))
                for one in told["tables"]
            ),
            "contents": {name: Content(**content) for name, content in told["contents"].items()},
        }
    )


def read(path: Path, manifest: Manifest, table: Table) -> Iterator[list[Row]]:
    """The rows of a table; `Damaged` at the end at the latest if they are not those that were written."""
    digest, rows = hashlib.sha256(), 0
    with _whole(path), zipfile.ZipFile(path) as archive, archive.open(_entry(table.name).filename) as stream:
        head = stream.readline()
        digest.update(head)
        if head != head_line(table):
            raise Damaged(f"{path} is damaged: the columns of {table.name} are others than listed.")
        while lines := stream.readlines(_READ):
            digest.update(b"".join(lines))
            rows += len(lines)
            yield json.loads(b"[" + b",".join(lines) + b"]")
    if Content(rows, digest.hexdigest()) != manifest.contents[table.name]:
        raise Damaged(f"{path} is damaged: the rows of {table.name} do not give its checksum.")


def verify(path: Path, manifest: Manifest, show: Show) -> None:
    for table in manifest.tables:
        for found in read(path, manifest, table):
            show(len(found))
