"""Native vector environments: every lane recorded as if it were alone, and nothing about them changed."""

from __future__ import annotations

import gc
import threading
import weakref

import gymnasium as gym
import numpy as np
import pytest
from vectors import MODES, Dice, drive, episodes, statistics, traces

from rlnb.capture import Capture
from rlnb.clock import SystemClock
from rlnb.events import LanesStepped
from rlnb.replays.simulate import Simulation
from rlnb.trace import unpack_start


@pytest.fixture(autouse=True)
def dice():
    for mode in MODES:
        gym.register(f"Dice{mode}-v0", vector_entry_point=Dice, kwargs={"mode": mode})
    yield
    for mode in MODES:
        gym.registry.pop(f"Dice{mode}-v0")


@pytest.mark.parametrize("whole", [True, False])
@pytest.mark.parametrize("lanes", [1, 3, 70])
@pytest.mark.parametrize("mode", MODES)
def test_returns_and_lengths_are_those_of_RecordEpisodeStatistics(capture, desk, mode, lanes, whole):
    capture.clock = SystemClock()  # ends are told apart by the time of their step
    expected = statistics(Dice(lanes, mode, whole), 400, mode)
    env = gym.make_vec(f"Dice{mode}-v0", lanes, whole=whole)
    rng = np.random.default_rng(9)
    seen = drive_with_flushes(capture, env, 400, mode, rng)
    assert seen
    rows = [row for row in episodes(desk) if row["finished"]]
    found = [(row["lane"], float(row["returns"]), int(row["length"])) for row in rows]
    key = lambda one: one[0]  # noqa: E731
    assert sorted(found, key=key) == sorted(expected, key=key)
    assert [row["ended"] for row in rows] == sorted(row["ended"] for row in rows)
    assert [row["step"] for row in rows] == sorted(row["step"] for row in rows)


def drive_with_flushes(capture, env, steps, mode, rng):
    actions = np.random.default_rng(5)
    env.reset(seed=0)
    for _ in range(steps):
        _, _, terminated, truncated, _ = env.step(actions.integers(0, 3, env.num_envs))
        if rng.random() < 0.1:
            capture.flush()
        over = terminated | truncated
        if mode == "Disabled" and over.any():
            env.reset(options={"reset_mask": over})
    capture.cut()
    return steps


@pytest.mark.parametrize("mode", MODES)
def test_recorded_and_bare_runs_are_identical(capture, desk, mode):
    bare = drive(Dice(5, mode), 1000, mode=mode)
    env = gym.make_vec(f"Dice{mode}-v0", 5)
    recorded = drive(env, 1000, mode=mode)
    for one, other in zip(bare, recorded, strict=True):
        for a, b in zip(one, other, strict=True):
            if isinstance(a, dict):
                assert a.keys() == b.keys()
                a, b = (
                    np.concatenate([v.ravel() for v in a.values()] or [[0]]),
                    np.concatenate([v.ravel() for v in b.values()] or [[0]]),
                )
            np.testing.assert_array_equal(a, b)
    capture.flush()
    assert desk.of(LanesStepped)


def test_CartPole_is_recorded_and_bare_alike(capture, desk):
    env = gym.make_vec("CartPole-v1", 8)
    assert type(env.unwrapped).__name__ == "CartPoleVectorEnv"
    recorded = drive(env, 1000)
    state = env.np_random.bit_generator.state
    capture.uninstall()
    other = gym.make_vec("CartPole-v1", 8)
    bare = drive(other, 1000)
    for a, b in zip(recorded, bare, strict=True):
        for x, y in zip(a, b, strict=True):
            np.testing.assert_array_equal(x, y)
    assert state == other.np_random.bit_generator.state
    assert sum(event.steps for event in desk.of(LanesStepped)) <= 8000


def test_every_lane_of_CartPole_replays(capture, desk):
    env = gym.make_vec("CartPole-v1", 16, sutton_barto_reward=True)
    drive(env, 300, seed=None)
    capture.cut()
    found = traces(desk)
    assert len({trace.column for trace in found}) == 16
    assert len(found) > 150
    for trace in found:
        with Simulation(trace) as run:
            assert [moment.k for moment in run] == list(range(len(trace) + 1))
            assert run.verdict().verdict == "exact", run.verdict().reason


def test_a_changed_reward_or_observation_is_found(capture, desk):
    env = gym.make_vec("CartPole-v1", 2)
    drive(env, 200)
    capture.cut()
    trace = next(trace for trace in traces(desk) if trace.checked.any())
    at = int(np.flatnonzero(trace.checked)[0])
    trace.checks[at] ^= 1
    with Simulation(trace) as run:
        list(run)
        assert (run.verdict().verdict, run.verdict().step) == ("diverged", at + 1)


@pytest.mark.parametrize("mode", ["NextStep", "SameStep"])
def test_lanes_without_a_known_state_run_again_together(capture, desk, mode):
    env = gym.make_vec(f"Dice{mode}-v0", 4)
    drive(env, 60, seed=None)
    drive(env, 60, seed=3)
    capture.cut()
    found = [trace for trace in traces(desk) if trace.finished]
    assert len(found) > 30
    for trace in found:
        with Simulation(trace) as run:
            list(run)
            assert run.verdict().verdict == "exact", run.verdict().reason


def test_a_lane_reset_by_itself_says_that_it_cannot_be_replayed(capture, desk):
    env = gym.make_vec("DiceDisabled-v0", 4)
    drive(env, 60, mode="Disabled")
    capture.cut()
    said = {unpack_start(row["start"])[0].get("why_not") for row in episodes(desk)[8:]}
    assert len(said) == 1 and "by themselves" in said.pop()


def test_a_session_goes_on_with_the_episodes_of_the_one_before(capture, desk):
    env = gym.make_vec("CartPole-v1", 4)
    env.reset(seed=1)
    for _ in range(5):
        env.step(np.ones(4, int))
    capture.cut()
    desk.session = "s2"
    for _ in range(20):
        env.step(np.ones(4, int))
    capture.cut()
    first, second = episodes(desk, "s1"), episodes(desk, "s2")
    assert [row["finished"] for row in first] == [False] * 4
    assert {row["first"] for row in second[:4]} == {-5}
    assert sum(event.steps for event in desk.of(LanesStepped, "s2")) == 20 * 4 - sum(row["finished"] for row in second)
    for trace in traces(desk, "s2"):
        with Simulation(trace) as run:
            list(run)
            assert run.verdict().verdict == "exact", run.verdict().reason


def test_recording_that_begins_in_the_middle(capture, desk):
    env = gym.make_vec("CartPole-v1", 2)
    capture.uninstall()
    env.reset(seed=0)
    capture.install()
    capture.add_vector(env, "here")
    for _ in range(30):
        env.step(np.ones(2, int))
    capture.cut()
    heads = [unpack_start(row["start"])[0] for row in episodes(desk)]
    assert ["why_not" in head for head in heads[:4]] == [True, True, False, False]


def test_actions_and_rewards_may_be_changed_in_place(capture, desk):
    env = gym.make_vec("DiceNextStep-v0", 2)
    env.reset(seed=0)
    actions = np.array([1, 2])
    for _ in range(3):
        _, rewards, *_ = env.step(actions)
        rewards *= 100
        actions[:] = 0
    capture.cut()
    event = desk.of(LanesStepped)[0]
    assert event.actions[0].tolist() == [1, 2] and event.actions[1].tolist() == [0, 0]
    assert np.abs(event.rewards).max() < 10


def test_unloading_gives_the_class_and_make_vec_back(capture):
    code = capture and gym.make_vec.__code__
    env = gym.make_vec("CartPole-v1", 2)
    assert type(env) is not env.__class__ and "CartPoleVectorEnv" in repr(env)
    capture.uninstall()
    assert type(env) is env.__class__
    assert gym.make_vec.__code__ is not code


def test_a_dropped_one_is_collected_and_its_episodes_are_kept(capture, desk):
    env = gym.make_vec("CartPole-v1", 2)
    env.reset(seed=0)
    env.step(np.ones(2, int))
    gone = weakref.ref(env)
    del env
    gc.collect()
    assert gone() is None
    capture.flush()
    assert [row["finished"] for row in episodes(desk)] == [False, False]


class Failing(Dice):
    def step(self, actions):
        raise RuntimeError("the person's own error")


def test_an_exception_is_the_persons(capture, desk):
    gym.register("Failing-v0", vector_entry_point=Failing)
    try:
        env = gym.make_vec("Failing-v0", 2)
    finally:
        gym.registry.pop("Failing-v0")
    env.reset(seed=0)
    with pytest.raises(RuntimeError, match="own error"):
        env.step(np.array([1, 1]))
    with pytest.raises(RuntimeError, match="own error"):
        env.step("nonsense")
    capture.cut()
    assert not desk.events and not desk.warnings


def test_flushes_from_another_thread_lose_nothing(desk):
    capture = Capture(desk, SystemClock())
    capture.install()
    stop = threading.Event()

    def flush():
        while not stop.is_set():
            capture.flush()

    other = threading.Thread(target=flush)
    other.start()
    try:
        env = gym.make_vec("DiceSameStep-v0", 3)
        env.reset(seed=0)
        given = np.random.default_rng(1).integers(0, 3, (2000, 3))
        for actions in given:
            env.step(actions)
    finally:
        stop.set()
        other.join()
        capture.cut()
        capture.uninstall()
    assert np.array_equal(np.concatenate([event.actions for event in desk.of(LanesStepped)]), given)
    assert sum(row["length"] for row in episodes(desk)) == 6000


def test_one_that_two_threads_step_in_turn(desk):
    capture = Capture(desk, SystemClock())
    capture.install()
    try:
        env = gym.make_vec("CartPole-v1", 4)
        env.reset(seed=0)
        turn = threading.Lock()

        def play():
            for _ in range(300):
                with turn:
                    env.step(np.ones(4, int))

        threads = [threading.Thread(target=play) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        capture.cut()
        capture.uninstall()
    assert sum(len(event.actions) for event in desk.of(LanesStepped)) == 600
    for trace in traces(desk)[::20]:
        with Simulation(trace) as run:
            list(run)
            assert run.verdict().verdict == "exact"
