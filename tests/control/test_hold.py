"""Reaching in while it runs: step, slow, pause when, knobs."""

from __future__ import annotations

import threading
import time
from types import SimpleNamespace

import gymnasium as gym
import numpy as np
import pytest

import rlnb
from rlnb.control.recording.breaks import parse
from rlnb.control.recording.knobs import as_range
from rlnb.errors import BadValue
from rlnb.events import EpisodesEnded, MetricsLogged
from rlnb.widgets.codec import decode


def ended(returns, lengths=None):
    n = len(returns)
    one = np.ones(n)
    yes = one.astype(bool)
    return EpisodesEnded(
        "s", 0, 0, np.zeros(n, np.int64), np.array(lengths or [5] * n), np.array(returns, float), yes, ~yes, yes,
        one, one, np.arange(n), np.full(n, -1, np.int8), (b"",) * n,
    )  # fmt: skip


def logged(**values):
    steps = {name: np.zeros(1, np.int64) for name in values}
    return MetricsLogged("s", steps, {n: np.zeros(1) for n in values}, {n: np.array([v]) for n, v in values.items()})


def test_conditions_say_why():
    assert parse("return > 475").hear_episodes(ended([10, 475])) is None
    assert parse("return>475").hear_episodes(ended([10, 476])) == "an episode's return was 476 (return>475)"
    assert "was 3 " in parse("length <= 3").hear_episodes(ended([1], [3]))
    assert parse("return > 1").hear_metrics(logged(loss=5.0)) is None
    assert "loss was 5" in parse("loss > 1").hear_metrics(logged(loss=5.0))
    assert "loss was nan" in parse("loss is NaN").hear_metrics(logged(loss=np.nan))
    assert parse("loss is nan").hear_metrics(logged(loss=1.0)) is None
    every = parse("every 3 episodes")
    assert [every.hear_episodes(ended([0])) is not None for _ in range(7)] == [False, False, True] * 2 + [False]


@pytest.mark.parametrize("text", ["", "return", "return > much", "every 0 episodes", "return == 3", "a b c > 4"])
def test_a_condition_that_cannot_be_read_is_refused_with_the_forms_there_are(text):
    with pytest.raises(BadValue, match="every 50 episodes"):
        parse(text)


@pytest.mark.parametrize(
    ("given", "range_"),
    [((1e-5, 3e-4, 1e-2), (1e-5, 3e-4, 1e-2)), (0.5, (0.05, 0.5, 5.0)), (0, (0, 0, 1)), (-2, (-20, -2, -0.2))],
)
def test_the_range_of_a_knob(given, range_):
    assert as_range("lr", given) == pytest.approx(range_)


@pytest.mark.parametrize("given", ["fast", (1, 2), (3, 2, 4), (1, 1, 1), None, float("nan"), (0, 1, float("inf"))])
def test_a_range_that_makes_no_sense_is_refused(given):
    with pytest.raises(BadValue, match=r"rlnb\.knobs\(lr="):
        as_range("lr", given)


class Loop(threading.Thread):
    """What a person does while the main thread steps."""

    def __init__(self, do):
        super().__init__(daemon=True)
        self.do, self.error = do, None
        self.start()

    def run(self):
        try:
            self.do()
        except BaseException as error:
            self.error = error
            rlnb.last().stop()

    def done(self):
        self.join(30)
        assert not self.is_alive()
        if self.error is not None:
            raise self.error


def until(condition):
    end = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.002)


def test_pause_step_resume_and_stop(recording):
    env = gym.make("CartPole-v1")
    steps = recording.desk.capture.steps
    seen = []

    def person():
        until(lambda: steps() > 100)
        s = rlnb.last()
        s.pause()
        until(lambda: s._control().hold.paused)
        before = -1
        while before != steps():  # until the loop has reached the pause
            before = steps()
            time.sleep(0.1)
        assert s.status == "paused"
        for n in (1, 1, 3):
            s.step(n)
            until(lambda goal=before + n: steps() >= goal)
            time.sleep(0.05)  # time to go too far
            seen.append(steps() - before)
            before = steps()
        s.resume()
        until(lambda: steps() > before + 100)
        s.stop()

    someone = Loop(person)
    with pytest.raises(KeyboardInterrupt), rlnb.session("held"):  # a stop is a KeyboardInterrupt outside a notebook
        env.reset(seed=0)
        while True:  # until the stop comes, which it does whatever the person meets
            _, _, terminated, truncated, _ = env.step(0)
            if terminated or truncated:
                env.reset()
    someone.done()
    assert seen == [1, 1, 3]
    assert rlnb.last().status == "stopped"


def test_slow_takes_its_time_and_a_condition_pauses(recording):
    env = gym.make("CartPole-v1")
    stamps = []
    why = []

    def person():
        until(lambda: len(stamps) > 20)
        s = rlnb.last()
        s.slow(100)
        at = len(stamps)
        until(lambda: len(stamps) > at + 20)
        s.slow(None)
        s.break_when("return > 5")
        hold = s._control().hold
        until(lambda: hold.paused)
        why.append(hold.why)
        s.break_when(None)
        s.stop()

    someone = Loop(person)
    with pytest.raises(KeyboardInterrupt), rlnb.session("slow"):
        env.reset(seed=0)
        while True:  # until the stop comes, which it does whatever the person meets
            _, _, terminated, truncated, _ = env.step(0)
            stamps.append(time.monotonic())
            if terminated or truncated:
                env.reset()
    someone.done()
    assert "return > 5" in why[0]
    with pytest.raises(BadValue, match="not running"):
        rlnb.last().slow(3)


def test_knobs_are_read_moved_and_remembered(recording):
    optimizer = SimpleNamespace(param_groups=[{"lr": 0.1}, {"lr": 0.1}])
    k = rlnb.knobs(lr=(1e-5, 3e-4, 1e-2), epsilon=0.1)
    rlnb.knobs(actor=optimizer)
    env = gym.make("CartPole-v1")
    with rlnb.session("knobs") as s:
        env.reset(seed=0)
        env.step(0)
        assert (k.lr, k.epsilon) == (3e-4, 0.1)
        k.lr = 1e-3
        recording.desk.board.move("actor", 0.05)
        marks = recording.current.marks
    assert k.lr == 1e-3
    assert [group["lr"] for group in optimizer.param_groups] == [0.05, 0.05]
    moves = s.metrics[s.metrics["name"] == "knob/lr"]["value"].tolist()
    assert moves == [3e-4, 1e-3]
    assert [mark["label"] for mark in marks] == ["lr 0.0003 → 0.001", "actor 0.1 → 0.05"]
    with pytest.raises(BadValue, match="no knob 'speed'"):
        k.speed = 3
    with pytest.raises(AttributeError, match="there are: lr, epsilon"):
        k.speed
    with pytest.raises(BadValue, match="finite"):
        k.lr = float("nan")
    with pytest.raises(BadValue, match="name at least one"):
        rlnb.knobs()


def test_an_algorithms_knob_goes_with_its_session(recording):
    from rlnb import hook

    rates = [0.5]
    env = gym.make("CartPole-v1")
    with rlnb.session("offered"):
        env.reset(seed=0)
        env.step(0)
        hook.knob("learning_rate", lambda: rates[-1], rates.append)
        assert [knob.name for knob in recording.desk.board] == ["learning_rate"]
        recording.desk.board.move("learning_rate", 0.25)
    assert rates == [0.5, 0.25]
    assert list(recording.desk.board) == []


def test_a_knob_that_was_moved_is_marked_in_the_episode(recording):
    from rlnb.control.films.takes import take

    with rlnb.session("by hand") as s:
        k = rlnb.knobs(lr=(1e-4, 1e-2, 1.0))
        env = gym.make("CartPole-v1")
        for episode in range(3):
            env.reset(seed=episode)
            over, step = False, 0
            while not over:
                *_, terminated, truncated, _ = env.step(step % 2)
                over, step = terminated or truncated, step + 1
                if (episode, step) == (1, 7):
                    k.lr = 0.5
    marks = [take(s, i).data().story["marks"] for i in range(3)]
    assert marks == [[], [(7, "knob", "lr was moved from 0.01 to 0.5")], []]


def test_a_view_that_is_not_heard_before_the_cell_ends_says_so(recording, monkeypatch):
    with rlnb.session("deaf") as s:
        env = gym.make("CartPole-v1")
        env.reset(seed=0)
        env.step(0)
        feed = recording.live._feeds[s.id]
        said, gates = [], []
        view = feed.make_view()
        for state in ("on", "off: AttributeError: shell_stream", "not needed"):
            monkeypatch.setattr(recording, "notebook", SimpleNamespace(pump_state=state))
            feed.tick()
            said.append(view._header["hears"])
            gates.append(view._gate.hears)
        monkeypatch.undo()
    assert said == gates == [True, False, False]


def test_a_pause_waits_for_the_next_step_and_says_so(recording):
    env = gym.make("CartPole-v1")
    seen = []

    def person():
        until(lambda: recording.desk.capture.steps() > 50)
        running = rlnb.last()._control()
        seen.append(running.waiting)
        rlnb.last().pause()
        until(lambda: not running.waiting)  # the loop has come to its next step
        seen.append(running.hold.held)
        running.hold.step(10**9)  # let go for a while: nothing holds it, a pause is still asked for
        until(lambda: running.waiting)
        rlnb.last().pause()
        until(lambda: running.hold.held)
        rlnb.last().stop()
        seen.append(running.waiting)

    someone = Loop(person)
    with pytest.raises(KeyboardInterrupt), rlnb.session("waits") as s:
        env.reset(seed=0)
        env.step(0)
        running = s._control()
        running.hold.pause()  # nobody steps here: a long update
        seen.append((running.paused, running.waiting))
        running.hold.resume()
        while someone.is_alive():
            _, _, terminated, truncated, _ = env.step(0)
            if terminated or truncated:
                env.reset()
    someone.done()
    assert seen == [(True, True), False, True, True]


def test_a_click_is_answered_by_the_thread_that_hears_it(recording):
    """The loop may be busy for long: what was asked is said at once, with the word that it waits for the next step."""
    env = gym.make("CartPole-v1")
    env.reset(seed=0)
    for _ in range(3):
        env.step(0)
    recording.desk.capture.flush()
    feed = recording.live._feeds[recording.current.id]
    view = feed.make_view()
    feed.tick()
    sent = []

    def send(content, buffers=None):
        if content["type"] != "tick":  # rlnb's own clockwork may tick meanwhile
            sent.append((content["type"], decode(buffers[0])[0]["header"]))

    view.send = send
    for name, state in (("pause", "paused"), ("resume", "running")):
        clicks = threading.Thread(target=view._handle_custom_msg, args=({"type": "command", "name": name}, []))
        clicks.start()
        clicks.join()
        kind, header = sent.pop()
        assert sent == []
        assert kind == "answer"
        assert (header["state"], header["waiting"]) == (state, state == "paused")
    knob = {"type": "command", "name": "knob", "payload": {"name": "lr", "value": 0.1}}
    rlnb.knobs(lr=0.5)
    view._handle_custom_msg(knob, [])
    assert [kind for kind, _ in sent] == ["answer"]
    sent.clear()
    view._handle_custom_msg({"type": "command", "name": "watch", "payload": {"view": "a", "lane": 0}}, [])
    assert sent == []  # a wish for a picture comes ten times a second


def test_the_view_is_told_at_once_when_the_loop_comes_to_stand_and_when_it_goes_on(recording, monkeypatch):
    monkeypatch.setattr("rlnb.control.view.live.EVERY", 1e9)
    env = gym.make("CartPole-v1")
    env.reset(seed=0)
    env.step(0)
    recording.desk.capture.flush()
    live, running = recording.live, recording.current
    view, told = live._feeds[running.id].make_view(), []
    view.tick = lambda: told.append((view._header["state"], view._header["waiting"])) or True
    assert not live.tick()
    looks = iter([live.tick, live.tick, lambda: live.tick() or running.hold.resume()])
    running.hold.pause()
    running.hold.keep(lambda: 1, lambda: False, lambda: next(looks)())
    assert told == [("paused", False)]
    assert live.tick()
    assert told == [("paused", False), ("running", False)]
