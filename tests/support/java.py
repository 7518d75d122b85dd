"""Finds the Java that veraPDF needs in the tests of documents; as a program, installs it where it may.

The tests never skip for want of it: without it they fail and say what to do.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tests.support.debian import NotInstalled, install

OLDEST = 17
JDK, JAXB = "default-jdk-headless", "libjaxb-java"  # Debian's names
JARS = Path("/usr/share/java")
JAXB_JARS = ("jaxb-runtime.jar", "jaxb-core.jar", "jaxb-impl.jar", "istack-commons-runtime.jar", "txw2.jar")
ADVICE = (
    f"The tests of PDF/A need a Java development kit, {OLDEST} or newer, and JAXB. Install them "
    f"(on Debian: apt-get install {JDK} {JAXB}); another Java is named in the environment: JAVA=/path/to/java."
)


class JavaMissing(Exception):
    """There is no Java here that will do; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Java:
    program: str
    jars: tuple[Path, ...]


def find_java() -> Java:
    return Java(_compiling_java(), _jaxb())


def _compiling_java() -> str:
    chosen = os.environ.get("JAVA")
    program = shutil.which(chosen or "java")
    if chosen and not program:
        raise JavaMissing(f"JAVA is “{chosen}”, which is no program that can be run.")
    if not program:
        raise JavaMissing(ADVICE)
    _assure_that_it_compiles(program)
    return program


@cache
def _assure_that_it_compiles(program: str) -> None:
    """A runtime alone has no compiler, and our check of PDFs is a source file."""
    answer = subprocess.run([program, "--list-modules"], capture_output=True, text=True)
    modules = dict(line.partition("@")[::2] for line in answer.stdout.split())
    if answer.returncode or "java.base" not in modules:
        raise JavaMissing(f"{program} does not start, or is too old. {ADVICE}")
    if "jdk.compiler" not in modules:
        raise JavaMissing(f"{program} is only a runtime: it has no compiler. {ADVICE}")
    if int(modules["java.base"].split(".")[0].split("-")[0]) < OLDEST:
        raise JavaMissing(f"{program} is of version {modules['java.base']}. {ADVICE}")


def _jaxb() -> tuple[Path, ...]:
    jars = tuple(JARS / name for name in JAXB_JARS)
    missing = [str(jar) for jar in jars if not jar.is_file()]
    if missing:
        raise JavaMissing(f"There is no {missing[0]}. {ADVICE}")
    return jars


def install_java() -> None:
    """Only what is missing: a Java that is there already is not followed by a second one."""
    packages = [JAXB]
    try:
        _compiling_java()
    except JavaMissing:
        packages.append(JDK)
    try:
        install(*packages)
    except NotInstalled as problem:
        raise JavaMissing(f"{ADVICE} {problem}") from None


def main() -> None:
    try:
        try:
            java = find_java()
        except JavaMissing:
            if os.environ.get("JAVA"):
                _compiling_java()  # what was named is not replaced, but it may lack JAXB only
            print("Installing Java for the tests of PDF/A …", file=sys.stderr)
            install_java()
            java = find_java()
        print(f"Java: {java.program}, JAXB: {java.jars[0].parent}")
    except JavaMissing as problem:
        raise SystemExit(str(problem)) from None


if __name__ == "__main__":
    main()
