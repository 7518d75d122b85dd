"""The users of a subscription."""

from __future__ import annotations

from typing import Any

from tests.web.routes.shapes import (
    BACKUP,
    MANAGEABLE,
    VISIBLE,
    Route,
    Status,
    managed,
    personal,
    while_active,
)


def of_seat(asked: str, answer: Status, **more: Any) -> Route:
    return personal(asked, answer, under="/seats/<seat_key:key>", names="seat", also=BACKUP, **more)


ROUTES: dict[str, Route] = {
    "seats.show_list": managed("GET /users", VISIBLE, shows_colleagues=True),
    "invitations.show": managed("GET /users/invite", MANAGEABLE),
    "invitations.submit": managed(
        "POST /users/invite",
        while_active(422),
        body={"addresses": "nobody"},
        attack=lambda site: {"addresses": "intruder@example.com"},
    ),
    "seat_files.show": managed("GET /users/file", MANAGEABLE),
    "seat_files.upload": managed("POST /users/file", while_active(422)),
    # No file waits there: what becomes of one is told in the walk and in test_seat_files.py.
    "seat_files.check": managed("POST /users/file/check", 404),
    "seat_files.invite": managed("POST /users/file/invite", 404),
    "seat_files.discard": managed("POST /users/file/discard", while_active(303)),
    "seats.edit": of_seat("GET", MANAGEABLE, shows_colleagues=True),
    "seats.save": of_seat(
        "POST",
        while_active(409),
        body={"job_site": "nowhere", "version": "99"},
        attack=lambda site: {"job_site": "stolen", "version": "0"},
        shows_colleagues=True,
    ),
    "seats.show_row": of_seat("GET /row", while_active(303), in_place=MANAGEABLE, shows_colleagues=True),
    "seats.invite_again": of_seat("POST /invitation", while_active(409)),
    "seats.revoke": of_seat("POST /removal", while_active(303), once=True),
    "seats.restore": of_seat("POST /restoration", while_active(409)),
}
