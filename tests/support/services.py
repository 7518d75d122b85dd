"""Finds nginx and Redis for the test of production; as a program, installs them where it may.

Only their programs are used: what Debian would start with the machine is left switched off. The test never
skips for want of them: without them it fails and says what to do.
"""

from __future__ import annotations

import shutil
import sys

from tests.support.debian import NotInstalled, install_idle

PROGRAMS = {"nginx": "nginx", "redis-server": "redis-server"}  # and Debian's packages of them
_ELSEWHERE = "/usr/sbin:/sbin:/usr/local/sbin"  # not on everybody's path
ADVICE = "The test of production needs nginx and Redis (on Debian: apt-get install nginx redis-server)."


class ServiceMissing(Exception):
    """The message says what to do."""


def find(name: str) -> str:
    program = shutil.which(name) or shutil.which(name, path=_ELSEWHERE)
    if not program:
        raise ServiceMissing(f"There is no {name}. {ADVICE}")
    return program


def _missing() -> list[str]:
    missing = []
    for name in PROGRAMS:
        try:
            find(name)
        except ServiceMissing:
            missing.append(name)
    return missing


def install_missing(missing: list[str]) -> None:
    print(f"Installing {' and '.join(missing)} for the test of production …", file=sys.stderr)
    try:
        install_idle(*(PROGRAMS[name] for name in missing), services=tuple(missing))
    except NotInstalled as problem:
        raise ServiceMissing(f"{ADVICE} {problem}") from None


def main() -> None:
    try:
        if missing := _missing():
            install_missing(missing)
        print(", ".join(f"{name}: {find(name)}" for name in PROGRAMS))
    except ServiceMissing as problem:
        raise SystemExit(str(problem)) from None


if __name__ == "__main__":
    main()
