"""What support finds an account by: parts of its name, and numbers that customers tell; independent of the
models of today."""
import re

from peewee import *

INDEXES = (
    ('subscription', ('po_number',)),
    ('subscription', ('next_po_number',)),
    ('invoice', ('po_number',)),
)
BATCH = 500


def grams(key):
    found = []
    for word in re.findall(r'[^\W_]+', key):
        padded = f' {word} '
        size = 2 if word[0] >= '\u2e80' else 3
        found += [padded[start:start + size] for start in range(len(padded) - size + 1)]
        if len(word) > 2:
            found.append(f'{word[0]}·{word[-1]}')
    return list(dict.fromkeys(found))


def up(migrator, db):
    class Account(Model):
        class Meta:
            database = db
            table_name = 'account'

    class AccountGram(Model):
        account = ForeignKeyField(Account, on_delete='CASCADE')
        gram = CharField(max_length=3)
        class Meta:
            database = db
            table_name = 'account_gram'
            indexes = ((('gram', 'account'), True),)
    db.create_tables([AccountGram])
    fill(db)
    migrator.migrate(*(migrator.add_index(table, columns) for table, columns in INDEXES))


def fill(db):
    mark = '?' if isinstance(db, SqliteDatabase) else '%s'
    last = 0
    while True:
        sql = f'SELECT id, sort_key FROM account WHERE id > {mark} ORDER BY id LIMIT {BATCH}'
        found = db.execute_sql(sql, (last,)).fetchall()
        if not found:
            return
        last = found[-1][0]
        parts = [(account, gram) for account, key in found for gram in grams(key)]
        sql = f'INSERT INTO account_gram (account_id, gram) VALUES ({mark}, {mark})'
        db.cursor().executemany(sql, parts)


def down(migrator, db):
    for table, columns in INDEXES:
        indexes = {tuple(index.columns): index.name for index in db.get_indexes(table)}
        migrator.migrate(migrator.drop_index(table, indexes[columns]))
    migrator.migrate(migrator.drop_table('account_gram'))
