"""Files of episodes: each kind is what its ending says, and a wrong wish is answered in words."""

from __future__ import annotations

import io

import gymnasium as gym
import pytest

import rlnb
from rlnb.control.films import saving, thumbnails
from rlnb.errors import BadValue


@pytest.fixture
def session(recording):
    env = gym.make("CartPole-v1")
    with rlnb.session("<b>pole</b> & more") as s:
        for seed in range(3):
            env.reset(seed=seed)
            while not any(env.step(seed % 2)[2:4]):
                pass
    return s


@pytest.mark.parametrize(
    ("ending", "begins"),
    [(".mp4", b"ftyp"), (".webm", b"\x1aE\xdf\xa3"), (".gif", b"GIF8"), (".png", b"\x89PNG"), (".html", b"<!doctype")],
)
def test_each_ending_is_its_kind_of_file(session, tmp_path, ending, begins):
    path = session.save_video(tmp_path / f"x{ending}", episode=0)
    assert begins in path.read_bytes()[:16]


def test_a_strip_shows_the_first_and_the_last_step(session, tmp_path):
    from PIL import Image

    length = int(session.episodes["length"].iloc[0])
    take = session.replay(0).takes[0]
    strip = Image.open(io.BytesIO(session._room.worker.strip(take.film, 4)))
    wide, high = 240 * take.film.width // take.film.height, 240 + 28
    assert strip.size == (4 * wide + 3 * 8, high)
    assert length > 4


def test_side_by_side_is_saved_side_by_side(session, tmp_path):
    replay = rlnb.replay((session, 0), (session, 1))
    page = replay.save(tmp_path / "two.html").read_text()
    assert page.count('class="rlnb-buffer"') == 4
    assert replay.save(tmp_path / "two.mp4").stat().st_size > 0


def test_a_saved_page_is_text_where_a_name_is_html(session, tmp_path):
    page = session.save_html(tmp_path / "x.html", 0).read_text()
    assert "<b>pole</b>" not in page
    from rlnb.page import remote_urls

    assert remote_urls(page) == []


@pytest.mark.parametrize("name", ["x.avi", "x", "no/such/folder/x.mp4"])
def test_a_file_that_cannot_be_is_said_in_words(session, tmp_path, name):
    with pytest.raises(BadValue, match=r"\.mp4|no folder"):
        session.save_video(tmp_path / name, 0)


def test_a_page_is_a_page(session, tmp_path):
    with pytest.raises(BadValue, match=r"must end in \.html"):
        session.save_html(tmp_path / "x.mp4")


def test_a_download_is_named_after_its_episode(session):
    name, mime, content = saving.download(session.replay(1).takes, "mp4")
    assert (name, mime) == ("b-pole-b-more-episode-1.mp4", "video/mp4")
    assert b"ftyp" in content[:16]
    with pytest.raises(BadValue, match="'exe'"):
        saving.download(session.replay(1).takes, "exe")


class Screen:
    def __init__(self):
        self.pictures = []

    def film_thumbnail(self, *told):
        self.pictures.append(told)


def test_thumbnails_go_from_the_first_episode_to_the_last(session):
    screen = Screen()
    thumbnails.send(session, screen)
    assert [told[0] for told in screen.pictures] == [0, 1, 2]
    returns = session.episodes["return"]
    assert [told[1] for told in screen.pictures] == [f"episode {i}: return {returns[i]:g}" for i in range(3)]
    assert all(told[4].startswith(b"\x89PNG") for told in screen.pictures)


def test_thumbnails_are_spread_evenly_over_many_episodes(session):
    import pandas as pd

    many = pd.DataFrame({"group": 0, "length": 1, "finished": True, "lane": 0, "started": 0.0}, index=range(1001))
    assert thumbnails.pick(many, count=5) == [0, 250, 500, 750, 1000]
    assert thumbnails.pick(many.iloc[:0]) == []
