"""What figures say to those who cannot see them, and how it gets onto the page."""

from __future__ import annotations

import pickle
import re
from collections.abc import Iterator
from dataclasses import replace
from html import unescape
from typing import Any

import matplotlib as mpl
import pytest

mpl.use("Agg")
import matplotlib.pyplot as plt
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell, new_notebook

import kitchen_helpers as kh
from kitchen_helpers.describing import words_of
from kitchen_helpers.loads import LoadResult, Repeat, Sample
from tests.pictures import silent_pictures
from tests.samples import CARD, comparison_of, scaling_of


@pytest.fixture(autouse=True)
def close_figures() -> Iterator[None]:
    yield
    plt.close("all")


def words(ax: Any) -> str:
    return words_of(ax.figure)


# Our own figures: the title, then what was measured


def test_speedups_are_told_with_their_intervals_and_verdicts() -> None:
    seconds = {"sequential": [0.8] * 5, "threads": [0.85, 0.8, 0.75, 0.8, 0.8], "processes": [0.25] * 5}
    comparison = comparison_of(seconds, share=1.0, startup={"processes": 0.1})
    assert words(comparison.plot_speedup()) == (
        "cook computes: only processes are faster here. Bars of how many times as fast as sequential: "
        "threads ×4 1.00 (0.95 to 1.06), no clear difference, at most 4.0 possible; "
        "processes ×4 3.20 (3.20 to 3.20), faster, at most 4.0 possible, after 100 ms of starting."
    )
    once = words(comparison_of({"sequential": [1.0], "threads": [0.5]}).plot_speedup())
    assert "threads ×4 2.00, no clear difference" in once and "inf" not in once


def test_timelines_are_told_engine_by_engine() -> None:
    comparison = comparison_of({"sequential": [0.8] * 5, "threads": [0.2] * 5, "async": [0.1] * 5}, share=0.25)
    told = words(comparison.plot_timeline())
    assert "sequential 800 ms in 1 lane, 25% solid; threads 200 ms in 4 lanes, 25% solid; async 100 ms in 8 lanes" in told
    assert "sequential" not in words(comparison.plot_timeline(engines="async"))


def test_scalings_are_told_as_measured_fitted_and_foretold() -> None:
    told = words(scaling_of({1: [1.0] * 3, 2: [0.55] * 3, 4: [0.3] * 3}).plot())
    assert "2: 1.82 (1.82 to 1.82), 4: 3.33 (3.33 to 3.33); Amdahl’s curve: 8% serial" in told
    assert told.endswith("foretold from 1 and 2 workers: 4: 3.08.")
    assert "Amdahl" not in words(scaling_of({1: [1.0] * 3}).plot())


def test_loads_are_told_with_what_was_never_answered() -> None:
    good = [Sample(0, 0.0, (i + 1) / 1000, 200) for i in range(90)]
    bad = [Sample(1, 0.0, 0.5, None, "timeout")] * 10
    result = LoadResult("http://127.0.0.1", 2, (Repeat(1.0, (*good, *bad)),), (), CARD)
    assert words(result.plot()).endswith(
        "medians: 50 % within 50.0 ms, 95 % never, 99 % never; 10 requests of 100 without a good answer."
    )
    assert "without" not in words(replace(result, repeats=(Repeat(1.0, tuple(good)),)).plot())


def test_two_of_ours_in_one_figure_are_both_told() -> None:
    figure, axes = plt.subplots(1, 2)
    for ax, name in zip(axes, ("threads", "async"), strict=True):
        comparison_of({"sequential": [0.8] * 5, name: [0.2] * 5}).plot_speedup(ax)
    assert "threads ×4 4.00" in words_of(figure) and "async 4.00" in words_of(figure)


# Other figures: what is drawn in them


def test_lines_bars_and_points_are_told_with_their_figures() -> None:
    figure, ax = plt.subplots()
    ax.bar([2, 3], [50, 75.5], label="computed")
    ax.plot([2, 3], [0, 1.5], "o-", label="measured")
    ax.errorbar([2, 3], [10, 20], yerr=[[1, 0], [2, 0]], label="spread")
    ax.axhline(1, label="even")
    ax.axvline(2.5)
    ax.scatter([2], [7], label="dots")
    ax.fill_between([2, 3], [0, 0], [1, 1], label="range")
    ax.set(xlabel="cooks (number)", ylabel="wrong (%)", title="Up to 75.5 % are wrong")
    kh.describe(figure)
    assert words_of(figure) == (
        "Up to 75.5 % are wrong. Axes: across cooks (number), up wrong (%); bars “computed”: 2 50, 3 75.5; "
        "points “spread”: 2: 10 (9 to 12), 3: 20; line “measured”: 2: 0, 3: 1.5; level line “even”: at 1; "
        "upright line: at 2.5; points “dots”: 2: 7; band “range”."
    )


def test_places_have_the_names_that_stand_there() -> None:
    figure, (left, right) = plt.subplots(1, 2)
    left.barh([-0.2, 0.8], [1200, 3], left=[0, 1], label="ms")
    left.set_yticks([0, 1], ["loop", "two\nthreads"])
    right.plot(["+=", "append"], [3, 4], "o")
    figure.suptitle("Two of them")
    kh.describe(figure)
    assert words_of(figure) == (
        "Two of them. bars “ms”: loop 1,200, two threads from 1 to 4. points: +=: 3, append: 4."
    )


def test_measurements_beside_names_are_told_name_by_name() -> None:
    figure, ax = plt.subplots()
    ax.plot([0, 70, 50], ["a call, here"] * 3, "o")
    ax.scatter([75, 1200], ["a call, here", "a pause"])
    kh.describe(figure)
    ax.plot(range(20), ["a pause"] * 20, "o")
    assert words_of(figure) == (
        "points: a call, here: 0 and 70 and 50; points: a pause: 20 from 0 to 19; "
        "points: a call, here: 75, a pause: 1,200."
    )


def test_numbers_as_names_of_ticks_do_not_stand_for_what_is_near() -> None:
    figure, ax = plt.subplots()
    ax.plot([1, 2.4], [3, 4])
    ax.set_xticks([1, 2], [1, 2])
    kh.describe(figure)
    assert words_of(figure) == "line: 1: 3, 2.4: 4."
    ax.errorbar([1], [1], yerr=1, fmt="none", label="bars only")
    assert "points “bars only”" in words_of(figure)


def test_long_series_and_strokes_are_told_by_ends_and_extremes() -> None:
    figure, (left, right) = plt.subplots(1, 2)
    left.plot(range(100), [-abs(i - 40) for i in range(100)])
    right.eventplot([[0, 1, 2, 9, 10], [3], []], orientation="horizontal")
    right.set_yticks([0, 1, 2], ["busy", "once", "never"])
    kh.describe(figure)
    told = words_of(figure)
    assert "line: 100 points, first 0: -40, last 99: -59, highest 40: 0, lowest 99: -59" in told
    assert "busy: 5 strokes from 0 to 10, the longest gap from 2 to 9; once: strokes at 3; never: no strokes" in told


def test_lanes_of_bars_are_told_lane_by_lane() -> None:
    figure, ax = plt.subplots()
    for lane, (came, got, done) in enumerate([(1, 1, 9), (1, 4, 9)]):
        ax.barh(lane, got - came, left=came, label="waits")
        ax.barh(lane, done - got, left=got, label="works")
    for begin in range(10, 20, 2):
        ax.barh(0, 1.5, left=begin, label="washes up")
    ax.set_yticks([0, 1], ["Ana", "Ben"])
    ax.barh(0, 0, left=5, label="sings")
    kh.describe(figure)
    assert words_of(figure) == (
        "bars “waits”: Ben from 1 to 4; bars “works”: Ana from 1 to 9, Ben from 4 to 9; "
        "bars “washes up”: Ana 5 from 10 to 19.5, 7.5 of it covered; "
        "bars “sings”: too short to be seen."
    )


def test_bars_are_told_with_their_intervals() -> None:
    figure, (left, right) = plt.subplots(1, 2)
    left.barh(["with", "without"], [1, 1.8], xerr=[[0.1, 0.3], [0.2, 0.4]])
    right.bar([1, 2], [-5, 7], yerr=2)
    right.errorbar([3], [4], xerr=1)
    kh.describe(figure)
    assert words_of(figure) == (
        "bars: with 1 (0.9 to 1.2), without 1.8 (1.5 to 2.2). bars: 1 -5 (-7 to -3), 2 7 (5 to 9); points: 3: 4."
    )


def test_pictures_and_what_is_written_beside_them() -> None:
    figure, axes = plt.subplots(1, 2)
    axes[0].imshow([[0, 1]])
    axes[0].set_title("lemon")
    axes[1].text(0.5, 0.5, "failed:\nOSError")
    for ax in axes:
        ax.axis("off")
    kh.describe(figure)
    assert words_of(figure) == "lemon. a picture. failed: OSError."


def test_of_what_it_does_not_know_a_figure_says_nothing_wrong() -> None:
    figure, ax = plt.subplots()
    ax.contourf([[1, 2], [3, 4]])
    kh.describe(figure)
    assert words_of(figure) == "figure"  # one word: the notebooks' test asks for more


def test_the_readers_own_words_go_before_ours() -> None:
    ax = comparison_of({"sequential": [0.8] * 5}).plot_speedup()
    kh.describe(ax.figure, "One bar.")
    assert words(ax) == "One bar."
    kh.describe(ax.figure)
    assert words(ax).startswith("cook mostly waits")


# On the page


DRAW = "figure, ax = plt.subplots(figsize=(2, 2)); ax.plot([3, 4]); ax.set_title('a < b & \"c\"')"
CELLS = {
    "imports": "import matplotlib.pyplot as plt, kitchen_helpers as kh",
    "described": f"{DRAW}\nkh.describe(figure)",
    "shown": f"{DRAW}\nkh.describe(figure)\nplt.show()",
    "photo": "from PIL import Image\nphoto = Image.new('L', (9, 9))\nkh.describe(photo, 'A black square.')\nphoto",
    "value": f"{DRAW}\nkh.describe(figure)\nplt.close()\nfigure",
    "plain": DRAW + ";",
    "retina": f"%config InlineBackend.figure_formats = ['retina']\n{DRAW}\nkh.describe(figure)",
    "svg": f"%config InlineBackend.figure_formats = ['svg']\n{DRAW}\nkh.describe(figure)",
}


@pytest.fixture(scope="module")
def outputs() -> dict[str, Any]:
    """Of each cell the one output that it has, from a real kernel."""
    notebook = new_notebook(cells=[new_code_cell(source, id=name) for name, source in CELLS.items()])
    NotebookClient(notebook, timeout=60, kernel_name="python3").execute()
    assert [len(cell.outputs) for cell in notebook.cells] == [0, *[1] * (len(CELLS) - 1)]
    return {cell.id: cell.outputs[0] for cell in notebook.cells[1:]}


@pytest.mark.parametrize("name", ["described", "shown", "value"])
def test_a_described_figure_comes_once_and_with_its_words(outputs: dict[str, Any], name: str) -> None:
    output = outputs[name]
    told = 'a < b & "c". line: 0: 3, 1: 4.'
    (tag,) = re.findall("<img[^>]*>", output.data["text/html"])
    assert unescape(re.findall('alt="([^"]*)"', tag)[0]) == told == output.data["text/plain"]
    assert f"data:image/png;base64,{output.data['image/png']}" in tag.replace("\n", "")
    assert output.metadata["image/png"] == {"alt": told}
    assert list(silent_pictures(output.data)) == []


def test_a_photo_has_the_words_that_it_is_given(outputs: dict[str, Any]) -> None:
    output = outputs["photo"]
    assert 'alt="A black square."' in output.data["text/html"] and list(silent_pictures(output.data)) == []
    with pytest.raises(TypeError, match="say it"):
        kh.describe(object())


def test_other_figures_come_as_ever(outputs: dict[str, Any]) -> None:
    output = outputs["plain"]
    assert "text/html" not in output.data and "image/png" in output.data
    assert list(silent_pictures(output.data)) == ["image/png without HTML that has its words"]


def test_the_readers_formats_are_kept(outputs: dict[str, Any]) -> None:
    assert re.search(r' width="\d+" height="\d+" ', outputs["retina"].data["text/html"])
    assert outputs["retina"].metadata["image/png"].keys() == {"width", "height", "alt"}
    assert "image/svg+xml" in outputs["svg"].data and "text/html" not in outputs["svg"].data


def test_a_figure_with_words_can_be_saved_and_pickled(tmp_path: Any) -> None:
    figure, ax = plt.subplots()
    ax.plot([1, 2])
    kh.describe(figure, "A line.")
    figure.savefig(tmp_path / "figure.png")
    assert words_of(pickle.loads(pickle.dumps(figure))) == "A line."


@pytest.mark.parametrize(
    ("html", "silent"),
    [
        ('<img src="x" alt="Two cooks">', 0),
        ('<img src="x">', 1),
        ('<img src="x" alt="cooks">', 1),
        ('<svg role="img" aria-label="Two cooks"></svg>', 0),
        ('<svg role="img" aria-labelledby="a b"><title id="a">Two</title><desc id="b">cooks</desc></svg>', 0),
        ('<svg role="img" aria-labelledby="a b"><title id="a">Two</title></svg>', 1),
        ('<svg aria-label="Two cooks"></svg>', 1),
        ('<svg aria-hidden="true"></svg>', 0),
        ("<table></table>", 0),
    ],
)
def test_silent_pictures_are_found(html: str, silent: int) -> None:
    assert len(list(silent_pictures({"text/html": html, "image/png": "…" if "img" in html else ""}))) >= silent
    assert len(list(silent_pictures({"text/html": html}))) == silent
