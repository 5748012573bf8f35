"""Sessions begin and end one at a time."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeVar, cast

Method = TypeVar("Method", bound=Callable[..., Any])


def exclusive(method: Method) -> Method:
    """A method of the desk during which nobody flushes: the loop and the clockwork beside it may both find that a
    session is to begin, or to end, and one does it."""

    @functools.wraps(method)
    def alone(self: Any, *args: Any, **kwargs: Any) -> Any:
        with self.capture.exclusively():
            return method(self, *args, **kwargs)

    return cast(Method, alone)
