"""What an Axes holds, in words: its axes' labels, its lines, bars and strokes with their figures."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from math import inf
from typing import Any, cast

import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.category import StrCategoryLocator
from matplotlib.collections import EventCollection, PathCollection
from matplotlib.container import BarContainer, ErrorbarContainer
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator

# Of longer series the ends and the extremes are told.
MOST_POINTS = 12
# Bars of one group stand so far from the place that is named.
_NEAR = 0.45
Point = tuple[float, float, float, float]
"""Across, up, and from where to where its error bar goes."""


def contents(ax: Axes) -> Iterator[str]:
    """What has been drawn, a part for each line or group of bars."""
    if ax.axison:
        named = (("across", ax.get_xlabel()), ("up", ax.get_ylabel()))
        axes = ", ".join(f"{where} {label}" for where, label in named if label)
        if axes:
            yield f"Axes: {axes}"
    told: set[Any] = set()
    bars: dict[str, list[BarContainer]] = {}
    for group in ax.containers:
        told.update(group.get_children())
        if isinstance(group, BarContainer):
            bars.setdefault(_label(group), []).append(group)
    for groups in bars.values():
        yield _named(groups[0], "bars", _bars(ax, groups))
    of_bars = [group.errorbar for groups in bars.values() for group in groups]
    for group in ax.containers:
        if isinstance(group, ErrorbarContainer) and group not in of_bars:
            yield _named(group, "points", _series(ax, _with_errors(group)))
    for line in ax.lines:
        if line not in told:
            yield _line(ax, line)
    for shape in ax.collections:
        if isinstance(shape, EventCollection):
            yield _strokes(ax, shape)
        elif isinstance(shape, PathCollection):
            yield _named(shape, "points", _series(ax, _points(*np.transpose(shape.get_offsets()))))
        elif shape not in told and _label(shape):
            yield _named(shape, "band", "")
    if ax.images:
        yield "a picture" if len(ax.images) == 1 else f"{len(ax.images)} pictures"
    yield from (text.get_text() for text in ax.texts if text.get_text())


def _label(artist: Any) -> str:
    label = str(artist.get_label() or "")
    return "" if label.startswith("_") else label


def _named(artist: Any, kind: str, content: str) -> str:
    name = f"{kind} “{label}”" if (label := _label(artist)) else kind
    return f"{name}: {content}" if content else name


def _value(axis: Axis, value: float) -> str:
    """A place on an axis: the name that stands there, or the number."""
    near = [(abs(place - value), name) for place, name in _names(axis)]
    away, name = min(near, default=(inf, ""))
    if away < _NEAR:
        return name
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def _names(axis: Axis) -> list[tuple[float, str]]:
    """The places on an axis that have names. (A number is told better by itself than by a tick.)"""
    if not isinstance(axis.get_major_locator(), FixedLocator | StrCategoryLocator):
        return []
    places = [float(place) for place in axis.get_majorticklocs()]
    names = [" ".join(str(name).split()) for name in axis.get_major_formatter().format_ticks(places)]
    return [(place, name) for place, name in zip(places, names, strict=True) if re.search(r"[^\W\d_]|[+*/]", name)]


def _bars(ax: Axes, groups: Sequence[BarContainer]) -> str:
    """Bars of one kind, by the place where they stand; several in one place are pieces of a lane."""
    lying = groups[0].orientation == "horizontal"
    place, length = (ax.yaxis, ax.xaxis) if lying else (ax.xaxis, ax.yaxis)
    least = 0.002 * abs(float(np.diff(length.get_view_interval())[0]))
    lanes: dict[str, list[tuple[float, float, str]]] = {}
    for group in groups:
        ends = _ends(group.errorbar, upright=not lying)
        for number, bar in enumerate(group.patches):
            across, up = (bar.get_x(), bar.get_width()), (bar.get_y(), bar.get_height())
            (begin, size), (edge, thick) = (across, up) if lying else (up, across)
            if not begin or abs(size) > least:  # (pieces too short to be seen are not told)
                spread = _spread(length, *ends[number]) if number < len(ends) else ""
                lanes.setdefault(_value(place, edge + thick / 2), []).append((begin, begin + size, spread))
    return ", ".join(f"{name} {_pieces(length, bars)}" for name, bars in lanes.items()) or "too short to be seen"


def _pieces(length: Axis, bars: Sequence[tuple[float, float, str]]) -> str:
    if len(bars) > 3:
        begin, end = min(begin for begin, _, _ in bars), max(end for _, end, _ in bars)
        covered = sum(end - begin for begin, end, _ in bars)
        return f"{len(bars)} from {_value(length, begin)} to {_value(length, end)}, {_value(length, covered)} of it covered"
    from_to = ((f"from {_value(length, begin)} to " if begin else "", end, spread) for begin, end, spread in bars)
    return " and ".join(f"{start}{_value(length, end)}{spread}" for start, end, spread in from_to)


def _ends(group: ErrorbarContainer | None, upright: bool) -> list[tuple[float, float]]:
    """From where to where each error bar goes, of those that lie in this direction."""
    if group is None or not (group.has_yerr if upright else group.has_xerr):
        return []
    bars = group.lines[2][-1] if upright else group.lines[2][0]
    along = [[float(end[1 if upright else 0]) for end in bar] for bar in bars.get_segments()]
    return [(min(ends), max(ends)) for ends in along]


def _spread(axis: Axis, low: float, high: float) -> str:
    return f" ({_value(axis, low)} to {_value(axis, high)})" if low < high else ""


def _with_errors(group: ErrorbarContainer) -> list[Point]:
    line = group.lines[0]
    if line is None:
        return []
    points, ends = _points(*line.get_data(orig=False)), _ends(group, upright=True)
    if len(ends) != len(points):
        return points
    return [(x, y, low, high) for (x, y, _, _), (low, high) in zip(points, ends, strict=True)]


def _points(xs: Any, ys: Any) -> list[Point]:
    return [(float(x), float(y), float(y), float(y)) for x, y in zip(xs, ys, strict=True)]


def _line(ax: Axes, line: Line2D) -> str:
    points = _points(*line.get_data(orig=False))
    if line.get_transform() == ax.get_yaxis_transform(which="grid") and points:
        return _named(line, "level line", f"at {_value(ax.yaxis, points[0][1])}")
    if line.get_transform() == ax.get_xaxis_transform(which="grid") and points:
        return _named(line, "upright line", f"at {_value(ax.xaxis, points[0][0])}")
    kind = "points" if line.get_linestyle() in ("None", "none", "") else "line"
    return _named(line, kind, _series(ax, points))


def _series(ax: Axes, points: Sequence[Point]) -> str:
    if _names(ax.yaxis) and not _names(ax.xaxis):
        rows: dict[str, list[float]] = {}
        for x, y, _, _ in points:
            rows.setdefault(_value(ax.yaxis, y), []).append(x)
        return ", ".join(f"{name}: {_dots(ax.xaxis, xs)}" for name, xs in rows.items())

    def told(point: Point) -> str:
        x, y, low, high = point
        return f"{_value(ax.xaxis, x)}: {_value(ax.yaxis, y)}{_spread(ax.yaxis, low, high)}"

    if len(points) <= MOST_POINTS:
        return ", ".join(map(told, points))
    turns = {"first": points[0], "last": points[-1]}
    turns |= {"highest": max(points, key=lambda point: point[1]), "lowest": min(points, key=lambda point: point[1])}
    return f"{len(points):,} points, " + ", ".join(f"{which} {told(point)}" for which, point in turns.items())


def _dots(axis: Axis, places: Sequence[float]) -> str:
    if len(places) <= MOST_POINTS:
        return " and ".join(_value(axis, place) for place in places)
    return f"{len(places):,} from {_value(axis, min(places))} to {_value(axis, max(places))}"


def _strokes(ax: Axes, strokes: EventCollection) -> str:
    lying = strokes.is_horizontal()
    along, across = (ax.xaxis, ax.yaxis) if lying else (ax.yaxis, ax.xaxis)
    at = sorted(float(place) for place in cast(Sequence[float], strokes.get_positions()))
    name = _label(strokes) or _value(across, strokes.get_lineoffset())
    if len(at) <= 3:
        return f"{name}: {'strokes at ' if at else 'no strokes'}{' and '.join(_value(along, place) for place in at)}"
    begin, end = max(pairwise(at), key=lambda pair: pair[1] - pair[0])
    many = f"{len(at):,} strokes from {_value(along, at[0])} to {_value(along, at[-1])}"
    return f"{name}: {many}, the longest gap from {_value(along, begin)} to {_value(along, end)}"
