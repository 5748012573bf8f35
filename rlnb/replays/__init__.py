"""Replay: a trace becomes a picture again, in a process of its own.

The kernel's side (`Worker`, `Film`, `Verdict`, `Rerun`, `tile`) loads nothing heavy; gymnasium, imageio and the
renderers live only in the worker process.
"""

from rlnb.replays.client import Cancelled, Worker
from rlnb.replays.film import Film, Rerun, Verdict, tile
from rlnb.replays.glance import Glance, jpeg

__all__ = ["Cancelled", "Film", "Glance", "Rerun", "Verdict", "Worker", "jpeg", "tile"]
