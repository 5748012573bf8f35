"""One run of `rlnb.repeat` in a process of its own; its task comes on standard input.

Standard output carries the session's id and nothing else; what the training prints goes to standard error.
"""

from __future__ import annotations

import os
import signal
import sys
from typing import Any

STOPPED = 75  # the exit status of a run that was asked to stop: what it recorded is kept


def main() -> int:
    """Record one run."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    task = sys.stdin.buffer.read()
    import pickle

    import rlnb
    from rlnb.kernel import StopTraining

    def stop(*_: Any) -> None:
        raise StopTraining("stopped")

    signal.signal(signal.SIGTERM, stop)
    try:
        store, train, seed, about = pickle.loads(task)
        rlnb.use(store)
        rlnb.install()
        with rlnb.session(seed=seed, **about) as session:
            print(session.id, file=answers, flush=True)
            train(seed)
    except KeyboardInterrupt:
        return STOPPED
    finally:
        rlnb.uninstall()
    return 0


if __name__ == "__main__":
    sys.exit(main())
