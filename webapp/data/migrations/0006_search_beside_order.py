"""What is searched stands right behind what is sorted by: most rows fail there, and nothing else is read."""

ORDERS = ("sort_key", "renewal_key", "ordered_at")


def _turn(migrator, db, old, new):
    found = {tuple(index.columns): index.name for index in db.get_indexes("subscription")}
    for order in ORDERS:
        before, after = (("administrator_id", order, "id", *rest) for rest in (old, new))
        migrator.migrate(
            migrator.drop_index("subscription", found[before]),
            migrator.add_index("subscription", after),
        )


def up(migrator, db):
    _turn(migrator, db, ("shelf", "activate_before", "search_key"), ("search_key", "shelf", "activate_before"))


def down(migrator, db):
    _turn(migrator, db, ("search_key", "shelf", "activate_before"), ("shelf", "activate_before", "search_key"))
