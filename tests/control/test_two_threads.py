"""What two threads do at the same moment: the loop, the clockwork, a click, a thread of one's own; or a signal."""

import contextlib
import signal
import threading
from types import SimpleNamespace

import gymnasium as gym
import numpy as np
import pytest

import rlnb
from rlnb import hook
from rlnb.capture.counting import stepped
from rlnb.capture.desk import Seat
from rlnb.capture.vectors import Vectors
from rlnb.control import doors
from rlnb.control import room as rooms
from rlnb.control.view.drawn import Drawn
from rlnb.errors import BadValue
from rlnb.events import LanesStepped, SessionStarted
from rlnb.store import Store


def play(env, episodes=1):
    for seed in range(episodes):
        env.reset(seed=seed)
        over = False
        while not over:
            *_, terminated, truncated, _ = env.step(0)
            over = terminated or truncated


def beside(work):
    """`work` in another thread; it has half a second, unless it waits for the present one."""
    thread = threading.Thread(target=work)
    thread.start()
    thread.join(0.5)
    return thread


@pytest.fixture
def slow_store(monkeypatch):
    """Opening the store takes as long as it takes somebody else to try it too (or half a second)."""
    opening, second, opened = threading.Event(), threading.Event(), []

    class Slow(rooms.Store):
        def __init__(self, *args):
            opened.append(threading.current_thread().name)
            if len(opened) > 1:
                second.set()
            opening.set()
            second.wait(0.5)
            super().__init__(*args)

    monkeypatch.setattr(rooms, "Store", Slow)
    return opening, opened


def test_a_loop_that_logs_beside_the_clockwork_begins_nothing_of_its_own(recording, slow_store):
    opening, opened = slow_store
    begun = []
    recording.bus.subscribe(SessionStarted, begun.append)
    env = gym.make("FrozenLake-v1", is_slippery=False)
    recording.desk.capture.due[:] = float("inf"), 0  # the loop itself flushes nothing
    for _ in range(5):
        env.reset(seed=0)
        for action in (1, 1, 2, 1, 2, 2):
            env.step(action)
    beside = threading.Thread(target=recording.desk.capture.flush, name="rlnb ticker")
    beside.start()
    assert opening.wait(10)
    hook.log(loss=1.0)
    recording.desk.numbers._look_at = 1.0  # nobody has flushed for a while
    hook.log(loss=0.5)
    beside.join()
    recording.settle()
    assert [len(opened), len(begun)] == [1, 1]
    assert len(rlnb.last().episodes) == 5
    assert rlnb.last().metrics.value.tolist() == [1.0, 0.5]


def test_the_store_is_opened_once(recording, slow_store):
    opening, opened = slow_store
    asked = []
    beside = threading.Thread(target=lambda: asked.append(recording.store))
    beside.start()
    assert opening.wait(10)
    asked.append(recording.store)
    beside.join()
    assert len(opened) == 1 and asked[0] is asked[1]


def test_what_a_thread_begins_while_the_store_is_changed_is_in_the_new_one(recording, tmp_path, monkeypatch):
    env = gym.make("CartPole-v1")
    play(env, 3)
    recording.desk.capture.flush()
    threads, close = [], Store.close

    def slowly(self):
        if not threads:
            play(env, 4)
            threads.append(beside(recording.desk.capture.flush))
        close(self)

    monkeypatch.setattr(Store, "close", slowly)
    rlnb.use(tmp_path / "new.sqlite")
    threads[0].join()
    recording.settle()
    assert rlnb.sessions().episodes.tolist() == [4]


def test_a_thread_that_steps_on_begins_nothing_while_recording_ends(recording, tmp_path, monkeypatch):
    env = gym.make("CartPole-v1")
    play(env, 3)
    recording.desk.capture.flush()
    close = recording.desk.cells.background.close
    monkeypatch.setattr(recording.desk.cells.background, "close", lambda: (play(env, 4), close()))
    path = recording.store.path
    rlnb.uninstall()
    store = Store(path)
    assert store.sessions(scratch=True).episodes.tolist() == [3]
    store.close()
    assert doors._room is None


@pytest.mark.parametrize("mode", ["vector_entry_point", "sync"])
def test_lanes_stepped_while_their_session_ends_have_all_their_steps(recording, monkeypatch, mode):
    env = gym.make_vec("CartPole-v1", num_envs=3, vectorization_mode=mode)
    cut = Vectors.cut

    def later(self):
        monkeypatch.undo()
        env.step(np.zeros(3, np.int64))
        cut(self)

    with rlnb.session("lanes") as s:
        env.reset(seed=0)
        for _ in range(4):
            env.step(np.zeros(3, np.int64))
        monkeypatch.setattr(Vectors, "cut", later)
    assert s.episodes.length.tolist() == [5, 5, 5]
    assert [len(recording.store.trace(s.id, k)) for k in range(3)] == [5, 5, 5]
    assert set(s.verify().verdict) == {"exact"}


def test_the_lanes_of_a_flush_and_what_is_stepped_meanwhile_keep_apart(recording, monkeypatch):
    env = gym.make_vec("CartPole-v1", num_envs=2, vectorization_mode="vector_entry_point")
    threads = []

    def step_on(event):
        if not threads:
            threads.append(None)
            threads[0] = beside(lambda: [env.reset(seed=k) and env.step(np.zeros(2, np.int64)) for k in range(8, 600)])

    with rlnb.session("resets") as s:
        for k in range(8):
            env.reset(seed=k)
            env.step(np.zeros(2, np.int64))
        recording.bus.subscribe(LanesStepped, step_on)
        recording.desk.capture.flush()
        threads[0].join()
    seeds = [recording.store.trace(s.id, k).start for k in range(len(s.episodes))]
    assert len(seeds) == 1200
    assert set(s.verify().verdict) == {"exact"}


def test_a_click_beside_the_loop_keeps_the_numbers_of_the_chart(recording, monkeypatch):
    env = gym.make("CartPole-v1")
    with rlnb.session("clicks") as s:
        play(env, 3)
        recording.desk.capture.flush()
        feed = recording.live.feed(s)
        feed.make_view()
        inside, extend = threading.Event(), Drawn.extend

        def slowly(self, lanes, firsts):
            if threading.current_thread().name == "rlnb film":
                inside.set()
                threading.Event().wait(0.3)
            extend(self, lanes, firsts)

        monkeypatch.setattr(Drawn, "extend", slowly)
        play(env, 3)
        recording.desk.capture.flush()
        film = threading.Thread(target=lambda: feed._number(s, 1), name="rlnb film")
        film.start()
        assert inside.wait(10)
        play(env, 3)
        recording.desk.capture.flush()
        feed.tick()
        film.join()
        feed.tick()
        drawn = list(feed._drawn._firsts)
    assert drawn == [first for _, first in recording.store.keys(s.id)]


def test_counting_while_the_session_ends():
    class Recorder:
        checks = (1, 2)
        _seats = iter([Seat("s", 0, 0), None, None])

        @property
        def seat(self):
            return next(self._seats)

    lanes = SimpleNamespace(recorders={}, waiting=dict)
    assert stepped({0: 10}, {1: Recorder()}, lanes) == 12


def test_an_interrupt_while_numbers_are_handed_in_loses_none(recording, monkeypatch):
    with rlnb.session("numbers") as s:
        collect = recording.desk.numbers.collect

        def interrupted(id):
            logged = collect(id)
            signal.raise_signal(signal.SIGINT)
            return logged

        monkeypatch.setattr(recording.desk.numbers, "collect", interrupted)
        for k in range(5):
            hook.log(loss=k)
        with pytest.raises(KeyboardInterrupt):
            recording.desk.tick()
        monkeypatch.undo()
    assert s.metrics.value.tolist() == [0, 1, 2, 3, 4]


def test_two_threads_do_not_open_a_block_at_once(recording, monkeypatch):
    bare, both, said = recording.desk.capture.exclusively, threading.Barrier(2), []
    late = threading.local()

    @contextlib.contextmanager
    def together():
        if not getattr(late, "met", False):
            late.met = True
            both.wait(10)
        with bare():
            yield

    monkeypatch.setattr(recording.desk.capture, "exclusively", together)
    leave = threading.Barrier(2)

    def work(name):
        try:
            with rlnb.session(name):
                leave.wait(10)
        except BadValue as error:
            said.append(str(error))
            leave.wait(10)

    threads = [threading.Thread(target=work, args=(name,)) for name in "AB"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    monkeypatch.undo()
    assert len(said) == 1 and "do not nest" in said[0]
    assert len(rlnb.sessions()) == 1


def test_a_forked_worker_of_a_notebook_learns(kernel):
    kernel.run(
        "import multiprocessing\n"
        "from rlnb.agents import QLearning\n"
        "def work(seed): return QLearning('FrozenLake-v1', seed=seed).learn(2000, progress=False).steps"
    )
    with_fork = "pool = multiprocessing.get_context('fork').Pool(1); steps = pool.map_async(work, [0]).get(40)"
    assert kernel.run(with_fork, timeout=90).status == "ok"
    assert kernel.value("steps") == [2000]
    kernel.run("pool.terminate()")


def test_what_if_asks_a_copy_of_a_model_that_learns():
    sb3 = pytest.importorskip("stable_baselines3")
    from rlnb.control.films.explaining import Learner

    model = sb3.PPO("MlpPolicy", "CartPole-v1", n_steps=64, device="cpu", seed=0)
    model.policy.set_training_mode(True)
    before = model.policy.action_dist
    held = before.distribution = object()
    assert Learner(model).act()(np.zeros(4, np.float32)) in (0, 1)
    assert model.policy.training
    assert model.policy.action_dist is before and before.distribution is held
