"""Installs what the tests need from the machine's own package manager, where that may be done."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys


class NotInstalled(Exception):
    """The message says why it can't be done from here."""


def _as_root() -> list[str]:
    if os.geteuid() == 0:
        return []
    sudo = shutil.which("sudo")
    if sudo and subprocess.run([sudo, "-n", "true"], capture_output=True).returncode == 0:
        return [sudo, "-n"]
    raise NotInstalled("It can’t be installed from here without the rights of root.")


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
