"""What support agents looked at and did is found by its account, however much else happened there."""
from peewee import *


def up(migrator, db):
    db.execute_sql("CREATE INDEX audit_event_by_agents ON audit_event (account_id, at) WHERE actor_kind = 'agent'")


def down(migrator, db):
    db.execute_sql('DROP INDEX audit_event_by_agents')
