"""The player: films travel to each view that says hello."""

from __future__ import annotations

import numpy as np
import pytest

from rlnb.widgets.codec import decode
from rlnb.widgets.films import FilmData
from rlnb.widgets.player import EpisodePlayer


def film(caption: str = "episode 3") -> FilmData:
    return FilmData(b"mp4", 30.0, 3, 4, 2, "exact", "every reward", caption, np.array([1.0, 2.0]))


class Sent(list):
    """What a player sent, in order."""

    def __init__(self, player: EpisodePlayer, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(player, "send", lambda content, buffers=None: self.append((content, buffers)))


@pytest.fixture
def player() -> EpisodePlayer:
    return EpisodePlayer([film("a"), film("b")])


def test_a_view_that_says_hello_is_sent_the_films(player: EpisodePlayer, monkeypatch: pytest.MonkeyPatch) -> None:
    sent = Sent(player, monkeypatch)
    for _ in range(2):
        player._receive(player, {"type": "hello"}, [])
    assert len(sent) == 2
    content, buffers = sent[1]
    assert [one["caption"] for one in content["films"]] == ["a", "b"]
    assert buffers[0] == buffers[2] == b"mp4"
    assert decode(buffers[3])[1]["rewards"].tolist() == [1.0, 2.0]


def test_films_are_in_no_trait(player: EpisodePlayer) -> None:
    assert not any(b"mp4" in value for value in player.get_state().values() if isinstance(value, bytes))


def test_a_command_reaches_its_owner_and_a_failing_one_is_told(
    player: EpisodePlayer, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent, heard = Sent(player, monkeypatch), []
    player.on_command(lambda name, payload: heard.append(name))
    player._receive(player, {"type": "command", "name": "webm"}, [])
    assert heard == ["webm"]

    def broken(name: str, payload: dict[str, object]) -> None:
        raise RuntimeError("no encoder")

    player.on_command(broken)
    player._receive(player, {"type": "command", "name": "webm"}, [])
    assert sent == [({"type": "film_error", "text": "no encoder"}, [])]


@pytest.mark.parametrize("content", [{"type": "dance"}, {}, "text", None])
def test_what_nobody_understands_is_never_silent(
    player: EpisodePlayer, monkeypatch: pytest.MonkeyPatch, content: object
) -> None:
    sent = Sent(player, monkeypatch)
    player._receive(player, content, [])
    assert sent[0][0]["type"] == "film_error"
