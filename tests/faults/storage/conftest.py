"""Pages are asked of a portal where the cast lives."""

from tests.web.conftest import (
    _assets_read_once,
    alice,
    app,
    cast,
    engine,
    fr,
    postgres_cast,
    sqlite_cast,
)

__all__ = ["_assets_read_once", "alice", "app", "cast", "engine", "fr", "postgres_cast", "sqlite_cast"]
