"""Sessions kept in one SQLite file. The door is `Store`."""

from rlnb.store.store import Store

__all__ = ["Store"]
