"""The demo's clock: one for all processes, running on, begun anew by another instant."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from webapp import clock as clocks
from webapp.clock import make_clock, system_clock

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
MORNING = datetime(2027, 2, 20, 7, tzinfo=UTC)


class Wall:
    """The real time, as a test wants it."""

    def __init__(self) -> None:
        self.shows = datetime(2026, 5, 1, 8, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.shows

    def forward(self, **span: float) -> None:
        self.shows += timedelta(**span)


@pytest.fixture
def wall(monkeypatch: pytest.MonkeyPatch) -> Wall:
    wall = Wall()
    monkeypatch.setattr(clocks, "system_clock", wall)
    return wall


def test_without_a_start_it_is_the_real_time(tmp_path: Path) -> None:
    assert make_clock(None, tmp_path) is system_clock
    assert abs(system_clock() - datetime.now(UTC)) < timedelta(minutes=1)
    assert list(tmp_path.iterdir()) == []


def test_it_starts_at_its_instant_and_runs_on(wall: Wall, tmp_path: Path) -> None:
    clock = make_clock(NOON, tmp_path / "not" / "there" / "yet")
    assert clock() == NOON
    wall.forward(hours=30)
    assert clock() == NOON + timedelta(hours=30)


def test_a_later_process_does_not_start_it_again(wall: Wall, tmp_path: Path) -> None:
    first = make_clock(NOON, tmp_path)
    wall.forward(days=3)
    later = make_clock(NOON, tmp_path)
    assert later() == first() == NOON + timedelta(days=3)


def test_another_instant_starts_it_anew_for_who_comes_then(wall: Wall, tmp_path: Path) -> None:
    make_clock(NOON, tmp_path)
    wall.forward(days=3)
    assert make_clock(MORNING, tmp_path)() == MORNING
    wall.forward(hours=1)
    assert make_clock(MORNING, tmp_path)() == MORNING + timedelta(hours=1)
    assert make_clock(NOON, tmp_path)() == NOON


def test_the_same_instant_in_another_zone_is_the_same(wall: Wall, tmp_path: Path) -> None:
    make_clock(NOON, tmp_path)
    wall.forward(hours=5)
    tokyo = datetime.fromisoformat("2026-11-22T21:00:00+09:00")
    assert make_clock(tokyo, tmp_path)() == NOON + timedelta(hours=5)


def test_each_folder_of_data_has_its_own(wall: Wall, tmp_path: Path) -> None:
    make_clock(NOON, tmp_path / "one")
    wall.forward(days=1)
    assert make_clock(NOON, tmp_path / "two")() == NOON


AGREE = """
import sys
from datetime import datetime
from pathlib import Path
from webapp import clock
sys.stdin.readline()
shared = clock.make_clock(datetime.fromisoformat(sys.argv[1]), Path(sys.argv[2]))
clock.system_clock = lambda: datetime.fromisoformat("2026-05-01T00:00:00Z")
print(shared().isoformat())
"""


def test_eight_processes_that_start_at_once_agree(tmp_path: Path) -> None:
    command = [sys.executable, "-c", AGREE, NOON.isoformat(), str(tmp_path)]
    started = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(8)
    ]
    for process in started:
        assert process.stdin
        process.stdin.write("go\n")
        process.stdin.flush()
    told = {process.communicate(timeout=60)[0] for process in started}
    assert len(told) == 1
    assert told != {""}
