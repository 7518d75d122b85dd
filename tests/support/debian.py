"""Installs what the tests need from the machine's own package manager, where that may be done."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class NotInstalled(Exception):
    """The message says why it can't be done from here."""


def _as_root() -> list[str]:
    if os.geteuid() == 0:
        return []
    sudo = shutil.which("sudo")
    if sudo and subprocess.run([sudo, "-n", "true"], capture_output=True).returncode == 0:
        return [sudo, "-n"]
    raise NotInstalled("It can’t be installed from here without the rights of root.")


_POLICY = Path("/usr/sbin/policy-rc.d")


@contextmanager
def _starting_nothing(root: list[str]) -> Iterator[None]:
    """Debian starts what it installs, unless this script says no. One that is there already is left alone."""
    if _POLICY.exists():
        yield
        return
    content = b"#!/bin/sh\nexit 101\n"
    subprocess.run([*root, "tee", str(_POLICY)], input=content, stdout=subprocess.DEVNULL, check=True)
    subprocess.run([*root, "chmod", "755", str(_POLICY)], check=True)
    try:
        yield
    finally:
        subprocess.run([*root, "rm", "-f", str(_POLICY)], check=True)


def install_idle(*packages: str, services: tuple[str, ...]) -> None:
    """Programs without their services: those neither start now nor with the machine."""
    root = _as_root()
    with _starting_nothing(root):
        install(*packages)
    if systemctl := shutil.which("systemctl"):
        subprocess.run([*root, systemctl, "disable", "--quiet", *services], stdout=sys.stderr)


def install(*packages: str) -> None:
    apt = shutil.which("apt-get")
    if not apt:
        raise NotInstalled("It can’t be installed from here: this machine has no apt-get.")
    quiet = [*_as_root(), "env", "DEBIAN_FRONTEND=noninteractive", apt, "-qq"]
    # Not on stdout: that is where the callers say what they found.
    subprocess.run([*quiet, "update"], stdout=sys.stderr)
    step = [*quiet, "install", "--yes", "--no-install-recommends", *packages]
    if subprocess.run(step, stdout=sys.stderr).returncode:
        raise NotInstalled("“apt-get install” failed; what it said stands above.")
