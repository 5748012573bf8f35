"""What can be made again, and the words for what cannot."""

from __future__ import annotations

import os
import sys
from dataclasses import replace

import pytest

from rlnb.errors import MissingPackage, NotReplayable
from rlnb.replays import Worker


def lane_env(chatty: bool = False, modes=("rgb_array",), dims: int = 3):
    """An environment class as a notebook cell would define one: known to this process only."""
    import gymnasium
    import numpy as np

    class Corridor(gymnasium.Env):
        metadata = {"render_modes": list(modes), "render_fps": 8}  # noqa: RUF012
        action_space = gymnasium.spaces.Discrete(2)
        observation_space = gymnasium.spaces.Box(-10, 10, (1,), np.float64)

        def __init__(self, render_mode=None):
            self.render_mode = render_mode

        def reset(self, *, seed=None, options=None):
            super().reset(seed=seed)
            self.at = self.np_random.normal(size=1)
            if chatty:
                import os

                print("reset", "x" * 100_000)
                os.write(1, b"from C\n")
                sys.stdin.read()
            return self.at.copy(), {}

        def step(self, action):
            self.at += self.np_random.normal(size=1) + (1 if action else -1)
            if chatty:
                print("step", self.at)
            return self.at.copy(), float(self.at[0]), bool(abs(self.at[0]) > 8), False, {}

        def render(self):
            if self.render_mode != "rgb_array":
                return None
            picture = np.full((33, 47, 3), 200, np.uint8)
            picture[:, max(0, int(self.at[0] * 2) + 23) : int(self.at[0] * 2) + 26] = 0
            return picture if dims == 3 else picture[:, :, 0]

    return Corridor


Corridor = lane_env()
Corridor.__module__ = "__main__"  # as in a notebook: pickled by value


def test_a_class_of_the_notebook_is_pickled_by_value(worker, recorder):
    recipe = recorder.pickled_recipe(Corridor, max_episode_steps=12)
    import gymnasium

    env = gymnasium.wrappers.TimeLimit(Corridor(), 12)
    for _ in range(3):
        trace = recorder.record(env, recipe)
        film = worker.film(trace)
        assert film.verdict.verdict == "exact", film.verdict
        assert (film.frames, film.width, film.height) == (len(trace) + 1, 48, 34)


def test_an_environment_that_prints_cannot_break_the_wire(worker, recorder):
    chatty = lane_env(chatty=True)
    trace = recorder.record(Corridor(), recorder.pickled_recipe(chatty), most=30)
    assert worker.film(trace).verdict.verdict == "exact"
    assert worker.verify(trace).verdict == "exact"


def test_a_grey_picture_is_drawn(worker, recorder):
    grey = lane_env(dims=2)
    trace = recorder.record(grey(), recorder.pickled_recipe(grey), most=5)
    assert worker.film(trace).frames == len(trace) + 1


def test_an_environment_without_pictures(worker, recorder):
    trace = recorder.episodes("CartPole-v1", 1)[0]
    blind = lane_env(modes=())
    blind.render = lambda self: None
    trace = recorder.record(blind(), recorder.pickled_recipe(blind), most=5)
    with pytest.raises(NotReplayable, match="draws no pictures"):
        worker.film(trace)
    assert worker.verify(trace).verdict == "exact"


def test_an_environment_that_raises_in_the_replay(worker, recorder):
    import gymnasium

    class Fragile(Corridor):
        def step(self, action):
            raise ValueError("the server is gone")

    assert issubclass(Fragile, gymnasium.Env)
    trace = recorder.record(Corridor(), recorder.pickled_recipe(Fragile), most=5)
    verdict = worker.verify(trace)
    assert (verdict.verdict, verdict.step) == ("diverged", 1)
    assert "the server is gone" in verdict.reason


def test_known_only_to_the_recording_process(worker, cartpole):
    gone = (
        cartpole.recipe["spec"]
        .replace("gymnasium.envs.classic_control.cartpole", "__main__")
        .replace("CartPoleEnv", "MyCartPole")
    )
    trace = replace(cartpole, recipe={**cartpole.recipe, "env_id": "Mine-v0", "spec": gone})
    verdict = worker.verify(trace)
    assert verdict.verdict == "not replayable"
    assert "Mine-v0 is defined only in the process that recorded it" in verdict.reason
    with pytest.raises(NotReplayable, match="Mine-v0"):
        worker.film(trace)


def test_said_beforehand(worker, cartpole):
    recipe = {**cartpole.recipe, "why_not": "LiveMarket-v0 follows the wall clock."}
    verdict = worker.verify(replace(cartpole, recipe=recipe))
    assert (verdict.verdict, verdict.reason) == ("not replayable", "LiveMarket-v0 follows the wall clock.")
    nothing = worker.verify(replace(cartpole, recipe={**cartpole.recipe, "spec": None}))
    assert nothing.verdict == "not replayable"


def test_another_version_diverges_and_says_where(worker, cartpole):
    other = cartpole.recipe["spec"].replace('"kwargs": {', '"kwargs": {"sutton_barto_reward": true')
    verdict = worker.verify(replace(cartpole, recipe={**cartpole.recipe, "spec": other}))
    assert (verdict.verdict, verdict.step) == ("diverged", 1)


@pytest.fixture
def without(tmp_path, monkeypatch):
    """A worker in whose process some modules are not installed."""
    workers = []

    def make(*modules: str) -> Worker:
        for module in modules:
            words = f"raise ModuleNotFoundError(\"No module named '{module}'\", name='{module}')"
            (tmp_path / f"{module}.py").write_text(words)
        monkeypatch.syspath_prepend(str(tmp_path))
        workers.append(Worker())
        workers[-1].warm()
        return workers[-1]

    yield make
    for worker in workers:
        worker.close()


def test_a_missing_renderer_is_named_with_its_install_line(without, cartpole):
    worker = without("pygame")
    with pytest.raises(MissingPackage, match=r'needs the package pygame.*%pip install "rlnb\[render\]"'):
        worker.film(cartpole)
    assert worker.verify(cartpole).verdict == "exact"


@pytest.mark.parametrize(
    ("env_id", "module", "line"),
    [("LunarLander-v3", "Box2D", r"gymnasium\[box2d\]"), ("HalfCheetah-v5", "mujoco", r"gymnasium\[mujoco\]")],
)
def test_a_missing_simulator_is_named_with_its_install_line(env_id, module, line, without, recorder):
    pytest.importorskip(module)
    trace = recorder.episodes(env_id, 1, most=3)[0]
    worker = without(module)
    with pytest.raises(MissingPackage, match=line):
        worker.film(trace)
    verdict = worker.verify(trace)
    assert verdict.verdict == "not replayable"
    assert module in verdict.reason


def test_a_machine_without_gl_is_said_in_words(without, recorder, monkeypatch):
    pytest.importorskip("mujoco")
    trace = recorder.episodes("HalfCheetah-v5", 1, most=2)[0]
    monkeypatch.delenv("MUJOCO_GL", raising=False)
    worker = without("OpenGL")
    with pytest.raises(NotReplayable, match=r"OpenGL.*libegl1"):
        worker.film(trace)
    assert worker.verify(trace).verdict == "exact"
    assert "MUJOCO_GL" not in os.environ
