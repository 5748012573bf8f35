"""Without a page: IPython in a terminal, and Python without IPython."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def python(source: str, tmp_path: Path) -> str:
    """What a fresh interpreter prints."""
    env = {**os.environ, "PYTHONPATH": str(ROOT), "IPYTHONDIR": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", source], env=env, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_there_is_no_notebook_outside_ipython(tmp_path: Path) -> None:
    source = "from rlnb.kernel import Notebook; import sys; print(Notebook.current(), 'IPython' in sys.modules)"
    assert python(source, tmp_path).split() == ["None", "False"]


TERMINAL = """
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
from rlnb.kernel import Notebook, StopTraining
notebook = Notebook.current()
assert notebook is Notebook.current()
log = []
notebook.on_cell(lambda cell: log.append(cell.source), lambda result: log.append((result.ok, result.stopped)))
shell.user_ns["Stop"] = StopTraining
shell.run_cell("x = 1", store_history=True)
shell.run_cell("raise Stop")
print(log)
print(notebook.has_frontend, notebook.pump(), notebook.pump_state, notebook.user_namespace()["x"])
shown = notebook.show(object(), {"text/plain": "a"})
print(shown.is_null, notebook.keep(shown)())
notebook.repair_subshell_replies()
before = shell.showtraceback
notebook.restore()
print(shell.showtraceback == before)
"""


def test_a_terminal_has_cells_and_nothing_else(tmp_path: Path) -> None:
    assert python(TERMINAL, tmp_path).splitlines() == [
        "['x = 1', (True, False), 'raise Stop', (True, True)]",
        "False 0 not needed 1",
        "True None",
        "True",
    ]
