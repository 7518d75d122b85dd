"""The Java behind the checks of documents: what will not do is said in words, and is never skipped."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.support import debian, java


def a_program(folder: Path, answer: str, code: int = 0) -> str:
    file = folder / "java"
    file.write_text(f"#!/bin/sh\nprintf '{answer}'\nexit {code}\n", encoding="utf-8")
    file.chmod(0o755)
    return str(file)


JDK = "java.base@17.0.1\\njdk.compiler@17.0.1\\n"


@pytest.mark.parametrize(
    ("answer", "code", "said"),
    [
        ("java.base@17.0.1\\njava.xml@17.0.1\\n", 0, "only a runtime"),
        ("java.base@11.0.2\\njdk.compiler@11.0.2\\n", 0, "version 11"),
        ("Unrecognized option", 1, "too old"),
    ],
)
def test_a_java_that_will_not_do_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, answer: str, code: int, said: str
) -> None:
    monkeypatch.setenv("JAVA", a_program(tmp_path, answer, code))
    with pytest.raises(java.JavaMissing, match=f"{said}(?s:.*)apt-get install"):
        java.find_java()


@pytest.mark.parametrize("version", ["17.0.1", "21-ea", "25"])
def test_a_development_kit_will_do(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, version: str) -> None:
    program = a_program(tmp_path, JDK.replace("17.0.1", version))
    for jar in java.JAXB_JARS:
        (tmp_path / jar).touch()
    monkeypatch.setattr(java, "JARS", tmp_path)
    monkeypatch.setenv("JAVA", program)
    assert java.find_java().program == program


def test_a_named_java_that_is_none_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JAVA", "/nowhere/java")
    with pytest.raises(java.JavaMissing, match="no program that can be run"):
        java.find_java()


def test_without_jaxb_the_advice_is_given(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("JAVA", a_program(tmp_path, JDK))
    monkeypatch.setattr(java, "JARS", tmp_path)
    with pytest.raises(java.JavaMissing, match=r"no .*jaxb-runtime\.jar.*libjaxb-java"):
        java.find_java()


def test_without_java_and_installer_the_advice_is_given(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("JAVA", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SystemExit, match=r"need a Java development kit.*no apt-get"):
        java.main()


@pytest.mark.parametrize(
    ("answer", "packages"),
    [(JDK, (java.JAXB,)), ("java.base@17.0.1\\n", (java.JAXB, java.JDK))],
    ids=["kit", "runtime only"],
)
def test_only_what_is_missing_is_installed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, answer: str, packages: tuple[str, ...]
) -> None:
    installed: list[tuple[str, ...]] = []
    monkeypatch.delenv("JAVA", raising=False)
    a_program(tmp_path, answer)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(java, "install", lambda *names: installed.append(names))
    java.install_java()
    assert installed == [packages]


def test_who_may_not_install_is_told_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "apt-get").symlink_to(shutil.which("true") or "/bin/true")
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(debian.os, "geteuid", lambda: 1000)
    with pytest.raises(debian.NotInstalled, match="rights of root"):
        debian.install("anything")
