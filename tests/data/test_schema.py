"""What the migrations make is what the models say, on both engines."""

from __future__ import annotations

from playhouse.migrations import Runner
from playhouse.schema_diff import diff_models

from webapp.assembly import Portal
from webapp.data.schema import MIGRATIONS, MODELS
from webapp.sites import Site


def test_the_migrated_database_is_what_the_models_say(portal: Portal, site_fr: Site) -> None:
    with portal.at(site_fr):
        assert not diff_models(portal.databases.of(site_fr), MODELS)


def test_transfers_can_be_migrated_down_and_up_again(portal: Portal, site_fr: Site) -> None:
    with portal.at(site_fr) as site:
        opened = portal.databases.of(site)
        runner = Runner(opened, str(MIGRATIONS))
        assert runner.down("0002_transfers")[-1] == "0002_transfers"
        assert diff_models(opened, MODELS), "what is missing is seen"
        assert "transfer" not in opened.get_tables()
        assert "0002_transfers" in runner.up()
        assert not diff_models(opened, MODELS)
