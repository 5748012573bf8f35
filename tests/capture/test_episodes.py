"""What is recorded of episodes: ends, cuts and sessions that follow each other."""

from __future__ import annotations

import time

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.wrappers import RecordEpisodeStatistics
from ladder import Ladder, play, rows
from vectors import episodes

from rlnb.events import EpisodesEnded
from rlnb.trace import unpack_start


@pytest.mark.parametrize("every", [1, 2, 7, 1000])
def test_returns_and_lengths_agree_with_gymnasiums_statistics(every, capture, desk):
    env = RecordEpisodeStatistics(gym.make("Pendulum-v1", max_episode_steps=30))
    env.reset(seed=0)
    env.action_space.seed(0)
    theirs = []
    for i in range(300):
        *_, truncated, info = env.step(env.action_space.sample())
        if truncated:
            theirs.append((info["episode"]["r"], info["episode"]["l"]))
            env.reset()
        if i % every == 0:
            capture.flush()
    capture.flush()
    ours = [(r["returns"], r["length"]) for r in desk.episodes()]
    assert ours == theirs  # sums too are the same to the last bit
    assert all(r["truncated"] and not r["terminated"] for r in desk.episodes())
    assert [r["step"] for r in desk.episodes()] == [30 * (i + 1) for i in range(10)]


def test_a_reset_before_the_end_cuts_and_resetting_twice_leaves_nothing(capture, desk):
    env = capture.watch(Ladder(n=4))
    env.reset()
    env.reset()
    play(env, 6)
    env.reset()
    env.reset()
    env.step(0)
    capture.cut()
    assert rows(desk) == [(0, 4, 4, True), (4, 2, 2, False), (6, 1, 1, False)]


def test_a_step_after_the_end_is_of_no_episode(capture, desk):
    env = capture.watch(Ladder(n=2))
    env.reset()
    for _ in range(5):
        env.step(0)
    env.reset()
    env.step(0)
    capture.cut()
    assert rows(desk) == [(0, 2, 2, True), (2, 1, 1, False)]
    assert len(desk.steps("s1")[2]) == 3


def test_an_open_episode_is_announced_once_and_goes_on_in_the_next_session(capture, desk):
    env = capture.watch(Ladder(n=6))
    env.reset(seed=5)
    play(env, 2)
    capture.flush()
    play(env, 2)
    capture.flush()
    assert [(o.first, o.lane) for o in desk.opened()] == [(0, 0)]
    assert rows(desk) == []
    capture.cut()
    assert rows(desk) == [(0, 4, 4, False)]
    desk.session = "s2"
    play(env, 3)
    capture.cut()
    assert rows(desk, "s2") == [(-4, 6, 6, True), (2, 1, 1, False)]
    first, _, rewards, _ = desk.steps("s2")
    assert first == -4 and len(rewards) == 7
    assert unpack_start(desk.episodes("s2")[0]["start"])[0] == {"seed": 5}


def test_a_session_that_begins_with_a_reset_knows_nothing_of_the_episode_before(capture, desk):
    env = capture.watch(Ladder(n=6))
    env.reset()
    play(env, 2)
    capture.cut()
    desk.session = "s2"
    env.reset()
    capture.flush()
    assert not [e for e in desk.events if e.session == "s2"]  # a reset alone begins no session
    play(env, 2)
    capture.cut()
    assert rows(desk, "s2") == [(0, 2, 2, False)]


def test_with_recording_off_data_is_let_go(capture, desk):
    env = capture.watch(Ladder(n=6))
    desk.recording = False
    env.reset()
    play(env, 3)
    capture.flush()
    desk.recording = True
    play(env, 4)
    capture.cut()
    assert rows(desk)[1:] == [(3, 1, 1, False)]
    first, length, _, finished = rows(desk)[0]
    assert (first, length, finished) == (0, 3, True)
    assert "recording was off" in unpack_start(desk.episodes()[0]["start"])[0]["why_not"]


@pytest.mark.parametrize("error", [ValueError("broken"), KeyboardInterrupt()])
def test_what_step_raises_passes_and_what_was_before_is_kept(error, capture, desk):
    env = capture.watch(Ladder(n=9, raises=error))
    env.reset()
    env.step(0)
    with pytest.raises(type(error)) as caught:
        env.step(0)
    assert caught.value is error
    env.step(0)
    capture.cut()
    assert rows(desk) == [(0, 2, 2, False)]


def test_an_interrupt_between_two_appends_costs_no_alignment(capture, desk):
    env = capture.watch(Ladder(n=9))
    env.reset()
    env.step(0)
    [recorder] = [one for one in capture._recorders.values() if one.owner() is env]
    recorder.actions.append(1)  # the interrupt came here
    recorder.align()
    env.step(1)
    capture.cut()
    assert desk.steps("s1")[1].tolist() == [0, 1]


def test_the_flag_flushes_and_ticks_and_a_tick_may_stop_the_loop(capture, desk):
    env = capture.watch(Ladder(n=9))
    env.reset()
    env.step(0)
    assert not desk.events and not desk.ticks
    capture.wake()
    desk.raises = RuntimeError("stop")
    with pytest.raises(RuntimeError, match="stop"):
        env.step(0)
    assert desk.ticks == 1
    assert len(desk.steps("s1")[2]) == 2
    env.step(0)
    assert capture.steps() == 3


def test_the_ticker_flushes_by_itself_when_nobody_steps(desk):
    import threading

    from rlnb.capture import Capture
    from rlnb.clock import SystemClock

    heard = threading.Event()
    desk.publish = lambda event: (desk.events.append(event), heard.set())
    capture = Capture(desk, SystemClock())
    env = capture.watch(Ladder())
    env.reset()
    ticks = desk.ticks
    capture.due[0] = time.monotonic() + 0.2
    env.step(0)
    assert heard.wait(10)
    assert desk.ticks == ticks  # only a thread that steps ticks
    capture.uninstall()


def test_recording_may_begin_in_the_middle_of_an_episode(capture, desk):
    env = Ladder(n=3)
    env.reset()
    env.step(0)
    capture.watch(env)
    play(env, 5)
    capture.cut()
    assert [row[1] for row in rows(desk)] == [2, 3]
    assert "middle" in unpack_start(desk.episodes()[0]["start"])[0]["why_not"]


def test_closing_cuts_and_a_closed_environment_can_be_used_again(capture, desk):
    env = capture.watch(Ladder(n=3))
    env.reset()
    env.step(0)
    env.close()
    env.reset()
    play(env, 3)
    capture.cut()
    assert rows(desk) == [(0, 1, 1, False), (1, 3, 3, True)]


def test_a_fault_of_the_recorder_is_said_once_and_the_loop_goes_on(capture, desk, monkeypatch):
    monkeypatch.setenv("RLNB_STRICT", "0")
    env = capture.watch(Ladder(n=9))
    env.reset()
    env.step(0)
    env.__class__.step, kept = (lambda self, action: "nonsense"), env.__class__.step
    try:
        fresh = capture.watch(Ladder())
        fresh.reset()
        assert fresh.step(0) == "nonsense"
        assert fresh.step(0) == "nonsense"
    finally:
        env.__class__.step = kept
    assert len(desk.warnings) == 1 and "Ladder" in desk.warnings[0]
    desk.publish = lambda event: 1 / 0
    capture.flush()
    assert "ZeroDivisionError" in desk.warnings[1]
    env.step(0)


def test_lanes_of_a_synchronous_vector_are_the_inner_environments(capture, desk):
    for mode in gym.vector.AutoresetMode:
        if mode is gym.vector.AutoresetMode.DISABLED:
            continue
        desk.session = str(mode)
        envs = gym.make_vec("CartPole-v1", 3, vectorization_mode="sync", vector_kwargs={"autoreset_mode": mode})
        envs = gym.wrappers.vector.RecordEpisodeStatistics(envs)
        envs.reset(seed=0)
        theirs = [[], [], []]
        for _ in range(200):
            *_, info = envs.step(np.array([0, 1, 0]))
            where = info if "episode" in info else info.get("final_info", {})
            if "episode" in where:
                for lane in np.flatnonzero(where["_episode"]):
                    theirs[lane].append((where["episode"]["r"][lane], where["episode"]["l"][lane]))
        capture.cut()
        for lane in range(3):
            rows = [row for row in episodes(desk, desk.session) if row["lane"] == lane and row["finished"]]
            assert [(row["returns"], row["length"]) for row in rows] == theirs[lane], (mode, lane)
    assert desk.of(EpisodesEnded)
