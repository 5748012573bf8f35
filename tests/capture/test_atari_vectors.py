"""ALE's own vector environment: recorded lane by lane, run again all together from a seeded reset."""

import sys

import gymnasium as gym
import numpy as np
import pytest
from vectors import episodes, traces

from rlnb.events import LanesStepped
from rlnb.replays.simulate import Simulation
from rlnb.trace import unpack_start

ale_py = pytest.importorskip("ale_py")
gym.register_envs(ale_py)


def drive(env, steps, seed, halves=False):
    rng = np.random.default_rng(1)
    seen = [env.reset(seed=seed)]
    for _ in range(steps):
        actions = rng.integers(0, int(env.single_action_space.n), env.num_envs)
        if halves:
            env.send(actions)
        seen.append(env.recv() if halves else env.step(actions))
    return seen


def exact(desk):
    """How many episodes ended; the first, a middle and the last one are run again."""
    found = [trace for trace in traces(desk) if trace.finished]
    for trace in (found[0], found[len(found) // 2], found[-1]):
        with Simulation(trace) as run:
            list(run)
            assert run.verdict().verdict == "exact", run.verdict().reason
    return len(found)


@pytest.mark.parametrize("mode", ["NextStep", "SameStep"])
def test_lanes_are_recorded_and_run_again(capture, desk, mode):
    options = {"autoreset_mode": mode, "episodic_life": True, "img_height": 32, "img_width": 32}
    env = gym.make_vec("ALE/Breakout-v5", 3, **options)
    recorded = drive(env, 120, seed=7)
    capture.cut()
    capture.uninstall()
    bare = drive(gym.make_vec("ALE/Breakout-v5", 3, **options), 120, seed=7)
    for one, other in zip(recorded, bare, strict=True):
        for a, b in zip(one[:-1], other[:-1], strict=True):
            np.testing.assert_array_equal(a, b)
        assert one[-1].keys() == other[-1].keys()
    over = sum(int((step[2] | step[3]).sum()) for step in bare[1:])
    assert sum(bool(row["finished"]) for row in episodes(desk)) == over > 3
    assert exact(desk) == over


@pytest.mark.parametrize("halves", [False, True])
def test_one_that_is_made_directly_also_in_halves(capture, desk, halves):
    from ale_py.vector_env import AtariVectorEnv

    env = AtariVectorEnv("breakout", 2, episodic_life=True, img_height=32, img_width=32)
    drive(env, 80, seed=3, halves=halves)
    capture.cut()
    assert sum(event.steps for event in desk.of(LanesStepped)) <= 160
    assert exact(desk) >= 2
    assert desk.requests[0].place.startswith("test_atari_vectors.py")


def test_its_class_is_known_when_it_is_loaded_after_rlnb(capture, desk, monkeypatch):
    monkeypatch.delitem(sys.modules, "ale_py.vector_env")
    from ale_py.vector_env import AtariVectorEnv

    AtariVectorEnv("pong", 2).reset(seed=1)
    assert len(capture.vectors.recorders) == 1
    init = AtariVectorEnv.__init__
    capture.uninstall()
    assert AtariVectorEnv.__init__ is not init and AtariVectorEnv.__init__ is init.__wrapped__
    assert "__init_subclass__" not in vars(gym.vector.VectorEnv)


def test_without_a_seed_it_says_why_not(capture, desk):
    env = gym.make_vec("ALE/Pong-v5", 2, img_height=32, img_width=32)
    drive(env, 5, seed=None)
    capture.cut()
    assert "without a seed" in unpack_start(episodes(desk)[0]["start"])[0]["why_not"]


def test_one_that_steps_a_part_of_its_lanes_is_refused_in_words(capture, desk):
    env = gym.make_vec("ALE/Pong-v5", 4, batch_size=2)
    env.reset(seed=0)
    assert not capture.vectors.recorders
    assert "batch_size is 2" in desk.warnings[0]
