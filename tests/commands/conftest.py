"""Commands as an operator types them, at the test's portal."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from flask.cli import ScriptInfo

from webapp import create_app
from webapp.assembly import Portal
from webapp.commands import cli

Portals = Callable[..., Result]


@pytest.fixture
def type_in(portal: Portal) -> Portals:
    """`type_in("payments", "import", path)`."""
    app = create_app(portal)

    def type_in(*arguments: object) -> Result:
        info = ScriptInfo(create_app=lambda: app)
        return CliRunner().invoke(cli, list(map(str, arguments)), obj=info)

    return type_in


@pytest.fixture
def write_lines(tmp_path: Path) -> Callable[..., Path]:
    def write(*content: bytes, name: str = "lines.jsonl") -> Path:
        path = tmp_path / name
        path.write_bytes(b"".join(line + b"\n" for line in content))
        return path

    return write
