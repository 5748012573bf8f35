"""The film of an episode: the right frames, the right size, and every ending it can be saved with."""

from __future__ import annotations

import io
from dataclasses import replace

import numpy as np
import pytest

from rlnb.errors import BadValue, EpisodeNotFound
from rlnb.replays import tile, video
from rlnb.trace import unpack_start


def pixels(png: bytes) -> np.ndarray:
    from PIL import Image

    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB"))


def rendered_directly(trace, env_id, **kwargs):
    import gymnasium

    env = gymnasium.make(env_id, render_mode="rgb_array", **kwargs)
    env.unwrapped.np_random.bit_generator.state = unpack_start(trace.start)[0]["rng"]
    env.reset()
    frames = [env.render()]
    for action in trace.actions:
        env.step(action if action.shape else int(action))
        frames.append(env.render())
    env.close()
    return frames


@pytest.fixture(autouse=True)
def _headless(monkeypatch):
    monkeypatch.setenv("SDL_VIDEODRIVER", "dummy")


@pytest.fixture(scope="module")
def lake(worker, recorder):
    trace = recorder.episodes("FrozenLake-v1", 1, map_name="8x8")[0]
    return trace, worker.film(trace)


@pytest.mark.parametrize(
    ("env_id", "kwargs"), [("CartPole-v1", {}), ("FrozenLake-v1", {"map_name": "8x8"}), ("LunarLander-v3", {})]
)
def test_frames_are_those_rendered_directly(env_id, kwargs, worker, recorder):
    trace = recorder.episodes(env_id, 1, most=60, **kwargs)[0]
    direct = rendered_directly(trace, env_id, **kwargs)
    film = worker.film(trace)
    assert film.verdict.verdict == "exact"
    assert film.frames == len(trace) + 1 == len(direct)
    decoded = list(video.decode(film.mp4))
    assert len(decoded) == film.frames
    for shown, wanted in zip(decoded, direct, strict=True):
        assert np.abs(shown.astype(int) - wanted.astype(int)).mean() < 2.5
    for k in (0, len(trace) // 2, len(trace)):
        assert (pixels(worker.frame(trace, k)) == direct[k]).all()
    assert (pixels(worker.frame(trace, -1)) == direct[-1]).all()
    assert (pixels(film.poster) == direct[-1]).all()


def test_mujoco_draws_off_screen(worker, recorder):
    pytest.importorskip("mujoco")
    film = worker.film(recorder.episodes("HalfCheetah-v5", 1, most=2)[0])
    assert (film.frames, film.width, film.height, film.fps) == (3, 480, 480, 20.0)
    assert pixels(film.poster).std() > 5


def test_format_is_what_browsers_seek_in(lake):
    trace, film = lake
    assert film.fps == 4.0  # FrozenLake's own frame rate
    assert (film.width % 2, film.height % 2) == (0, 0)
    assert film.duration == pytest.approx((len(trace) + 1) / 4)
    assert 0 < film.mp4.index(b"moov") < film.mp4.index(b"mdat")  # faststart
    assert b"avc1" in film.mp4


@pytest.mark.parametrize(("recorded", "shown"), [(None, 30.0), (1, 4.0), (4, 4.0), (50, 50.0), (125, 60.0)])
def test_frame_rate_is_clamped(recorded, shown):
    assert video.clamp_fps(recorded) == shown


def test_odd_sizes_become_even_by_repeating_the_edge():
    picture = np.arange(3 * 5 * 3, dtype=np.uint8).reshape(3, 5, 3)
    even = video.even(picture)
    assert even.shape == (4, 6, 3)
    assert (even[:3, :5] == picture).all()
    assert (even[3, :5] == picture[2]).all()


def test_max_frames_height_preview_and_progress(worker, cartpole):
    told, first = [], []
    film = worker.film(
        cartpole, max_frames=60, height=201, progress=lambda *pair: told.append(pair), preview=first.append
    )
    assert film.frames <= 60
    assert film.stride == 9
    assert (film.width, film.height) == (300, 200)
    assert len(list(video.decode(film.mp4))) == film.frames == len(range(0, 500, 9)) + 1
    assert told[-1] == (500, 500)
    assert [a for a, _ in told] == sorted(a for a, _ in told)
    assert len(first) == 1
    assert pixels(first[0]).shape == pixels(film.poster).shape
    with pytest.raises(BadValue, match="at least 2"):
        worker.film(cartpole, max_frames=1)


def test_size_of_a_long_film(worker, cartpole):
    film = worker.film(cartpole)
    assert film.frames == 501
    assert len(film.mp4) < 100_000


def test_film_of_a_diverged_replay_says_where(worker, cartpole):
    actions = cartpole.actions.copy()
    actions[100] = 1 - actions[100]
    film = worker.film(replace(cartpole, actions=actions))
    assert (film.verdict.verdict, film.verdict.step) == ("diverged", 101)
    assert 102 <= film.frames <= 501


def test_an_episode_without_steps_is_one_picture(worker, cartpole):
    none = replace(cartpole, actions=cartpole.actions[:0], rewards=cartpole.rewards[:0], checks=cartpole.checks[:0])
    film = worker.film(replace(none, truncated=False, finished=False))
    assert film.frames == 1
    assert len(list(video.decode(film.mp4))) == 1


def test_frame_out_of_range(worker, cartpole):
    with pytest.raises(EpisodeNotFound, match="frames 0 to 500"):
        worker.frame(cartpole, 501)


def test_save(lake, worker, tmp_path):
    _, film = lake
    heads = {"mp4": b"ftyp", "gif": b"GIF89a", "webm": b"webm", "png": b"PNG"}
    for ending, head in heads.items():
        path = film.save(tmp_path / f"x.{ending}", worker)
        assert head in path.read_bytes()[:64]
    assert len(list(video.decode((tmp_path / "x.webm").read_bytes(), ".webm"))) == film.frames
    with pytest.raises(BadValue, match=r"x\.avi"):
        film.save(tmp_path / "x.avi")
    with pytest.raises(BadValue, match="no folder"):
        film.save(tmp_path / "nowhere" / "x.mp4")


def test_side_by_side_holds_the_last_frame_of_the_shorter(worker, recorder, cartpole):
    short = recorder.episodes("CartPole-v1", 1)[0]
    films = [worker.film(short), worker.film(cartpole, max_frames=None)]
    both = tile(films, ["before", "after, at 40,000 steps"], worker)
    assert both.frames == 501
    assert (both.width % 2, both.height % 2) == (0, 0)
    assert both.width == 600 + 8 + 600
    assert both.height == 428
    assert both.verdict.verdict == "exact"
    last = pixels(both.poster)
    assert np.abs(last[:400, :600].astype(int) - pixels(films[0].poster)).mean() < 3
    assert np.abs(last[:400, 608:].astype(int) - pixels(films[1].poster)).mean() < 3
    assert last[400:, :600].min() < 100  # the label is written
    with pytest.raises(BadValue, match="2 labels"):
        tile(films, ["one"], worker)
    with pytest.raises(BadValue, match="at least one film"):
        tile([])


def test_side_by_side_of_two_sizes(worker, lake, cartpole):
    both = worker.tile([lake[1], worker.film(cartpole, max_frames=20)])
    assert both.height == 512
    assert both.width == 512 + 8 + 768
