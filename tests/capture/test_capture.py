"""Seats, threads, forks and interrupts."""

from __future__ import annotations

import itertools
import multiprocessing
import signal
import threading

import gymnasium as gym
import numpy as np
import pytest
from desk import FakeDesk
from hypothesis import given, settings
from hypothesis import strategies as st

from rlnb.capture import Capture, Seat
from rlnb.capture.interrupts import held_back
from rlnb.clock import ManualClock, SystemClock


def play(env, steps, reset=True):
    if reset:
        env.reset()
    for _ in range(steps):
        _, _, terminated, truncated, _ = env.step(0)
        if terminated or truncated:
            env.reset()


def play_into_an_episode(env, steps):
    """As `play`, then one step more in an episode of its own: wherever the dice let the last one end."""
    play(env, steps)
    play(env, 1)


def test_one_environment_after_another_is_told_from_two_at_a_time(capture, desk, clock):
    env = gym.make("CartPole-v1")
    play(env, 30)
    clock.advance(1)
    env.close()
    env = gym.make("CartPole-v1")  # the first is over
    clock.advance(1)
    play_into_an_episode(env, 30)
    capture.flush()
    first, second = desk.requests
    assert first.last_at <= second.made_at < second.first_at
    clock.advance(1)
    other = gym.make("CartPole-v1")  # while the second is in the middle of an episode
    play_into_an_episode(other, 5)
    capture.flush()
    third = desk.requests[2]
    assert second.last_at > third.made_at
    clock.advance(1)
    play(env, 5, reset=False)
    capture.flush()
    assert second.last_at > third.made_at


def test_a_lane_that_another_took_is_asked_for_again(capture, desk):
    seats = iter([0, 0, 1])
    desk.seat = lambda request: Seat("s1", next(seats), 0)
    one, two = gym.make("CartPole-v1"), gym.make("CartPole-v1")
    one.reset(seed=0)
    while not one.step(0)[2]:
        pass
    capture.flush()
    two.reset(seed=0)
    two.step(0)
    capture.flush()
    play(one, 3)
    capture.flush()
    assert {e.lane for e in desk.events} == {0, 1}
    assert len(desk.steps("s1", 1)[2]) == 3


def test_steps_of_a_group_count_across_its_lanes(capture, desk):
    envs = [gym.make("Pendulum-v1", max_episode_steps=10) for _ in range(4)]
    for env in envs:
        env.reset()
    for _ in range(10):
        for env in envs:
            env.step(env.action_space.sample())
    assert capture.steps() == 40
    capture.flush()
    assert capture.steps() == 40
    assert [row["step"] for lane in range(4) for row in desk.episodes(lane=lane)] == [40] * 4
    capture.cut()
    assert capture.steps() == 0


@settings(deadline=None, max_examples=40)
@given(st.lists(st.tuples(st.integers(0, 2), st.integers(1, 12), st.integers(0, 12)), min_size=1, max_size=12))
def test_an_episode_knows_its_step_of_the_group_wherever_a_flush_comes(episodes):
    clock, desk = ManualClock(), FakeDesk()
    capture = Capture(desk, clock, ticking=False)
    capture.install()
    try:
        lanes = [gym.make("Pendulum-v1", max_episode_steps=13) for _ in range(3)]  # made at one place: a group
        taken, ends = 0, []
        for lane, length, flush_at in episodes:
            clock.advance(0.5)  # between episodes nothing is stepped
            lanes[lane].reset()
            for step in range(length):
                if step == flush_at:
                    capture.flush()
                clock.advance(0.001)
                lanes[lane].step([0.0])
            taken += length
            ends.append(taken)
            lanes[lane].reset()  # cuts the episode, since none is over by itself
        capture.flush()
    finally:
        capture.uninstall()
    found = [row["step"] for lane in range(3) for row in desk.episodes(lane=lane)]
    assert sorted(found) == ends


@pytest.mark.parametrize("flush_after", [3, 17, 40])
def test_lanes_that_are_stepped_together_know_their_step_whatever_comes_between(capture, desk, clock, flush_after):
    lanes = [gym.make("Pendulum-v1", max_episode_steps=10 + 3 * lane) for lane in range(4)]
    for env in lanes:
        env.reset()
    taken, ends = 0, [[] for _ in lanes]
    for step in range(60):
        for lane, env in enumerate(lanes):
            taken += 1
            clock.advance(0.001)
            if env.step([0.0])[3]:
                ends[lane].append(taken)
                env.reset()
        if step % 25 == 24:
            clock.advance(5)  # the update
        if step % flush_after == flush_after - 1:
            capture.flush()
    capture.flush()
    for lane, true in enumerate(ends):
        found = np.array([row["step"] for row in desk.episodes(lane=lane)])
        late = found - true  # a round is counted as a whole
        assert late.min() >= 0
        assert late.max() <= 3


def test_environments_in_threads_lose_nothing(desk):
    capture = Capture(desk, SystemClock())
    capture.install()
    try:
        envs = [gym.make("CartPole-v1") for _ in range(4)]
        threads = [threading.Thread(target=play, args=(env, 5000)) for env in envs]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        capture.cut()
    finally:
        capture.uninstall()
    for lane in range(4):
        _, _, rewards, _ = desk.steps("s1", lane)
        assert len(rewards) == 5000
        rows = desk.episodes(lane=lane)
        assert sum(row["length"] for row in rows) == 5000
        assert all(a["first"] + a["length"] == b["first"] for a, b in itertools.pairwise(rows))


def test_a_forked_child_steps_bare(capture, desk):
    """A process of the person's own: what it steps is not this process's affair (see test_children for workers)."""
    code = gym.make.__code__
    before = gym.make("CartPole-v1")
    here, there = multiprocessing.Pipe()

    def child():
        play(before, 10)
        play(gym.make("CartPole-v1"), 10)
        there.send(type(before) is before.__class__ and gym.make.__code__ is not code)

    process = multiprocessing.get_context("fork").Process(target=child)
    process.start()
    assert here.recv()
    process.join()
    capture.flush()
    assert not desk.events
    assert gym.make.__code__ is code


def test_an_interrupt_during_a_flush_comes_after_it():
    after = []
    with pytest.raises(KeyboardInterrupt):
        with held_back():
            signal.raise_signal(signal.SIGINT)
            after.append("the rest of the flush")
    assert after
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_interrupts_at_random_moments_leave_whole_columns(desk):
    """Ctrl-C as the kernel sends it, forty times while a loop runs on."""
    capture = Capture(desk, SystemClock())
    capture.install()
    env = gym.make("CartPole-v1")
    stop = threading.Event()

    def press():
        rng = np.random.default_rng(0)
        for _ in range(40):
            stop.wait(float(rng.uniform(0.001, 0.02)))
            signal.raise_signal(signal.SIGINT)
        stop.set()

    taken = 0
    thread = threading.Thread(target=press)
    thread.start()
    try:
        while not stop.is_set():
            try:
                env.reset()
                while not stop.is_set():
                    over = env.step(0)[2]
                    taken += 1
                    if over:
                        env.reset()
            except KeyboardInterrupt:
                continue
            except gym.error.Error:
                raise
    finally:
        while thread.is_alive():
            try:
                thread.join()
            except KeyboardInterrupt:
                continue
        capture.cut()
        capture.uninstall()
    _, actions, rewards, checks = desk.steps("s1")
    assert len(actions) == len(rewards) == len(checks)
    assert abs(len(rewards) - taken) <= 80
    assert sum(row["length"] for row in desk.episodes()) == len(rewards)
    assert not desk.warnings
