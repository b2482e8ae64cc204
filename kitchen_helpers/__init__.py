"""Measure, explore and grade concurrency on your own machine: `import kitchen_helpers as kh`."""

from __future__ import annotations

import importlib
from typing import Any

# name -> the module that has it: importing the package stays cheap, each half is loaded when first used.
_HOMES: dict[str, str] = {
    "MachineCard": "machine",
    "machine_card": "machine",
    "compare": "comparison",
    "Comparison": "comparison",
    "Speedup": "comparison",
    "ResultsDiffer": "comparison",
    "Run": "engines",
    "Span": "engines",
    "TaskFailed": "engines",
    "WorkerDied": "engines",
    "scale": "scaling",
    "Scaling": "scaling",
    "run_under": "elsewhere",
    "SideBySide": "elsewhere",
    "describe": "describing",
    "explore": "interleavings",
    "replay": "interleavings",
    "Exploration": "interleavings",
    "check": "coursework",
    "simulate": "widgets.simulator",
    "step_through": "widgets.stepper",
    "drive": "widgets.driver",
    "predict": "widgets.prediction",
}

_MODULES = ("laws", "servers", "workloads")

__all__ = sorted([*_HOMES, *_MODULES])


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return importlib.import_module(f".{name}", __name__)
    try:
        home = _HOMES[name]
    except KeyError:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}") from None
    value = getattr(importlib.import_module(f".{home}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*__all__, *(name for name in globals() if name.startswith("__"))})
