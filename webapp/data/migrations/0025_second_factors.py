"""Authenticator apps and recovery codes of customers' people; independent of the models of today."""
from peewee import *


def up(migrator, db):
    class Person(Model):
        class Meta:
            database = db
            table_name = 'person'

    class SecondFactor(Model):
        person = ForeignKeyField(Person)
        secret_sealed = TextField()
        used_step = BigIntegerField(default=0)
        started_at = BigIntegerField()
        confirmed_at = BigIntegerField(null=True)
        class Meta:
            database = db
            table_name = 'second_factor'

    class RecoveryCode(Model):
        person = ForeignKeyField(Person)
        code_hash = CharField(max_length=64, unique=True)
        made_at = BigIntegerField()
        used_at = BigIntegerField(null=True)
        class Meta:
            database = db
            table_name = 'recovery_code'

    db.create_tables([SecondFactor, RecoveryCode])


def down(migrator, db):
    migrator.migrate(migrator.drop_table('recovery_code'), migrator.drop_table('second_factor'))
