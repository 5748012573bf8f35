"""A notebook run with nobody looking, by nbconvert or papermill: the file shows what a person would have seen."""

from __future__ import annotations

import base64
import io
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.browser.files import notebook_of
from tests.browser.lab import ROOT

VIEW = "application/vnd.jupyter.widget-view+json"
SETUP = """
%load_ext rlnb
import time
import rlnb
import gymnasium as gym

def train(episodes):
    env = gym.make("CartPole-v1")
    env.action_space.seed(1)
    begun, done = time.time(), 0
    while done < episodes or time.time() < begun + 0.7:  # the view shows itself after half a second of stepping
        env.reset(seed=done)
        over = False
        while not over:
            *_, terminated, truncated, _ = env.step(env.action_space.sample())
            over = terminated or truncated
        done += 1
"""
CELLS = {
    "setup": SETUP,
    "parameters": "episodes = 5",
    "slow": "params = {'lr': 0.1}\ntrain(episodes)",
    "fast": "params = {'lr': 0.2}\ntrain(episodes)",
    "table": "rlnb.compare(*rlnb.sessions()['id'], by='lr')",
    "replay": "rlnb.replay((rlnb.last(), 'best'))",
    "player": "rlnb.last().replay('worst')",
}


def run_nbconvert(source: Path, target: Path, env: dict[str, str]) -> None:
    """As a person types it; the ending of `target` is what is made: .ipynb or .html."""
    made = "html" if target.suffix == ".html" else "notebook"
    command = [sys.executable, "-m", "nbconvert", "--to", made, "--execute", "--output", target.name, source.name]
    done = subprocess.run(command, cwd=source.parent, env=env, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr


def run_papermill(source: Path, target: Path, env: dict[str, str]) -> None:
    """As a person types it, with a parameter."""
    pytest.importorskip("papermill", reason="papermill is not installed")
    command = [sys.executable, "-m", "papermill", source.name, target.name, "-p", "episodes", "12"]
    done = subprocess.run(command, cwd=source.parent, env=env, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr


def lesson(folder: Path) -> Path:
    """The notebook, written; nothing of it has run."""
    document = notebook_of(list(CELLS.values()))
    document["cells"][list(CELLS).index("parameters")]["metadata"]["tags"] = ["parameters"]
    path = folder / "lesson.ipynb"
    path.write_text(json.dumps(document), encoding="utf-8")
    return path


def environment(home: Path) -> dict[str, str]:
    env = {**os.environ, "PYTHONPATH": str(ROOT), "JUPYTER_PREFER_ENV_PATH": "1", "IPYTHONDIR": str(home / "ipython")}
    env.pop("RLNB_PAGE", None)
    return env


RUNNERS = [
    pytest.param(run_nbconvert, id="nbconvert"),
    pytest.param(run_papermill, id="papermill", marks=pytest.mark.slow),
]


@pytest.mark.parametrize("run", RUNNERS)
def test_the_executed_file_shows_chart_table_and_poster(run: Any, tmp_path: Path) -> None:
    source, target = tmp_path / "lesson.ipynb", tmp_path / "executed.ipynb"
    document = notebook_of(list(CELLS.values()))
    document["cells"][list(CELLS).index("parameters")]["metadata"]["tags"] = ["parameters"]
    source.write_text(json.dumps(document), encoding="utf-8")
    env = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "JUPYTER_PREFER_ENV_PATH": "1",
        "IPYTHONDIR": str(tmp_path / "ipython"),
    }
    env.pop("RLNB_PAGE", None)
    run(source, target, env)

    executed = json.loads(target.read_text(encoding="utf-8"))
    assert "model not found" not in json.dumps(executed["cells"])
    shown = {name: outputs_of(executed, source) for name, source in CELLS.items()}
    for name in ("slow", "fast"):
        assert picture_in(shown[name]).width > 300, f"no chart under the cell {name!r}"
        assert "CartPole-v1" in text_of(shown[name]), "where a front end draws no HTML the text speaks"
        assert "finished" in text_of(shown[name])
    assert picture_in(shown["table"]).width > 300
    table = html_of(shown["table"])
    assert "<table" in table
    assert {"0.1", "0.2"} <= set(re.findall(r"<td[^>]*>([^<]*)</td>", table))
    for name in ("replay", "player"):
        poster = picture_in(shown[name])
        assert poster.width >= 100
        assert len(poster.convert("RGB").getcolors(100_000) or ()) > 2, "the poster shows a scene"
    for outputs in shown.values():  # a widget never stands alone: a file opened without its kernel needs the rest
        views = [data for data in outputs if VIEW in data]
        assert len([data for data in outputs if "rlnb-static" in data.get("text/html", "")]) >= len(views)


def outputs_of(document: dict[str, Any], source: str) -> list[dict[str, str]]:
    """The mime bundles under a cell, each text in one piece."""
    (cell,) = [cell for cell in document["cells"] if "".join(cell["source"]) == source]
    assert not [output for output in cell["outputs"] if output["output_type"] == "error"]
    bundles = [output["data"] for output in cell["outputs"] if "data" in output]
    return [
        {mime: "".join(part) if isinstance(part, list) else part for mime, part in data.items()} for data in bundles
    ]


def html_of(outputs: list[dict[str, str]]) -> str:
    return "".join(data.get("text/html", "") for data in outputs)


def text_of(outputs: list[dict[str, str]]) -> str:
    return "\n".join(data.get("text/plain", "") for data in outputs)


def picture_in(outputs: list[dict[str, str]]) -> Image.Image:
    """The first picture of a cell, decoded."""
    found = re.search(r'src="data:image/(?:png|jpeg);base64,([^"]+)"', html_of(outputs))
    assert found, f"no picture in {text_of(outputs)!r}"
    picture = Image.open(io.BytesIO(base64.b64decode(found.group(1))))
    picture.load()
    return picture
