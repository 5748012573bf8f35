"""The command `rlnb`."""

import json

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

import rlnb
from rlnb import cli


@pytest.fixture
def stored(tmp_path):
    """A store with one session in it, and the doors closed behind."""
    import gymnasium as gym

    rlnb.use(tmp_path / "store")
    env = rlnb.watch(gym.make("CartPole-v1"))
    with rlnb.session("by-hand", seed=0):
        for _ in range(2):
            env.reset(seed=0)
            done = False
            while not done:
                _, _, terminated, truncated, _ = env.step(0)
                done = terminated or truncated
    yield tmp_path / "store"
    rlnb.uninstall()


def test_page(tmp_path, capsys):
    nbformat.write(new_notebook(cells=[new_code_cell("x = 1")]), tmp_path / "a.ipynb")
    assert cli.main(["page", str(tmp_path / "a.ipynb"), "--as-it-is"]) == 0
    assert (tmp_path / "a.html").exists()
    assert "a.html" in capsys.readouterr().out


def test_errors_are_one_line_and_a_status(tmp_path, capsys):
    assert cli.main(["page", str(tmp_path / "none.ipynb")]) == 1
    said = capsys.readouterr().err
    assert said.startswith("rlnb: ")
    assert "Traceback" not in said


def test_sessions(stored, capsys):
    assert cli.main(["sessions", "--store", str(stored)]) == 0
    assert "by-hand" in capsys.readouterr().out
    assert cli.main(["sessions", "steps > 1e9", "--store", str(stored)]) == 0
    assert "by-hand" not in capsys.readouterr().out
    assert cli.main(["sessions", "no such column ==", "--store", str(stored)]) == 1


def test_export(stored, tmp_path, capsys):
    target = tmp_path / "out.json"
    assert cli.main(["export", "by-hand", "-o", str(target), "--store", str(stored)]) == 0
    assert json.loads(target.read_text("utf-8"))
    assert cli.main(["export", "by-foot", "--store", str(stored)]) == 1
    assert "by-foot" in capsys.readouterr().err


def test_quickstart_of_a_checkout_is_the_one_in_it():
    assert cli.quickstart().read_bytes()
    assert cli.quickstart().parent.name == "notebooks"


def test_no_command_is_a_usage_error(capsys):
    with pytest.raises(SystemExit) as stopped:
        cli.main([])
    assert stopped.value.code == 2
    assert "COMMAND" in capsys.readouterr().err
