"""Native vector environments on the whole way: recorded, stored, read, run again in the worker, exported."""

import gymnasium as gym
import numpy as np

import rlnb


def play(env, steps, seed=0):
    rng = np.random.default_rng(1)
    env.reset(seed=seed)
    for _ in range(steps):
        env.step(rng.integers(0, 2, env.num_envs))


def test_every_lane_is_stored_and_replayed(recording):
    with rlnb.session("wide", total_steps=64 * 200) as s:
        play(gym.make_vec("CartPole-v1", 64), 100)
        recording.settle()  # two writes: small blocks are merged
        play(gym.make_vec("CartPole-v1", 64), 100)
    episodes = s.episodes
    assert set(episodes["lane"]) == set(range(128))
    assert set(episodes["group"]) == {0, 1}
    done = episodes[episodes["finished"]]
    assert (done["return"] == done["length"]).all()
    assert (~episodes["finished"]).sum() <= 128
    assert s.seed == 0
    rows = len(episodes)
    for number in (0, 1, rows // 2, rows - 1):
        trace = recording.store.trace(s.id, number)
        assert len(trace) == episodes["length"].iloc[number]
        assert recording.worker.verify(trace).verdict == "exact"
    steps = s.steps(0)
    assert len(steps) == episodes["length"].iloc[0]
    assert rlnb.sessions().iloc[0]["steps"] <= 64 * 100


def test_a_second_one_made_at_the_same_place_takes_the_lanes_over(recording):
    with rlnb.session("sweep") as s:
        for seed in range(2):
            play(gym.make_vec("CartPole-v1", 4), 40, seed)
    assert set(s.episodes["lane"]) == set(range(4))
    for number in range(len(s.episodes)):
        assert recording.worker.verify(recording.store.trace(s.id, number)).verdict == "exact"


def test_a_film_of_one_lane(recording):
    with rlnb.session("film") as s:
        play(gym.make_vec("CartPole-v1", 3), 60)
    replay = s.replay("last")
    assert replay.verdicts == ["exact"]
    assert replay._films[0].height == 400


def test_a_document_holds_the_lanes_one_by_one(recording, tmp_path):
    with rlnb.session("document") as s:
        play(gym.make_vec("CartPole-v1", 3), 200)
    s.save_json(tmp_path / "s.json")
    loaded = rlnb.load_json(tmp_path / "s.json")
    assert loaded.episodes.equals(s.episodes)
    assert set(loaded.verify()["verdict"]) == {"exact"}
    trace, again = recording.store.trace(s.id, 2), recording.store.trace(loaded.id, 2)
    assert np.array_equal(trace.checked, again.checked) and np.array_equal(trace.checks, again.checks)
