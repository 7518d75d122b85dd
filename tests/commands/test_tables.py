"""Lists on the terminal: what people copy from them is whole, however narrow the window is."""

from __future__ import annotations

import pytest

from webapp.commands.tables import print_table


def test_nothing_is_cut_off_and_each_row_is_a_line(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "20")
    message_id = f"<{'361a928b' * 4}@fr.portal.example>"
    print_table(
        ("site", "Message-ID", "words"), [("fr", message_id, "550 gone\n[/no] :user:"), ("de", None, "")]
    )
    heading, first, second = (line.split() for line in capsys.readouterr().out.splitlines())
    assert heading == ["site", "Message-ID", "words"]
    assert first == ["fr", message_id, "550", "gone", "[/no]", ":user:"]
    assert second == ["de"]
