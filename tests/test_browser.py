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

import nbformat
import psutil
import pytest

from tests.coursework.classroom import KERNEL, right, wrong
from tests.jupyterlab_in_chromium import (
    HEIGHT,
    NARROW,
    NOTEBOOKS,
    TO_APPEAR,
    WIDTH,
    Lab,
    Page,
    chromium,
    wait_for,
    why_not,
)

if reason := why_not():
    pytest.skip(reason, allow_module_level=True)

ALWAYS = {"00_start_here.ipynb", "10_race_conditions.ipynb"}


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    with Lab(tmp_path_factory.mktemp("lab")) as lab:
        yield lab
        wait_for(lambda: lab.others() == [], TO_APPEAR, "what the notebooks had started did not end with them", lambda: str(lab.others()))


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    me = psutil.Process()
    before = me.children(recursive=True)
    with chromium(tmp_path_factory.mktemp("chromium")) as browser:
        yield browser.new_context(viewport={"width": WIDTH, "height": HEIGHT})
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
    yield from cell["wrong"]
    data = [output["data"] for output in cell["outputs"] if "data" in output]
    for output in cell["outputs"]:
        if output["output_type"] == "error" and "raises-exception" not in cell["tags"]:
            yield f"{output['ename']}: {output['evalue']}"
    if "raises-exception" in cell["tags"] and not any(output["output_type"] == "error" for output in cell["outputs"]):
        yield "raises nothing"
    # (A widget's HTML is for pages without widgets.)
    plain = [one for one in data if "application/vnd.jupyter.widget-view+json" not in one]
    html = "".join("".join(one.get("text/html", "")) for one in plain)
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
            if what in ("img", "svg") and len(element["name"].split()) < 2:
                yield f"{what} without words for those who cannot see it: {element['name']!r}"
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
        assert words.lstrip().startswith("✗ wrong: ")  # (below what a long exploration says of itself)
        assert "Hint: " in words and "AssertionError" in words
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


# The course's own widgets, all on one page. Each is used by the keyboard alone, and keeps the keyboard's focus.

WIDGETS = {
    "program": """
from threading import Thread

import kitchen_helpers as kh

def two_plates():
    tally = {"plates": 0}

    def add():
        tally["plates"] += 1

    cooks = [Thread(target=add, name=name) for name in ("Ana", "Ben")]
    for cook in cooks:
        cook.start()
    for cook in cooks:
        cook.join()
    assert tally["plates"] == 2
""",
    "simulate": "kh.simulate(dishes=4, cooks=2, waiting=100)",
    "step": "kh.step_through(kh.explore(two_plates))",
    "drive": "kh.drive(two_plates)",
    "predict": 'guess = kh.predict("speedup", "How many times as fast are four threads?", unit="times")\nguess',
    "choose": 'kh.predict("winner", "Which is the fastest?", ["threads", "processes"])',
    "beside": "guess.beside(3.0)",
}


# How far the words of the one element in the box are beyond its right edge.
BEYOND = """(box, which) => {
    const words = document.createRange();
    words.selectNodeContents(box.querySelector(which));
    return words.getBoundingClientRect().right - box.getBoundingClientRect().right;
}"""


class Widget:
    """One of the boxes on the page, used by the keyboard alone."""

    def __init__(self, page: Page, name: str) -> None:
        self.page = page
        self.box = page.page.locator(f".kitchen-{name}")

    def button(self, name: str) -> Any:
        return self.box.locator("button", has_text=name)

    def slider(self, name: str) -> Any:
        return self.box.locator(".widget-slider", has_text=name).locator(".noUi-handle")

    @property
    def said(self) -> str:
        return self.box.locator(".kitchen-said").inner_text()

    def press(self, control: Any, key: str, said: str = "") -> str:
        """Press a key in a control, and wait until the box says something new, with these words; returns that."""
        before = self.said
        wait_for(control.is_enabled, TO_APPEAR, "what is to be pressed stays disabled", lambda: self.said)
        control.focus()
        self.page.page.keyboard.press(key)
        wait_for(lambda: self.said != before and said in self.said, TO_APPEAR, f"nothing has come of {key}", lambda: self.said)
        if control.is_enabled():
            assert control.evaluate("it => it === document.activeElement"), "the keyboard has lost its place"
        else:  # what has disabled itself hands the focus on to its neighbour
            wait_for(lambda: self.page.focused_in(self.box), TO_APPEAR, "the keyboard has lost its place")
        assert self.box.locator(".kitchen-error").all_inner_texts() == [] and self.page.errors == []
        return self.said


@pytest.fixture(scope="module")
def page_of_widgets(lab: Lab, browser: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    notebook = nbformat.v4.new_notebook(metadata={"kernelspec": KERNEL})
    notebook.cells = [nbformat.v4.new_code_cell(source.strip(), id=name) for name, source in WIDGETS.items()]
    nbformat.write(notebook, lab.folder / "notebooks" / "widgets.ipynb")
    with Page(lab, browser, "widgets.ipynb", tmp_path_factory.mktemp("widgets")) as page:
        with page.watched():
            page.run_all()
            assert not page.state()["failed"], page.texts()
        yield page


@pytest.fixture
def widget(page_of_widgets: Page) -> Any:
    return partial(Widget, page_of_widgets)


def test_the_kitchen_simulator_draws_each_run(page_of_widgets: Page, widget: Any) -> None:
    with page_of_widgets.watched():
        kitchen = widget("simulator")
        picture, seen = kitchen.box.locator("img"), set()
        for control, key, said in (
            (kitchen.button("run again"), "Enter", "Real run 2"),
            (kitchen.slider("dishes"), "ArrowRight", "5 dishes"),
            (kitchen.slider("cooks"), "ArrowRight", "3 cooks"),
            (kitchen.slider("waiting"), "ArrowLeft", "90 %"),
        ):
            kitchen.press(control, key, said)
            told = kitchen.said.partition(". ")[2].rstrip(".")
            wait_for(lambda told=told: told in picture.get_attribute("alt"), TO_APPEAR, "the picture shows another run")
            seen.add(picture.get_attribute("src"))
            assert picture.bounding_box()["width"] > 300 and kitchen.box.locator("tr").count() > 3
        assert len(seen) == 4


def test_the_stepper_goes_both_ways(page_of_widgets: Page, widget: Any) -> None:
    with page_of_widgets.watched():
        stepper = widget("stepper")
        now = stepper.box.locator("tr.now")
        assert now.count() == 0
        said = [stepper.press(stepper.button("forward"), key) for key in ("Enter", "Space", "Enter")]
        assert [words.partition(":")[0] for words in said] == [f"Step {number} of 4" for number in (1, 2, 3)]
        assert stepper.press(stepper.button("back"), "Enter") == said[1]
        assert stepper.press(stepper.slider("step"), "ArrowRight") == said[2]
        assert "▶ 3" in now.inner_text() and "Ben" in said[2]
        assert "update is lost" in stepper.press(stepper.button("end"), "Enter", "Step 4 of 4")
        assert "✗ AssertionError" in stepper.box.inner_text()
        page = page_of_widgets.page
        page.set_viewport_size({"width": NARROW, "height": HEIGHT})
        out = stepper.box.evaluate(BEYOND, "td.note")
        page.set_viewport_size({"width": WIDTH, "height": HEIGHT})
        assert out <= 0, f"in a narrow window {out} pixels of what was lost are beyond the edge"
        stepper.press(stepper.button("start"), "Enter", "Nobody")
        assert now.count() == 0


def test_a_reader_drives_a_program_until_it_breaks(page_of_widgets: Page, widget: Any) -> None:
    with page_of_widgets.watched():
        driver = widget("driver")
        ana, ben = (driver.box.locator("button.kitchen-thread", has_text=name) for name in ("Ana", "Ben"))
        driver.press(ana, "Enter", "Step 1: Ana reads")
        driver.press(ana, "Enter", "Step 2: Ana writes")
        driver.press(driver.button("take back"), "Enter", "Step 1: Ana reads")
        driver.press(ben, "Enter", "Step 2: Ben reads")
        driver.press(ana, "Enter", "Step 3: Ana writes")
        driver.press(ben, "Enter", "You broke it, in 4 steps")
        assert ana.is_disabled() and ben.is_disabled()
        driver.button("show the shortest way").press("Enter")
        driver.box.get_by_role("img", name="A failing schedule").wait_for()
        driver.press(driver.button("start again"), "Enter", "Who goes first?")
        for cook in (ana, ana, ben):
            driver.press(cook, "Space")
        assert "All is well this time" in driver.press(ben, "Space")


def test_a_prediction_is_kept_and_put_beside_the_measurement(page_of_widgets: Page, widget: Any) -> None:
    with page_of_widgets.watched() as page:
        boxes = widget("prediction").box
        number, choice = widget("prediction"), widget("prediction")
        number.box, choice.box = boxes.nth(0), boxes.nth(1)
        field = number.box.locator("input")
        assert "did not predict" in page.cell("beside").inner_text()
        field.fill("four")
        assert "is no number" in number.press(field, "Enter")
        field.fill("2.5")
        number.press(field, "Enter", "Noted: 2.5 times")
        page.run(page.cell("beside"))
        assert "You predicted: 2.5 times" in page.cell("beside").inner_text()
        page.run(page.cell("predict"))  # whoever runs the cell again finds what they wrote
        wait_for(lambda: field.input_value() == "2.5", TO_APPEAR, "the prediction is forgotten", field.input_value)
        choice.press(choice.box.locator("input").nth(1), "Space", "Noted: processes")
