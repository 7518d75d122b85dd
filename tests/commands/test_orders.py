"""`portal orders …`: files of orders, corrections, the schema."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import peewee as pw
import pytest
from click.testing import CliRunner, Result
from flask.cli import ScriptInfo

from tests.support.orders import RESEND, SAMPLE, an_order, bad_lines, lines
from webapp import create_app
from webapp.assembly import Portal
from webapp.commands import cli, intake_import, order_import
from webapp.data.outbox import OutboxMessage
from webapp.data.subscriptions import Order, Subscription
from webapp.domain.orders.order_document import published_schema
from webapp.domain.orders.order_intake import take_order

Run = Callable[..., Result]


@pytest.fixture
def run(portal: Portal) -> Run:
    app = create_app(portal)

    def run(*arguments: object) -> Result:
        info = ScriptInfo(create_app=lambda: app)
        return CliRunner().invoke(cli, ["orders", *map(str, arguments)], obj=info)

    return run


@pytest.fixture
def orders_file(tmp_path: Path) -> Callable[..., Path]:
    def write(*content: bytes, name: str = "orders.jsonl", end: bytes = b"\n") -> Path:
        path = tmp_path / name
        path.write_bytes(end.join(content) + end)
        return path

    return write


def refused_file(path: Path) -> Path:
    return path.with_name(path.name + ".refused.jsonl")


def counts(result: Result) -> dict[str, int]:
    report = json.loads(result.stdout)
    return {kind: report[kind] for kind in ("accepted", "known", "lapsed", "refused")}


def stored(portal: Portal, code: str = "fr") -> int:
    with portal.at(portal.sites[code]):
        return Order.select().count()


# ---- import


def test_the_sample_files_are_taken_once(run: Run, orders_file: Callable[..., Path]) -> None:
    sample = orders_file(*lines(SAMPLE))
    first = run("import", sample, "--json")
    assert json.loads(first.stdout) == {"accepted": 58, "known": 0, "lapsed": 2, "refused": 0, "refusals": []}
    assert first.exit_code == 0
    again = run("import", sample, "--json")
    assert counts(again) == {"accepted": 0, "known": 60, "lapsed": 0, "refused": 0}
    resent = run("import", orders_file(*lines(RESEND), name="resend.jsonl"), "--json")
    assert counts(resent) == {"accepted": 0, "known": 2, "lapsed": 0, "refused": 0}
    assert resent.exit_code == 0


def test_the_good_lines_of_a_mixed_file_go_in(run: Run, orders_file: Callable[..., Path]) -> None:
    bad, good = list(bad_lines()), lines(SAMPLE)
    mixed = [*good[:40], *(line for _, line, _, _ in bad), *good[40:]]
    path = orders_file(*mixed)
    result = run("import", path, "--json")
    assert result.exit_code == 1
    assert counts(result) == {"accepted": 58, "known": 0, "lapsed": 2, "refused": len(bad)}
    told = [(told["line"], told["code"], told["field"]) for told in json.loads(result.stdout)["refusals"]]
    assert told == [(41 + index, code, field) for index, (_, _, code, field) in enumerate(bad)]
    assert refused_file(path).read_bytes() == b"\n".join(line for _, line, _, _ in bad) + b"\n"


def test_mended_lines_are_fed_again(run: Run, orders_file: Callable[..., Path], portal: Portal) -> None:
    path = orders_file(an_order(order_number="1"), an_order(order_number="2", quantity=0))
    assert run("import", path).exit_code == 1
    mended = refused_file(path)
    mended.write_bytes(mended.read_bytes().replace(b'"quantity": 0', b'"quantity": 2'))
    result = run("import", mended, "--json")
    assert (result.exit_code, counts(result)["accepted"]) == (0, 1)
    assert stored(portal) == 2


def test_the_refused_lines_of_an_earlier_run_go_away(run: Run, orders_file: Callable[..., Path]) -> None:
    path = orders_file(b"{")
    run("import", path)
    assert refused_file(path).read_bytes() == b"{\n"
    orders_file(b"}")
    run("import", path)
    assert refused_file(path).read_bytes() == b"}\n"
    orders_file(an_order())
    run("import", path)
    assert not refused_file(path).exists()
    assert [found.name for found in path.parent.glob(".refused-*")] == []


def test_refused_lines_are_kept_byte_for_byte(run: Run, orders_file: Callable[..., Path]) -> None:
    refused = [b"\xef\xbb\xbf{\r", b"  \xff\xfe ", b'{"a": "\\ud800"}', b"x" * 600_000, b"last"]
    path = orders_file(refused[0], b"", an_order(), b"   ", *refused[1:], end=b"\n")
    path.write_bytes(path.read_bytes().removesuffix(b"\n"))
    result = run("import", path, "--json")
    assert refused_file(path).read_bytes() == b"\n".join(refused)
    assert [told["line"] for told in json.loads(result.stdout)["refusals"]] == [1, 5, 6, 7, 8]
    assert counts(result)["accepted"] == 1


def test_an_import_never_overwrites_what_it_reads(run: Run, orders_file: Callable[..., Path]) -> None:
    path = orders_file(b"{", name="orders.jsonl")
    refused_file(path).symlink_to(path)
    run("import", path)
    assert path.read_bytes() == b"{\n"
    assert refused_file(path).read_bytes() == b"{\n"
    assert not refused_file(path).is_symlink()


@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_line_ends_marks_and_blank_lines_do_no_harm(
    run: Run, orders_file: Callable[..., Path], end: bytes
) -> None:
    path = orders_file(b"\xef\xbb\xbf" + an_order(order_number="1"), b"", an_order(order_number="2"), end=end)
    assert counts(run("import", path, "--json"))["accepted"] == 2


def test_the_last_line_needs_no_end(run: Run, orders_file: Callable[..., Path]) -> None:
    path = orders_file(an_order(), end=b"")
    assert counts(run("import", path, "--json"))["accepted"] == 1


def test_an_empty_file_is_no_mistake(run: Run, orders_file: Callable[..., Path]) -> None:
    result = run("import", orders_file(b""), "--json")
    assert (result.exit_code, sum(counts(result).values())) == (0, 0)


def test_the_summary_is_for_people(run: Run, orders_file: Callable[..., Path]) -> None:
    old = an_order(order_number="2", ordered_at="2026-01-01T00:00:00Z")
    path = orders_file(an_order(cost_center=7), old, an_order(order_number="3", quantity=0))
    result = run("import", path)
    assert result.stdout.splitlines() == [
        "accepted 1, known 0, lapsed 1, refused 1",
        "line 3: quantity: the quantity must be a whole number of 1 or more (invalid_quantity)",
    ]
    assert "cost_center" in result.stderr
    assert "90 days" in result.stderr
    assert refused_file(path).name in result.stderr


def test_a_failing_database_stops_the_import_and_loses_nothing(
    run: Run, orders_file: Callable[..., Path], portal: Portal, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = orders_file(*(an_order(order_number=str(number)) for number in range(1, 5)))

    def fail_at_three(received: Any, **others: Any) -> Any:
        if received.document.order_number == "3":
            raise pw.OperationalError("the disk is full")
        return take_order(received, **others)

    monkeypatch.setattr(order_import, "take_order", fail_at_three)
    monkeypatch.setattr(intake_import, "PAUSES", (0.0,))
    result = run("import", path, "--json")
    assert result.exit_code == 2
    assert "line 3" in result.stderr
    assert "the disk is full" in result.stderr
    assert counts(result) == {"accepted": 2, "known": 0, "lapsed": 0, "refused": 0}
    monkeypatch.undo()
    assert counts(run("import", path, "--json")) == {"accepted": 2, "known": 2, "lapsed": 0, "refused": 0}


def test_a_moment_of_trouble_is_waited_out(
    run: Run, orders_file: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    troubles = iter([pw.OperationalError("database is locked")])

    def fail_once(received: Any, **others: Any) -> Any:
        for trouble in troubles:
            raise trouble
        return take_order(received, **others)

    monkeypatch.setattr(order_import, "take_order", fail_once)
    monkeypatch.setattr(intake_import, "PAUSES", (0.0,))
    assert counts(run("import", orders_file(an_order()), "--json"))["accepted"] == 1


def test_what_is_no_file_is_refused_in_words(run: Run, tmp_path: Path) -> None:
    for name in ("missing.jsonl", "-", str(tmp_path)):
        result = run("import", name)
        assert result.exit_code == 2
        assert "FILE" in result.stderr


# ---- corrections


def test_a_purchaser_is_corrected(run: Run, orders_file: Callable[..., Path], portal: Portal) -> None:
    run("import", orders_file(an_order()))
    arguments = (
        "correct-purchaser",
        "--site",
        "fr",
        "0700000001",
        "--email",
        "bob@example.com",
        "--name",
        "Bob",
    )
    assert "bob@example.com" in run(*arguments).stdout
    with portal.at(portal.sites["fr"]):
        assert Subscription.get().administrator.name == "Bob"
    again = run(*arguments)
    assert (again.exit_code, "nothing was changed" in again.stdout) == (0, True)


def test_an_order_is_withdrawn(run: Run, orders_file: Callable[..., Path], portal: Portal) -> None:
    run("import", orders_file(an_order()))
    arguments = ("withdraw", "--site", "fr", "0700000001", "--reason", "ordered twice")
    assert run(*arguments).exit_code == 0
    with portal.at(portal.sites["fr"]):
        assert {mail.kind: mail.state for mail in OutboxMessage.select()} == {
            "activation": "withdrawn",
            "withdrawn": "queued",
        }
    again = run(*arguments)
    assert (again.exit_code, "was withdrawn before" in again.stdout) == (0, True)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("withdraw", "--site", "fr", "1", "--reason", "x"), "no order 1"),
        (("withdraw", "--site", "xx", "1", "--reason", "x"), "no site"),
        (("correct-purchaser", "--site", "fr", "1", "--email", "a@example.com"), "no order 1"),
        (("correct-purchaser", "--site", "fr", "1", "--email", "a.example.com"), "no @ sign"),
    ],
)
def test_what_cannot_be_corrected_is_said_in_words(run: Run, arguments: tuple[str, ...], words: str) -> None:
    result = run(*arguments)
    assert result.exit_code == 1
    assert words in result.stderr
    assert "Traceback" not in result.stderr


def test_the_schema_is_written(run: Run, tmp_path: Path) -> None:
    assert run("schema", tmp_path / "order.schema.json").exit_code == 0
    assert (tmp_path / "order.schema.json").read_text(encoding="utf-8") == published_schema()


# ---- as a process of its own

# Of this program alone: what getrusage() tells of a child begins with its parent's memory.
MEASURE = """
import sys
from webapp.commands import cli
try:
    cli()
finally:
    status = open("/proc/self/status").read()
    print("peak", status.partition("VmHWM:")[2].split()[0], file=sys.stderr)
"""


def import_in_a_process(path: Path, data: Path) -> tuple[dict[str, Any], float]:
    """The report, and the peak of memory in MB."""
    environment = {**os.environ, "PORTAL_DATA": str(data), "PORTAL_CLOCK": "2026-11-22T12:00:00Z"}
    command = [sys.executable, "-c", MEASURE, "orders", "import", str(path), "--json"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    peak = next(line for line in done.stderr.splitlines() if line.startswith("peak"))
    return json.loads(done.stdout), int(peak.split()[1]) / 1024


def many(path: Path, size: int, *, new_every: int) -> Path:
    """New orders, known ones and refused ones, of companies and people that are seldom the same."""
    with path.open("wb") as file:
        for number in range(size):
            new = number if number % new_every == 0 else 0
            order = {
                "order_number": f"N{new}",
                "account.customer_number": f"C{new}",
                "purchaser.email": f"person{new}@example.com",
                "quantity": 0 if number % 3 == 1 else 3,
                "account.vat_id": f"FR{new:011}",
            }
            file.write(an_order(order) + b"\n")
    return path


def measure_growth(tmp_path: Path, *, size: int, new_every: int) -> float:
    few = many(tmp_path / "few.jsonl", 1_000, new_every=new_every)
    _, peak_of_few = import_in_a_process(few, tmp_path / "few")
    report, peak = import_in_a_process(
        many(tmp_path / "many.jsonl", size, new_every=new_every), tmp_path / "many"
    )
    assert sum(report[kind] for kind in ("accepted", "known", "lapsed", "refused")) == size
    assert len(report["refusals"]) == report["refused"] > size / 4
    return peak - peak_of_few


def test_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    assert measure_growth(tmp_path, size=20_000, new_every=20) <= 20


def test_a_line_of_many_megabytes_takes_no_memory(tmp_path: Path) -> None:
    _, peak = import_in_a_process(many(tmp_path / "few.jsonl", 10, new_every=1), tmp_path / "var")
    long = tmp_path / "long.jsonl"
    long.write_bytes(an_order(purchase_order_number="9" * 50_000_000) + b"\n" + an_order() + b"\n")
    report, peak_of_long = import_in_a_process(long, tmp_path / "var")
    assert report["accepted"] == 1
    assert [told["field"] for told in report["refusals"]] == ["purchase_order_number"]
    assert peak_of_long - peak <= 20


@pytest.mark.soak
def test_memory_does_not_grow_with_a_file_of_100_000_lines(tmp_path: Path) -> None:
    assert measure_growth(tmp_path, size=100_000, new_every=1) <= 20
