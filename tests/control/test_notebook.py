"""What a notebook gets that has said `%load_ext rlnb`: a real kernel, spoken to as a page would."""

from __future__ import annotations

import os
import textwrap

from jupyter_client.manager import start_new_kernel

from tests.control.kernels import FOR_A_WHILE, LOOP, Kernel


def test_a_cell_is_a_session(kernel):
    ran = kernel.run("train(gym.make('CartPole-v1'), 30)")
    assert ran.status == "ok", ran.text
    found = kernel.value("[rlnb.last().name, rlnb.last().status, len(rlnb.last().episodes)]")
    assert found == ["CartPole-v1 · cell 3", "finished", 30]
    kernel.run("train(gym.make('CartPole-v1'), 40)")
    assert kernel.value("rlnb.sessions()['episodes'].tolist()") == [40, 30]


def test_a_cell_that_looks_around_is_scratch(kernel):
    kernel.run("env = gym.make('CartPole-v1'); env.reset(); env.step(0)")
    assert kernel.value("len(rlnb.sessions())") == 0
    assert kernel.value("len(rlnb.sessions(scratch=True))") == 1


def test_params_are_picked_up_and_the_seed_is_none_of_them(kernel):
    kernel.run("params = {'lr': 1e-3, 'seed': 4}\nenv = gym.make('CartPole-v1')\ntrain(env, 30)")
    assert kernel.value("rlnb.last().params") == {"lr": 0.001}
    assert kernel.value("rlnb.last().seed") == 4


def test_the_cell_magic_names_the_session(kernel):
    ran = kernel.run("%%rlnb dqn-wide lr=1e-3\ntrain(gym.make('CartPole-v1'), 30)")
    assert ran.status == "ok", ran.text
    assert kernel.value("[rlnb.last().name, rlnb.last().params]") == ["dqn-wide", {"lr": 0.001}]
    kernel.run("train(gym.make('CartPole-v1'), 30)")
    assert kernel.value("rlnb.last().params") == {}


def test_the_line_magic(kernel):
    assert "rlnb is on" in kernel.run("%rlnb").text
    kernel.run("%rlnb off")
    kernel.run("train(gym.make('CartPole-v1'), 30)")
    assert kernel.value("len(rlnb.sessions())") == 0
    kernel.run("%rlnb on")
    kernel.run("train(gym.make('CartPole-v1'), 30)")
    kernel.run("%rlnb name my best")
    assert kernel.value("rlnb.last().name") == "my best"
    assert "my best" in kernel.run("%rlnb sessions").text
    wrong = kernel.run("%rlnb dance")
    assert wrong.status == "error"
    assert "dance" in wrong.text and "%rlnb off" in wrong.text


def test_training_and_evaluation_are_two_groups(kernel):
    kernel.run("env = gym.make('CartPole-v1')\ntest_env = gym.make('CartPole-v1')\ntrain(env, 30)\ntrain(test_env, 2)")
    assert kernel.value("sorted(set(rlnb.last().episodes['group'].tolist()))") == [0, 1]
    assert kernel.value("rlnb.sessions()['episodes'].tolist()") == [30]


def test_a_sweep_offers_to_be_split(kernel):
    ran = kernel.run("for alpha in (0.1, 0.2, 0.3):\n    train(gym.make('CartPole-v1'), 6)\n    rlnb.log(alpha=alpha)")
    assert ran.status == "ok", ran.text
    assert ".split() makes a session of each" in ran.text
    lengths = kernel.value("rlnb.last().episodes['length'].tolist()")
    kernel.run("parts = rlnb.last().split()")
    assert kernel.value("[s.name.rpartition(' · ')[2] for s in parts]") == ["1 of 3", "2 of 3", "3 of 3"]
    assert kernel.value("[s.episodes['length'].tolist() for s in parts]") == [lengths[:6], lengths[6:12], lengths[12:]]
    assert kernel.value("[int(s.episodes['step'].iloc[-1]) for s in parts]") == [
        sum(lengths[:6]), sum(lengths[6:12]), sum(lengths[12:])
    ]  # fmt: skip
    assert kernel.value("[set(s.verify()['verdict']) == {'exact'} for s in parts]") == [True] * 3
    assert kernel.value("len(rlnb.sessions())") == 3


def test_one_environment_an_episode_offers_nothing(kernel):
    ran = kernel.run("for _ in range(20):\n    train(gym.make('CartPole-v1'), 1)")
    assert "split" not in ran.text
    assert kernel.value("len(rlnb.last().episodes)") == 20


def test_an_episode_that_crosses_cells_keeps_its_trace(kernel):
    kernel.run("env = gym.make('CartPole-v1'); train(env, 20); env.reset(seed=3); env.step(0); env.step(1)")
    kernel.run("r = env.step(0)\nwhile not (r[2] or r[3]): r = env.step(0)\ntrain(env, 20)")
    old, new = kernel.value("rlnb.sessions()['id'].tolist()[::-1]")
    assert kernel.value(f"rlnb.get('{old}').episodes['finished'].tolist()") == [True] * 20 + [False]
    assert kernel.value(f"rlnb.get('{old}').episodes['length'].tolist()[-1]") == 2
    lengths = kernel.value(f"rlnb.get('{new}').episodes['length'].tolist()")
    assert lengths[0] > 2
    assert set(kernel.value(f"rlnb.get('{new}').verify()['verdict'].tolist()")) == {"exact"}
    assert set(kernel.value(f"rlnb.get('{old}').verify()['verdict'].tolist()")) == {"exact"}


def test_an_error_in_the_cell_is_the_users_and_the_session_failed(kernel):
    ran = kernel.run("train(gym.make('CartPole-v1'), 30)\n1/0")
    assert ran.status == "error"
    assert "ZeroDivisionError" in ran.text
    assert kernel.value("[rlnb.last().status, len(rlnb.last().episodes)]") == ["failed", 30]


def test_stop_from_a_timer_ends_the_cell_cleanly(kernel):
    code = """
import threading
env = gym.make('CartPole-v1')
threading.Timer(1.0, lambda: rlnb.last().stop()).start()
train(env, 10**9)
print('never here')
"""
    ran = kernel.run(code)
    assert ran.status == "ok", ran.text
    assert "Traceback" not in ran.text and "never here" not in ran.text
    assert kernel.value("rlnb.last().status") == "stopped"
    assert kernel.run("print('next cell runs')").text == "next cell runs\n"


def test_the_view_shows_itself_once_and_leaves_a_picture(kernel):
    ran = kernel.run(f"env = gym.make('CartPole-v1')\n{FOR_A_WHILE}")
    widgets = ran.mime("application/vnd.jupyter.widget-view+json")
    assert len(widgets) == 1, ran.text
    assert "<img" in ran.mime("text/html")[-1], ran.text


def test_a_short_cell_shows_no_view(kernel):
    ran = kernel.run("train(gym.make('CartPole-v1'), 20)")
    assert not ran.mime("application/vnd.jupyter.widget-view+json")


def test_replay_and_compare_show_themselves(kernel):
    kernel.run("train(gym.make('CartPole-v1'), 30)")
    kernel.run("train(gym.make('CartPole-v1'), 30)")
    shown = kernel.run("rlnb.last().replay('best')")
    assert shown.status == "ok", shown.text
    assert shown.mime("application/vnd.jupyter.widget-view+json") and shown.mime("text/html")
    shown = kernel.run("rlnb.compare(*rlnb.sessions()['id'])")
    assert shown.status == "ok", shown.text
    assert shown.mime("application/vnd.jupyter.widget-view+json") and "<img" in shown.mime("text/html")[-1]
    shown = kernel.run("rlnb.last().live()")
    assert shown.status == "ok", shown.text
    assert shown.mime("application/vnd.jupyter.widget-view+json") and "<img" in shown.mime("text/html")[-1]


WHAT_THERE_IS = """{name} = [
    gym.make.__code__, sh.display_pub.clear_output, sh.run_cell, dict(sh.magics_manager.magics['line']),
    {{k: list(v) for k, v in sh.events.callbacks.items()}}, sh.CustomTB, sh.custom_exceptions]"""


def test_unload_gives_everything_back(kernel):
    kernel.run("%unload_ext rlnb\nsh = get_ipython()\n" + WHAT_THERE_IS.format(name="before"))
    kernel.run("%load_ext rlnb")
    kernel.run(f"env = gym.make('CartPole-v1')\n{FOR_A_WHILE}")
    kernel.run("%unload_ext rlnb")
    kernel.run(WHAT_THERE_IS.format(name="after"))
    assert kernel.value("[a == b for a, b in zip(before, after)]") == [True] * 7


def test_reload_works(kernel):
    assert kernel.run("%reload_ext rlnb").status == "ok"
    kernel.run("train(gym.make('CartPole-v1'), 30)")
    assert kernel.value("len(rlnb.last().episodes)") == 30


def test_a_killed_kernel_loses_at_most_the_last_second(tmp_path):
    environment = {**os.environ, "RLNB_HOME": str(tmp_path / "home"), "RLNB_STRICT": "1"}
    manager, client = start_new_kernel(kernel_name="python3", env=environment, cwd=str(tmp_path))
    kernel = Kernel(client)
    kernel.run("%load_ext rlnb\nimport rlnb")
    kernel.run(LOOP)
    code = (
        "import threading, os, signal, time\n"
        "def kill():\n"
        "    open('killed', 'w').write(str(time.time()))\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
        "threading.Timer(3.0, kill).start()\n"
        "train(gym.make('CartPole-v1'), 10**9)"
    )
    client.execute(code)
    manager.provisioner.process.wait(timeout=60)
    client.stop_channels()
    manager.cleanup_resources()
    manager, client = start_new_kernel(kernel_name="python3", env=environment, cwd=str(tmp_path))
    try:
        kernel = Kernel(client)
        kernel.run("%load_ext rlnb\nimport rlnb")
        status, last = kernel.value("[rlnb.last().status, float(rlnb.last().episodes['ended'].max())]")
        assert status == "interrupted"
        assert float((tmp_path / "killed").read_text()) - last <= 1.0
        assert kernel.value("rlnb.last().verify()['verdict'].iloc[:3].tolist()") == ["exact"] * 3
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def test_a_cell_says_once_what_it_stepped_without_recording_it(kernel):
    kernel.run("from gymnasium.envs.classic_control import CartPoleEnv\nenv = CartPoleEnv()")
    said = kernel.run("train(env, 3)").text
    assert said.count("env = rlnb.watch(env)") == 1
    assert "rlnb.watch" not in kernel.run("train(env, 3)").text
    kernel.run("env = rlnb.watch(env)\ntrain(env, 3)")
    assert kernel.value("len(rlnb.last().episodes)") == 3


def test_a_loop_that_only_logs_is_a_session_with_a_stop(kernel):
    """Behaviour cloning, fitting a model: nothing is stepped, but there is something to see and to stop."""
    loop = """
    import time
    from rlnb import hook
    room = hook._listener._room
    for k in range(100_000):
        rlnb.log(loss=1 / (k + 1))
        time.sleep(0.001)
        if k > 300 and room.current is not None:
            seen = room.current.name, room.current.scratch, len(rlnb.last().metrics)
            room.current.stop_asked = True
    """
    ran = kernel.run(textwrap.dedent(loop))
    assert ran.status == "ok", ran.text
    assert kernel.value("seen[1]") is False
    assert kernel.value("seen[2] > 50")
    assert kernel.value("[rlnb.last().status, k < 90_000, len(rlnb.last().metrics) == k + 1]") == [
        "stopped",
        True,
        True,
    ]


def test_a_function_of_a_cell_runs_over_seeds_in_workers(kernel):
    ran = kernel.run(
        "runs = rlnb.repeat(lambda seed: train(gym.make('CartPole-v1'), 3), seeds=3, workers=2, name='mine')"
    )
    assert ran.status == "ok", ran.text
    assert "3 of 3" in ran.text
    assert kernel.value("[len(run.session.episodes) for run in runs]") == [3, 3, 3]
    assert kernel.value("rlnb.compare([run.session for run in runs]).summary['runs'].tolist()") == [3]
