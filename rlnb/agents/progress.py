"""A progress bar with steps/s, time left and the mean return of the last episodes."""

from __future__ import annotations

import time
from types import TracebackType
from typing import Self

from rlnb import hook


class Progress:
    """Shows how far `learn` is, at most ten times a second, and tells `rlnb.hook` the same."""

    def __init__(self, label: str, done: int, total: int, unit: str, show: bool) -> None:
        self.total, self._said = (total if unit == "steps" else None), -1.0
        self._bar = None
        if show:
            from tqdm.auto import tqdm  # type: ignore[import-untyped]

            self._bar = tqdm(
                total=total, initial=done, desc=label, unit=unit.rstrip("s"), unit_scale=True, dynamic_ncols=True
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Leave the bar as it stands."""
        if self._bar is not None:
            self._bar.close()

    def tell(self, done: int, mean_return: float | None, steps: int | None = None, last: bool = False) -> None:
        """`done` steps (or episodes) of the total are over; `steps` says how many steps episodes had.

        How many steps the episodes to come will have nobody knows: the hook hears no total then.
        """
        now = time.monotonic()
        if now - self._said < 0.1 and not last:
            return
        self._said = now
        if self.total is not None:
            hook.progress(done, self.total)
        elif steps is not None:
            hook.progress(steps)
        if self._bar is not None:
            if mean_return is not None:
                self._bar.set_postfix_str(f"return {mean_return:.4g}", refresh=False)
            self._bar.update(min(done, self._bar.total) - self._bar.n)  # the last round may overshoot
