"""What `import rlnb` and `%load_ext rlnb` take in fresh interpreters: `python tests/benchmarks/import_time.py [times]`

Each line is a statement in a Python of its own that has done nothing else; they take turns. `import gymnasium` and
`import numpy` are the peers. `%load_ext rlnb` is timed in an IPython shell, once bare and once as most people write it,
after `import gymnasium` (which takes its share of the first). Two times are taken: of the clock, and of the processor,
which a busy machine disturbs less.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile

SHELL = "from IPython.core.interactiveshell import InteractiveShell\nshell = InteractiveShell.instance()\n"
LOAD = "shell.run_line_magic('load_ext', 'rlnb')"
CASES: dict[str, tuple[str, str, float | None]] = {
    "import rlnb": ("", "import rlnb", 60),
    "import numpy": ("", "import numpy", None),
    "import gymnasium": ("", "import gymnasium", None),
    "%load_ext rlnb": (SHELL, LOAD, 300),
    "%load_ext rlnb, after import gymnasium": (SHELL + "import gymnasium\n", LOAD, 300),
    "%load_ext autoreload": (SHELL, "shell.run_line_magic('load_ext', 'autoreload')", None),
}
TIMED = """import time
wall, cpu = time.perf_counter(), time.process_time()
{statement}
wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
print(wall * 1e3, cpu * 1e3)"""


def once(before: str, statement: str) -> tuple[float, float]:
    """Milliseconds of the clock and of the processor."""
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            [sys.executable, "-c", before + TIMED.format(statement=statement)],
            check=True, capture_output=True, text=True,
            env={**os.environ, "RLNB_HOME": folder, "IPYTHONDIR": folder},
        )  # fmt: skip
    wall, cpu = done.stdout.split()[-2:]
    return float(wall), float(cpu)


def main(repetitions: int = 11) -> None:
    """Print the table."""
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in CASES}
    for name in CASES:
        once(*CASES[name][:2])  # the files are in the system's memory, the bytecode is written
    for _ in range(repetitions):
        for name, (before, statement, _goal) in CASES.items():
            found[name].append(once(before, statement))
    print(f"| fresh interpreter, median of {repetitions} | ms | of the processor | goal, ms |\n|---|---|---|---|")
    for name, times in found.items():
        wall, cpu = (statistics.median(column) for column in zip(*times, strict=True))
        goal = CASES[name][2]
        print(f"| `{name}` | {wall:.0f} | {cpu:.0f} | {'' if goal is None else f'{goal:.0f}'} |")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:2]))
