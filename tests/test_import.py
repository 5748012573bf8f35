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


def test_import_loads_the_front_door_alone_and_nothing_of_others():
    new = loaded_after("import rlnb") - loaded_after("pass")
    others = {name for name in new if name.split(".")[0] not in {*sys.stdlib_module_names, "rlnb"}}
    assert not others
    assert {name for name in new if name.split(".")[0] == "rlnb"} == {"rlnb", "rlnb.hook"}
    assert len(new) < 100  # of the standard library, most of them for `typing`


def test_load_ext_brings_gymnasium_and_what_records_alone():
    """What draws, tabulates, films and learns comes with the first view, table, replay or agent."""
    load = (
        "from IPython.core.interactiveshell import InteractiveShell\n"
        "InteractiveShell.instance().run_line_magic('load_ext', 'rlnb')"
    )
    later = {"pandas", "bokeh", "torch", "anywidget", "ipywidgets", "PIL", "imageio", "stable_baselines3", "scipy",
             "matplotlib", "pygame", "mujoco", "ale_py", "cloudpickle"}  # fmt: skip
    found = loaded_after(load)
    assert not found & later
    assert {"rlnb.capture", "rlnb.store", "gymnasium"} <= found
    assert not found & {"rlnb.agents", "rlnb.stats", "rlnb.widgets.live_view", "rlnb.control.compare.comparing"}


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
