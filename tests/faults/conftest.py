"""Faults are made with real processes, a real mail server and real databases."""

from __future__ import annotations

import pytest

from tests.faults.machine import Machine
from tests.mail.conftest import mail_server
from webapp.assembly import Portal

__all__ = ["mail_server"]


@pytest.fixture
def machine(portal: Portal) -> Machine:
    with portal.at(portal.sites["fr"]):
        pass  # its database is there before a process looks for it
    return Machine(portal)
