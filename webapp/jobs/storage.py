"""Where the queue is kept: a file beside the data, PostgreSQL or Redis, as its URL says."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from huey.storage import BaseStorage, PostgresStorage, PriorityRedisStorage, SqliteStorage


class QueueFile(SqliteStorage):
    """Made anew when it was deleted in mid-run or can't be read: what it held is due still."""

    _conn: sqlite3.Connection | None

    def __init__(self, name: str, filename: str, **options: Any) -> None:
        Path(filename).parent.mkdir(parents=True, exist_ok=True)
        self._opened_file = 0
        super().__init__(name, filename, **options)

    @property
    def conn(self) -> sqlite3.Connection:
        if self._conn is not None and self._file_now() != self._opened_file:
            self._conn.close()
            self._conn = None
        connection: sqlite3.Connection = super().conn
        return connection

    def _file_now(self) -> int:
        try:
            return os.stat(self.filename).st_ino
        except FileNotFoundError:
            return 0

    def _create_connection(self) -> sqlite3.Connection:
        try:
            return self._open()
        except sqlite3.OperationalError:
            raise  # busy, or the disk is full: the file may be sound
        except sqlite3.DatabaseError:
            self._remove()
            return self._open()

    def _open(self) -> sqlite3.Connection:
        if not self._file_now():
            self._remove()  # what belonged to the deleted file would be read into the new one
        connection: sqlite3.Connection = super()._create_connection()
        for statement in self.ddl:
            connection.execute(statement)
        self._opened_file = self._file_now()
        return connection

    def _remove(self) -> None:
        for part in ("", "-wal", "-shm"):
            with suppress(FileNotFoundError):
                os.unlink(self.filename + part)


def storage_for(url: str) -> Callable[[str], BaseStorage]:
    """What makes the storage of a queue, given its name."""
    kind = urlsplit(url).scheme
    if kind == "sqlite":
        return lambda name: QueueFile(name, url.removeprefix("sqlite:///"))
    if kind == "postgresql":
        return lambda name: PostgresStorage(name, dsn=url, table_prefix="portal_queue")
    return lambda name: PriorityRedisStorage(name, url=url)
