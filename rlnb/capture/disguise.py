"""How a hook is put on one environment: its class becomes a subclass of its own, in the clothes of the class it had.

Three other ways were tried. A wrapper around it changes `repr`, `isinstance` and `gym.make(env.spec)`. A bound method
in its `__dict__` is a reference cycle, so that a dropped environment waits for the garbage collector, and a shallow
copy moves the original. The same with a weak reference breaks `gym.make(...).reset()`, where nobody but the method
holds the environment. The subclass has none of these: methods bind as they always do, and a copy or a pickle is made
of the class that the environment had, so that it is bare. What can be told is `type(env) is TimeLimit`: no longer true.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

_class_of: Any = object.__dict__["__class__"]


def put_on(env: Any, methods: Mapping[str, Callable[..., Any]]) -> Callable[[Any], None]:
    """Give `env` these methods; the undoing takes the environment as its argument, and keeps none alive.

    Raises TypeError for an environment whose class cannot be changed (one written in C).
    """
    cls: Any = type(env)
    own = vars(env)
    aside = {name: own[name] for name in methods if name in own}  # a few environments set a `step` on themselves
    subclass = _dressed(cls, methods, aside)
    _class_of.__set__(env, subclass)
    for name in aside:
        del own[name]

    if aside:
        subclass._aside = aside

    def take_off(env: Any) -> None:
        if type(env) is subclass:
            _class_of.__set__(env, cls)
            vars(env).update(subclass.__dict__.get("_aside", {}))

    return take_off


def put_on_all(envs: Sequence[Any], methods: Mapping[str, Callable[..., Any]]) -> Callable[[Any], None]:
    """`put_on` for environments of one class, none of which has a method of its own: they share one subclass.

    A loop that calls the methods of 64 objects of 64 classes finds none of them in the interpreter's caches.
    """
    cls: Any = type(envs[0])
    subclass = _dressed(cls, methods, {})
    for env in envs:
        _class_of.__set__(env, subclass)

    def take_off(env: Any) -> None:
        if type(env) is subclass:
            _class_of.__set__(env, cls)

    return take_off


def _dressed(cls: Any, methods: Mapping[str, Callable[..., Any]], aside: Mapping[str, Any]) -> Any:
    """A subclass with these methods that looks like the class itself."""

    def reduce_ex(self: Any, protocol: Any) -> Any:
        value = cls.__reduce_ex__(self, protocol)
        if isinstance(value, tuple) and isinstance(value[1], tuple):
            value = (value[0], tuple(cls if part is subclass else part for part in value[1]), *value[2:])
        if aside and isinstance(value, tuple) and len(value) > 2 and isinstance(value[2], dict):
            value = (*value[:2], {**value[2], **aside}, *value[3:])
        return value

    space: dict[str, Any] = {
        "__slots__": (),
        "__module__": cls.__module__,
        "__qualname__": cls.__qualname__,
        "__doc__": cls.__doc__,
        "__class__": property(lambda self: cls),
        "__reduce_ex__": reduce_ex,
    }
    for name, method in methods.items():
        method.__name__, method.__qualname__ = name, f"{cls.__qualname__}.{name}"
        method.__doc__ = getattr(cls, name).__doc__
        method.__wrapped__ = getattr(cls, name)  # type: ignore[attr-defined]  # for inspect.signature
        space[name] = method
    meta: Any = type(cls)
    subclass = meta(cls.__name__, (cls,), space)
    return subclass
