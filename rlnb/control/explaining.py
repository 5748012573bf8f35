"""What the policy makes of each observation of an episode, shown under its replay.

It is computed when the replay is asked for, by the policy as it is then: recording Q-values at every step would slow
the loop that is watched. The player says so, because the policy that played an early episode was another one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray


@dataclass(frozen=True)
class Thoughts:
    """`values[name]` has shape (n + 1, width): a row for each observation of an episode."""

    values: Mapping[str, NDArray[np.float64]]
    source: str  # whose values they are, in words

    def words(self) -> dict[str, Any]:
        """What goes to the page beside the numbers."""
        return {"source": self.source, "parts": [[name, rows.shape[1]] for name, rows in self.values.items()]}
