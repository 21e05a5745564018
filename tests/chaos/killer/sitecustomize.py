"""Kills its own process at a step of the crawl, from outside the product.

XINHUA_KILL is `module:function:when:n`: before, in the middle of, or after the n-th call of the
function, which is wrapped as its module is imported. `middle` is for os.write: half the bytes go.
XINHUA_KILL_WITH names another signal than SIGKILL; what it leaves goes on.
"""

from __future__ import annotations

import functools
import importlib.util
import os
import runpy
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable
    from importlib.machinery import ModuleSpec
    from types import ModuleType

runpy.run_path(str(Path(__file__).parents[2] / "guard" / "sitecustomize.py"))

SIGNAL = signal.Signals[os.environ.get("XINHUA_KILL_WITH", "SIGKILL")]


class OnImport:
    """A finder that calls `change` with the named module as soon as that is there."""

    def __init__(self, module: str, change: Callable[[ModuleType], None]) -> None:
        self.module = module
        self.change = change
        self.is_found = False

    def find_spec(self, name: str, path: object = None, target: object = None) -> ModuleSpec | None:
        if name != self.module or self.is_found:
            return None
        self.is_found = True
        spec = importlib.util.find_spec(name)
        assert spec is not None
        loader: Any = spec.loader
        execute = loader.exec_module

        def execute_and_change(module: ModuleType) -> None:
            execute(module)
            self.change(module)

        loader.exec_module = execute_and_change
        return spec


def on_import(module: str, change: Callable[[ModuleType], None]) -> None:
    """Call `change` with the named module: now, or as soon as it is there."""
    if module in sys.modules:
        change(sys.modules[module])
    else:
        sys.meta_path.insert(0, OnImport(module, change))


class Killer:
    """Wraps the named function of a module, also where it has been imported already."""

    def __init__(self, function: str, when: str, n: int) -> None:
        self.function = function
        self.when = when
        self.left = n

    def wrap(self, module: ModuleType) -> None:
        owner: Any = module
        *outer, name = self.function.split(".")
        for part in outer:
            owner = getattr(owner, part)
        function = getattr(owner, name)
        wrapped = self.wrapped(function)
        setattr(owner, name, wrapped)
        if owner is module and function.__module__ == module.__name__:
            for other in list(sys.modules.values()):
                if getattr(other, name, None) is function:
                    setattr(other, name, wrapped)

    def wrapped(self, function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def call(*args: Any, **kwargs: Any) -> Any:
            self.left -= 1
            if self.left:
                return function(*args, **kwargs)
            done = None
            if self.when == "after":
                done = function(*args, **kwargs)
            elif self.when == "middle":
                descriptor, data = args
                function(descriptor, data[: len(data) // 2])
            os.kill(os.getpid(), SIGNAL)
            return done if self.when == "after" else function(*args, **kwargs)

        return call


if "XINHUA_KILL" in os.environ:
    module, function, when, n = os.environ["XINHUA_KILL"].split(":")
    killer = Killer(function, when, int(n))
    on_import(module, killer.wrap)
