"""Stable-Baselines3's `learn` while rlnb is installed: it ends by itself on Stop and returns the model, says how far it
is, and offers its learning rate as a knob.

A callback of its own kind, put beside those that the person gave: it draws no random number and changes nothing that
the others see, so that a run is the same with it and without. Put in when Stable-Baselines3 is imported, in whichever
cell that is; taken out by the unload.
"""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable, Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

from rlnb import hook
from rlnb.control.recording.params import of_learner

MODULE = "stable_baselines3.common.base_class"
KNOB = "learning_rate"


def install(seen: Callable[[Sequence[Any]], None]) -> Callable[[], None]:
    """See every `learn` from here on; returns the undoing. `seen` hears which environments it will step."""
    undo: list[Callable[[], None]] = []
    finder = _Finder(lambda module: undo.append(_put_in(module, seen)))
    if MODULE in sys.modules:
        undo.append(_put_in(sys.modules[MODULE], seen))
    else:
        sys.meta_path.insert(0, finder)

    def uninstall() -> None:
        if finder in sys.meta_path:
            sys.meta_path.remove(finder)
        for one in undo:
            one()

    return uninstall


class _Finder(MetaPathFinder):
    """Tells of the module once it is loaded; finds nothing by itself."""

    def __init__(self, found: Callable[[ModuleType], None]) -> None:
        self._found = found

    def find_spec(self, name: str, path: Sequence[str] | None, target: ModuleType | None = None) -> ModuleSpec | None:
        if name != MODULE or self not in sys.meta_path:
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(name)
        if spec is not None and spec.loader is not None:
            spec.loader = _Telling(spec.loader, self._found)
        return spec


class _Telling(Loader):
    """The module's own loader, and a word afterwards."""

    def __init__(self, loader: Loader, found: Callable[[ModuleType], None]) -> None:
        self._loader, self._found = loader, found

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return self._loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        self._loader.exec_module(module)
        if module.__spec__ is not None:
            module.__spec__.loader = self._loader
        module.__loader__ = self._loader
        self._found(module)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._loader, name)


def _inside(env: Any) -> list[Any]:
    """The environments in a VecEnv of this process, as the person made them."""
    while hasattr(env, "venv"):
        env = env.venv
    found = []
    for one in getattr(env, "envs", ()):
        while type(one).__module__.startswith("stable_baselines3.") and hasattr(one, "env"):  # Monitor
            one = one.env
        found.append(one)
    return found


def _put_in(module: Any, seen: Callable[[Sequence[Any]], None]) -> Callable[[], None]:
    algorithm, original = module.BaseAlgorithm, module.BaseAlgorithm._init_callback
    set_up = algorithm._setup_learn

    def init_callback(self: Any, callback: Any, *args: Any, **kwargs: Any) -> Any:
        given = original(self, callback, *args, **kwargs)
        ours = _callback(self)
        both = module.CallbackList([given, ours])
        ours.init_callback(self)  # the given ones have been told already
        both.model, both.locals, both.globals = self, {}, {}
        return both

    def setup_learn(self: Any, *args: Any, **kwargs: Any) -> Any:
        hook.learner(of_learner(self))  # before it resets its environments
        seen(_inside(self.env))
        return set_up(self, *args, **kwargs)

    algorithm._init_callback, algorithm._setup_learn = init_callback, setup_learn

    def give_back() -> None:
        if algorithm._init_callback is init_callback:
            algorithm._init_callback = original
        if algorithm._setup_learn is setup_learn:
            algorithm._setup_learn = set_up

    return give_back


def _callback(model: Any) -> Any:
    base: Any = sys.modules["stable_baselines3.common.callbacks"].BaseCallback

    class Polite(base):  # type: ignore[misc]
        """Asks before each step whether to go on."""

        def _on_training_start(self) -> None:
            hook.knob(KNOB, self._rate, self._set_rate)

        def _on_step(self) -> bool:
            if self.n_calls % 64 == 1:
                start = getattr(self.model, "_num_timesteps_at_start", 0)
                hook.progress(self.model.num_timesteps - start, self.model._total_timesteps - start)
            return not hook.stopping()

        def _on_training_end(self) -> None:
            hook.learner(None)

        def _rate(self) -> float:
            return float(self.model.lr_schedule(self.model._current_progress_remaining))

        def _set_rate(self, value: float) -> None:
            utils: Any = sys.modules["stable_baselines3.common.utils"]
            constant = getattr(utils, "ConstantSchedule", None) or utils.constant_fn
            self.model.lr_schedule = constant(float(value))

    return Polite()
