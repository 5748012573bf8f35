"""Charts outside the notebook's page: a Bokeh figure, and files without a browser."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import gymnasium as gym
import numpy as np
import pytest
from PIL import Image

import rlnb
from rlnb.control.compare.lines import lines_of
from rlnb.errors import BadValue


@pytest.fixture
def runs(recording):
    """Two settings: three runs of unequal length, and one."""
    env = gym.make("CartPole-v1")
    made = []
    for rate, seed, episodes in ((0.1, 0, 4), (0.1, 1, 6), (0.1, 2, 9), (0.5, 0, 5)):
        with rlnb.session(f"<b>{rate}</b> {seed}", params={"lr": rate}, seed=seed) as s:
            for i in range(episodes):
                env.reset(seed=seed + i)
                while not any(env.step(seed % 2)[2:4]):
                    pass
        made.append(s)
    return made


def test_a_figure_has_every_run_a_mean_and_a_named_band(runs):
    plot = rlnb.chart(*runs)
    kinds = [type(renderer.glyph).__name__ for renderer in plot.renderers]
    assert sorted(kinds) == ["Line"] * 5 + ["VArea"]
    labels = [item.label.value for item in plot.legend.items]
    assert labels == ["lr=0.1 (95% t-interval of the mean, 3 runs)", "lr=0.5"]
    assert rlnb.chart(runs[0], axis="time").xaxis.axis_label == "seconds"
    with pytest.raises(BadValue, match="axis='year'"):
        rlnb.chart(runs[0], axis="year")


def test_runs_of_unequal_length_are_averaged_only_where_all_of_them_are(runs):
    many, _one = lines_of(rlnb.compare(*runs).settings, "step")
    ends = [x[-1] for x, _ in many.runs]
    assert many.x[-1] == min(ends) < max(ends)
    at = many.x[100]
    assert many.mean[100] == pytest.approx(np.mean([np.interp(at, x, y) for x, y in many.runs]))
    assert (many.low <= many.mean).all() and (many.mean <= many.high).all()


@pytest.mark.parametrize("name", ["x.png", "x.jpeg", "x.JPG", "x.svg", "x.html"])
def test_every_kind_of_file(runs, tmp_path, name):
    path = rlnb.save_chart(tmp_path / name, *runs)
    assert path == tmp_path / name
    if path.suffix == ".html":
        text = path.read_text(encoding="utf-8")
        assert "Bokeh" in text
        assert "<script src=" not in text.replace(' type="text/javascript"', "")
    elif path.suffix == ".svg":
        root = ET.fromstring(path.read_text(encoding="utf-8"))
        words = [node.text for node in root.iter("{http://www.w3.org/2000/svg}text")]
        assert "lr=0.1 (mean of 3 runs)" in words and "lr=0.5" in words
        assert len(list(root.iter("{http://www.w3.org/2000/svg}polyline"))) == 2
    else:
        with Image.open(path) as picture:
            assert picture.format == ("PNG" if path.suffix == ".png" else "JPEG")
            assert picture.width == 900


def test_what_cannot_be_written_is_said(runs, tmp_path):
    with pytest.raises(BadValue, match=r"ends in \.jpeg"):
        rlnb.save_chart(tmp_path / "x.pdf", *runs)
    with pytest.raises(BadValue, match="at least one session"):
        rlnb.save_chart(tmp_path / "x.png")
    assert list(tmp_path.glob("x.*")) == []


def test_a_session_without_a_finished_episode_draws_nothing(recording, tmp_path):
    with rlnb.session("nothing") as s:
        pass
    assert rlnb.chart(s).renderers == []
    for kind in ("svg", "png"):
        assert rlnb.save_chart(tmp_path / f"empty.{kind}", s).stat().st_size > 200
