"""The wheel holds everything; what is pinned, built and imported agrees with what is declared."""

from __future__ import annotations

import ast
import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tomllib
import zipfile
from importlib.metadata import PackageNotFoundError, distribution, packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import hatch_build
from tests.browser import chromium
from tests.support import services

ROOT = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]

# Flask and pydantic are made of these, and hand them out as their own.
PARTS_OF_DECLARED = {"click", "itsdangerous", "jinja2", "markupsafe", "pydantic-core", "werkzeug"}

# Written apart, so that this file does not name them either.
REGISTRY_HOSTS = [
    ".".join(parts)
    for parts in (
        ("pypi", "org"),
        ("pythonhosted", "org"),
        ("registry", "npmjs"),
        ("registry", "yarnpkg"),
        ("deb", "debian"),
        ("security", "debian"),
    )
]

SERVE_A_PAGE = """
import json, re
import webapp

client = webapp.create_app().test_client()
page = client.get("/sign-in", base_url="http://fr.localhost:8000")
html = page.get_data(as_text=True)
assets = sorted(set(re.findall(r'(?:src|href)="(/[^"]+\\.(?:css|js|svg|woff2)[^"]*)"', html)))
print(json.dumps({
    "package": webapp.__file__,
    "status": page.status_code,
    "html": html,
    "assets": {path: client.get(path, base_url="http://fr.localhost:8000").status_code for path in assets},
}))
"""


def _run(*command: str | Path, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Knows nothing of the checkout: no PYTHONPATH, none of the portal's own settings."""
    kept = {key: os.environ[key] for key in ("PATH", "HOME", "LANG", "TMPDIR") if key in os.environ}
    return subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env=kept | environment,
        capture_output=True,
        text=True,
        timeout=300,
    )


def _checked(*command: str | Path, cwd: Path, **environment: str) -> str:
    finished = _run(*command, cwd=cwd, **environment)
    assert finished.returncode == 0, finished.stdout + finished.stderr
    return finished.stdout


# ---- the wheel


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    build = (sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder)
    _checked(*build, cwd=ROOT)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A virtual environment with the wheel alone; this one lends its dependencies, nothing is downloaded."""
    folder = tmp_path_factory.mktemp("elsewhere")
    venv = folder / "venv"
    _checked(sys.executable, "-m", "venv", "--without-pip", venv, cwd=folder)
    pip = (sys.executable, "-m", "pip", "--python", venv / "bin" / "python", "--disable-pip-version-check")
    _checked(*pip, "install", "--quiet", "--no-index", "--no-deps", wheel, cwd=folder)
    (site_packages,) = venv.glob("lib/python*/site-packages")
    # A path only: the .pth files over there, which lead back to the checkout, are not followed.
    (site_packages / "lent.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
    return venv


@pytest.mark.xdist_group("packaging")
def test_wheel_installed_outside_the_checkout_serves_the_sign_in_page(
    installed: Path, tmp_path: Path
) -> None:
    said = _checked(
        installed / "bin" / "python", "-c", SERVE_A_PAGE, cwd=tmp_path, PORTAL_DATA=str(tmp_path / "data")
    )
    served = json.loads(said.splitlines()[-1])
    assert Path(served["package"]).is_relative_to(installed)
    assert served["status"] == 200
    assert "<html" in served["html"]
    assert any("htmx.min.js" in path for path in served["assets"])
    assert set(served["assets"].values()) == {200}, served["assets"]


@pytest.mark.xdist_group("packaging")
def test_wheel_installs_the_portal_command(installed: Path, tmp_path: Path) -> None:
    said = _checked(installed / "bin" / "portal", "--help", cwd=tmp_path, PORTAL_DATA=str(tmp_path / "data"))
    assert "orders" in said


@pytest.mark.xdist_group("packaging")
def test_wheel_holds_every_template_catalogue_site_and_asset(wheel: Path) -> None:
    inside = set(zipfile.ZipFile(wheel).namelist())
    wanted = {
        f"webapp/{path.relative_to(ROOT)}"
        for folder in hatch_build.PACKAGE_DATA
        for path in (ROOT / folder).rglob("*")
        if path.is_file()
    }
    wanted |= {f"{assets.folder}/{name}" for assets in hatch_build.SHIPPED for name in assets.files.values()}
    assert wanted <= inside, sorted(wanted - inside)


@pytest.mark.xdist_group("packaging")
def test_wheel_holds_nothing_of_tests_or_build(wheel: Path) -> None:
    strangers = [
        name
        for name in zipfile.ZipFile(wheel).namelist()
        if not name.startswith(("webapp/", "subscription_portal-")) or name.endswith(hatch_build.STAMP)
    ]
    assert strangers == []


# ---- the build hook


@pytest.fixture
def npm_project(tmp_path: Path) -> Path:
    for name in ("package-lock.json", "hatch_build.py"):
        shutil.copy(ROOT / name, tmp_path / name)
    return tmp_path


@pytest.fixture
def npm_runs(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Stands in for npm: lays every file where npm would."""
    runs: list[Path] = []

    def install(root: Path) -> None:
        runs.append(root)
        for source in hatch_build.SERVED.files:
            target = root / "node_modules" / source
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(source, encoding="utf-8")

    monkeypatch.setattr(hatch_build, "_install_packages", install)
    return runs


def test_assets_are_built_once(npm_project: Path, npm_runs: list[Path]) -> None:
    assert hatch_build.ensure_assets(npm_project, (hatch_build.SERVED,)) is True
    assert hatch_build.ensure_assets(npm_project, (hatch_build.SERVED,)) is False
    assert len(npm_runs) == 1


def test_assets_are_built_again_when_the_lock_file_changes(npm_project: Path, npm_runs: list[Path]) -> None:
    hatch_build.ensure_assets(npm_project, (hatch_build.SERVED,))
    (npm_project / "package-lock.json").write_text("{}", encoding="utf-8")
    assert hatch_build.ensure_assets(npm_project, (hatch_build.SERVED,)) is True


def test_assets_are_built_again_when_a_file_is_gone(npm_project: Path, npm_runs: list[Path]) -> None:
    hatch_build.ensure_assets(npm_project, (hatch_build.SERVED,))
    lost = npm_project / hatch_build.SERVED.folder / "htmx" / "htmx.min.js"
    lost.unlink()
    hatch_build.ensure_assets(npm_project, (hatch_build.SERVED,))
    assert lost.is_file()


def test_a_package_without_an_expected_file_is_named(npm_project: Path, npm_runs: list[Path]) -> None:
    with pytest.raises(hatch_build.AssetsError, match=r"axe-core.*package\.json"):
        hatch_build.ensure_assets(npm_project, (hatch_build.FOR_TESTS,))


def test_npm_failure_is_told_in_plain_words(npm_project: Path) -> None:
    (npm_project / "package.json").write_text("{", encoding="utf-8")
    with pytest.raises(hatch_build.AssetsError, match="could not be fetched"):
        hatch_build.ensure_assets(npm_project, (hatch_build.SERVED,))


# ---- what is declared, pinned and imported


def _declared(requirements: list[str]) -> dict[str, Requirement]:
    return {canonicalize_name(parsed.name): parsed for parsed in map(Requirement, requirements)}


def _pinned(file: str) -> dict[str, str]:
    text = (ROOT / file).read_text(encoding="utf-8")
    return dict(re.findall(r"^([a-z0-9.-]+)==(\S+) \\$", text, re.MULTILINE))


@pytest.mark.parametrize(
    ("file", "requirements"),
    [
        ("requirements.txt", PROJECT["dependencies"]),
        ("requirements-dev.txt", PROJECT["dependencies"] + PROJECT["optional-dependencies"]["dev"]),
    ],
)
def test_every_declared_dependency_is_pinned_within_its_bounds(file: str, requirements: list[str]) -> None:
    pinned = _pinned(file)
    wrong = {
        name: pinned.get(name)
        for name, requirement in _declared(requirements).items()
        if name not in pinned or pinned[name] not in requirement.specifier
    }
    assert wrong == {}


@pytest.mark.parametrize("python", ["3.11.0", "3.11.2", "3.11.15", "3.12.0", "3.13.0", "3.14.0"])
@pytest.mark.parametrize("file", ["requirements.txt", "requirements-dev.txt"])
def test_the_pins_are_whole_for_every_python_that_is_served(file: str, python: str) -> None:
    """pip takes nothing beside them, and resolves markers of its own Python: Debian 12 has 3.11.2."""
    environment = {"python_full_version": python, "python_version": python.rpartition(".")[0], "extra": ""}
    pinned = _pinned(file)
    missing = {
        f"{name} needs {needed.name}"
        for name in pinned
        for needed in _needed_by(name)
        if canonicalize_name(needed.name) not in pinned
        and (needed.marker is None or needed.marker.evaluate(environment))
    }
    assert missing == set()


def _needed_by(name: str) -> list[Requirement]:
    try:
        return [Requirement(text) for text in distribution(name).requires or ()]
    except PackageNotFoundError:  # pip and setuptools may be left out of a .venv
        return []


@pytest.mark.parametrize("file", ["requirements.txt", "requirements-dev.txt"])
def test_every_pin_has_hashes(file: str) -> None:
    entries = re.split(r"\n(?=[a-z])", (ROOT / file).read_text(encoding="utf-8"))
    assert [entry for entry in entries if "==" in entry and "--hash=sha256:" not in entry] == []


def test_tests_run_with_the_versions_that_are_served() -> None:
    assert _pinned("requirements.txt").items() <= _pinned("requirements-dev.txt").items()


def _imported_packages(folder: Path) -> set[str]:
    found: set[str] = set()
    for path in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                found |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                found.add(node.module.split(".")[0])
    return found - set(sys.stdlib_module_names) - {folder.name}


def test_the_portal_imports_only_what_it_declares() -> None:
    allowed = set(_declared(PROJECT["dependencies"])) | PARTS_OF_DECLARED
    providers = packages_distributions()
    undeclared = {
        package
        for package in _imported_packages(ROOT / "webapp")
        if not allowed & {canonicalize_name(name) for name in providers.get(package, [])}
    }
    assert undeclared == set()


def test_every_declared_dependency_is_explained() -> None:
    text = (ROOT / "docs" / "dependencies.md").read_text(encoding="utf-8").lower()
    npm = json.loads((ROOT / "package.json").read_text(encoding="utf-8"))["devDependencies"]
    declared = _declared(PROJECT["dependencies"] + PROJECT["optional-dependencies"]["dev"])
    assert [name for name in [*declared, *npm] if f"`{name}`" not in text] == []


# ---- nothing says where packages come from


def _files_of_the_project() -> list[Path]:
    git = (
        "git",
        "-c",
        f"safe.directory={ROOT}",
        "ls-files",
        "-z",
        "--cached",
        "--others",
        "--exclude-standard",
    )
    return [path for name in _checked(*git, cwd=ROOT).split("\0") if (path := ROOT / name).is_file()]


def test_no_file_names_a_package_registry() -> None:
    files = _files_of_the_project()
    assert ROOT / "pyproject.toml" in files
    naming = {
        str(path.relative_to(ROOT))
        for path in files
        for host in REGISTRY_HOSTS
        if host.encode() in path.read_bytes()
    }
    assert naming == set()


def test_npm_lock_holds_hashes_and_no_download_addresses() -> None:
    packages = json.loads((ROOT / "package-lock.json").read_text(encoding="utf-8"))["packages"]
    fetched = {name: package for name, package in packages.items() if name}
    assert [name for name, package in fetched.items() if "resolved" in package] == []
    assert [name for name, package in fetched.items() if "integrity" not in package] == []


# ---- import rules: a planted breach turns them red


@pytest.mark.parametrize(
    ("module", "line"),
    [
        ("webapp.domain.planted", "import flask"),
        ("webapp.mail.planted", "from werkzeug.exceptions import NotFound"),
        ("webapp.data.planted", "import webapp.domain.audit"),
        ("webapp.domain.planted", "import webapp.assembly"),
        ("webapp.jobs.planted", "import webapp.web.portal"),
    ],
)
def test_a_planted_import_breaks_a_contract(module: str, line: str, tmp_path: Path) -> None:
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    shutil.copytree(
        ROOT / "webapp", tmp_path / "webapp", ignore=shutil.ignore_patterns("static", "__pycache__")
    )
    (tmp_path / module.replace(".", "/")).with_suffix(".py").write_text(line + "\n", encoding="utf-8")
    finished = _run(Path(sys.executable).parent / "lint-imports", "--no-cache", "--no-logo", cwd=tmp_path)
    assert finished.returncode == 1, finished.stdout + finished.stderr
    assert module in finished.stdout


# ---- Chromium


def test_a_named_chromium_that_is_none_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHROMIUM", "/nowhere/chromium")
    with pytest.raises(chromium.ChromiumMissing, match="no program that can be run"):
        chromium.find_chromium()


def test_without_browser_and_installer_the_advice_is_given(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("CHROMIUM", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(chromium, "MAC", tmp_path / "none")
    with pytest.raises(SystemExit, match=r"need Chromium.*no apt-get"):
        chromium.main()


# ---- nginx and Redis


def test_without_nginx_and_installer_the_advice_is_given(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(services, "_ELSEWHERE", str(tmp_path))
    with pytest.raises(SystemExit, match=r"needs nginx and Redis.*no apt-get"):
        services.main()


def test_what_is_there_is_not_installed_again(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in services.PROGRAMS:
        (tmp_path / name).touch(mode=0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(services, "install_idle", lambda *_given, **_named: pytest.fail("installed"))
    services.main()
    assert f"nginx: {tmp_path}/nginx" in capsys.readouterr().out
