"""What a table of figures must say beside them: the date, the machine and the versions."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import time
from pathlib import Path

PACKAGES = ("rlnb", "gymnasium", "numpy", "pandas", "torch", "stable-baselines3", "mujoco", "ale-py", "ipython")


def versions() -> dict[str, str]:
    """The versions of what the benchmarks use, as far as it is installed; Python first."""
    found = {"Python": platform.python_version()}
    for name in PACKAGES:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            pass
    return found


def processor() -> str:
    """The processor's own name where the system tells it."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())


def described() -> str:
    """One line: when, where (the load says whether others worked on it), with what."""
    load = f", load {os.getloadavg()[0]:.1f} at the start" if hasattr(os, "getloadavg") else ""
    machine = f"{os.cpu_count()} cores ({processor()}), {platform.system()}{load}"
    return f"{time.strftime('%Y-%m-%d')}; {machine}; {', '.join(f'{k} {v}' for k, v in versions().items())}"
