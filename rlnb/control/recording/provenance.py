"""Where a session comes from: what explains a replay that diverges elsewhere."""

from __future__ import annotations

import platform
import sys
from functools import cache
from pathlib import Path
from typing import Any

PACKAGES = (
    "rlnb",
    "gymnasium",
    "numpy",
    "torch",
    "ale_py",
    "mujoco",
    "Box2D",
    "stable_baselines3",
    "minari",
    "tianshou",
    "ray",
)


@cache
def cpu() -> str:
    """The processor's name."""
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def git_commit(folder: Path) -> str | None:
    """The commit that is checked out in `folder` or above it, read without running git."""
    for place in (folder, *folder.parents):
        git = place / ".git"
        if not git.is_dir():
            continue
        try:
            head = (git / "HEAD").read_text().strip()
            if not head.startswith("ref: "):
                return head
            ref = git / head[5:]
            if ref.exists():
                return ref.read_text().strip()
            for line in (git / "packed-refs").read_text().splitlines():
                if line.endswith(head[5:]):
                    return line.split()[0]
        except OSError:
            return None
        return None
    return None


def provenance(source: str | None) -> dict[str, Any]:
    """Versions of what is loaded, machine, commit, and the source of the cell (or the script's path)."""
    versions = {}
    for name in PACKAGES:
        version = getattr(sys.modules.get(name), "__version__", None)
        if isinstance(version, str):
            versions[name] = version
    found: dict[str, Any] = {
        "python": platform.python_version(),
        "platform": platform.platform(),
        "cpu": cpu(),
        "packages": versions,
    }
    commit = git_commit(Path.cwd())
    if commit:
        found["git_commit"] = commit
    if source:
        found["source"] = source[:100_000]
    return found
