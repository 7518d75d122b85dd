"""Reads a mailbox (Maildir) into which mail servers report what they could not deliver."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path

from webapp.assembly import Portal
from webapp.domain import deliveries
from webapp.mail.bounces import LONGEST, Bounce, read_bounce

log = logging.getLogger(__name__)

BOUNCED, KNOWN, OTHER, FAILED = "bounced", "known", "other", "failed"


class NoMaildir(Exception):
    def __init__(self, folder: Path) -> None:
        super().__init__(f"{folder} is no Maildir: it lacks the folder new or cur.")


def read_mailbox(
    portal: Portal, folder: Path, *, told: Callable[[int], None] = lambda done: None
) -> Mapping[str, int]:
    """Each report is noted first and moved from `new` to `cur` then: after a crash it is read once more.

    What the portal could not note stays where it is.
    """
    counts: Counter[str] = Counter({BOUNCED: 0, KNOWN: 0, OTHER: 0, FAILED: 0})
    for number, path in enumerate(arrived(folder), start=1):
        try:
            counts[_note(portal, path)] += 1
            path.rename(folder / "cur" / f"{path.name.partition(':')[0]}:2,S")
        except FileNotFoundError:
            continue  # another reader was faster
        except Exception:
            log.exception("%s could not be noted.", path)
            counts[FAILED] += 1
        told(number)
    return counts


def arrived(folder: Path) -> list[Path]:
    if not (folder / "new").is_dir() or not (folder / "cur").is_dir():
        raise NoMaildir(folder)
    return sorted(path for path in (folder / "new").iterdir() if path.is_file())


def _note(portal: Portal, path: Path) -> str:
    bounce = _bounce_in(path)
    if bounce is None:
        return OTHER
    site = portal.sites.site_for_host(
        bounce.message_id.strip("<>").rpartition("@")[2], portal.settings.domain
    )
    if site is None:
        return OTHER
    with portal.at(site):
        return BOUNCED if deliveries.note_bounce(bounce, now=portal.clock()) else KNOWN


def _bounce_in(path: Path) -> Bounce | None:
    with path.open("rb") as file:
        content = file.read(LONGEST)
    try:
        return read_bounce(content)
    except Exception:  # whatever somebody sent us: it stays in the mailbox, and no report waits for it
        log.exception("%s could not be read as a mail.", path)
        return None
