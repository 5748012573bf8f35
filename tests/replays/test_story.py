"""The story of an episode says what the environment said: names, values, reasons."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import gymnasium
import numpy as np
import pytest

from rlnb.replays import Worker, atlas
from rlnb.replays.reading import Reader
from rlnb.replays.story import columns

DOCUMENTED = [
    "CartPole-v1", "Acrobot-v1", "MountainCar-v0", "MountainCarContinuous-v0", "Pendulum-v1", "LunarLander-v3",
    "BipedalWalker-v3", "FrozenLake-v1", "Taxi-v4", "CliffWalking-v1", "Blackjack-v1", "Ant-v5", "HalfCheetah-v5",
    "Hopper-v5", "Humanoid-v5", "HumanoidStandup-v5", "InvertedPendulum-v5", "InvertedDoublePendulum-v5", "Reacher-v5",
    "Pusher-v5", "Swimmer-v5", "Walker2d-v5",
]  # fmt: skip


def by_hand(env: Any, trace: Any) -> list[tuple[Any, ...]]:
    """The observations, rewards, flags and infos of a trace, from an environment of the test's own."""
    from rlnb.replays import making
    from rlnb.replays.simulate import as_action

    observation, info = making.begin(env, trace.start)
    seen = [(observation, 0.0, False, False, info)]
    for action in trace.actions:
        seen.append(env.step(as_action(env.action_space, action)))
    return seen


@pytest.mark.parametrize("env_id", ["CartPole-v1", "FrozenLake-v1", "LunarLander-v3", "Pendulum-v1", "Taxi-v4"])
def test_the_story_is_what_the_environment_said(worker: Worker, recorder: SimpleNamespace, env_id: str) -> None:
    [trace] = recorder.episodes(env_id, 1)
    story = worker.film(trace, keep_raw=True).story
    assert story is not None
    seen = by_hand(gymnasium.make(env_id), trace)
    assert len(story) == len(trace) == len(seen) - 1
    for k, (observation, reward, terminated, truncated, info) in enumerate(seen):
        flat = np.asarray(observation).reshape(-1)
        np.testing.assert_array_equal(story.observations[k][: len(flat)], flat)
        np.testing.assert_array_equal(np.asarray(story.raw[k]), np.asarray(observation))
        if k:
            given = (story.rewards[k - 1], story.terminated[k - 1], story.truncated[k - 1])
            assert given == (reward, terminated, truncated)
        for key, value in info.items():
            if np.ndim(value) == 0:
                assert story.infos[key][k] == value
    assert len(story.named) == story.observations.shape[1]
    assert story.reason


def test_the_reason_of_an_end_is_the_environments_own(worker: Worker, recorder: SimpleNamespace) -> None:
    env = gymnasium.make("CartPole-v1")
    trace = recorder.record(env, recorder.recipe_of(env), policy=lambda *_: 1, seed=3)
    story = worker.film(trace).story
    assert story is not None
    degrees = abs(np.degrees(story.observations[-1, 2]))
    assert degrees > 12
    assert story.reason == f"pole angle {degrees:.1f}° > 12°"
    assert story.action_names == ["push cart left", "push cart right"]
    assert story.named[2] == ("pole angle", "rad")


def test_a_time_limit_is_said_with_its_steps(worker: Worker, recorder: SimpleNamespace) -> None:
    [trace] = recorder.episodes("Pendulum-v1", 1)
    story = worker.film(trace).story
    assert story is not None
    assert story.reason == "time limit of 200 steps"
    assert story.truncated[-1] and not story.terminated[-1]
    assert (story.action_count, story.action_named) == (0, [("torque", "N·m")])


def test_a_grid_world_is_told_by_row_and_column(worker: Worker, recorder: SimpleNamespace) -> None:
    env = gymnasium.make("FrozenLake-v1", is_slippery=False)
    down, right = 1, 2
    way = [down, down, right, right, down, right]
    trace = recorder.record(env, recorder.recipe_of(env), policy=lambda _, k: way[k], seed=0)
    story = worker.film(trace).story
    assert story is not None
    assert [name for name, _ in story.named] == ["state", "row", "column"]
    assert story.observations[-1].tolist() == [15, 3, 3]
    assert story.reason == "reached the goal in row 3, column 3"


@pytest.mark.parametrize("env_id", DOCUMENTED)
def test_what_is_documented_fits_the_environment(env_id: str) -> None:
    env = gymnasium.make(env_id)
    reader = Reader(env, env_id)
    env.reset(seed=0)
    observation = env.observation_space.sample()
    assert len(reader.numbers(observation)) == len(reader.named)
    assert not reader.named[0][0].isdigit(), "the first number has no name"
    space = env.action_space
    if isinstance(space, gymnasium.spaces.Discrete):
        assert len(atlas.actions(env_id, int(space.n))) == space.n
    else:
        assert not atlas.action(env_id, int(np.prod(space.shape)))[0][0].isdigit()


def test_every_entry_of_the_atlas_is_a_tested_environment() -> None:
    assert set(atlas.table()) <= {atlas.base(env_id) for env_id in [*DOCUMENTED, "CarRacing-v3"]}


def test_an_observation_of_parts_is_named_by_its_parts() -> None:
    spaces = gymnasium.spaces
    space = spaces.Dict({"speed": spaces.Box(-1, 1, (2,)), "gear": spaces.Discrete(4)})
    reader = Reader(SimpleNamespace(unwrapped=None, observation_space=space), "Mine-v0")
    numbers = reader.numbers({"gear": 3, "speed": np.array([0.5, -0.5], np.float32)})
    named = dict(zip([name for name, _ in reader.named], numbers.tolist(), strict=True))
    assert named == {"gear": 3.0, "speed[0]": 0.5, "speed[1]": -0.5}


@pytest.mark.parametrize(
    ("shape", "picture"), [((84, 84), (84, 84, 3)), ((4, 84, 84), (84, 336, 3)), ((96, 96, 3), (96, 96, 3))]
)
def test_pictures_are_recognised_in_every_order(shape: tuple[int, ...], picture: tuple[int, ...]) -> None:
    space = gymnasium.spaces.Box(0, 255, shape, np.uint8)
    reader = Reader(SimpleNamespace(unwrapped=None, observation_space=space), "Mine-v0")
    assert reader.is_picture
    assert reader.picture(space.sample()).shape == picture


def test_what_the_agent_saw_is_a_film_beside_the_picture(worker: Worker, recorder: SimpleNamespace) -> None:
    pytest.importorskip("ale_py")
    env = gymnasium.make("ALE/MsPacman-v5", obs_type="grayscale")
    trace = recorder.record(env, recorder.recipe_of(env), most=30, seed=1)
    story = worker.film(trace).story
    assert story is not None
    assert story.saw == "film"
    assert b"ftyp" in story.seen[:16]
    assert story.infos["lives"][0] == 3
    assert story.action_names[:2] == ["noop", "up"] or story.action_names == []


def test_info_becomes_columns() -> None:
    infos = [{"lives": 3, "name": "a", "pair": (1, 2)}, {"name": "b"}, {"lives": 2, "name": "a", "deep": {"x": True}}]
    numbers, words = columns(infos)
    np.testing.assert_array_equal(numbers["lives"], [3, np.nan, 2])
    np.testing.assert_array_equal(numbers["pair[1]"], [2, np.nan, np.nan])
    assert numbers["deep.x"][2] == 1
    codes, texts = words["name"]
    assert [texts[code] for code in codes] == ["a", "b", "a"]


def test_observations_that_are_too_large_are_left_out_whole(recorder: SimpleNamespace, monkeypatch: Any) -> None:
    from rlnb.replays import story
    from rlnb.replays.simulate import Simulation

    [trace] = recorder.episodes("CartPole-v1", 1)
    monkeypatch.setattr(story, "MOST_RAW", 5 * 16)
    with Simulation(trace) as run:
        teller = story.Teller(run, keep_raw=True)
        for moment in run:
            teller.hear(moment)
    assert len(trace) > 5
    assert teller.tell(trace.actions).raw == []
