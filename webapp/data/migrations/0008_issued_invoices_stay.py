"""An invoice that has its number never says anything else: only its state and what was paid may change."""
from peewee import SqliteDatabase

FROZEN = (
    'id', 'kind', 'account_id', 'subscription_id', 'cause', 'period_start', 'period_end', 'quantity', 'unit_price',
    'net', 'tax', 'gross', 'currency', 'po_number', 'recorded_at', 'tax_decision', 'tax_question', 'number',
    'issued_at', 'issued_on', 'due_on', 'language', 'content', 'credits_id', 'search_key',
)
WORDS = 'an issued invoice never changes'


def up(migrator, db):
    if isinstance(db, SqliteDatabase):
        _sqlite(db)
    else:
        _postgresql(db)


def _changed(differs):
    columns = ' OR '.join('NEW.%s %s OLD.%s' % (name, differs, name) for name in FROZEN)
    return "OLD.number IS NOT NULL AND (%s OR NEW.state IN ('due', 'waiting'))" % columns


def _sqlite(db):
    refuse = "BEGIN SELECT RAISE(ABORT, '%s'); END" % WORDS
    db.execute_sql('CREATE TRIGGER invoice_stays BEFORE UPDATE ON invoice WHEN %s %s' % (_changed('IS NOT'), refuse))
    db.execute_sql('CREATE TRIGGER invoice_remains BEFORE DELETE ON invoice WHEN OLD.number IS NOT NULL %s' % refuse)


def _postgresql(db):
    db.execute_sql(
        'CREATE FUNCTION invoice_stays() RETURNS trigger LANGUAGE plpgsql AS '
        "$$ BEGIN RAISE EXCEPTION '%s' USING ERRCODE = 'integrity_constraint_violation'; END $$" % WORDS
    )
    db.execute_sql(
        'CREATE TRIGGER invoice_stays BEFORE UPDATE ON invoice FOR EACH ROW WHEN (%s)'
        ' EXECUTE FUNCTION invoice_stays()' % _changed('IS DISTINCT FROM')
    )
    db.execute_sql(
        'CREATE TRIGGER invoice_remains BEFORE DELETE ON invoice FOR EACH ROW WHEN (OLD.number IS NOT NULL)'
        ' EXECUTE FUNCTION invoice_stays()'
    )


def down(migrator, db):
    on_table = '' if isinstance(db, SqliteDatabase) else ' ON invoice'
    for name in ('invoice_stays', 'invoice_remains'):
        db.execute_sql('DROP TRIGGER %s%s' % (name, on_table))
    if on_table:
        db.execute_sql('DROP FUNCTION invoice_stays()')
