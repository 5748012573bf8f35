"""What was recorded is enough: an environment made from the recipe, put at the start, goes the same way."""

from __future__ import annotations

import base64
import pickle
import subprocess
import sys
import warnings

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.envs.registration import EnvSpec

from rlnb.capture.place import name_of
from rlnb.capture.recipe import recipe_of
from rlnb.trace import Checks, unpack_start


def make_again(recipe):
    assert recipe["why_not"] is None
    if recipe["spec"] is not None:
        return gym.make(EnvSpec.from_json(recipe["spec"]))
    return pickle.loads(base64.b64decode(recipe["pickled"]))()


def run_again(trace):
    """The step at which the checksum or the reward is another; None if the episode is exact."""
    env = make_again(trace.recipe)
    head, body = unpack_start(trace.start)
    if "rng" in head:
        env.unwrapped.np_random.bit_generator.state = head["rng"]
    if body:
        import ale_py

        state = ale_py.ALEState.__new__(ale_py.ALEState)
        state.__setstate__(body)
        env.unwrapped.ale.restoreState(state)
    checks = Checks(trace.recipe["check_every"], env.unwrapped.ale if trace.recipe["check_ram"] else None)
    observation, _ = env.reset(seed=head.get("seed"), options=head.get("options"))
    checks.begin(observation)
    for k in range(len(trace)):
        action = trace.actions[k]
        action = int(action) if isinstance(env.action_space, gym.spaces.Discrete) else action.copy()
        observation, reward, terminated, truncated, _ = env.step(action)
        crc = checks.step(observation, terminated or truncated)
        if crc & 0xFFFF != trace.checks[k] or float(reward) != trace.rewards[k]:
            return k + 1
    assert (terminated, truncated) == (trace.terminated, trace.truncated)
    return None


FAMILIES = {
    "CartPole-v1": 300,
    "Pendulum-v1": 500,
    "FrozenLake-v1": 300,
    "Taxi-v4": 450,
    "LunarLander-v3": 600,
    "HalfCheetah-v5": 1200,
    "CarRacing-v3": 80,
    "ALE/Pong-v5": 2000,
    "ALE/MsPacman-v5": 900,
}


@pytest.mark.parametrize("id", FAMILIES)
def test_every_episode_of_unseeded_training_runs_again_exactly(id, capture, desk):
    if id.startswith("ALE"):
        gym.register_envs(pytest.importorskip("ale_py"))
    env = gym.make(id)
    env.reset()
    for _ in range(FAMILIES[id]):
        _, _, terminated, truncated, _ = env.step(env.action_space.sample())
        if terminated or truncated:
            env.reset()
    capture.cut()
    traces = desk.traces()
    assert traces
    assert [run_again(trace) for trace in traces[:5] + traces[-2:]] == [None] * len(traces[:5] + traces[-2:])


def test_seeds_and_options_are_kept(capture, desk):
    env = gym.make("CartPole-v1")
    for arguments in ({"seed": 3}, {"options": {"low": np.float32(-0.5), "high": 0.5}}, {"seed": 4}):
        env.reset(**arguments)
        env.step(0)
    capture.cut()
    heads = [unpack_start(row["start"])[0] for row in desk.episodes()]
    assert [h.get("seed") for h in heads] == [3, None, 4]
    assert heads[1]["options"] == {"low": -0.5, "high": 0.5}
    assert [run_again(trace) for trace in desk.traces()] == [None] * 3


def test_the_spec_of_wrappers_is_kept(capture, desk):
    env = gym.wrappers.RescaleAction(gym.wrappers.FrameStackObservation(gym.make("Pendulum-v1"), 3), -1, 1)
    env = gym.make(env.spec)
    env.reset()
    for _ in range(20):
        env.step(env.action_space.sample())
    capture.cut()
    (trace,) = desk.traces()
    assert trace.recipe["spec"] is not None and "FrameStack" in trace.recipe["spec"]
    assert run_again(trace) is None


CELL = """
import base64, sys, warnings
warnings.simplefilter("ignore")
import gymnasium as gym, numpy as np
sys.path.insert(0, {tests!r})
from desk import FakeDesk
from rlnb.capture import Capture
from rlnb.clock import SystemClock
desk = FakeDesk()
capture = Capture(desk, SystemClock(), ticking=False)
capture.install()
STRIDE = 2.0
class Walk(gym.Env):
    observation_space = gym.spaces.Box(-100, 100, (1,))
    action_space = gym.spaces.Discrete(2)
    metadata = {{"render_fps": 7}}
    def __init__(self, wind=0.0, render_mode=None):
        self.wind, self.render_mode = wind, render_mode
    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.x = self.np_random.normal(size=1).astype(np.float32)
        return self.x, {{}}
    def step(self, action):
        self.x = self.x + np.float32(self.wind + STRIDE * action)
        return self.x, float(self.x[0]), False, False, {{}}
gym.register("Walk-v0", entry_point={entry}, max_episode_steps=5)
env = {env}
env.reset()
for _ in range(5): env.step(1)
capture.cut()
del Walk
import pickle
pickle.dump(desk.traces(), open({out!r}, "wb"))
"""


@pytest.mark.parametrize(
    ("entry", "env"),
    [
        ("Walk", "gym.make('Walk-v0', wind=0.5)"),
        ("'__main__:Walk'", "gym.make('Walk-v0', wind=0.5)"),
        ("Walk", "capture.watch(Walk(wind=0.5))"),
        ("Walk", "capture.watch(gym.wrappers.TimeLimit(Walk(wind=0.5), 5))"),
    ],
)
def test_a_class_of_the_notebook_is_kept_by_value(entry, env, tmp_path):
    from pathlib import Path

    out = tmp_path / "traces"
    code = CELL.format(entry=entry, env=env, out=str(out), tests=str(Path(__file__).parent))
    root = Path(__file__).parents[2]
    subprocess.run([sys.executable, "-c", code], check=True, cwd=root)
    (trace,) = pickle.loads(out.read_bytes())
    assert trace.recipe["spec"] is None and trace.recipe["fps"] == 7
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert run_again(trace) is None
        assert len(trace) == 5


def test_what_cannot_be_made_again_says_so():
    env = gym.make("CartPole-v1").unwrapped
    env.spec = None
    env.handle = (i for i in ())  # no generator can be pickled
    recipe = recipe_of(env)
    assert "CartPoleEnv cannot be described or pickled" in recipe["why_not"]


def test_watching_what_is_recorded_already_changes_nothing(capture, desk):
    env = gym.wrappers.RecordEpisodeStatistics(gym.make("CartPole-v1"))
    before = len(capture._recorders)
    assert capture.watch(env) is env
    assert len(capture._recorders) == before
    capture.uninstall()
    made_before = gym.make("CartPole-v1")

    class Plain(gym.Wrapper):
        """Keeps no record of its arguments."""

    env = Plain(made_before)
    assert capture.watch(env) is env and capture.watch(env) is env
    env.reset()
    env.step(0)
    capture.flush()
    (request,) = desk.requests
    assert request.recipe["spec"] is not None and request.place.startswith("test_recipe.py:")


def test_watching_what_is_no_environment(capture):
    from rlnb.errors import BadValue

    with pytest.raises(BadValue, match=r"rlnb.watch\(str\)"):
        capture.watch("CartPole-v1")


def test_places(capture, desk):
    from stable_baselines3.common.env_util import make_vec_env

    venv = make_vec_env("CartPole-v1", 2)
    venv.reset()
    venv.step(np.array([0, 0]))
    capture.flush()
    assert len({r.place for r in desk.requests}) == 1
    assert desk.requests[0].place.startswith("test_recipe.py:")
    assert name_of("/somewhere/train.py", 12) == "train.py:12"


def test_an_evaluation_has_a_place_of_its_own(capture, desk):
    from rlnb.agents import QLearning

    def lake():
        return gym.make("FrozenLake-v1")

    for env in ("FrozenLake-v1", lake):
        desk.requests.clear()
        QLearning(env, seed=0).learn(200, progress=False, evaluate_every=100)
        capture.flush()
        learning, *evaluations = [request.place for request in desk.requests]
        assert set(evaluations) == {f"{learning} (evaluation)"}


def test_places_in_cells(monkeypatch):
    from types import SimpleNamespace

    shell = SimpleNamespace(compile=SimpleNamespace(_filename_map={"/tmp/ipykernel_1/22.py": 4}))
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: shell))
    assert name_of("/tmp/ipykernel_1/22.py", 3) == "cell 4, line 3"
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: None))
    assert name_of("/tmp/ipykernel_1/22.py", 3) == "22.py:3"
