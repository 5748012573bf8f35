"""Colours of series in static pictures: those of the light theme (js/src/shared/theme.ts)."""

from __future__ import annotations

PALETTE = ("#3556c8", "#d2691e", "#0b8a6a", "#a8459b", "#b58900", "#2a9fc4", "#7a4fd0", "#c2385a")


def colours(count: int) -> list[str]:
    """`count` colours; from the ninth on they come again."""
    return [PALETTE[k % len(PALETTE)] for k in range(count)]
