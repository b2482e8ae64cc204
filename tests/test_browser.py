"""The notebooks as their readers meet them: in a real browser, from Run All Cells to sliders and verdicts.

`make test` opens two of the notebooks and what has to be handled; `make browser` opens all of them.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.coursework.classroom import right, wrong
from tests.jupyterlab_in_chromium import NOTEBOOKS, TO_APPEAR, WIDTH, Lab, Page, chromium, wait_for, why_not

if reason := why_not():
    pytest.skip(reason, allow_module_level=True)

ALWAYS = {"00_start_here.ipynb", "10_race_conditions.ipynb"}


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    with Lab(tmp_path_factory.mktemp("jupyterlab")) as lab:
        yield lab
        wait_for(lambda: lab.others() == [], TO_APPEAR, "what the notebooks had started did not end with them", lambda: str(lab.others()))


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    me = psutil.Process()
    before = me.children(recursive=True)
    with chromium(tmp_path_factory.mktemp("chromium")) as browser:
        yield browser.new_context(viewport={"width": WIDTH, "height": 1000})
    left = [process for process in me.children(recursive=True) if process not in before]
    assert not psutil.wait_procs(left, timeout=10)[1]


@pytest.fixture
def read(lab: Lab, browser: Any, tmp_path: Path) -> Any:
    """Opens a notebook for the length of a with statement."""
    return partial(Page, lab, browser, shots=tmp_path)


def notebooks() -> Iterator[Any]:
    for path in [*sorted(NOTEBOOKS.glob("*.ipynb")), *sorted(NOTEBOOKS.glob("coursework/source/*/*.ipynb"))]:
        name = path.relative_to(NOTEBOOKS).as_posix()
        yield pytest.param(name, id=path.stem, marks=[] if name in ALWAYS else pytest.mark.every_notebook)


def draws(source: str) -> bool:
    """Whether this cell, when it is run, draws with matplotlib: itself, or in a function that a widget calls at once."""

    def parts(body: list[ast.stmt]) -> Iterator[ast.AST]:
        for statement in body:
            if not isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                yield from ast.walk(statement)
            elif any("interact" in ast.unparse(decorator) for decorator in statement.decorator_list):
                yield from ast.walk(statement)

    try:
        body = ast.parse(source).body
    except SyntaxError:  # a magic
        return False
    names = {ast.unparse(node.func) for node in parts(body) if isinstance(node, ast.Call)}
    return any(name == "plt.show" or name.rpartition(".")[2].startswith("plot") for name in names)


def faults(cell: dict[str, Any]) -> Iterator[str]:
    """What a reader of this cell's output would call broken."""
    data = [output["data"] for output in cell["outputs"] if "data" in output]
    for output in cell["outputs"]:
        if output["output_type"] == "error" and "raises-exception" not in cell["tags"]:
            yield f"{output['ename']}: {output['evalue']}"
    if "raises-exception" in cell["tags"] and not any(output["output_type"] == "error" for output in cell["outputs"]):
        yield "raises nothing"
    html = "".join("".join(one.get("text/html", "")) for one in data)
    promised = {
        "img": max(sum("image/png" in one for one in data), draws(cell["source"])),
        "svg": sum("image/svg+xml" in one for one in data) + html.count("<svg"),
        "table": html.count("<table"),
    }
    for what, number in promised.items():
        shown = [element for element in cell["seen"] if element["what"] == what]
        if len(shown) < number:
            yield f"{number} × {what} expected, {len(shown)} on the page"
        for element in shown:
            width, height = round(element["width"]), round(element["height"])
            if element["empty"] or min(width, height) < 20 or (what != "table" and min(width, height) < 60):
                yield f"{what} is empty or tiny: {width} × {height}"
            if element["out"] > 1:
                yield f"{what} of {width} pixels is {element['out']:.0f} wider than the page"
            if what == "table" and not element["words"].strip():
                yield "an empty table"
    for sentence in ("Error displaying widget", "Loading widget", "Error creating widget", "Javascript Error"):
        if sentence in cell["text"]:
            yield f"says {sentence!r}"


@pytest.mark.parametrize("name", list(notebooks()))
def test_notebook_is_run_and_shown(read: Any, name: str) -> None:
    with read(name) as page:
        page.run_all()
        found: list[str] = []

        def all_is_shown() -> bool:
            found[:] = [f"cell {cell['index']}: {fault}" for cell in page.outputs() for fault in faults(cell)]
            return not found

        # (What widgets show may come a little later; what has failed stays so.)
        patience = 0 if page.state()["failed"] else TO_APPEAR
        wait_for(all_is_shown, patience, "these are not as they should be", lambda: "\n".join(found))
        assert page.errors == [] and page.intrusions() == []


def test_a_slider_is_moved_by_keyboard_and_mouse(read: Any) -> None:
    with read("13_speedup_laws.ipynb") as page:
        cell = page.cell("ipywidgets.interact(percent=")
        page.run_up_to(cell)
        picture, handle = cell.locator("img"), cell.locator(".noUi-handle")
        assert cell.locator(".widget-readout").inner_text() == "20"

        def moved(by: Any, to: str) -> None:
            before = picture.get_attribute("src")
            by()
            wait_for(lambda: cell.locator(".widget-readout").inner_text() == to, TO_APPEAR, f"the slider is not at {to}")
            wait_for(lambda: picture.count() == 1 and picture.get_attribute("src") != before, TO_APPEAR, "the picture is as it was")
            assert picture.bounding_box()["width"] > 200

        handle.focus()
        moved(lambda: page.page.keyboard.press("ArrowRight"), "21")
        moved(lambda: page.page.keyboard.press("Home"), "0")
        box = cell.locator(".noUi-target").bounding_box()
        moved(lambda: page.page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2), "30")
        assert not page.errors


def test_a_student_answers_a_question(read: Any) -> None:
    with read("coursework/release/a2_till/a2_till.ipynb") as page:
        answer, check = page.cell("a2-q1"), page.cell("a2-q1-check")
        page.run_up_to(answer)
        shown = check.locator(".jp-OutputArea")

        mistaken = wrong("a2.q1").strip()
        page.write(answer, mistaken)
        page.run(answer)
        page.run(check)
        words = shown.inner_text()
        assert words.startswith("✗ wrong: ") and "Hint: " in words and "AssertionError" in words
        lanes = shown.get_by_role("img", name="A failing schedule")
        assert all(name in lanes.text_content() for name in ("Ana", "Ben", "till.balance"))
        assert lanes.bounding_box()["width"] > 300 and lanes.bounding_box()["height"] > 200
        # The text version can be unfolded, and the line that is named is one of the cell above.
        shown.locator("summary").click()
        assert "reads balance → 0" in shown.locator("details pre").inner_text()
        number, line = re.search(r"line (\d+) of your cell: +(.+)", words).groups()
        assert mistaken.splitlines()[int(number) - 1].strip() == line

        page.write(answer, right("a2.q1").strip())
        page.run(answer)
        page.run(check)
        assert shown.inner_text().startswith("✓ right: ")
        assert lanes.count() == 0 and not page.state()["failed"] and not page.errors
