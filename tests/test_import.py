"""`import rlnb` loads nothing heavy, and names come at first use."""

import json
import subprocess
import sys

import pytest

import rlnb

HEAVY = [
    "torch", "gymnasium", "anywidget", "ipywidgets", "IPython", "ipykernel", "pandas", "bokeh", "PIL", "imageio",
    "sqlite3", "matplotlib", "nbconvert", "nbclient",
]  # fmt: skip


def loaded_after(statement):
    code = f"{statement}\nimport json, sys\nprint(json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(json.loads(done.stdout))


def test_import_is_light():
    assert not loaded_after("import rlnb").intersection(HEAVY)


def test_the_command_starts_light():
    assert not loaded_after("import rlnb.cli; rlnb.cli.parser()").intersection(HEAVY)


def test_names_are_listed_before_they_are_loaded():
    assert {"compare", "replay", "sessions", "last"} <= set(dir(rlnb))


@pytest.mark.parametrize("name", sorted(set(rlnb.__all__)))
def test_every_name_is_there(name):
    assert getattr(rlnb, name) is not None


def test_unknown_name_is_said():
    with pytest.raises(AttributeError, match="compair"):
        rlnb.compair
