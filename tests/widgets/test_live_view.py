"""What the live view sends, when, and what it does with what the browser says."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
import pytest

from rlnb.clock import ManualClock
from rlnb.widgets.codec import decode
from rlnb.widgets.films import FilmData
from rlnb.widgets.live_view import LiveView


class Wire:
    """A live view whose messages are kept instead of sent."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.view = LiveView(self.clock)
        self.sent: list[tuple[dict[str, Any], list[bytes]]] = []
        self.view.send = lambda content, buffers=None: self.sent.append((content, buffers or []))

    def say(self, **content: Any) -> None:
        self.view._handle_custom_msg(content, [])

    def episodes(self, n: int, start: int = 0) -> None:
        index = np.arange(start, start + n)
        columns = {"step": index * 10, "episode": index, "time": index / 7}
        self.view.extend("return", "return", **columns, value=index * 1.5, cut=index % 5 == 4)

    def take(self) -> list[str]:
        types = [content["type"] for content, _ in self.sent]
        self.sent.clear()
        return types


@pytest.fixture
def wire() -> Wire:
    return Wire()


def test_a_tick_is_one_message_with_one_buffer(wire: Wire) -> None:
    wire.view.header(name="a", steps=np.int64(3), rate=float("nan"))
    wire.episodes(3)
    wire.episodes(2, start=3)
    assert wire.view.tick()
    [(content, [buffer])] = wire.sent
    assert content == {"type": "tick", "seq": 1}
    meta, columns = decode(buffer)
    assert meta["header"] == {"name": "a", "steps": 3, "rate": None}
    assert meta["series"] == [{"panel": "return", "series": "return", "group": 0, "kind": "points"}]
    np.testing.assert_array_equal(columns["0.value"], np.arange(5) * 1.5)
    np.testing.assert_array_equal(columns["0.cut"], [0, 0, 0, 0, 1])
    np.testing.assert_array_equal(columns["0.step"], np.arange(5) * 10)


def test_nothing_new_sends_nothing(wire: Wire) -> None:
    assert not wire.view.tick()
    wire.view.header(steps=1)
    assert wire.view.tick()
    assert not wire.view.tick()


def test_a_tick_carries_what_changed_of_the_header_and_a_hello_gets_all_of_it(wire: Wire) -> None:
    """A name of 10,000 characters travels once, not ten times a second."""
    name = "x" * 10_000
    for steps in range(4):
        wire.view.header(name=name, state="running", steps=steps)
        wire.view.tick()
    told = [decode(buffer)[0]["header"] for _, [buffer] in wire.sent]
    assert told[0] == {"name": name, "state": "running", "steps": 0}
    assert told[1:] == [{"steps": steps} for steps in (1, 2, 3)]
    wire.take()
    wire.view.header(name="y")
    wire.say(type="hello", view="v1")  # the other views get the tick, the newcomer everything
    assert [decode(buffer)[0]["header"] for _, [buffer] in wire.sent] == [
        {"name": "y"},
        {"name": "y", "state": "running", "steps": 3},
    ]
    wire.take()
    wire.view.header(name="y", message=None)
    wire.view.tick()
    wire.view.header(message="")
    wire.view.tick()
    assert [decode(buffer)[0]["header"] for _, [buffer] in wire.sent] == [{"message": None}, {"message": ""}]


def test_what_the_gate_holds_back_is_merged_into_the_next_tick(wire: Wire) -> None:
    for k in range(9):
        wire.episodes(1, start=k)
        wire.clock.advance(0.1)
        wire.view.tick()
    assert wire.take() == ["tick"] * 6
    wire.say(type="ack", seq=3)  # sends at once what has waited
    [(content, [buffer])] = wire.sent
    assert content["seq"] == 7
    np.testing.assert_array_equal(decode(buffer)[1]["0.episode"], [6, 7, 8])


def test_the_last_word_arrives_although_nobody_ticks_any_more(wire: Wire) -> None:
    wire.view.header(state="running")
    for k in range(6):
        wire.view.header(steps=k)
        wire.view.tick()
    wire.view.header(state="finished")
    assert not wire.view.tick()
    wire.take()
    wire.say(type="ack", seq=6)
    assert decode(wire.sent[0][1][0])[0]["header"]["state"] == "finished"


def test_a_hello_is_answered_with_everything(wire: Wire) -> None:
    wire.episodes(3)
    wire.view.tick()
    wire.episodes(2, start=3)
    wire.sent.clear()
    wire.say(type="hello", view="v1")
    (tick, _), (content, [buffer]) = wire.sent
    assert (tick["type"], tick["seq"]) == ("tick", 2)  # other views of the session miss nothing
    assert content == {"type": "snapshot", "seq": 2, "to": "v1"}
    meta, columns = decode(buffer)
    assert meta["series"][0]["total"] == 5
    np.testing.assert_array_equal(columns["0.episode"], np.arange(5))


def test_a_closed_tab_stops_the_stream_and_a_hello_revives_it(wire: Wire) -> None:
    for k in range(1000):
        wire.episodes(1, start=k)
        wire.clock.advance(0.1)
        wire.view.tick()
    assert wire.take() == ["tick"] * 6
    wire.say(type="hello", view="again")
    assert wire.take() == ["tick", "snapshot"]
    wire.clock.advance(1.0)
    wire.episodes(1, start=1000)
    assert wire.view.tick()


def test_the_snapshot_is_bounded(wire: Wire) -> None:
    for k in range(100):
        wire.episodes(1000, start=1000 * k)
    wire.view.refresh_snapshot()
    assert len(wire.view.snapshot) < 80_000
    meta, columns = decode(wire.view.snapshot)
    assert meta["series"][0]["total"] == 100_000
    assert len(columns["0.value"]) <= 2000
    assert columns["0.value"].max() == 99_999 * 1.5
    assert columns["0.mean.count"].sum() == 100_000


def test_commands_reach_the_owner(wire: Wire) -> None:
    heard: list[tuple[str, dict[str, Any]]] = []
    wire.view.on_command(lambda name, payload: heard.append((name, payload)))
    wire.say(type="command", name="stop")
    wire.say(type="command", name="replay", payload={"episode": 17})
    assert heard == [("stop", {}), ("replay", {"episode": 17})]
    assert wire.take() == []


def test_a_click_is_answered_at_once_though_the_browser_is_behind(wire: Wire) -> None:
    """Six ticks are under way and nothing more may be sent, but a person waits."""
    for steps in range(10):
        wire.view.header(steps=steps, state="running")
        wire.view.tick()
    assert wire.take() == ["tick"] * 6
    wire.view.header(steps=10, state="paused")
    wire.view.answer()
    wire.view.answer()
    [(content, [buffer])] = wire.sent
    assert content == {"type": "answer"}
    assert decode(buffer)[0] == {"header": {"steps": 10, "state": "paused"}, "series": []}
    wire.take()
    wire.say(type="ack", seq=6)
    wire.view.header(steps=11)
    wire.view.tick()
    assert decode(wire.sent[-1][1][0])[0]["header"] == {"steps": 11}
    assert wire.sent[-1][0] == {"type": "tick", "seq": 7}  # answers are not counted


def test_a_command_that_fails_is_named_in_the_view(wire: Wire) -> None:
    def fail(name: str, payload: dict[str, Any]) -> None:
        raise RuntimeError("the disk is full")

    wire.view.on_command(fail)
    wire.say(type="command", name="export")
    assert wire.sent == [({"type": "error", "text": '"export" failed: the disk is full'}, [])]


@pytest.mark.parametrize("content", [{"type": "dance"}, {}, {"type": "command", "name": "stop"}])
def test_what_nobody_understands_is_never_silent(wire: Wire, content: dict[str, Any]) -> None:
    wire.say(**content)
    assert wire.take() == ["error"]


def test_films_and_their_failures(wire: Wire) -> None:
    wire.view.film_progress(3, 10)
    about = {"fps": 30.0, "frames": 3, "width": 4, "height": 2, "verdict": "exact", "words": "all", "caption": "best"}
    wire.view.show_films([FilmData(video=b"mp4", rewards=np.ones(2), **about)])
    wire.view.film_error("no renderer")
    progress, (film, [mp4, rewards]), error = wire.sent
    assert progress == ({"type": "film_progress", "done": 3, "total": 10}, [])
    assert film == {"type": "films", "films": [{**about, "stride": 1, "mime": "video/mp4", "seen": False}]}
    assert mp4 == b"mp4"
    assert decode(rewards)[1]["rewards"].tolist() == [1, 1]
    assert error == ({"type": "film_error", "text": "no renderer"}, [])


def test_threads_that_extend_and_tick_lose_nothing(wire: Wire) -> None:
    def work(group: int) -> None:
        for k in range(200):
            wire.view.extend("loss", "loss", group, step=[k], episode=[k], time=[k], value=[1.0], kind="line")
            wire.view.tick()
            wire.say(type="ack", seq=wire.view._gate.sent)

    threads = [threading.Thread(target=work, args=(group,)) for group in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    wire.say(type="ack", seq=wire.view._gate.sent)
    wire.clock.advance(1)
    wire.view.tick()
    seqs = [content["seq"] for content, _ in wire.sent]
    assert seqs == list(range(1, len(seqs) + 1))
    total = sum(len(column) for _, [b] in wire.sent for name, column in decode(b)[1].items() if name.endswith("value"))
    assert total == 800


def test_a_zoom_is_answered_with_the_rows_of_its_window(wire: Wire) -> None:
    asked: list[tuple[str, float, float]] = []

    def rows(axis: str, low: float, high: float, most: int) -> list[Any]:
        asked.append((axis, low, high))
        index = np.arange(3.0)
        columns = dict.fromkeys(("episode", "step", "time", "value", "cut", "lane"), index)
        return [(("return", "return", 0), "points", columns, 9)]

    wire.view.on_detail(rows)
    wire.say(type="detail", view="v1", axis="step", **{"from": 1, "to": 2.5})
    [(content, [buffer])] = wire.sent
    assert asked == [("step", 1.0, 2.5)]
    assert content == {"type": "detail", "to": "v1"}
    meta, columns = decode(buffer)
    assert meta["window"] == {"axis": "step", "from": 1, "to": 2.5}
    assert meta["series"][0]["total"] == 9
    assert columns["0.value"].tolist() == [0, 1, 2]
    wire.take()
    wire.say(type="detail", view="v1", axis="colour", **{"from": 1, "to": None})
    assert wire.take() == ["error"]


def test_a_tab_that_is_closed_for_hours_costs_no_memory_and_catches_up(wire: Wire) -> None:
    wire.episodes(1)
    for _ in range(4):  # nobody answers
        wire.view.tick()
        wire.episodes(1)
    wire.take()
    for k in range(200):
        wire.episodes(1000, start=1000 * k)
        wire.clock.advance(60.0)
        assert not wire.view.tick()
        before = wire.view.snapshot
        wire.view.refresh_snapshot(moving=True)
        assert wire.view.snapshot is before, "a trait passes by the gate: the server would keep every one"
        assert sum(len(rows) for parts in wire.view._pending.values() for rows in parts) <= 20_000
    wire.say(type="ack", seq=4)  # the hidden tab is shown again
    wire.view.tick()
    [(content, [buffer])] = wire.sent
    assert content["type"] == "snapshot" and "to" not in content and content["seq"] == 5
    assert decode(buffer)[0]["series"][0]["total"] == 200_005
    wire.clock.advance(60.0)
    wire.say(type="ack", seq=5)
    wire.take()
    wire.episodes(1)
    wire.view.tick()
    assert wire.take() == ["tick"]


def test_a_saved_session_takes_a_hundred_kilobytes(wire: Wire) -> None:
    for name in ("return", "length", "loss", "q_mean"):
        at = np.arange(20_000.0)
        value = np.random.default_rng(0).normal(size=len(at))
        wire.view.extend(name, name, step=at * 21, episode=at, time=at / 300, value=value, cut=at < 0, lane=at * 0)
    wire.view.refresh_snapshot()
    assert 50_000 < len(wire.view.snapshot) < 100_000, "ten of them and their pictures are to stay below 1.5 MB"


def test_a_snapshot_of_many_metrics_is_bounded(wire: Wire) -> None:
    index = np.arange(5000)
    for k in range(50):
        wire.view.extend(f"m{k}", f"m{k}", step=index, episode=index, time=index, value=np.sin(index), kind="line")
    wire.view.refresh_snapshot()
    assert len(wire.view.snapshot) < 400_000
    meta, columns = decode(wire.view.snapshot)
    assert len(meta["series"]) == 50
    assert columns["7.value"].max() == np.sin(index).max()
    assert columns["7.mean.count"].sum() == 5000


def test_many_rows_make_ticks_rarer_not_the_wire_busier(wire: Wire) -> None:
    """Two series at 100,000 steps a second in episodes of ten steps: at most 300 KB a second."""
    wire.view.header(state="running")
    for k in range(100):
        wire.episodes(1000, start=1000 * k)
        wire.clock.advance(0.1)
        wire.view.tick()
        wire.say(type="ack", seq=wire.view._gate.sent)
        assert wire.view.resting
    assert sum(len(buffer) for _, [buffer] in wire.sent) <= 3_000_000
    assert len(wire.sent) > 8
    wire.view.header(state="paused")
    assert not wire.view.resting and wire.view.tick()
