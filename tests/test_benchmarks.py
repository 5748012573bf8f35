"""All benchmarks are found by one command."""

from pathlib import Path

import pytest

from tests.benchmarks import __main__ as command
from tests.benchmarks import machine


def test_listed_benchmarks_are_there_and_none_is_left_out():
    found = command.scripts()
    assert [name for name in found if not (command.HERE / f"{name}.py").is_file()] == []
    assert len(set(found)) == len(found)
    scripts = {path.stem for path in command.HERE.glob("*.py") if "def main(" in path.read_text(encoding="utf-8")}
    assert scripts - {"__main__"} <= set(found)


def test_what_runs_is_printed_kept_and_its_failure_known(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(command, "HERE", tmp_path)
    monkeypatch.setattr(command, "BENCHMARKS", {"good": ("--small",)})
    (tmp_path / "good.py").write_text("import sys; print('a table', sys.argv[1:])\nif __name__ == \"__main__\": pass\n")
    (tmp_path / "bad.py").write_text('if __name__ == "__main__":\n    raise SystemExit(3)\n')
    assert command.scripts() == ["good", "bad"]
    out = tmp_path / "deep" / "tables.md"
    monkeypatch.setattr("sys.argv", ["benchmarks", "--quick", "--out", str(out)])
    with pytest.raises(SystemExit) as end:
        command.main()
    assert end.value.code == 1
    text = out.read_text(encoding="utf-8")
    assert machine.versions()["Python"] in text
    assert "a table ['--small']" in text
    assert "failed (3)" in text
    assert "Failed: bad." in capsys.readouterr().out


def test_the_machine_is_told():
    assert Path(machine.__file__).is_file()
    line = machine.described()
    assert f"numpy {machine.versions()['numpy']}" in line
    assert "cores" in line


def test_a_task_repeats_actions_and_cuts_episodes_in_training_only():
    from tests.benchmarks.agents.tasks import Task

    task = Task("a pendulum", "DDPG", "Pendulum-v1", "none", {}, repeat=4, cut=50)
    for training, limit in ((True, 50), (False, 200)):
        env, lone = task.make(training), task.make(training).unwrapped
        env.reset(seed=1)
        lone.reset(seed=1)
        decisions, over = 0, False
        while not over:
            obs, reward, _, over, _ = env.step([0.5])
            alone = [lone.step([0.5])[:2] for _ in range(min(4, limit - 4 * decisions))]
            assert (obs == alone[-1][0]).all()
            assert reward == sum(one[1] for one in alone)
            decisions += 1
        assert decisions == -(-limit // 4)
