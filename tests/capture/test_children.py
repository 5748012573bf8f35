"""Environments in worker processes: the worker records, ships it beside the environment's own pipe, and it replays."""

import functools
import os
import time

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.vector import AsyncVectorEnv

from rlnb.capture import spool
from rlnb.events import StepsRecorded
from rlnb.replays.simulate import Simulation

subproc = pytest.importorskip("stable_baselines3.common.vec_env.subproc_vec_env")
make = functools.partial(gym.make, "CartPole-v1")


def drive(env, steps, seed=0):
    """What a vector environment gave back for the same actions."""
    rng = np.random.default_rng(2)
    seen = [env.reset(seed=seed)]
    for _ in range(steps):
        seen.append(env.step(rng.integers(0, 2, env.num_envs)))
    return seen


def same(one, other):
    for a, b in zip(one, other, strict=True):
        if isinstance(a, dict):
            assert a.keys() == b.keys()
            same([a[k] for k in sorted(a)], [b[k] for k in sorted(b)])
        elif isinstance(a, tuple | list):
            same(a, b)
        elif isinstance(a, np.ndarray) and a.dtype == object:
            same(list(a), list(b))
        else:
            np.testing.assert_array_equal(a, b)


def replayed(desk, session="s1"):
    """How many episodes of a session run again exactly; all must."""
    count = 0
    for lane in sorted({event.lane for event in desk.of(StepsRecorded, session)}):
        for trace in desk.traces(session, lane):
            with Simulation(trace) as run:
                list(run)
                assert run.verdict().verdict == "exact", run.verdict().reason
            count += 1
    return count


@pytest.mark.parametrize(("context", "mode"), [("fork", "NextStep"), ("spawn", "NextStep"), ("fork", "SameStep")])
def test_AsyncVectorEnv_is_recorded_in_its_workers(capture, desk, context, mode):
    env = AsyncVectorEnv([make, make], context=context, autoreset_mode=mode)
    recorded = drive(env, 100)
    capture.cut()
    env.close()
    capture.uninstall()
    bare_env = AsyncVectorEnv([make, make], autoreset_mode=mode)
    bare = drive(bare_env, 100)
    bare_env.close()
    same(recorded, bare)
    rows = [row for lane in (0, 1) for row in desk.episodes(lane=lane)]
    ends = sum(int((step[2] | step[3]).sum()) for step in bare[1:])
    assert sum(bool(row["finished"]) for row in rows) == ends > 4
    steps = sum(len(event.rewards) for event in desk.of(StepsRecorded))
    assert steps == 200 - (ends if mode == "NextStep" else 0) + (
        int((bare[-1][2] | bare[-1][3]).sum()) if mode == "NextStep" else 0
    )
    assert replayed(desk) == len(rows)
    assert {request.place for request in desk.requests} == {desk.requests[0].place}
    assert desk.requests[0].place.startswith("test_children.py")


def test_make_vec_async_and_an_open_episode_that_crosses_sessions(capture, desk):
    env = gym.make_vec("CartPole-v1", 2, vectorization_mode="async")
    env.reset(seed=1)
    for _ in range(5):
        env.step(np.ones(2, int))
    capture.cut()
    assert [row["length"] for lane in (0, 1) for row in desk.episodes(lane=lane)] == [5, 5]
    desk.session = "s2"
    for _ in range(30):
        env.step(np.ones(2, int))
    capture.cut()
    env.close()
    assert desk.steps("s2", 0)[0] == -5
    assert desk.episodes("s2")[0]["first"] == -5
    assert replayed(desk, "s2") >= 4


@pytest.mark.parametrize("method", ["fork", "forkserver"])
def test_SubprocVecEnv_is_recorded_in_its_workers(capture, desk, method):
    env = subproc.SubprocVecEnv([make, make], start_method=method)
    env.seed(3)
    env.reset()
    over = 0
    for _ in range(60):
        over += int(env.step(np.ones(2, int))[2].sum())
    capture.cut()
    env.close()
    rows = [row for lane in (0, 1) for row in desk.episodes(lane=lane)]
    assert sum(bool(row["finished"]) for row in rows) == over > 4
    assert replayed(desk) == len(rows)


def test_flags_of_the_parent_are_served_while_workers_step(capture, desk):
    env = AsyncVectorEnv([make])
    env.reset(seed=0)
    before = desk.ticks
    capture.wake()
    env.step(np.ones(1, int))
    assert desk.ticks == before + 1
    desk.raises = KeyboardInterrupt()
    capture.wake()
    with pytest.raises(KeyboardInterrupt):
        env.step(np.ones(1, int))
    desk.raises = None
    env.step(np.ones(1, int))  # the environment is as it was
    env.close()


def test_a_killed_worker_keeps_what_it_had_written(capture, desk):
    env = AsyncVectorEnv([make, make])
    env.reset(seed=0)
    for _ in range(5):
        env.step(np.ones(2, int))
    capture.flush(wait=True)
    process = env.processes[0]
    process.kill()
    process.join()
    capture.flush()
    assert [(row["length"], bool(row["finished"])) for row in desk.episodes(lane=0)] == [(5, False)]
    env.close(terminate=True)


def test_what_is_unloaded_is_given_back_and_workers_stop(capture, desk):
    env = AsyncVectorEnv([make])
    env.reset(seed=0)
    folders = [child.reader.folder for child in capture.children._children]
    assert folders and all(folder.exists() for folder in folders)
    start = AsyncVectorEnv and __import__("multiprocessing").process.BaseProcess.start
    capture.uninstall()
    assert __import__("multiprocessing").process.BaseProcess.start is not start
    assert not any(folder.exists() for folder in folders)
    assert type(env) is AsyncVectorEnv
    env.step(np.ones(1, int))
    env.close()


def test_a_spool_in_segments_is_read_in_order_and_is_bounded(tmp_path, monkeypatch):
    monkeypatch.setattr(spool, "SEGMENT", 1000)
    monkeypatch.setattr(spool, "MOST", 5000)
    writer, reader = spool.Writer(str(tmp_path)), spool.Reader(str(tmp_path))
    for k in range(20):
        writer.put((k, b"x" * 300))
    assert [k for k, _ in reader.take()] == list(range(20))
    assert len(list(tmp_path.iterdir())) == 1
    for k in range(20, 200):
        writer.put((k, b"x" * 300))
    assert writer.full and reader.has("full")
    found = [k for k, _ in reader.take()]
    assert found == list(range(20, 20 + len(found)))
    reader.remove()
    writer.put((0, b""))


def test_a_worker_whose_parent_is_gone_goes_on(tmp_path):
    folder = tmp_path / "spool"
    folder.mkdir()
    writer = spool.Writer(str(folder))
    spool.Reader(str(folder)).remove()
    writer.put("something")
    assert writer.sees("stop")
    assert os.getpid() and time.monotonic()
