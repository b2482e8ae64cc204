"""The figures, drawn from made-up figures: what they say, and that they say it in any style."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import matplotlib as mpl
import pytest

mpl.use("Agg")
import matplotlib.pyplot as plt

import kitchen_helpers as kh
from kitchen_helpers.plots import COLOURS, lanes_of, median_run
from kitchen_helpers.runs import Run, Span
from tests.samples import CARD, comparison_of, run_of, scaling_of

WAITING = {"sequential": [0.8] * 5, "threads": [0.2] * 5, "async": [0.1] * 5, "processes": [0.2] * 5}
COMPUTING = {"sequential": [0.8] * 5, "threads": [0.85, 0.8, 0.75, 0.8, 0.8], "async": [0.8, 0.81, 0.79, 0.8, 0.8]}
COMPUTING |= {"processes": [0.25] * 5}


@pytest.fixture(autouse=True)
def close_figures() -> Iterator[None]:
    yield
    plt.close("all")


def words(ax: Any) -> str:
    """All text of a figure, drawn once so that the ticks have theirs."""
    ax.figure.canvas.draw()
    return "\n".join(text.get_text() for text in ax.figure.findobj(mpl.text.Text) if text.get_text())


def title(ax: Any) -> str:
    return str(ax.get_title(loc="left"))


def test_speedup_says_what_was_found() -> None:
    ax = comparison_of(COMPUTING, share=1.0, startup={"processes": 0.1}).plot_speedup()
    assert title(ax) == "cook computes: only processes are faster here"
    text = words(ax)
    assert "3.2 ×  faster" in text
    assert "1.0 ×  no clear difference" in text
    assert "processes ×4" in text
    assert "4 usable CPUs · Python 3.13 with the GIL" in text
    assert "median and 95 % interval of 5 repeats" in text
    assert "hatched" in text
    hatched = [patch for patch in ax.patches if patch.get_hatch()]
    assert [patch.get_width() for patch in hatched] == pytest.approx([3.2 - 3.2 * 0.25 / 0.35])


def test_an_interval_that_leaves_the_figure_ends_in_an_arrow_and_not_in_a_cap() -> None:
    wild = comparison_of({"sequential": [0.1, 0.8, 0.9], "threads": [0.1, 0.8, 0.85], "processes": [0.8] * 3})
    ax = wild.plot_speedup()
    arrows = [line for line in ax.lines if line.get_marker() == ">"]
    cut = [row for row, name in enumerate(wild.engines) if wild.speedup(name).high > ax.get_xlim()[1]]
    assert cut
    assert set(cut) <= {line.get_ydata()[0] for line in arrows}
    assert all(line.get_xdata()[0] < ax.get_xlim()[1] for line in arrows)
    assert "arrow: the interval goes on" in words(ax)
    assert "arrow" not in words(comparison_of(WAITING).plot_speedup())


def test_a_bar_beyond_what_nothing_can_beat_is_explained() -> None:
    slow_start = comparison_of({"sequential": [0.8] * 5, "processes": [0.1] * 5}, share=1.0)
    assert slow_start.speedup("processes").median > slow_start.ideal("processes")
    assert "a bar beyond its dotted line" in words(slow_start.plot_speedup())
    assert "beyond" not in words(comparison_of(COMPUTING, share=1.0).plot_speedup())


@pytest.mark.parametrize(
    ("seconds", "share", "speedup", "timeline"),
    [
        (
            WAITING,
            0.1,
            "cook mostly waits: threads, async and processes are faster here",
            "8 items that mostly wait: threads, async and processes overlap the waiting",
        ),
        (
            COMPUTING,
            1.0,
            "cook computes: only processes are faster here",
            "8 items that compute: threads and async take turns, processes compute side by side",
        ),
        (
            {"sequential": [0.8] * 5, "async": [0.1] * 5},
            0.1,
            "cook mostly waits: async is faster here",
            "8 items that mostly wait: async overlaps the waiting",
        ),
        (
            {"sequential": [0.8] * 5, "threads": [0.8, 0.9, 0.7, 0.8, 0.8]},
            0.5,
            "cook waits and computes: no clear difference here",
            "8 items that wait and compute: no clear difference here",
        ),
        (
            {"sequential": [0.1] * 5, "processes": [0.8] * 5},
            0.5,
            "cook waits and computes: processes are slower here",
            "8 items that wait and compute: processes are slower here",
        ),
        ({"sequential": [0.1] * 5}, 1.0, "cook computes: no clear difference here", "8 items that compute"),
    ],
)
def test_titles_state_the_finding(seconds: Any, share: float, speedup: str, timeline: str) -> None:
    comparison = comparison_of(seconds, share=share)
    assert title(comparison.plot_speedup()) == speedup
    assert title(comparison.plot_timeline()) == timeline


def test_a_machine_that_was_too_busy_to_tell() -> None:
    calm = comparison_of(COMPUTING, share=0.2)
    runs = tuple(replace(run, starved_seconds=0.64) for run in calm.runs("sequential"))
    busy = replace(calm, _runs={**calm._runs, "sequential": runs})
    assert title(busy.plot_speedup()) == "cook computes: this machine was too busy to tell"
    assert title(busy.plot_timeline()) == "8 items that compute: this machine was too busy to tell"


def test_on_one_cpu_taking_turns_is_not_blamed_on_the_engine() -> None:
    card = replace(CARD, cpus_usable=1)
    ax = comparison_of(COMPUTING | {"processes": [0.8, 0.79, 0.81, 0.8, 0.8]}, share=1.0, card=card).plot_timeline()
    assert title(ax) == "8 items that compute: no clear difference here"


def test_timeline_has_a_lane_per_worker_and_says_who_did_what() -> None:
    ax = comparison_of(WAITING, startup={"processes": 0.05}).plot_timeline()
    text = words(ax)
    for label in ("sequential\n800 ms", "threads ×4\n200 ms", "async\n100 ms", "processes ×4\n200 ms\n+ 50.0 ms start"):
        assert label in text
    assert "seconds since the order came in" in text
    assert "starting workers" in text
    numbers = [text.get_text() for text in ax.texts]
    assert all(numbers.count(str(item)) >= 3 for item in range(8))  # once per engine, where it fits
    assert "starting workers" not in words(comparison_of(WAITING).plot_timeline())


def test_timeline_of_some_engines_and_of_none_that_ran() -> None:
    comparison = comparison_of(WAITING, left_out={"dask": "no client"})
    text = words(comparison.plot_timeline(engines=["async"]))
    assert "async" in text
    assert "threads" not in text
    words(comparison.plot_timeline(engines="threads"))
    with pytest.raises(ValueError, match="no client"):
        comparison.plot_timeline(engines=["dask"])


def test_the_solid_part_is_the_share_of_computing() -> None:
    ax = comparison_of({"sequential": [0.8] * 5}, share=0.25, items=4).plot_timeline()
    pale, solid = ([path.get_extents() for path in bars.get_paths()] for bars in ax.collections[:2])
    assert sum(box.width for box in pale) == pytest.approx(0.6)
    assert sum(box.width for box in solid) == pytest.approx(0.2)


def test_lanes() -> None:
    spans = (Span(0, 0, 0.0, 2.0, 0), Span(0, 1, 1.0, 3.0, 0), Span(0, 2, 2.0, 4.0, 0), Span(0, 3, 3.5, 4.0, 0))
    lanes = lanes_of(Run(4.0, 0.0, spans), overlapping=True)
    assert [[span.item for span in lane] for lane in lanes] == [[0, 2], [1, 3]]
    workers = (Span(1, 0, 0.0, 2.0, 0), Span(0, 1, 0.5, 3.0, 0), Span(1, 2, 2.0, 4.0, 0))
    lanes = lanes_of(Run(4.0, 0.0, workers, workers=3), overlapping=False)
    assert [[span.item for span in lane] for lane in lanes] == [[0, 2], [1], []]
    assert lanes_of(Run(0.0, 0.0, ()), overlapping=True) == [[]]


def test_the_median_run_is_one_that_took_place() -> None:
    runs = [run_of(seconds) for seconds in (3.0, 1.0, 2.0, 9.0)]
    assert median_run(runs) is runs[2]


@pytest.mark.parametrize("items", [0, 1, 3000])
def test_extremes_can_be_drawn(items: int) -> None:
    comparison = comparison_of(WAITING, items=items) if items else kh.compare(abs, [], repeats=1)
    words(comparison.plot_speedup())
    words(comparison.plot_timeline())


def test_one_repeat_and_endless_intervals_can_be_drawn() -> None:
    text = words(comparison_of({"sequential": [1.0], "threads": [0.5]}).plot_speedup())
    assert "one repeat: no interval" in text
    words(scaling_of({1: [1.0], 2: [0.6]}).plot())


@pytest.mark.parametrize("style", ["default", "dark_background"])
def test_readable_in_light_and_dark(style: str) -> None:
    with plt.style.context(style):
        paper = mpl.colors.to_rgb(plt.rcParams["axes.facecolor"])
        comparison = comparison_of(WAITING, startup={"processes": 0.05})
        scaling = scaling_of({1: [1.0] * 3, 2: [0.6] * 3})
        for ax in (comparison.plot_speedup(), comparison.plot_timeline(), scaling.plot()):
            words(ax)
            for text in ax.findobj(mpl.text.Text):
                if text.get_text() and text.get_visible():
                    assert contrast(mpl.colors.to_rgb(text.get_color()), paper) > 3, text


def luminance(rgb: tuple[float, ...]) -> float:
    """WCAG 2.1, relative luminance."""
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in rgb)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: tuple[float, ...], two: tuple[float, ...]) -> float:
    """WCAG 2.1, contrast ratio, from 1 to 21."""
    dark, light = sorted([luminance(one), luminance(two)])
    return (light + 0.05) / (dark + 0.05)


def test_colours_stay_apart_without_red_or_green() -> None:
    # Viénot, Brettel and Mollon 1999, on linear RGB: what is left without the long or the middle cones.
    protan = [[0.1124, 0.8876, 0.0], [0.1124, 0.8876, 0.0], [0.004, -0.004, 1.0]]
    deutan = [[0.2928, 0.7072, 0.0], [0.2928, 0.7072, 0.0], [-0.0223, 0.0223, 1.0]]
    for matrix in (protan, deutan):
        seen = []
        for name in ("sequential", "threads", "async", "processes"):
            linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in mpl.colors.to_rgb(COLOURS[name])]
            seen.append([sum(m * c for m, c in zip(row, linear, strict=True)) for row in matrix])
        for i, one in enumerate(seen):
            for two in seen[:i]:
                assert max(abs(a - b) for a, b in zip(one, two, strict=True)) > 0.05


def test_drawn_into_the_readers_own_axes() -> None:
    _, axes = plt.subplots(1, 3)
    assert comparison_of(WAITING).plot_speedup(axes[0]) is axes[0]
    assert comparison_of(WAITING).plot_timeline(ax=axes[1]) is axes[1]
    assert scaling_of({1: [1.0] * 3, 2: [0.6] * 3}).plot(axes[2]) is axes[2]
    assert len(plt.get_fignums()) == 1


def test_scaling_says_what_was_found() -> None:
    ax = scaling_of({1: [1.0] * 3, 2: [0.55] * 3, 4: [0.3] * 3, 8: [0.31] * 3}).plot()
    assert title(ax) == "cook: 4 workers are 3.3 times as fast as one"
    text = words(ax)
    assert "Amdahl" in text
    assert "4 usable CPUs" in text
    assert "workers (processes)" in text
    assert title(scaling_of({1: [1.0] * 3, 2: [1.0] * 3}).plot()) == "cook: more workers make no clear difference"
    assert "Amdahl" not in words(scaling_of({1: [1.0] * 3}).plot())


def test_where_the_gain_bends_the_figures_fill_the_picture_and_the_ideal_leaves_it() -> None:
    bent = scaling_of({1: [0.2] * 3, 2: [0.125] * 3, 4: [0.09] * 3, 8: [0.088] * 3, 16: [0.11] * 3})
    foretold = max(bent.predict(count, up_to=2) for count in bent.workers)
    assert foretold < bent.plot().get_ylim()[1] < 1.3 * foretold < 16
    flat = scaling_of({1: [0.2] * 3, 4: [0.2] * 3, 16: [0.2] * 3})
    assert flat.plot().get_ylim()[1] > 16, "how far the ideal is, is what counts there"
