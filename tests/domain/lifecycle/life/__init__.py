"""The whole life of a subscription: how something is done to it (`story`), what people do (`deeds`), what time and
the jobs do (`machine`, which is all of it), what must hold after each step (`checks`) by what must come of it
(`book`), and defects that must not go unnoticed (`defects`)."""
