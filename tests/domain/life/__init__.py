"""The whole life of a subscription: who tells it (`machine`), what must come of it (`book`), and defects that
must not go unnoticed (`defects`)."""
