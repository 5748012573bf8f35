"""Several views, several threads, and nobody any more: who is served with what."""

from __future__ import annotations

import threading

import rlnb
from rlnb.clock import ManualClock
from rlnb.control.room import Room
from tests.control.test_onlookers import MAKERS, PATIENCE, Screen, make_drawn, make_plain


def test_an_environment_that_another_thread_may_be_stepping_is_mirrored(recording):
    screen = Screen(recording)
    with rlnb.session("two threads"):
        env, other = make_drawn(), make_plain()
        other.reset(seed=1)
        env.reset(seed=0)
        for _ in range(5):
            env.step(0)
        recording.desk.capture.flush()  # the first environment has lane 0

        def beside():
            other.step(0)
            recording.desk.tick()

        thread = threading.Thread(target=beside)
        thread.start()
        thread.join()
        screen.ask(fresh=True)
        while not screen.pictures:
            *_, terminated, _, _ = env.step(env.action_space.sample())
            if terminated:
                env.reset()
            assert recording.onlookers.idle.wait(PATIENCE)
    assert "another process" in screen.words[0]


def test_two_views_watch_a_lane_each_and_one_picture_serves_those_of_one_lane(recording):
    class Shared(Screen):
        """Two views of one widget: a message names those that it is for."""

        def glance(self, views, lane, picture, words):
            self.lanes.append((lane, sorted(views)))

    screen = Shared(recording)

    def ask(*wishes):
        for view, lane in wishes:
            screen.view, screen.lane = view, lane
            screen.ask(fresh=True)

    with rlnb.session("two views"):
        env = MAKERS["sync, drawn"][0]()
        env.reset(seed=0)
        for count, wishes in enumerate([[("a", 0), ("b", 0)], [("a", 2), ("b", 1)]]):
            asked = False
            while len(screen.lanes) < (1, 3)[count]:
                env.step(env.action_space.sample())
                if not asked and recording.current.lanes.count == 3:
                    ask(*wishes)
                    asked = True
                assert recording.onlookers.idle.wait(PATIENCE)
    assert screen.lanes == [(0, ["a", "b"]), (2, ["a"]), (1, ["b"])]


def test_a_mirror_that_nobody_looks_into_is_put_away(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    room = Room(clock := ManualClock())
    room.open()
    room.desk.capture.install()
    put_away = []
    monkeypatch.setattr(type(room.worker), "put_away", lambda worker: put_away.append(1))
    screen = Screen(room)
    try:
        env = make_plain()
        env.reset(seed=0)
        env.action_space.seed(0)
        room.desk.begin("block", scratch=False)
        screen.ask(fresh=True)
        while not screen.pictures:
            *_, terminated, truncated, _ = env.step(env.action_space.sample())
            if terminated or truncated:
                env.reset()
            clock.advance(0.05)
            room.desk.tick()
            assert room.onlookers.idle.wait(PATIENCE)
        screen.open = False
        room.onlookers.command(room.current, screen, "unwatch", {"view": "one"})
        room.desk.tick()
        assert room.onlookers.idle.wait(PATIENCE)
        assert put_away == []  # somebody may come back
        clock.advance(30)
        room.desk.tick()
        assert room.onlookers.idle.wait(PATIENCE)
        assert put_away == [1]
    finally:
        room.close()
