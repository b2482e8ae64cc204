"""Results in, Axes out, each with its words for those who cannot see it.

Colours are Okabe and Ito's, which stay apart in colour blindness; lightness, hatching and words say the same again. Text
and lines take the colours of the reader's own style, so that the figures can be read on dark ground too.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from heapq import heappop, heappush
from io import BytesIO
from math import inf, isfinite
from typing import TYPE_CHECKING, cast

import matplotlib as mpl
import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PolyCollection
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from .busyness import BUSY
from .comparison import duration
from .describing import tell
from .findings import load_words, scaling_words, speedup_title, speedup_words, timeline_title, timeline_words
from .laws import amdahl, usl
from .loads import in_words
from .runs import Run, Span

if TYPE_CHECKING:
    from .comparison import Comparison
    from .elsewhere import SideBySide
    from .loads import LoadResult
    from .scaling import Scaling

__all__ = ["plot_load", "plot_scaling", "plot_side_by_side", "plot_speedup", "plot_timeline"]

COLOURS = {
    "sequential": "#6B7280",
    "threads": "#0072B2",
    "async": "#009E73",
    "processes": "#D55E00",
    "interpreters": "#CC79A7",
    "dask": "#E69F00",
}
QUIET = "#767676"  # as far from white as from black
PALE_ON_LIGHT, PALE_ON_DARK = 0.25, 0.4
HATCH = "////"
# An engine's lanes share the height of so many at most.
TALLEST = 16
RISES = 1.5  # times as fast as one worker: less is as good as flat
BEYOND = 1.05  # so many times the ideal, a measurement is not just about there


def plot_speedup(comparison: Comparison, ax: Axes | None = None) -> Axes:
    """How many times as fast as sequential each engine is; see `Comparison.plot_speedup`."""
    names = comparison.engines
    if ax is None:
        _, ax = plt.subplots(figsize=(8, 1.5 + 0.62 * len(names)), layout="constrained")
    ink = mpl.rcParams["text.color"]
    middles = [comparison.speedup(name).median for name in names]
    ideals = [comparison.ideal(name) for name in names]
    # One wild interval must not squeeze all bars: what leaves the figure is in the table.
    widest = max([*middles, *ideals])
    reach = max(widest, *(min(comparison.speedup(name).high, 1.5 * widest) for name in names))
    starts = cut = False
    for row, (name, middle, ideal) in enumerate(zip(names, middles, ideals, strict=True)):
        speedup, colour = comparison.speedup(name), COLOURS.get(name, QUIET)
        seconds, startup = comparison.seconds(name), comparison.startup_seconds(name)
        cold = middle * seconds / (seconds + startup) if seconds > 0 else middle
        if middle - cold < 0.01 * reach:
            cold = middle
        ax.barh(row, cold, height=0.6, color=colour)
        if cold < middle:
            starts = True
            ax.barh(row, middle - cold, left=cold, height=0.6, fill=False, hatch=HATCH, edgecolor=colour, linewidth=1)
        if name == "sequential":
            ax.text(middle + 0.015 * reach, row, "1 ×", va="center")
            continue
        end = middle
        if isfinite(speedup.high):
            end = min(speedup.high, 1.02 * reach)
            spread = [[middle - speedup.low], [end - middle]]
            ax.errorbar(middle, row, xerr=spread, color=ink, capsize=4, elinewidth=1.3, capthick=1.3)
            if end < speedup.high:  # an arrowhead over the cap: without it the interval would seem to end here
                cut = True
                ax.plot(end, row, ">", color=ink, markersize=9)
        words = f"{middle:.1f} ×  {speedup.verdict}" if middle >= 0.95 else f"{middle:.2f} ×  {speedup.verdict}"
        box = {"facecolor": ax.get_facecolor(), "edgecolor": "none", "pad": 1.5}
        ax.text(end + 0.02 * reach, row, words, va="center", bbox=box, zorder=5)
        ax.plot([ideal, ideal], [row - 0.46, row + 0.46], linestyle=":", color=ink, linewidth=1.5, zorder=1)
        if row == 1:
            ax.text(ideal, row - 0.5, "ideal", ha="center", va="bottom", color=QUIET, fontsize="small")
    ax.set_yticks(range(len(names)), [comparison.label(name) for name in names])
    ax.tick_params(axis="y", length=0)
    ax.set_ylim(len(names) - 0.45, -0.55)
    ax.set_xlim(0, 1.4 * reach)
    repeats = len(comparison.runs("sequential"))
    spread_of = f"median and 95 % interval of {repeats} repeats" if repeats > 1 else "one repeat: no interval"
    ax.set_xlabel(f"times as fast as sequential ({spread_of})")
    _finish(ax, speedup_title(comparison), speedup_words(comparison))
    notes = [comparison.machine.caption, "dotted: what nothing can beat, with these workers and CPUs"]
    if starts:
        notes.append("hatched: lost to starting the workers once")
    if cut:
        notes.append("arrow: the interval goes on")
    if any(middle > BEYOND * ideal for middle, ideal in zip(middles, ideals, strict=True)):
        notes.append("a bar beyond its dotted line: other programs had held up the sequential runs")
    _caption(ax, notes)
    return ax


def plot_side_by_side(both: SideBySide) -> tuple[Axes, Axes]:
    """Two Pythons, one above the other on one scale; see `SideBySide.plot`."""
    rows = len(both.here.engines) + len(both.there.engines)
    _, (above, below) = plt.subplots(2, 1, figsize=(8, 3.4 + 0.62 * rows), layout="constrained")
    for ax, comparison in ((above, both.here), (below, both.there)):
        plot_speedup(comparison, ax)
        card = comparison.machine
        ax.set_title(
            f"Python {card.python} {'with' if card.gil_enabled else 'without'} the GIL: {speedup_title(comparison)}",
            loc="left",
            fontweight="bold",
        )
    widest = max(above.get_xlim()[1], below.get_xlim()[1])
    above.set_xlim(0, widest)
    below.set_xlim(0, widest)
    return above, below


def plot_timeline(comparison: Comparison, engines: Iterable[str] | None = None, ax: Axes | None = None) -> Axes:
    """Who worked on what, and when, in the median run of each engine; see `Comparison.plot_timeline`."""
    names = list(comparison.engines if engines is None else [engines] if isinstance(engines, str) else engines)
    runs = {name: median_run(comparison.runs(name)) for name in names}
    lanes = {name: lanes_of(run, overlapping=name == "async") for name, run in runs.items()}
    heights = {name: min(len(own), TALLEST) for name, own in lanes.items()}
    if ax is None:
        tall = 1.5 + 0.24 * sum(heights.values()) + 0.3 * len(names)
        _, ax = plt.subplots(figsize=(8.8, max(3.0, tall)), layout="constrained")
    reach = max([run.startup_seconds + run.seconds for run in runs.values()], default=0.0) or 1.0
    ink = mpl.rcParams["text.color"]
    pale = PALE_ON_LIGHT if sum(mpl.colors.to_rgb(ax.get_facecolor())) > 1.5 else PALE_ON_DARK
    top, ticks, starts = 0.0, [], False
    for name, run in runs.items():
        colour, unit = COLOURS.get(name, QUIET), heights[name] / max(1, len(lanes[name]))
        begin = run.startup_seconds
        middle = top + heights[name] / 2
        waits, computes, hatched, ends = [], [], [], []
        for number, lane in enumerate(lanes[name]):
            low, high = top + number * unit, top + (number + 0.82) * unit
            if begin > 0.004 * reach:
                hatched.append(_box(0, begin, low, high))
            for span in lane:
                at, to = begin + span.start - run.started, begin + span.end - run.started
                busy = min(to - at, max(0.0, span.cpu_seconds))
                waits.append(_box(at, to - busy, low, high))
                computes.append(_box(to - busy, to, low, high))
                if to - at > 0.008 * reach:
                    ends.append([(to, low), (to, high)])
                if unit > 0.6 and to - at > (0.014 + 0.0105 * len(str(span.item))) * reach:
                    ax.text(at + 0.006 * reach, (low + high) / 2, str(span.item), va="center", fontsize=8, color=ink)
        ax.add_collection(PolyCollection(waits, facecolor=colour, alpha=pale, linewidth=0))
        ax.add_collection(PolyCollection(computes, facecolor=colour, linewidth=0))
        # A gap between neighbours, where there is room for one, shows where an item ends.
        ax.add_collection(LineCollection(ends, color=ax.get_facecolor(), linewidth=1.2))
        if hatched:
            starts = True
            ax.add_collection(PolyCollection(hatched, facecolor="none", edgecolor=QUIET, hatch=HATCH, linewidth=0))
        cold = f"\n+ {duration(begin)} start" if begin > 0.03 * reach else ""
        ticks.append((middle, f"{comparison.label(name)}\n{duration(run.seconds)}{cold}", colour))
        top += heights[name] + 0.9
    ax.set_yticks([y for y, _, _ in ticks], [label for _, label, _ in ticks])
    for label, (_, _, colour) in zip(ax.get_yticklabels(), ticks, strict=True):
        label.set(color=colour, fontweight="bold")
    ax.tick_params(axis="y", length=0)
    ax.set_ylim(max(top - 0.7, 0.5), -0.3)
    ax.set_xlim(0, 1.03 * reach)
    ax.grid(axis="x", color=QUIET, alpha=0.2, linewidth=0.8)
    ax.set_axisbelow(True)
    ax.set_xlabel("seconds since the order came in (median run of each engine; numbers: index of the item)")
    key = [Patch(facecolor=QUIET, alpha=pale, label="waiting: for an answer, the GIL or a CPU")]
    key.append(Patch(facecolor=QUIET, label="computing"))
    if starts:
        key.append(Patch(facecolor="none", edgecolor=QUIET, hatch=HATCH, linewidth=0, label="starting workers"))
    words = timeline_words(comparison, runs, {name: len(own) for name, own in lanes.items()})
    _finish(ax, timeline_title(comparison, names), words)
    ax.legend(handles=key, loc="lower right", bbox_to_anchor=(1.0, 1.0), ncols=3, frameon=False, fontsize="small")
    ax.set_title(ax.get_title(loc="left"), loc="left", fontweight="bold", pad=26)
    _caption(ax, [comparison.machine.caption])
    return ax


def plot_scaling(scaling: Scaling, ax: Axes | None = None) -> Axes:
    """Speedup over the number of workers, with the ideal, the laws as fitted, and what two points foretold; see `Scaling.plot`."""
    if ax is None:
        _, ax = plt.subplots(figsize=(7, 4.5), layout="constrained")
    ink, colour = mpl.rcParams["text.color"], COLOURS.get(scaling.engine, QUIET)
    counts = list(scaling.workers)
    speedups = [scaling.speedup(count) for count in counts]
    cpus, most = scaling.machine.cpus_usable, counts[-1]
    steps = [1 + (most - 1) * i / 100 for i in range(101)]
    ax.plot(steps, steps, linestyle=":", color=ink, linewidth=1.5, label="ideal: one worker, one CPU each")
    serial, both = scaling.serial_fraction, scaling.usl()
    if serial is not None:
        curve = [amdahl(serial, n) for n in steps]
        ax.plot(steps, curve, linestyle="--", color=colour, linewidth=1.5, label=f"Amdahl, {serial:.0%} serial")
    if both is not None:
        contention, coherency = (fitted.value for fitted in both)
        curve = [usl(contention, coherency, n) for n in steps]
        words = f"USL, contention {contention:.2g}, coherency {coherency:.2g}"
        ax.plot(steps, curve, linestyle="-.", color=QUIET, linewidth=1.5, label=words)
    middles = [speedup.median for speedup in speedups]
    highest = max(middles)
    if len(counts) > 2:
        later = counts[2:]
        told = [scaling.predict(n, up_to=counts[1]) for n in later]
        highest = max(highest, *told)
        words = f"foretold (Amdahl) from 1 and {counts[1]} workers"
        ax.plot(later, told, linestyle="none", marker="D", mfc="none", mec=ink, markersize=8, label=words)
    # Where workers gain far less than the ideal, how the gain bends is what counts: the ideal leaves the picture.
    bends = RISES < highest < most / 2
    highest = highest if bends else max(most, *middles)
    spread = [
        [speedup.median - speedup.low for speedup in speedups],
        [min(speedup.high, 3 * highest) - speedup.median for speedup in speedups],
    ]
    label = "measured, 95 % interval"
    ax.errorbar(counts, middles, yerr=spread, fmt="o", color=colour, ecolor=ink, capsize=4, markersize=7, label=label)
    if most > cpus:
        ax.axvspan(cpus, most + 0.3, color=QUIET, alpha=0.1, linewidth=0)
        more = f"more workers\nthan the {cpus} usable CPUs" if cpus > 1 else "more workers\nthan the one usable CPU"
        # Below the points where they rise, above them where they lie low or bend.
        height = 1.05 if bends else 0.03 if middles[-1] > 0.3 * highest else 0.4
        ax.text(most + 0.2, height * highest, more, ha="right", va="bottom", color=QUIET, fontsize="small")
    ax.set_xticks(counts, [str(count) for count in counts])
    ax.set_xlim(0.7, most + 0.3)
    ax.set_ylim(0, 1.25 * highest)
    ax.set_xlabel(f"workers ({scaling.engine})")
    ax.set_ylabel("times as fast as one worker")
    # The fewest that do about as well as any.
    best = next(count for count, middle in zip(counts, middles, strict=True) if middle >= 0.95 * max(middles))
    gain = scaling.speedup(best)
    if scaling.starved_share > BUSY:
        title = f"{scaling.task}: this machine was too busy to tell"
    elif gain.low > 1:
        title = f"{scaling.task}: {best} workers are {gain.median:.1f} times as fast as one"
    else:
        title = f"{scaling.task}: more workers make no clear difference"
    _finish(ax, title, scaling_words(scaling))
    ax.legend(frameon=False, loc="lower right" if bends else "upper left", fontsize="small")
    _caption(ax, [scaling.machine.caption, f"{len(scaling.runs(1))} repeats"])
    return ax


def plot_load(result: LoadResult, ax: Axes | None = None) -> Axes:
    """Which share of the requests was answered within which time; see `LoadResult.plot`."""
    if ax is None:
        _, ax = plt.subplots(figsize=(7, 4), layout="constrained")
    reach = max((sample.end - sample.start for sample in result.samples), default=0.0) * 1e3 or 1.0
    for number, repeat in enumerate(result.repeats):
        waits = sorted(1e3 * sample.seconds for sample in repeat.samples if not sample.error)
        shares = [100 * (place + 1) / len(repeat.samples) for place in range(len(waits))]
        label = f"each of {len(result.repeats)} repeats" if number == 0 else None
        # To the edge of the figure: what was never answered is the gap above the line.
        ax.step([0, *waits, reach], [0, *shares, shares[-1] if shares else 0], where="post", color=COLOURS["threads"], label=label)
    for percent, style in ((50, ":"), (95, "--")):
        wait = result.latency(percent).median
        if isfinite(wait):
            ax.axvline(1e3 * wait, color=QUIET, linestyle=style, label=f"{percent} % within {in_words(wait)}")
    ax.set_xlim(0, 1.03 * reach)
    ax.set_ylim(0, 103)
    ax.grid(color=QUIET, alpha=0.2, linewidth=0.8)
    ax.set_xlabel("time from the request to its whole answer (ms)")
    ax.set_ylabel("share of all requests answered (%)")
    failed = sum(result.errors.values()) / max(1, len(result.samples))
    clients = f"{result.clients} client{'s' * (result.clients != 1)}"
    if isfinite(result.latency(95).median):
        title = f"{clients}: 95 % of the requests are answered within {in_words(result.latency(95).median)}"
    else:
        title = f"{clients}: {failed:.0%} of the requests get no good answer"
    _finish(ax, title, load_words(result))
    # Above the axes, as the lines may run anywhere within.
    ax.legend(loc="lower left", bbox_to_anchor=(0.0, 1.0), ncols=3, frameon=False, fontsize="small", borderaxespad=0)
    ax.set_title(title, loc="left", fontweight="bold", pad=26)
    _caption(ax, [result.machine.caption])
    return ax


def as_png(ax: Axes) -> bytes:
    """The figure of these axes as a picture, for a widget to show; it is closed, so that no cell shows it once more."""
    figure, picture = cast(Figure, ax.figure), BytesIO()
    try:
        figure.savefig(picture, format="png", dpi=100)
    finally:
        plt.close(figure)
    return picture.getvalue()


def median_run(runs: Sequence[Run]) -> Run:
    """The one in the middle by length, so that what is drawn is one run that took place."""
    return sorted(runs, key=lambda run: run.seconds)[(len(runs) - 1) // 2]


def lanes_of(run: Run, overlapping: bool) -> list[list[Span]]:
    """The spans by worker; with `overlapping` ones of a single worker, as few lanes as keep them apart."""
    spans = sorted(run.spans, key=lambda span: span.start)
    if not overlapping:
        by_worker: dict[int, list[Span]] = {number: [] for number in range(run.workers)}
        for span in spans:
            by_worker.setdefault(span.worker, []).append(span)
        return sorted(by_worker.values(), key=lambda lane: lane[0].start if lane else inf)
    lanes: list[list[Span]] = []
    busy: list[tuple[float, int]] = []
    free: list[int] = []
    for span in spans:
        while busy and busy[0][0] <= span.start:
            heappush(free, heappop(busy)[1])
        if free:
            lane = heappop(free)
        else:
            lane = len(lanes)
            lanes.append([])
        lanes[lane].append(span)
        heappush(busy, (span.end, lane))
    return lanes or [[]]


def _box(left: float, right: float, low: float, high: float) -> list[tuple[float, float]]:
    return [(left, low), (right, low), (right, high), (left, high)]


def _finish(ax: Axes, title: str, words: str) -> None:
    ax.set_title(title, loc="left", fontweight="bold")
    tell(ax, words)
    for side in ("top", "right", "left"):
        ax.spines[side].set_visible(False)


def _caption(ax: Axes, parts: list[str]) -> None:
    ax.annotate(
        "\n".join(_wrapped(parts)),
        (0, 0),
        xycoords="axes fraction",
        xytext=(0, -40),
        textcoords="offset points",
        va="top",
        annotation_clip=False,
        color=QUIET,
        fontsize="small",
    )


def _wrapped(parts: list[str], width: int = 105) -> list[str]:
    lines = [""]
    for part in parts:
        joined = f"{lines[-1]} · {part}" if lines[-1] else part
        if len(joined) > width:
            lines.append(part)
        else:
            lines[-1] = joined
    return lines
