"""What a person has for themselves."""

from __future__ import annotations

from tests.web.routes.shapes import Route, by_link, personal, public

ROUTES: dict[str, Route] = {
    "profile.show": personal("GET /profile", 200),
    "profile.edit_name": personal("GET /profile/name", 200),
    "profile.show_name": personal("GET /profile/name/value", 303),
    "profile.save_name": personal("POST /profile/name", 422, attack=lambda site: {"name": "Mallory"}),
    "profile.edit_email": personal("GET /profile/email", 200),
    "profile.ask_email": personal("POST /profile/email", 422, attack=lambda site: {"email": "m@example.org"}),
    "profile.drop_email": personal("POST /profile/email/drop", 303),
    "profile.show_confirm": by_link("GET /profile/email/confirm", 200, names="email token"),
    "profile.confirm_email": by_link("POST /profile/email/confirm", 303, names="email token", once=True),
    "profile.edit_password": personal("GET /profile/password", 200),
    "profile.change_password": personal(
        "POST /profile/password", 422, attack=lambda site: {"password": "a spade and a shovel"}
    ),
    "profile.end_session": personal("POST /profile/sessions", 404),
    "profile.end_all_sessions": personal("POST /profile/sessions/all", 303, ends_session=True),
    "profile.data": personal("GET /profile/data", 200, shows_past=True),
    "reminders.save": personal("POST /profile/reminders", 303),
    "reminders.show": by_link("GET /reminders", 200, names="reminder token"),
    "reminders.choose": by_link("POST /reminders", 303, names="reminder token", from_anywhere=True),
    "calendar_feed.show": personal("GET /profile/calendar", 200),
    "calendar_feed.open_feed": personal("POST /profile/calendar", 200, once=True),
    "calendar_feed.close_feed": personal("POST /profile/calendar/close", 303, once=True),
    "calendar_feed.read": public(
        "GET /calendar/<mailed_token:token>.ics", {"live": 200}, names="calendar token"
    ),
    "second_factor.show": personal("GET /profile/second-factor", 200),
    "second_factor.change": personal("POST /profile/second-factor", 422, body={"do": "start"}),
    "second_factor.show_key": personal("GET /profile/second-factor/code", 303),
    "second_factor.confirm": personal("POST /profile/second-factor/code", 303),
}
