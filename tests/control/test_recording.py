"""What a script gets that has said `rlnb.install()`: the whole thread without a page."""

import json
import math
import subprocess
import sys
import threading
from pathlib import Path

import gymnasium as gym
import numpy as np
import pytest

import rlnb
from rlnb.errors import BadValue, DocumentError, EpisodeNotFound, NotReplayable, SessionNotFound, StoreError


def play(env, episodes, seed=None):
    """Random play; returns the returns."""
    env.action_space.seed(1)
    returns = []
    for _ in range(episodes):
        env.reset(seed=seed)
        seed, total, over = None, 0.0, False
        while not over:
            _, reward, terminated, truncated, _ = env.step(env.action_space.sample())
            total += float(reward)
            over = terminated or truncated
        returns.append(total)
    return returns


def test_every_environment_is_recorded(recording):
    returns = play(gym.make("CartPole-v1"), 30)
    s = rlnb.last()
    assert s.episodes["return"].tolist() == returns
    assert s.episodes["length"].tolist() == returns
    assert s.episodes["finished"].all()
    assert s.env_id == "CartPole-v1"
    assert s.status == "running"
    assert "CartPole-v1" in repr(s)


def test_a_block_is_a_session_with_a_name_and_params(recording):
    with rlnb.session("wide", params={"lr": 1e-3, "seed": 5}, tags=("homework",)) as s:
        play(gym.make("CartPole-v1"), 1)
    assert (s.name, s.status, s.tags, s.seed) == ("wide", "finished", ("homework",), 5)
    assert s.params == {"lr": 1e-3}
    assert rlnb.get("wide") == s
    assert rlnb.last() == s


def test_numbers_are_logged_on_the_session(recording):
    with rlnb.session("numbers") as s:
        env = gym.make("CartPole-v1")
        env.reset(seed=0)
        for k in range(10):
            env.step(k % 2)
            rlnb.log(loss=0.5 * k)
    metrics = s.metrics
    assert metrics["value"].tolist() == [0.5 * k for k in range(10)]
    assert metrics["step"].tolist() == list(range(1, 11))


def test_a_block_that_fails_keeps_everything_and_says_so(recording):
    with pytest.raises(ZeroDivisionError), rlnb.session("broken") as s:
        play(gym.make("CartPole-v1"), 3)
        1 / 0
    assert s.status == "failed"
    assert len(s.episodes) == 3


def test_an_environment_that_raises_in_a_step_loses_nothing(recording):
    class Brittle(gym.Env):
        observation_space = gym.spaces.Discrete(100)
        action_space = gym.spaces.Discrete(2)

        def reset(self, *, seed=None, options=None):
            super().reset(seed=seed)
            self.count = 0
            return 0, {}

        def step(self, action):
            self.count += 1
            if self.count == 8:
                raise RuntimeError("the motor burned out")
            return self.count, 1.0, False, False, {}

    with pytest.raises(RuntimeError, match="motor"), rlnb.session("brittle") as s:
        env = rlnb.watch(Brittle())
        env.reset()
        while True:
            env.step(0)
    assert s.status == "failed"
    assert s.episodes["length"].tolist() == [7]
    assert s.episodes["finished"].tolist() == [False]


def test_replays_are_exact_and_can_be_saved(recording, tmp_path):
    with rlnb.session("film") as s:
        play(gym.make("CartPole-v1"), 5)
    assert s.verify()["verdict"].tolist() == ["exact"] * 5
    replay = s.replay("best")
    assert replay.verdicts == ["exact"]
    path = replay.save(tmp_path / "best.mp4")
    assert path.read_bytes()[4:8] == b"ftyp"
    assert s.save_video(tmp_path / "first.gif", 0).read_bytes()[:3] == b"GIF"
    both = rlnb.replay((s, 0), (s, "last"))
    assert both.verdicts == ["exact", "exact"]
    both.save(tmp_path / "both.mp4")


def test_steps_are_simulated_again(recording):
    with rlnb.session("steps") as s:
        env = gym.make("CartPole-v1")
        seen = [env.reset(seed=3)[0]]
        for k in range(6):
            seen.append(env.step(k % 2)[0])
    steps = s.steps(0)
    assert np.array_equal(np.stack(steps["observation"]), np.stack(seen[:6]))
    assert steps["action"].tolist() == [0, 1, 0, 1, 0, 1]


def test_json_round_trip(recording, tmp_path):
    with rlnb.session("kept", params={"lr": 0.1}) as s:
        play(gym.make("CartPole-v1"), 3, seed=1)
        rlnb.log(loss=float("nan"))
    path = s.save_json(tmp_path / "kept.json")
    t = rlnb.load_json(path)
    assert t != s
    assert (t.name, t.params, t.env_id) == (s.name, s.params, s.env_id)
    assert t.episodes.equals(s.episodes)
    assert t.metrics.equals(s.metrics)
    assert t.verify()["verdict"].tolist() == ["exact"] * 3


class Homemade(gym.Env):
    """An environment without an id: its code travels in the store."""

    observation_space = gym.spaces.Box(0, 1, (2,), np.float64)
    action_space = gym.spaces.Discrete(2)

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        return self.np_random.random(2), {}

    def step(self, action):
        return self.np_random.random(2), 1.0, bool(self.np_random.random() < 0.2), False, {}


def test_code_from_elsewhere_is_not_run(recording, tmp_path):
    with rlnb.session("mine") as s:
        play(rlnb.watch(Homemade()), 2)
    assert s.verify()["verdict"].tolist() == ["exact", "exact"]
    t = rlnb.load_json(s.save_json(tmp_path / "mine.json"))
    assert t.verify()["verdict"].tolist() == ["not replayable"] * 2
    with pytest.raises(NotReplayable, match="code from elsewhere"):
        t.replay(0)


def test_housekeeping(recording):
    with rlnb.session("old") as s:
        play(gym.make("CartPole-v1"), 2)
    s.rename("new")
    s.note("the one for the report")
    table = rlnb.sessions("env_id == 'CartPole-v1'")
    assert table["name"].tolist() == ["new"]
    assert table["note"].tolist() == ["the one for the report"]
    rlnb.delete(s)
    assert len(rlnb.sessions()) == 0


def test_sessions_are_there_again_in_another_kernel(recording, tmp_path):
    with rlnb.session("kept") as s:
        returns = play(gym.make("CartPole-v1"), 4)
    rlnb.uninstall()
    again = rlnb.get("kept")
    assert again.id == s.id
    assert again.episodes["return"].tolist() == returns


def test_use_moves_the_store(recording, tmp_path):
    with rlnb.session("here"):
        play(gym.make("CartPole-v1"), 2)
    rlnb.use(tmp_path / "elsewhere")
    assert len(rlnb.sessions()) == 0
    with rlnb.session("there"):
        play(gym.make("CartPole-v1"), 2)
    assert (tmp_path / "elsewhere" / "sessions.sqlite").exists()


def test_compare_shows_what_differs(recording):
    made = []
    for lr in (0.1, 0.2):
        with rlnb.session(f"lr {lr}", params={"lr": lr, "gamma": 0.99}) as s:
            play(gym.make("CartPole-v1"), 3)
        made.append(s)
    table = rlnb.compare(*made).table
    assert table["lr"].tolist() == [0.1, 0.2]
    assert "gamma" not in table
    assert table["episodes"].tolist() == [3, 3]


def test_compare_of_episodes_that_never_finished(recording):
    with rlnb.session("short") as s:
        env = gym.make("CartPole-v1")
        env.reset()
        env.step(0)
    assert rlnb.compare(s).table["episodes"].tolist() == [0]


def test_stop_from_code_ends_the_loop(recording):
    with pytest.raises(KeyboardInterrupt), rlnb.session("endless") as s:
        env = gym.make("CartPole-v1")
        env.reset(seed=0)
        s.stop()
        while True:
            if any(env.step(0)[2:4]):
                env.reset()
    assert s.status == "stopped"
    assert len(s.episodes) > 0


def test_parameters_are_picked_up_from_an_sb3_model(recording):
    sb3 = pytest.importorskip("stable_baselines3")
    model = sb3.PPO("MlpPolicy", "CartPole-v1", n_steps=64, batch_size=32, learning_rate=1e-3, seed=3)
    model.learn(200)
    s = rlnb.last()
    assert "PPO" in s.name
    assert s.params["learning_rate"] == 1e-3
    assert "seed" not in s.params
    assert s.seed == 3


def test_they_are_found_too_where_a_long_update_lets_the_clockwork_flush_first(recording):
    """Nobody steps for a while: the first flush comes from rlnb's own thread, which does not stand in `learn`."""
    sb3 = pytest.importorskip("stable_baselines3")
    from stable_baselines3.common.callbacks import BaseCallback

    class FlushBeside(BaseCallback):
        def _on_training_start(self):
            recording.desk.capture.due[0] = math.inf  # no step flushes

        def _on_step(self):
            if self.num_timesteps == 3:
                flush = threading.Thread(target=recording.desk.capture.flush, name="rlnb ticker")
                flush.start()
                flush.join()
            return True

    model = sb3.PPO("MlpPolicy", "CartPole-v1", n_steps=32, batch_size=32, n_epochs=1, learning_rate=1e-3, seed=3)
    model.learn(32, callback=FlushBeside())
    assert rlnb.last().params["learning_rate"] == 1e-3


def test_what_is_wrong_is_said(recording, tmp_path):
    with pytest.raises(SessionNotFound, match="No session has been recorded"):
        rlnb.last()
    with rlnb.session("one") as s:
        play(gym.make("CartPole-v1"), 1)
        with pytest.raises(BadValue, match="do not nest"), rlnb.session("two"):
            pass
    with pytest.raises(SessionNotFound, match="onn"):
        rlnb.get("onn")
    with pytest.raises(EpisodeNotFound, match="no episode 7"):
        s.replay(7)
    with pytest.raises(EpisodeNotFound, match="'best', 'worst'"):
        s.replay("bset")
    with pytest.raises(BadValue, match="not running"):
        s.stop()
    foreign = tmp_path / "foreign.sqlite"
    foreign.write_text("this is a diary")
    with pytest.raises(StoreError, match=r"foreign\.sqlite"):
        rlnb.use(foreign)
    assert foreign.read_text() == "this is a diary"
    with pytest.raises(DocumentError, match="cannot be read"):
        rlnb.load_json(tmp_path / "missing.json")
    (tmp_path / "half.json").write_text(json.dumps({"schema": "rlnb-session/1"}))
    with pytest.raises(DocumentError):
        rlnb.load_json(tmp_path / "half.json")
    with pytest.raises(BadValue, match="columns are"):
        rlnb.sessions("no_such_column > 3")
    with pytest.raises(BadValue, match="at least one"):
        rlnb.compare()
    assert len(rlnb.sessions()) == 1
    with pytest.raises(OSError, match="nowhere"):
        s.save_json(tmp_path / "nowhere" / "x.json")


def test_uninstall_gives_back_the_very_code():
    before = gym.make.__code__
    rlnb.install()
    rlnb.uninstall()
    assert gym.make.__code__ is before


def test_provenance(recording):
    with rlnb.session("where") as s:
        play(gym.make("CartPole-v1"), 1)
    found = s.provenance
    assert found["packages"]["gymnasium"] == gym.__version__
    assert found["cpu"]
    assert Path(found["python"]).name


SCRIPT = """
import gymnasium as gym, rlnb
rlnb.install()
env = gym.make("CartPole-v1")
for _ in range(5):
    env.reset()
    while not any(env.step(env.action_space.sample())[2:4]):
        pass
{last}
"""


@pytest.mark.parametrize(("last", "status", "code"), [("", "finished", 0), ("1/0", "failed", 1)])
def test_a_script_is_a_session_until_it_ends(tmp_path, last, status, code):
    (tmp_path / "train.py").write_text(SCRIPT.format(last=last))
    done = subprocess.run([sys.executable, "train.py"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == code, done.stderr
    assert done.stderr.count("\n") <= 5, done.stderr
    table = rlnb.sessions(scratch=True)
    assert table["status"].tolist() == [status]
    assert table["episodes"].tolist() == [5]


def test_environments_that_take_turns_within_one_flush_keep_their_own_settings(recording):
    with rlnb.session("turns") as s:
        for slippery in (True, False, True, False):
            env = gym.make("FrozenLake-v1", is_slippery=slippery)
            play(env, 3, seed=5)
    assert set(s.episodes["lane"]) == {0}
    assert s.verify()["verdict"].tolist() == ["exact"] * 12
    parts = s.split()
    assert [len(part.episodes) for part in parts] == [3] * 4
    assert all(set(part.verify()["verdict"]) == {"exact"} for part in parts)
