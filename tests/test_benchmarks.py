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
