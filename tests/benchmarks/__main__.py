"""All benchmarks with one command, each in a process of its own, one after another (they must not disturb each other):

    python -m tests.benchmarks                   # everything but what the agents learn: about half an hour
    python -m tests.benchmarks --quick           # the same, smaller: some minutes, figures less steady
    python -m tests.benchmarks store replay      # those whose names contain one of the words
    python -m tests.benchmarks --list

What they print goes to the screen and, with the date, the machine and the versions, to build/benchmarks.md. A benchmark
that fails is named at the end, and the others run all the same.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from pathlib import Path

from tests.benchmarks.machine import described

HERE = Path(__file__).parent
ROOT = HERE.parents[1]

# The order, and what makes each smaller for --quick. A script that is not listed runs after these, as it is.
BENCHMARKS: dict[str, tuple[str, ...]] = {
    "import_time": ("3",),
    "step_overhead": ("3",),
    "vector_overhead": ("3",),
    "environment_share": ("3",),
    "live_cost": ("3",),
    "watch_cost": ("2",),
    "log_cost": ("3",),
    "memory": ("1000000",),
    "store_throughput": ("--small",),
    "store_opening": ("--small",),
    "replay_speed": ("3",),
    "replay_exactness": ("--quick",),
    "statistics_coverage": ("400",),
    "frame_time": ("5",),
    "compare_many": ("--small",),
    "agents/speed": ("--rounds", "1"),
}
NOT_HERE = {"agents/learning"}  # days: it keeps its own rows and goes on where it stopped


def scripts() -> list[str]:
    """Every benchmark: the listed ones in their order, then what else lies in the folder and can be run."""
    there = [
        path.relative_to(HERE).with_suffix("").as_posix()
        for path in sorted(HERE.rglob("*.py"))
        if path.stem != "__main__" and 'if __name__ == "__main__":' in path.read_text(encoding="utf-8")
    ]
    return [*BENCHMARKS, *(name for name in there if name not in BENCHMARKS and name not in NOT_HERE)]


def run(name: str, quick: bool) -> tuple[str, int]:
    """What a benchmark printed (shown as it comes), and its exit status."""
    command = [sys.executable, "-u", str(HERE / f"{name}.py"), *(BENCHMARKS.get(name, ()) if quick else ())]
    path = os.pathsep.join([str(ROOT), str(HERE), *filter(None, [os.environ.get("PYTHONPATH")])])
    printed = []
    with subprocess.Popen(
        command, cwd=ROOT, env={**os.environ, "PYTHONPATH": path}, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            print(line, end="", flush=True)
            printed.append(line)
    return "".join(printed), process.returncode


def main() -> None:
    """Run them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("words", nargs="*", help="only those whose names contain one of these")
    parser.add_argument("--quick", action="store_true", help="smaller: fewer repetitions")
    parser.add_argument("--list", action="store_true", help="say which there are, and run nothing")
    parser.add_argument("--out", type=Path, default=ROOT / "build" / "benchmarks.md")
    args = parser.parse_args()
    chosen = [name for name in scripts() if not args.words or any(word in name for word in args.words)]
    if args.list:
        print("\n".join(chosen))
        return
    if not chosen:
        parser.error(f"no benchmark has {' or '.join(args.words)} in its name; --list names them all")
    args.out.parent.mkdir(parents=True, exist_ok=True)
    failed = []
    with args.out.open("w", encoding="utf-8") as out:
        head = f"# Benchmarks\n\n{described()}{'; --quick' if args.quick else ''}\n"
        print(head)
        out.write(head)
        for name in chosen:
            print(f"\n## {name}\n", flush=True)
            printed, status = run(name, args.quick)
            failed += [name] if status else []
            out.write(f"\n## {name}\n\n```\n{printed.rstrip()}\n```\n" + (f"\nfailed ({status})\n" if status else ""))
            out.flush()
    print(f"\nWritten to {args.out}." + (f" Failed: {', '.join(failed)}." if failed else ""))
    sys.exit(bool(failed))


if __name__ == "__main__":
    main()
