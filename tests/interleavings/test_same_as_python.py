"""Rewritten code, alone in one thread, does what the original does: snippets, generated programs, whole modules."""

from __future__ import annotations

import ast
import importlib
import importlib.util
import random
import sys
import threading
import types
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import kitchen_helpers as kh

from . import modules_at_work
from .generated import forget, load
from .snippets import SNIPPETS
from .statements import module_of_statements

GENERATED = 300
PARTS = 5


def outcome(function: Callable[[], Any]) -> str:
    try:
        return repr(function())
    except Exception as error:
        return f"! {type(error).__name__}: {error}"


def explored(function: Callable[[], Any], alone: bool) -> str:
    """What the function returns or raises while it is explored: in the program itself, or in its only other thread."""

    def program() -> str:
        return outcome(function)

    def threaded() -> str:
        found: list[str] = []
        thread = threading.Thread(target=lambda: found.append(outcome(function)))
        thread.start()
        thread.join()
        return found[0]

    exploration = kh.explore(program if alone else threaded, seconds=60)
    assert exploration.verdict != "fails", exploration
    assert exploration.schedules == 1
    (final,) = exploration.final_states
    return str(ast.literal_eval(final))


both = pytest.mark.parametrize("alone", [True, False], ids=["alone", "in_a_thread"])


@both
@pytest.mark.parametrize("snippet", SNIPPETS, ids=lambda snippet: snippet.__name__)
def test_snippets(snippet: Callable[[], Any], alone: bool) -> None:
    expected = outcome(snippet)
    assert explored(snippet, alone) == expected
    assert outcome(snippet) == expected, "it is not left as it was"


@pytest.mark.parametrize("part", range(PARTS))
def test_generated_programs(part: int) -> None:
    raising = 0
    for number in range(GENERATED // PARTS):
        source = module_of_statements(random.Random(1000 * part + number))
        program = load(source)
        try:
            expected = outcome(program)
            raising += expected.startswith("!")
            assert explored(program, alone=bool(number % 2)) == expected, f"\n{source}"
        finally:
            forget(program)
    assert raising < GENERATED // PARTS // 2, "most of them should come to their end"


@pytest.fixture
def copied(tmp_path: Path) -> Iterator[Callable[[str], types.ModuleType]]:
    """Modules of the standard library, under another name and in another place: so they count as the reader's."""
    made = []

    def copy(name: str) -> types.ModuleType:
        original = importlib.import_module(name)
        assert original.__file__ is not None
        other = f"kitchen_copy_of_{name.replace('.', '_')}"
        file = tmp_path / f"{other}.py"
        text = Path(original.__file__).read_text(encoding="utf-8")
        for accelerated in modules_at_work.ACCELERATED:
            text = text.replace(f"from {accelerated} import", f"from no{accelerated} import")
        file.write_text(text, encoding="utf-8")
        spec = importlib.util.spec_from_file_location(other, file)
        assert spec is not None and spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[other] = module
        made.append(other)
        spec.loader.exec_module(module)
        return module

    yield copy
    for other in made:
        sys.modules.pop(other, None)


@both
@pytest.mark.parametrize("name", modules_at_work.WORK)
def test_modules_of_the_standard_library(
    name: str, alone: bool, copied: Callable[[str], types.ModuleType]
) -> None:
    module = copied(name)
    work = modules_at_work.WORK[name]

    def program() -> Any:
        return work(module)

    expected = outcome(program)
    assert not expected.startswith("!"), expected
    assert explored(program, alone) == expected
