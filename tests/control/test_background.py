"""Training in a thread: its session goes on after the cell has returned, under the person's hand."""

from __future__ import annotations

START = """
import threading, time
quit = threading.Event()
def work():
    env = gym.make("CartPole-v1")
    while not quit.is_set():
        train(env, 1)
        time.sleep(0.01)  # a hundred episodes a second are enough to look at, and the cells have their turn
def until(condition, seconds=30):
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(0.02)
    assert condition()
"""
HELD = """
def held():
    global before
    before = len(s.episodes)
    time.sleep(0.4)
    return len(s.episodes) == before
"""
THREAD = START + "thread = threading.Thread(target=work, name='mine'); thread.start()"


def test_the_session_of_a_thread_goes_on_after_its_cell_and_ends_with_the_thread(kernel):
    kernel.run(THREAD)
    kernel.run("until(lambda: rlnb.sessions().shape[0] == 1 and len(rlnb.last().episodes) >= 10); s = rlnb.last()")
    assert kernel.value("[s.status, s.name]") == ["running", "CartPole-v1 · cell 3"]  # not of this one
    kernel.run("before = len(s.episodes)")
    kernel.run("until(lambda: len(s.episodes) > before + 10)")  # cells come and go
    assert kernel.run("quit.set(); thread.join(); until(lambda: s.status == 'finished')").status == "ok"
    assert kernel.value("len(rlnb.sessions(scratch=True))") == 1
    assert kernel.value("bool((s.verify()['verdict'] == 'exact').all())")


def test_its_view_stands_under_the_cell_that_began_it(kernel):
    began = kernel.client.execute(THREAD)
    while True:
        message = kernel.client.get_iopub_msg(timeout=30)
        if "application/vnd.jupyter.widget-view+json" in message["content"].get("data", {}):
            break
    assert message["parent_header"]["msg_id"] == began
    kernel.run("quit.set(); thread.join()")


def test_pause_and_stop_reach_a_thread(kernel):
    kernel.run(THREAD)
    kernel.run(
        "until(lambda: rlnb.sessions().shape[0] == 1); s = rlnb.last(); s.pause(); until(lambda: s.status == 'paused')"
    )
    kernel.run(HELD)
    assert kernel.run("until(held)").status == "ok"  # the steps up to the next flush are still taken
    kernel.run("s.resume(); until(lambda: len(s.episodes) > before)")
    ran = kernel.run(
        "s.stop(); thread.join(10); until(lambda: s.status == 'stopped'); print('alive', thread.is_alive())"
    )
    assert "alive False" in ran.text
    assert "StopTraining" not in ran.text and "Traceback" not in ran.text


def test_a_thread_that_fails_makes_a_failed_session(kernel):
    kernel.run(START)
    kernel.run(
        "def fail():\n    env = gym.make('CartPole-v1'); train(env, 300); raise RuntimeError('no more')\n"
        "thread = threading.Thread(target=fail); thread.start()"
    )
    assert kernel.run("thread.join(); until(lambda: rlnb.last().status == 'failed')").status == "ok"
    assert kernel.value("rlnb.sessions()['status'].tolist()") == ["failed"]
    assert kernel.value("[rlnb.last()._describe()['error'], len(rlnb.last().episodes)]") == [
        "RuntimeError: no more",
        300,
    ]


def test_a_thread_that_fails_before_anything_was_looked_at_makes_a_failed_session(kernel):
    """A flush comes every 50 ms; this thread is over in one."""
    kernel.run(START)
    kernel.run(
        "def fail():\n    train(gym.make('CartPole-v1'), 3); raise RuntimeError('no more')\n"
        "thread = threading.Thread(target=fail); thread.start(); thread.join()"
    )
    assert kernel.run("until(lambda: rlnb.sessions(scratch=True)['status'].tolist() == ['failed'])").status == "ok"
    assert kernel.value("rlnb.get(rlnb.sessions(scratch=True)['id'][0])._describe()['error']") == (
        "RuntimeError: no more"
    )


def test_a_pool_that_waits_for_its_next_job_is_not_training(kernel):
    kernel.run(START)
    kernel.run(
        "from concurrent.futures import ThreadPoolExecutor\npool = ThreadPoolExecutor(2)\n"
        "futures = [pool.submit(work) for _ in range(2)]"
    )
    kernel.run("until(lambda: rlnb.sessions().shape[0] == 1); s = rlnb.last()")
    assert kernel.value("s.status") == "running"
    kernel.run("quit.set(); [future.result() for future in futures]; until(lambda: s.status == 'finished')")
    assert kernel.value("[s.status, rlnb.sessions().shape[0]]") == ["finished", 1]
    kernel.run("train(gym.make('CartPole-v1'), 30)")  # the next cell has a session of its own
    assert kernel.value("rlnb.sessions()['episodes'].tolist()[0]") == 30


def test_unloading_gives_the_threads_hook_back(kernel):
    ours = "threading.excepthook.__module__.startswith('rlnb')"
    kernel.run(THREAD)
    kernel.run("until(lambda: rlnb.sessions().shape[0] == 1)")
    assert kernel.value(ours)
    kernel.run("quit.set(); thread.join()\n%unload_ext rlnb")
    assert not kernel.value(ours)


def test_a_thread_that_only_logs_has_one_session_whatever_cells_come_and_go(kernel):
    kernel.run(START)
    kernel.run(
        "def work():\n"
        "    for k in range(600): rlnb.log(loss=1 / (k + 1)); time.sleep(0.002)\n"
        "    while not quit.is_set(): rlnb.log(loss=0); time.sleep(0.002)\n"
        "thread = threading.Thread(target=work); thread.start()"
    )
    assert kernel.run("until(lambda: len(rlnb.sessions()))").status == "ok"  # no scratch session any more
    kernel.run("s = rlnb.last(); until(lambda: len(s.metrics) > 600)")
    assert kernel.value("s.status") == "running"
    kernel.run("quit.set(); thread.join(); until(lambda: s.status == 'finished')")
    assert kernel.value("len(rlnb.sessions(scratch=True))") == 1
