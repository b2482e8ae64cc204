"""What every notebook of the course owes its readers, as far as a program can see it. Each message says what to do."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import unquote

import nbformat.reader
import pytest
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from tidy_notebooks import NOTEBOOKS, course_notebooks, is_checked, tidy

# Words that keep their capital inside a title.
NAMES = {"Amdahl", "Binder", "Dask", "Gustafson", "I", "Jupyter", "JupyterLab", "Python", "Python's"}

MAP = "00_start_here.ipynb"

MARKDOWN_IMAGE = re.compile(r"!\[([^]]*)\]\(([^)\s]+)")
MARKDOWN_LINK = re.compile(r"(?<!!)\[[^]]*\]\(([^)\s]+)")
HTML_IMAGE = re.compile(r"<img\b[^>]*>", re.IGNORECASE)
HTML_TARGET = re.compile(r"""<(?:a|img)\b[^>]*\b(?:href|src)\s*=\s*["']([^"']+)""", re.IGNORECASE)

# JupyterLab shows 112 characters of a code cell in a window of 1280 pixels beside the list of files.
LONGEST_LINE = 104

Rule = Callable[[NotebookNode, Path], Iterator[str]]


def markdown(notebook: NotebookNode) -> list[str]:
    """The markdown cells, without what stands in code quotes."""
    texts = [cell.source for cell in notebook.cells if cell.cell_type == "markdown"]
    return [re.sub(r"```.*?```|`[^`\n]*`", "", text, flags=re.DOTALL) for text in texts]


def code(notebook: NotebookNode) -> list[NotebookNode]:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def headings(notebook: NotebookNode) -> list[str]:
    return [line for text in markdown(notebook) for line in text.splitlines() if re.match("#+ ", line)]


def targets(notebook: NotebookNode) -> Iterator[str]:
    """Files that links and pictures point to, relative to the notebook."""
    for text in markdown(notebook):
        found = [url for _, url in MARKDOWN_IMAGE.findall(text)] + MARKDOWN_LINK.findall(text) + HTML_TARGET.findall(text)
        for url in found:
            if not re.match(r"[a-z]+:|#|attachment:", url):
                yield unquote(url.split("#")[0])


def first_line(cell: NotebookNode) -> str:
    return repr(next(iter(cell.source.splitlines()), "")[:60])


# Rules for every notebook, the coursework's too


def is_valid(notebook: NotebookNode, path: Path) -> Iterator[str]:
    doubled = [id for id, times in Counter(cell.get("id") for cell in notebook.cells).items() if times > 1 or id is None]
    if doubled:
        yield f"has cells with the same id, or none: {doubled}; `make tidy` gives each its own"
        return
    try:
        nbformat.validate(notebook)
    except nbformat.ValidationError as error:
        yield f"is not a valid notebook: {error.message}"


def pictures_have_words(notebook: NotebookNode, path: Path) -> Iterator[str]:
    for text in markdown(notebook):
        for words, url in MARKDOWN_IMAGE.findall(text):
            if len(words.split()) < 2:
                yield f"shows {url} without words for those who cannot see it: ![what the picture shows]({url})"
        for tag in HTML_IMAGE.findall(text):
            if not re.search(r"""\balt\s*=\s*["'][^"']+\s""", tag):
                yield f'shows a picture without words for those who cannot see it: give {tag} an alt="what the picture shows"'


def links_lead_somewhere(notebook: NotebookNode, path: Path) -> Iterator[str]:
    for target in targets(notebook):
        if not (path.parent / target).exists():
            yield f"links to {target}, which does not exist"


def has_lines_that_are_seen(notebook: NotebookNode, path: Path) -> Iterator[str]:
    for cell in code(notebook):
        for line in cell.source.splitlines():
            if len(line) > LONGEST_LINE:
                yield f"has a line of {len(line)} characters, of which a reader sees {LONGEST_LINE} or so: {line.strip()[:60]!r}"


# Rules for the course's notebooks


def is_tidy(notebook: NotebookNode, path: Path) -> Iterator[str]:
    if not list(is_valid(notebook, path)) and tidy(notebook) != notebook:
        yield "has outputs outside nbval-check-output cells, other metadata than tags, or empty cells: run `make tidy`"


def has_a_number(notebook: NotebookNode, path: Path) -> Iterator[str]:
    if not re.fullmatch(r"\d\d_[a-z0-9]+(_[a-z0-9]+)*\.ipynb", path.name):
        yield "should be named like 03_locks.ipynb: two digits, then small letters"
    twins = sorted(twin.name for twin in path.parent.glob(f"{path.name[:2]}_*.ipynb") if twin.name != path.name)
    if twins:
        yield f"has the same number as {', '.join(twins)}"


def opens_with_a_title(notebook: NotebookNode, path: Path) -> Iterator[str]:
    first = notebook.cells[0]
    if first.cell_type != "markdown" or not first.source.startswith("# "):
        yield "must open with a markdown cell whose first line is '# The title'"
        return
    title = first.source.splitlines()[0][2:].replace("`", "")
    _, *words = re.findall(r"[\w'’]+", title)
    shouting = [word for word in words if re.match(r"[A-Z][a-z]", word) and word not in NAMES]
    if shouting or not title[0].isupper():
        yield f"has the title {title!r}: write it as a sentence, with one capital; if {shouting} are names, add them to NAMES"
    if sum(line.startswith("# ") for line in headings(notebook)) > 1:
        yield "has more than one '# ' heading: sections are '## '"


def says_what_it_is_for(notebook: NotebookNode, path: Path) -> Iterator[str]:
    opening = "\n".join(markdown(notebook)[:2]).lower()
    for phrase in ("you will do", "you will learn", "you need"):
        if phrase not in opening:
            yield f"does not say {phrase!r} in its first two markdown cells"


def lets_the_reader_predict(notebook: NotebookNode, path: Path) -> Iterator[str]:
    predictions = sum(bool(re.search(r"\bpredict", cell.source, re.IGNORECASE)) for cell in notebook.cells)
    if predictions < 3:
        yield f"asks for a prediction ('Predict: …') in {predictions} cells: at least three, each before its answer is shown"


def has_exercises(notebook: NotebookNode, path: Path) -> Iterator[str]:
    exercises = sum(bool(re.match(r"###+ (Exercise )?\d", line)) for line in headings(notebook))
    if not 3 <= exercises <= 6:
        yield f"has {exercises} exercises: three to six, each under a heading like '### Exercise 1: the slow oven'"


def has_short_cells(notebook: NotebookNode, path: Path) -> Iterator[str]:
    for cell in code(notebook):
        lines = len(cell.source.splitlines())
        if lines > 25:
            yield f"has a code cell of {lines} lines, {first_line(cell)}: 25 at most; split it, or move plumbing to the package"


def explains_its_code(notebook: NotebookNode, path: Path) -> Iterator[str]:
    words = sum(len(text.split()) for text in markdown(notebook))
    if words < 25 * len(code(notebook)):
        yield f"has {words} words for {len(code(notebook))} code cells: at least 25 for each, say what happens and why"


def tags_mean_something(notebook: NotebookNode, path: Path) -> Iterator[str]:
    for cell in code(notebook):
        tags = set(cell.metadata.get("tags", []))
        stranger = {tag for tag in tags if tag.startswith("nbval-")} - {"nbval-check-output"}
        if stranger:
            yield f"has {stranger} on {first_line(cell)}: every cell runs; outputs are compared in nbval-check-output cells only"
        if re.search(r"^\s*#\s*NBVAL_", cell.source, re.MULTILINE):
            yield f"speaks of nbval in the code of {first_line(cell)}: use a cell tag, which the reader does not see"
        if is_checked(cell) and not cell.outputs:
            yield f"has no output to compare in {first_line(cell)}: python tests/tidy_notebooks.py --run {path.name} records it"
        errors = [output for output in cell.outputs if output.output_type == "error"]
        if errors and "raises-exception" not in tags:
            yield f"keeps an error of {first_line(cell)}: cure it, or tag the cell raises-exception if it is meant"


def leads_to_its_neighbours(notebook: NotebookNode, path: Path) -> Iterator[str]:
    if path.name[:2].isdigit():
        for number in (int(path.name[:2]) - 1, int(path.name[:2]) + 1):
            for neighbour in path.parent.glob(f"{number:02}_*.ipynb"):
                if neighbour.name not in targets(notebook):
                    yield f"has no link to its neighbour: [words]({neighbour.name})"


def leads_to_the_map(notebook: NotebookNode, path: Path) -> Iterator[str]:
    if path.name != MAP and MAP not in targets(notebook):
        yield f"has no link to the map of the course: [Map]({MAP}#The-map-of-the-course)"


# Rules for the coursework


def leads_to_its_chapters(notebook: NotebookNode, path: Path) -> Iterator[str]:
    if NOTEBOOKS.resolve() not in {(path.parent / target).resolve().parent for target in targets(notebook)}:
        yield "has no link to the notebooks that it draws on: [03 (locks)](../../../03_locks.ipynb)"


FOR_ALL: list[Rule] = [is_valid, pictures_have_words, links_lead_somewhere, has_lines_that_are_seen]
FOR_THE_COURSE: list[Rule] = [
    *FOR_ALL,
    is_tidy,
    has_a_number,
    opens_with_a_title,
    says_what_it_is_for,
    lets_the_reader_predict,
    has_exercises,
    has_short_cells,
    explains_its_code,
    tags_mean_something,
    leads_to_its_neighbours,
    leads_to_the_map,
]
FOR_THE_COURSEWORK: list[Rule] = [*FOR_ALL, leads_to_its_chapters]

CASES = [(path, rule) for path in course_notebooks() for rule in FOR_THE_COURSE]
CASES += [(path, rule) for path in sorted(NOTEBOOKS.glob("coursework/**/*.ipynb")) for rule in FOR_THE_COURSEWORK]


@pytest.mark.parametrize(
    ("path", "rule"), CASES, ids=[f"{path.relative_to(NOTEBOOKS)}-{rule.__name__}" for path, rule in CASES]
)
def test_notebook(path: Path, rule: Rule) -> None:
    notebook = nbformat.reader.reads(path.read_text(encoding="utf-8"))  # as it is: nbformat.read would mend it
    problems = list(rule(notebook, path))
    assert not problems, "\n".join(f"{path.name} {problem}" for problem in problems)


# The rules themselves: a good notebook passes them all, and each mistake is found by its rule


def good(folder: Path) -> tuple[NotebookNode, Path]:
    for name in (MAP, "02_before.ipynb", "04_after.ipynb", "picture.png"):
        (folder / name).touch()
    opening = """# One key for Python's till, and who holds it

**What you will do**: count, run, change. **What you will learn**: locks. **What you need**: notebook 02.
[Back](02_before.ipynb), [on](04_after.ipynb#top), [map](00_start_here.ipynb#map), [elsewhere](https://docs.python.org), [here](#below)"""
    cells = [
        new_markdown_cell(opening),
        new_markdown_cell("**Predict**: how many coins are in the till? ![Two cooks at a till](picture.png)"),
        new_code_cell("print(6)", metadata={"tags": ["nbval-check-output"]}),
        new_markdown_cell("Predict once more. " + "Words that explain it. " * 25),
        new_code_cell("1 / 0", metadata={"tags": ["raises-exception", "nbval-check-output"]}),
        new_markdown_cell("## Exercises\n\nPredict first.\n\n### Exercise 1: a\n\n### Exercise 2: b\n\n### Exercise 3: c"),
        new_code_cell("len('`not a quote`')"),
    ]
    cells[2].outputs = [new_output("stream", name="stdout", text="6\n")]
    cells[4].outputs = [new_output("error", ename="ZeroDivisionError", evalue="division by zero", traceback=[])]
    return tidy(new_notebook(cells=cells)), folder / "03_locks.ipynb"


def complaints(notebook: NotebookNode, path: Path) -> set[str]:
    return {rule.__name__ for rule in FOR_THE_COURSE if list(rule(notebook, path))}


def test_a_good_notebook_passes(tmp_path):
    assert complaints(*good(tmp_path)) == set()


def replace(cell: int, old: str, new: str) -> Callable[[NotebookNode], None]:
    def mistake(notebook: NotebookNode) -> None:
        assert old in notebook.cells[cell].source
        notebook.cells[cell].source = notebook.cells[cell].source.replace(old, new)

    return mistake


@pytest.mark.parametrize(
    ("rule", "mistake"),
    [
        ("is_valid", lambda notebook: notebook.cells[2].update(execution_count="six")),
        ("is_valid", lambda notebook: notebook.cells[2].update(id=notebook.cells[3].id)),
        ("pictures_have_words", replace(1, "Two cooks at a till", "")),
        ("pictures_have_words", replace(1, "![Two cooks at a till](picture.png)", '<img src="picture.png">')),
        ("pictures_have_words", replace(1, "![Two cooks at a till](picture.png)", '<img src="picture.png" alt="">')),
        ("links_lead_somewhere", replace(1, "picture.png", "image.png")),
        ("links_lead_somewhere", replace(1, "![Two cooks at a till](picture.png)", "[how](../README.md)")),
        ("is_tidy", lambda notebook: notebook.metadata.update(widgets={})),
        ("is_tidy", lambda notebook: notebook.metadata.kernelspec.update(name="my_venv")),
        ("is_tidy", lambda notebook: notebook.cells[1].metadata.update(collapsed=True)),
        ("is_tidy", lambda notebook: notebook.cells[6].update(execution_count=6)),
        ("is_tidy", lambda notebook: notebook.cells[6].update(outputs=notebook.cells[2].outputs)),
        ("is_tidy", lambda notebook: notebook.cells.append(new_code_cell(""))),
        ("opens_with_a_title", replace(0, "# One", "One")),
        ("opens_with_a_title", replace(0, "who holds", "Who Holds")),
        ("opens_with_a_title", replace(0, "# One", "# one")),
        ("opens_with_a_title", replace(5, "## Exercises", "# Exercises")),
        ("says_what_it_is_for", replace(0, "What you need", "Bring")),
        ("lets_the_reader_predict", replace(5, "Predict first.", "")),
        ("lets_the_reader_predict", replace(3, "Predict once more.", "")),
        ("has_exercises", replace(5, "### Exercise 3", "### Ending")),
        ("has_short_cells", lambda notebook: notebook.cells[6].update(source="x = 1\n" * 26 + "x")),
        ("has_lines_that_are_seen", lambda notebook: notebook.cells[6].update(source="x = " + "1" * 101)),
        ("explains_its_code", lambda notebook: notebook.cells.extend(new_code_cell("6") for _ in range(9))),
        ("tags_mean_something", lambda notebook: notebook.cells[6].metadata.update(tags=["nbval-skip"])),
        ("tags_mean_something", lambda notebook: notebook.cells[6].update(source="# NBVAL_SKIP\nlen('')")),
        ("tags_mean_something", lambda notebook: notebook.cells[2].update(outputs=[], execution_count=None)),
        ("tags_mean_something", lambda notebook: notebook.cells[4].metadata.update(tags=["nbval-check-output"])),
        ("leads_to_its_neighbours", replace(0, "(02_before.ipynb)", "(picture.png)")),
        ("leads_to_its_neighbours", replace(0, "(04_after.ipynb#top)", "(picture.png)")),
        ("leads_to_the_map", replace(0, "(00_start_here.ipynb#map)", "(picture.png)")),
    ],
)
def test_a_mistake_is_found_by_its_rule(rule, mistake, tmp_path):
    notebook, path = good(tmp_path)
    mistake(notebook)
    assert complaints(notebook, path) == {rule}


@pytest.mark.parametrize("name", ["locks.ipynb", "3_locks.ipynb", "03_Locks.ipynb", "03-locks.ipynb", "02_locks.ipynb"])
def test_a_wrong_name_is_found(name, tmp_path):
    notebook, path = good(tmp_path)
    assert list(has_a_number(notebook, path.with_name(name)))


def test_coursework_without_chapters_is_found(tmp_path):
    path = NOTEBOOKS / "coursework" / "source" / "a0_till" / "a0_till.ipynb"
    for link, complaints in (("../../../03_locks.ipynb", 0), ("../../README.md", 1)):
        notebook = new_notebook(cells=[new_markdown_cell(f"**What you need:** [this]({link})")])
        assert len(list(leads_to_its_chapters(notebook, path))) == complaints


def test_tidying_keeps_what_is_compared(tmp_path):
    notebook, _ = good(tmp_path)
    assert [bool(cell.outputs) for cell in code(tidy(notebook))] == [True, True, False]
    assert all(cell.execution_count for cell in code(tidy(notebook)) if cell.outputs)
