"""Finds the Chromium that the browser tests drive; as a program, installs it where it may.

The tests never skip for want of a browser: without one they fail and say what to do.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests.support.debian import NotInstalled, install

# The shell is Chromium without its own windows: the tests take half as long in it.
SHELL = "chromium-headless-shell"
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
PACKAGES = (SHELL, "chromium")  # older Debians have only the second
MAC = Path("/Applications/Google Chrome.app/Contents/MacOS/Google Chrome")
ADVICE = (
    "The browser tests need Chromium. Install it (on Debian: apt-get install chromium), "
    "or name the program in the environment: CHROMIUM=/path/to/chromium."
)


class ChromiumMissing(Exception):
    """There is no Chromium here, or the one that was named does not start; the message says what to do."""


def find_chromium(*, whole: bool = False) -> str:
    """The program's path, for Playwright's `executable_path`. `whole`: not the shell, but what people use."""
    chosen = os.environ.get("CHROMIUM")
    if chosen:
        path = shutil.which(chosen)
        if not path:
            raise ChromiumMissing(f"CHROMIUM is “{chosen}”, which is no program that can be run.")
        return path
    for name in NAMES if whole else (SHELL, *NAMES):
        if path := shutil.which(name):
            return path
    if MAC.is_file():
        return str(MAC)
    raise ChromiumMissing(ADVICE)


def install_chromium() -> None:
    for package in PACKAGES:
        try:
            return install(package)
        except NotInstalled as problem:
            reason = problem
    raise ChromiumMissing(f"{ADVICE} {reason}")


def version(program: str) -> str:
    answer = subprocess.run([program, "--version"], capture_output=True, text=True)
    if answer.returncode:
        raise ChromiumMissing(f"{program} does not start: {answer.stderr.strip()}")
    return answer.stdout.strip()


def main() -> None:
    try:
        try:
            program = find_chromium()
        except ChromiumMissing:
            if os.environ.get("CHROMIUM"):
                raise
            print("Installing Chromium for the browser tests …", file=sys.stderr)
            install_chromium()
            program = find_chromium()
        print(f"{version(program)}: {program}")
    except ChromiumMissing as problem:
        raise SystemExit(str(problem)) from None


if __name__ == "__main__":
    main()
