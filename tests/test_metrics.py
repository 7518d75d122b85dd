"""Figures of several processes are one figure, and outlive those processes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from webapp import metrics

COUNT = """
from pathlib import Path
from webapp import metrics
metrics.keep_in(Path({folder!r}))
for _each in range({times}):
    metrics.request_answered(route="/help", method="GET", status="200", site="fr", seconds=0.01)
metrics.job_ended(job="outbox", site="fr", ok={ok}, seconds=2)
"""
READ = """
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector
registry = CollectorRegistry()
MultiProcessCollector(registry, {folder!r})
print(generate_latest(registry).decode())
"""


def run(program: str, **more: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, **more},
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_what_processes_counted_is_added_up_when_they_are_gone(tmp_path: Path) -> None:
    folder = str(tmp_path / "metrics")
    run(COUNT.format(folder=folder, times=3, ok=True))
    run(COUNT.format(folder=folder, times=4, ok=False))
    told = run(READ.format(folder=folder))
    assert 'portal_requests_total{method="GET",route="/help",site="fr",status="200"} 7.0' in told
    assert 'portal_request_seconds_count{method="GET",route="/help"} 7.0' in told
    assert 'portal_job_runs_total{job="outbox",outcome="failed",site="fr"} 1.0' in told
    assert told.count("portal_job_last_success_timestamp_seconds{") == 1


def test_without_a_folder_nothing_is_counted_and_nothing_loaded() -> None:
    metrics.keep_in(None)
    metrics.request_answered(route="/help", method="GET", status="200", site="fr", seconds=0.01)
    metrics.job_ended(job="outbox", site="fr", ok=True, seconds=2)
    program = "import sys, webapp; webapp.create_app(); print('prometheus_client' in sys.modules)"
    assert run(program).strip() == "False"
