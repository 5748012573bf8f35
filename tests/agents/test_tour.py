"""`notebooks/agents_tour.ipynb` runs from top to bottom, and the agents in it learn."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

TOUR = Path(__file__).parents[2] / "notebooks" / "agents_tour.ipynb"


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_the_tour_of_the_agents(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RLNB_HOME", str(tmp_path))
    notebook = nbformat.read(TOUR, as_version=4)
    check = 'print("scores", {name: float(returns.mean()) for name, returns in scores.items()})'
    notebook.cells.append(nbformat.v4.new_code_cell(check))
    NotebookClient(notebook, timeout=900, resources={"metadata": {"path": str(tmp_path)}}).execute()
    said = notebook.cells[-1].outputs[0].text
    scores = eval(said.removeprefix("scores "), {"__builtins__": {}})
    assert list(scores) == ["Reinforce", "A2C", "PPO", "DQN", "BehaviorCloning"]
    assert min(scores.values()) > 200, scores
    compared = notebook.cells[-4].outputs
    assert any("application/vnd.jupyter.widget-view+json" in output.get("data", {}) for output in compared)
