"""Other Jupyter stacks: virtual environments, made once in `.venv-stacks/`, that a test's Lab runs in.

python -m tests.browser.stacks                 make them all; prints their interpreters
python -m pytest -m "" -k colab tests/browser  the tests of the controls on one of them
"""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

from tests.browser.lab import ROOT

HOME = ROOT / ".venv-stacks"
PATIENCE = 1200.0  # seconds that one installation may take
FRONT = ("jupyterlab==4.6.*", "notebook==7.6.*")

# The kernels that let a page's messages in at different times: 6.x when the cell ends; 7.0 to 7.3 on a second thread.
# Colab's own versions (its public list of August 2026) run in a Lab here: the kernel's side is Colab's, the page's is
# Lab's with the anywidget that Colab has, which gives a widget neither `signal` nor `host`.
STACKS: dict[str, tuple[str, ...]] = {
    "ipykernel-6.30": ("ipykernel==6.30.*",),
    "ipykernel-7.3": ("ipykernel==7.3.*",),
    "colab": (
        "ipykernel==6.17.1",
        "ipython==7.34.0",
        "ipywidgets==7.7.1",
        "jupyterlab_widgets==3.0.16",
        "anywidget==0.9.21",
        "traitlets==5.7.1",
        "tornado==6.5.7",
        "pyzmq==26.2.1",
        "jupyter_client==7.4.9",
        "jupyter_server==2.20.0",
        "gymnasium==1.3.0",
        "numpy==2.1.3",
        "pandas==2.2.3",
        "bokeh==3.8.2",
        "imageio==2.37.4",
        "imageio-ffmpeg==0.6.0",
        "pillow==11.3.0",
        "cloudpickle==3.1.2",
    ),
}

#: not Jupyter: these need no Lab
OTHERS: dict[str, tuple[str, ...]] = {"marimo": ("marimo==0.25.*", "anywidget==0.11.*")}


class NoStack(Exception):
    """A stack could not be installed: why, in words."""


def requirements(name: str) -> list[str]:
    """What one stack is made of: its versions, a Lab, and what rlnb itself needs, environments' pictures included.

    rlnb's own code is not among it: the Lab of the tests finds this checkout by PYTHONPATH.
    """
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    named = [*STACKS[name], *FRONT] if name in STACKS else [*OTHERS[name]]
    pinned = {_name(one) for one in named}
    own = [*project["dependencies"], *project["optional-dependencies"]["render"]]
    return [*named, *(one for one in own if _name(one) not in pinned)]


def python_of(name: str) -> Path:
    """The interpreter of a stack; it is installed first where it is not there or not what it should be."""
    home = HOME / name
    python = home / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    wanted = requirements(name)
    words = "\n".join([sys.version, *wanted])
    stamp = home / "rlnb-stack"
    digest = hashlib.sha256(words.encode()).hexdigest()
    if python.exists() and stamp.exists() and stamp.read_text("utf-8") == digest:
        return python
    shutil.rmtree(home, ignore_errors=True)
    for command in (
        [sys.executable, "-m", "venv", str(home)],
        [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *wanted],
    ):
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)
        except subprocess.TimeoutExpired:
            raise NoStack(f"the stack {name!r} was not installed within {PATIENCE:.0f} seconds") from None
        if done.returncode != 0:
            said = [line for line in done.stderr.splitlines() if line.startswith("ERROR")] or done.stderr.splitlines()
            raise NoStack(f"pip could not install the stack {name!r}: {' '.join(said[:2]) or 'it did not say why'}")
    stamp.write_text(digest, encoding="utf-8")
    return python


def _name(requirement: str) -> str:
    """The package that a requirement names."""
    return re.split(r"[^\w.-]", requirement, maxsplit=1)[0].lower().replace("_", "-")


if __name__ == "__main__":
    for stack in (*STACKS, *OTHERS):
        try:
            print(f"{stack}: {python_of(stack)}", flush=True)
        except NoStack as error:
            print(f"{stack}: {error}", flush=True)
