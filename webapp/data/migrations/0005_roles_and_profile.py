"""Billing of an account, the account a session looks at, changes of e-mail addresses, and which requests for
whereabouts were answered; independent of the models of today."""
from peewee import *
from playhouse.migrate import make_index_name

INDEXES = (
    ('account_id', 'sort_key', 'id', 'search_key', 'shelf', 'activate_before'),
    ('account_id', 'shelf', 'sort_key', 'id'),
    ('backup_id', 'shelf', 'sort_key', 'id'),
)


def up(migrator, db):
    class Person(Model):
        class Meta:
            database = db
            table_name = 'person'

    class Account(Model):
        class Meta:
            database = db
            table_name = 'account'

    migrator.migrate(
        migrator.add_column('account', 'billing_people', IntegerField(default=0)),
        migrator.add_column('membership', 'billing_since', BigIntegerField(null=True)),
        migrator.add_column('session', 'account_id', ForeignKeyField(Account, field=Account.id, null=True, on_delete='SET NULL')),
        migrator.add_column('token', 'concerns', TextField(default='')),
        migrator.add_column('outbox_message', 'token_concerns', TextField(default='')),
        *[migrator.add_index('subscription', columns) for columns in INDEXES],
    )

    class EmailChange(Model):
        person = ForeignKeyField(Person)
        email = TextField()
        asked_at = BigIntegerField()
        confirmed_at = BigIntegerField(null=True)
        dropped_at = BigIntegerField(null=True)
        class Meta:
            database = db
            table_name = 'email_change'
    db.create_tables([EmailChange])

    class AnsweredRequest(Model):
        key = CharField(primary_key=True, max_length=32)
        person = ForeignKeyField(Person)
        at = BigIntegerField()
        class Meta:
            database = db
            table_name = 'answered_request'
    db.create_tables([AnsweredRequest])


def down(migrator, db):
    migrator.migrate(migrator.drop_table('answered_request'))
    migrator.migrate(migrator.drop_table('email_change'))
    migrator.migrate(
        *[migrator.drop_index('subscription', make_index_name('subscription', columns)) for columns in INDEXES],
        migrator.drop_column('outbox_message', 'token_concerns'),
        migrator.drop_column('token', 'concerns'),
        migrator.drop_index('session', 'session_account_id'),
        migrator.drop_column('session', 'account_id'),
        migrator.drop_column('membership', 'billing_since'),
        migrator.drop_column('account', 'billing_people'),
    )
