"""How long a big store takes to open, to list and to read: `python tests/benchmarks/store_opening.py [--small]`

200 sessions of a million CartPole steps each (`--small`: 20) go through the store's own writer, 50,000 episodes of 20
steps a session. Peer, in the same run: what Stable-Baselines3's Monitor leaves for the same episodes, a CSV file a
session with return, length and time, read by pandas; it has no summary, so that a list must read all of them. Every
figure is of a fresh interpreter that has imported pandas and opens the file anew (the system has it in memory).
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from rlnb.store import Store
from tests.benchmarks.store_throughput import cartpole, flushes

STEPS, LENGTH, REPETITIONS = 1_000_000, 20, 7
OURS = "from rlnb.store import Store\nstore = Store({path!r})\n"
LIST = OURS + "table = store.sessions()\nassert len(table) == {n} and table['episodes'].sum() == {n} * 50_000"
ONE = OURS + "assert len(store.episodes(store.find('session 7'))) == 50_000"
FRONT = "import rlnb\nrlnb.use({path!r})\ntable = rlnb.sessions()\nassert len(table) == {n}"
PEER = "paths = sorted(__import__('pathlib').Path({csv!r}).glob('*.monitor.csv'))\n"
PEER_LIST = PEER + "rows = [(len(t), t['r'].mean()) for t in (pandas.read_csv(p, skiprows=1) for p in paths)]"
PEER_ONE = PEER + "assert len(pandas.read_csv(paths[7], skiprows=1)) == 50_000"


def fill(folder: Path, sessions: int) -> float:
    """Write the sessions; steps a second, from the first event to the last byte on disk."""
    store = Store(folder / "sessions.sqlite")
    made = flushes(LENGTH)
    begun = time.perf_counter()
    for i in range(sessions):
        for event in cartpole(f"{i:08x}", STEPS, made, f"session {i}"):
            store.put(event)
    store.flush()
    seconds = time.perf_counter() - begun
    store.close()
    return sessions * STEPS / seconds


def monitors(folder: Path, sessions: int) -> None:
    """The same episodes as Monitor writes them."""
    rows = "\n".join(f"{LENGTH}.0,{LENGTH},{i * 2e-4:.6f}" for i in range(STEPS // LENGTH))
    for i in range(sessions):
        text = f'#{{"t_start": 1.7e9, "env_id": "CartPole-v1"}}\nr,l,t\n{rows}\n'
        (folder / f"{i:04}.monitor.csv").write_text(text)


def milliseconds(work: str) -> float:
    """Of a piece of program in an interpreter of its own."""
    program = f"import pandas, time\nbegun = time.perf_counter()\n{work}\nprint((time.perf_counter() - begun) * 1e3)"
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    return float(done.stdout.split()[-1])


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--small", action="store_true", help="20 sessions")
    n = 20 if parser.parse_args().small else 200
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        speed = fill(folder, n)
        monitors(folder, n)
        path = folder / "sessions.sqlite"
        peer_bytes = sum(file.stat().st_size for file in folder.glob("*.csv"))
        print(
            f"{n} sessions of {STEPS:,} steps: written at {speed:,.0f} steps/s, {path.stat().st_size / 2**20:.0f} MB, "
            f"{path.stat().st_size / n / STEPS:.2f} bytes a step (the peer's returns and lengths alone: "
            f"{peer_bytes / 2**20:.0f} MB)"
        )
        rows = {
            "open it and list all sessions": (LIST, PEER_LIST, 500),
            "the same as people type it: rlnb.use, rlnb.sessions": (FRONT, PEER_LIST, 500),
            "open it; 50,000 episodes of one session as a DataFrame": (ONE, PEER_ONE, 300),
        }
        times: dict[str, list[tuple[float, float]]] = {what: [] for what in rows}
        for again in range(REPETITIONS):
            for what, (ours, theirs, _goal) in rows.items():
                words = {"path": str(path), "csv": name, "n": n}
                slow = theirs is PEER_LIST and again > 2  # seconds each: three are enough
                peer = float("nan") if slow else milliseconds(theirs.format(**words))
                times[what].append((milliseconds(ours.format(**words)), peer))
    print("| ms, median | rlnb | Monitor's CSV files | goal |\n|---|---|---|---|")
    for what, pairs in times.items():
        ours = statistics.median(one for one, _ in pairs)
        peer = statistics.median(other for _, other in pairs if other == other)
        print(f"| {what} | {ours:.0f} | {peer:,.0f} | {rows[what][2]} |")


if __name__ == "__main__":
    main()
