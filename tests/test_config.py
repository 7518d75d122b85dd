"""Settings come from the environment; a wrong one ends the start with words that say what to change."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.support import production
from webapp.assembly import assemble
from webapp.commands import main
from webapp.config import DEMO_SECRET, SettingsError, read_settings, resource_folder

PRODUCTION = {**production.PRODUCTION, "PORTAL_DATA": "/var/lib/portal"}


def without(name: str) -> dict[str, str]:
    return {key: value for key, value in PRODUCTION.items() if key != name}


def test_an_empty_environment_is_a_demo_on_this_machine() -> None:
    settings = read_settings({})
    assert (settings.mode, settings.production) == ("demo", False)
    assert settings.origin("fr") == "http://fr.localhost:8000"
    assert settings.origin() == "http://localhost:8000"
    assert settings.data == Path("var")
    assert settings.tenants == resource_folder("tenants")
    assert (settings.clock, settings.smtp) == (None, None)


def test_production_speaks_https_without_a_port() -> None:
    settings = read_settings({**PRODUCTION, "PORT": "443"})
    assert settings.production
    assert settings.origin("fr") == "https://fr.portal.example"


@pytest.mark.parametrize(
    ("environment", "words"),
    [
        ({"PORTAL_MODE": "prod"}, ["PORTAL_MODE", "“prod”", "demo or production"]),
        ({"PORTAL_MODE": ""}, ["PORTAL_MODE", "demo or production"]),
        ({"PORT": "80a"}, ["PORT", "“80a”", "1 to 65535"]),
        ({"PORT": "0"}, ["PORT", "1 to 65535"]),
        ({"PORT": "65536"}, ["PORT", "1 to 65535"]),
        ({"PORT": "٨٠٨٠"}, ["PORT", "1 to 65535"]),
        ({"PORTAL_CLOCK": "noon"}, ["PORTAL_CLOCK", "“noon”", "2026-11-22T12:00:00Z"]),
        ({"PORTAL_CLOCK": "2026-11-22T12:00:00"}, ["PORTAL_CLOCK", "zone"]),
        ({"PORTAL_CLOCK": "2026-11-22"}, ["PORTAL_CLOCK", "zone"]),
        ({"PORTAL_SMTP": "mail.example:25"}, ["PORTAL_SMTP", "smtp://host:25"]),
        ({"PORTAL_SMTP": "https://mail.example"}, ["PORTAL_SMTP", "smtp://host:25"]),
        ({"PORTAL_SMTP": "smtp://"}, ["PORTAL_SMTP", "smtp://host:25"]),
        ({"PORTAL_QUEUE": "amqp://queue"}, ["PORTAL_QUEUE", "redis://"]),
        ({"PORTAL_RATE_LIMITS": "memcached://cache"}, ["PORTAL_RATE_LIMITS", "redis://"]),
        ({"PORTAL_PROXIES": "nginx"}, ["PORTAL_PROXIES", "“nginx”", "127.0.0.1"]),
        ({"PORTAL_WEB_PROCESSES": "0"}, ["PORTAL_WEB_PROCESSES", "1 to 256"]),
        ({"PORTAL_DATABASE": "postgresql://db/portal"}, ["PORTAL_DATABASE", "{site}", "of its own"]),
        ({"PORTAL_DATABASE": "mysql://db/{site}"}, ["sqlite:///", "postgresql://", "mysql"]),
        ({"PORTAL_DATABASE_FR": "/data/fr.db"}, ["sqlite:///", "postgresql://"]),
    ],
    ids=lambda value: " ".join(value) + "=" + "".join(value.values()) if isinstance(value, dict) else "",
)
def test_a_wrong_setting_is_refused_in_plain_words(environment: dict[str, str], words: list[str]) -> None:
    with pytest.raises(SettingsError) as refusal:
        read_settings(environment)
    message = str(refusal.value)
    assert all(word in message for word in words), message
    assert "\n" not in message and message.endswith(".")


@pytest.mark.parametrize(
    ("environment", "what"),
    [
        (without("PORTAL_SECRET"), "PORTAL_SECRET"),
        ({**PRODUCTION, "PORTAL_SECRET": DEMO_SECRET}, "PORTAL_SECRET"),
        ({**PRODUCTION, "PORTAL_SECRET": "short"}, "PORTAL_SECRET"),
        ({**PRODUCTION, "PORTAL_CLOCK": "2026-11-22T12:00:00Z"}, "PORTAL_CLOCK"),
        (without("PORTAL_SMTP"), "PORTAL_SMTP"),
        (without("PORTAL_MAIL_FROM"), "PORTAL_MAIL_FROM"),
        (without("PORTAL_DOMAIN"), "PORTAL_DOMAIN"),
        (without("PORTAL_PROXIES"), "PORTAL_PROXIES"),
        (without("PORTAL_WEB_PROCESSES"), "PORTAL_RATE_LIMITS"),
        ({**PRODUCTION, "PORTAL_WEB_PROCESSES": "3"}, "PORTAL_RATE_LIMITS"),
        (without("PORTAL_DATA"), "PORTAL_DATA"),
    ],
    ids=[
        *(
            "no secret",
            "the demo's secret",
            "a short secret",
            "a clock",
            "no mail server",
            "the demo's sender",
        ),
        *(
            "the demo's domain",
            "no proxy",
            "limits in memory of two processes",
            "of three",
            "a relative folder",
        ),
    ],
)
def test_production_refuses_what_only_a_demo_may_have(environment: dict[str, str], what: str) -> None:
    with pytest.raises(SettingsError, match=what) as refusal:
        read_settings(environment)
    assert [problem.split()[0] for problem in refusal.value.problems] == [what]


def test_production_names_everything_that_is_wrong_at_once() -> None:
    with pytest.raises(SettingsError) as refusal:
        read_settings({"PORTAL_MODE": "production", "PORTAL_CLOCK": "2026-11-22T12:00:00Z"})
    names = {problem.split()[0] for problem in refusal.value.problems}
    assert names == {
        *("PORTAL_SECRET", "PORTAL_CLOCK", "PORTAL_SMTP", "PORTAL_MAIL_FROM", "PORTAL_DOMAIN"),
        *("PORTAL_PROXIES", "PORTAL_RATE_LIMITS", "PORTAL_DATA"),
    }


def test_what_cannot_be_read_is_said_beside_what_is_missing() -> None:
    with pytest.raises(SettingsError) as refusal:
        read_settings({**without("PORTAL_SMTP"), "PORT": "x", "PORTAL_PROXIES": "nginx"})
    names = [problem.split()[0] for problem in refusal.value.problems]
    assert sorted(names) == ["PORT", "PORTAL_PROXIES", "PORTAL_SMTP"]


def test_limits_may_be_counted_in_redis_by_many_processes_or_in_memory_by_one() -> None:
    many = {**PRODUCTION, "PORTAL_WEB_PROCESSES": "8", "PORTAL_RATE_LIMITS": "redis://127.0.0.1/1"}
    assert read_settings(many).web_processes == 8
    assert read_settings(PRODUCTION).rate_limit_storage == "memory://"


def test_the_port_that_is_listened_at_is_nobodys_address_in_production() -> None:
    assert read_settings({**PRODUCTION, "PORT": "8001"}).origin("fr") == "https://fr.portal.example"
    elsewhere = {**PRODUCTION, "PORTAL_PUBLIC_PORT": "8443"}
    assert read_settings(elsewhere).origin() == "https://portal.example:8443"


def test_without_files_the_data_folder_does_not_matter() -> None:
    elsewhere = {"PORTAL_DATABASE": "postgresql://db/{site}", "PORTAL_QUEUE": "redis://queue"}
    assert read_settings({**without("PORTAL_DATA"), **elsewhere}).production


def test_the_demo_may_have_a_clock() -> None:
    settings = read_settings({"PORTAL_CLOCK": "2026-11-22T13:00:00+01:00"})
    assert settings.clock == datetime(2026, 11, 22, 12, tzinfo=UTC)


def test_each_site_has_a_database_of_its_own() -> None:
    settings = read_settings(
        {
            "PORTAL_DATABASE": "postgresql://db/portal_{site}",
            "PORTAL_DATABASE_DE": "postgresql://berlin/portal",
        }
    )
    assert settings.database_url("fr") == "postgresql://db/portal_fr"
    assert settings.database_url("de") == "postgresql://berlin/portal"


def test_embedded_databases_lie_in_the_data_folder(tmp_path: Path) -> None:
    settings = read_settings({"PORTAL_DATA": str(tmp_path)})
    assert settings.database_url("fr") == f"sqlite:///{tmp_path}/sites/fr.sqlite3"


def test_the_portal_assembles_with_every_site_in_its_own_database(tmp_path: Path) -> None:
    portal = assemble(read_settings({"PORTAL_DATA": str(tmp_path)}))
    assert sorted(portal.databases.urls) == sorted(portal.sites.codes)
    assert len(set(portal.databases.urls.values())) == len(portal.sites.codes)
    assert not (tmp_path / "sites").exists()  # opened when first needed


def test_the_command_line_says_it_without_a_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PORTAL_MODE", "prod")
    monkeypatch.setattr("sys.argv", ["portal", "db", "migrate"])
    with pytest.raises(SystemExit) as end:
        main()
    told = capsys.readouterr().err
    assert end.value.code not in (0, None)
    assert "PORTAL_MODE is “prod”" in told
    assert "Traceback" not in told


def test_a_sites_card_keys_come_with_the_secret_of_their_webhooks() -> None:
    both = {"PORTAL_STRIPE_KEY_FR": "sk_test_1", "PORTAL_STRIPE_WEBHOOK_FR": "whsec_1"}
    assert read_settings(both).stripe == {"fr": ("sk_test_1", "whsec_1")}
    assert read_settings({}).stripe == {}
    for wrong in ({"PORTAL_STRIPE_KEY_FR": "pk_live_1"}, {"PORTAL_STRIPE_WEBHOOK_FR": ""}):
        with pytest.raises(SettingsError, match="PORTAL_STRIPE_WEBHOOK_FR"):
            read_settings({**both, **wrong})


def test_webhooks_stay_on_public_ground_unless_a_network_is_named() -> None:
    assert read_settings(PRODUCTION).webhook_networks == ()
    assert [str(one) for one in read_settings({}).webhook_networks] == ["127.0.0.0/8", "::1/128"]
    named = read_settings({**PRODUCTION, "PORTAL_WEBHOOK_NETWORKS": "10.1.0.0/16, fd12::/48"})
    assert [str(one) for one in named.webhook_networks] == ["10.1.0.0/16", "fd12::/48"]
    with pytest.raises(SettingsError, match="PORTAL_WEBHOOK_NETWORKS"):
        read_settings({"PORTAL_WEBHOOK_NETWORKS": "10.1.0.1/16"})
