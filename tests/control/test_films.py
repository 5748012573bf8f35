"""Episodes asked for by a click: the last wish wins, progress is told, and so is what went wrong."""

from __future__ import annotations

import threading

import gymnasium as gym
import numpy as np
import pytest

import rlnb
from rlnb.errors import BadValue, MissingPackage, NotReplayable
from rlnb.replays import Worker


class Screen:
    """What a widget is told."""

    def __init__(self):
        self.shown, self.errors, self.notices, self.files, self.steps = [], [], [], [], []
        self.began = threading.Event()

    def show_films(self, films):
        self.shown.append([film.caption for film in films])

    def film_progress(self, done, total):
        self.steps.append((done, total))
        self.began.set()

    def film_error(self, text):
        self.errors.append(text)

    def film_notice(self, text):
        self.notices.append(text)

    def film_file(self, name, mime, content):
        self.files.append((name, mime, len(content)))


@pytest.fixture
def session(recording):
    env = gym.make("CartPole-v1")
    with rlnb.session("pole") as s:
        for seed in range(3):
            obs, _ = env.reset(seed=seed)
            over = False
            while not over:
                obs, *_, terminated, truncated, _ = env.step(int(obs[2] + 0.5 * obs[3] > 0) if seed == 0 else seed % 2)
                over = terminated or truncated
    return s


def test_another_wish_gives_up_the_one_before(recording, session):
    screen = Screen()
    first = recording.films.play(session, lambda: 0, screen)
    assert screen.began.wait(60)
    second = recording.films.play(session, lambda: 1, screen)
    first.join(60)
    second.join(60)
    assert [captions[0].split(":")[0] for captions in screen.shown] == ["pole, episode 1"]
    assert screen.errors == []
    length = int(session.episodes["length"].iloc[1])
    assert screen.steps[-1] == (length, length)


def test_another_screens_wish_waits_for_the_one_before(recording, session):
    one, other = Screen(), Screen()
    first = recording.films.play(session, lambda: 0, one)
    assert one.began.wait(60)
    second = recording.films.play(session, lambda: 1, other)
    first.join(60)
    second.join(60)
    assert [screen.shown[0][0].split(":")[0] for screen in (one, other)] == ["pole, episode 0", "pole, episode 1"]
    assert one.errors == other.errors == []


def test_a_click_does_not_end_a_cell_that_saves(recording, session, tmp_path):
    screen = Screen()
    saved = []
    cell = threading.Thread(target=lambda: saved.append(session.save_video(tmp_path / "a.gif", 0)))
    cell.start()
    clicks = [recording.films.play(session, lambda: 1, screen) for _ in range(2)]
    for thread in (cell, *clicks):
        thread.join(60)
    assert saved == [tmp_path / "a.gif"]
    assert len(screen.shown) == 1


def test_a_missing_package_is_told_on_the_screen_with_its_install_line(recording, session, monkeypatch):
    def film(self, *_, **__):
        raise MissingPackage("Drawing CartPole-v1", "pygame", '"rlnb[render]"')

    monkeypatch.setattr(Worker, "film", film)
    screen = Screen()
    recording.films.play(session, lambda: 0, screen).join(60)
    [said] = screen.errors
    assert 'Drawing CartPole-v1 needs the package pygame. Install it with:  %pip install "rlnb[render]"' in said
    assert screen.shown == []


def test_what_a_player_asks_for_is_about_what_it_shows(recording, session):
    screen = Screen()
    with pytest.raises(BadValue, match="choose an episode first"):
        recording.films.command(screen, "save", {"format": "mp4"})
    recording.films.play(session, lambda: 1, screen).join(60)
    with pytest.raises(BadValue, match="'dance'"):
        recording.films.command(screen, "dance", {})
    takes, _ = recording.films._playing[screen]
    wish = {"film": 0, "step": 3, "action": 0, "future": "random"}
    recording.films.try_out(screen, takes, wish).join(60)
    original, future = screen.shown[-1]
    assert original.startswith("pole, episode 1")
    assert future.startswith("what if at step 3: push cart left, then random actions")
    recording.films.try_out(screen, takes, {**wish, "step": 10_000}).join(60)
    assert "There is no step 10000" in screen.errors[-1]


def test_the_live_view_hands_on_what_its_player_asks_for(recording, session):
    feed = recording.live.output(session)._feed
    feed.make_view()
    with pytest.raises(BadValue, match="choose an episode first"):
        feed._command("what_if", {"film": 0, "step": 1, "action": 0, "future": "recorded"})


class Modeless(gym.Env):
    """Takes no render mode, and draws all the same."""

    def __init__(self):
        self.observation_space, self.action_space, self.t = gym.spaces.Discrete(9), gym.spaces.Discrete(2), 0

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.t = 0
        return 0, {}

    def step(self, action):
        self.t += 1
        return self.t, 1.0, self.t == 4, False, {}

    def render(self):
        return np.full((32, 32, 3), self.t, np.uint8)


class Drawless(Modeless):
    render = gym.Env.render


@pytest.mark.parametrize("cls", [Modeless, Drawless])
@pytest.mark.parametrize("by_name", [True, False])
def test_an_environment_that_takes_no_render_mode(recording, tmp_path, cls, by_name):
    gym.register("Modeless-v0", f"{__name__}:{cls.__name__}" if by_name else cls, max_episode_steps=20)
    try:
        with rlnb.session("modeless") as s:
            env = gym.make("Modeless-v0")
            env.reset(seed=0)
            for _ in range(4):
                env.step(0)
    finally:
        del gym.registry["Modeless-v0"]
    assert s.verify().verdict.tolist() == ["exact"]
    if cls is Modeless:
        assert s.save_video(tmp_path / "a.gif", 0).stat().st_size > 0
    else:
        with pytest.raises(NotReplayable, match="draws no pictures: it has no `render`"):
            s.save_video(tmp_path / "a.gif", 0)
