"""The pipeline of notebook 09, taken from its cells: what it does when workers are killed, fail, or cannot even start.

The cells tagged "pipeline" are run here as they stand there, so there is one truth. (They are the definitions only.)
"""

from __future__ import annotations

import multiprocessing
import os
import random
import re
import signal
import sys
import threading
import time
import types
from collections import Counter
from functools import partial
from pathlib import Path

import nbformat
import pytest

NOTEBOOK = Path(__file__).parents[1] / "notebooks" / "09_data_pipelines.ipynb"
WRITEFILE = re.compile(r'%%writefile "\{folder\.name\}/(\w+\.py)"\n')
METHODS = [method for method in multiprocessing.get_all_start_methods() if method != "fork" or sys.platform == "linux"]
USUAL = "forkserver" if "forkserver" in METHODS else "spawn"
KILLS = 50

# Newer Pythons warn: another thread may hold a lock when a process is forked. Here none does.
pytestmark = pytest.mark.filterwarnings("ignore:This process .* is multi-threaded")

# (It has to be importable, like all work.)
WORK = """
import os, time

def wait_for_ever(folder, item):
    open(os.path.join(folder, "under way"), "w").close()
    while True:
        time.sleep(1)

def vanish_at(bad, item):
    if item == bad:
        os._exit(3)
    return item

def fail_at(bad, item):
    if item == bad:
        raise ValueError(f"{item} is bad")
    return item

def unsendable(item):
    return lambda: item

def keep(item):
    return item
"""


@pytest.fixture
def kitchen(tmp_path, monkeypatch):
    """The notebook's names, its modules importable, and a `__main__` that children cannot import, as in a kernel."""
    (tmp_path / "work.py").write_text(WORK)
    before = set(sys.modules)
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setitem(sys.modules, "__main__", types.ModuleType("__main__"))
    names = {"__name__": "notebook_09"}
    for cell in nbformat.read(NOTEBOOK, as_version=4).cells:
        if "pipeline" in cell.metadata.get("tags", []):
            if file := WRITEFILE.match(cell.source):
                (Path(names["folder"].name) / file[1]).write_text(cell.source[file.end() :])
            else:
                exec(compile(cell.source, f"{NOTEBOOK.name}, {cell.id}", "exec"), names)
    sys.path.insert(0, str(tmp_path))
    yield types.SimpleNamespace(**names)
    left = multiprocessing.active_children()
    for process in left:
        process.kill()
        process.join()
    names["folder"].cleanup()
    for module in {"stages", "station", "work"} - before:
        sys.modules.pop(module, None)
    assert not left


@pytest.fixture
def orders(tmp_path):
    """Twelve small files, two in a crate."""
    paths = []
    for number in range(12):
        paths.append(tmp_path / f"file_{number:02}.py")
        paths[-1].write_text(f"x_{number} = {number}  # not much\n" * (20 + number))
    return [[str(path) for path in paths[start : start + 2]] for start in range(0, len(paths), 2)]


def rows_without_processes(kitchen, orders):
    return sorted(row for order in orders for row in kitchen.stages.measure(kitchen.stages.fetch(order)))


@pytest.mark.parametrize("method", METHODS)
def test_every_start_method(kitchen, orders, method):
    context = multiprocessing.get_context(method)
    book = kitchen.new_book("book.db")
    log = kitchen.run_pipeline(context, kitchen.farm_to_table(book, kitchens=2), orders)
    assert kitchen.rows_in(book) == rows_without_processes(kitchen, orders)
    done = Counter((name.split()[0], tuple(order)) for name, order, *_ in log)
    assert done == {(stage, tuple(order)): 1 for stage in ("farm", "kitchen", "table") for order in orders}
    assert multiprocessing.active_children() == []


# A worker is killed at a random moment, 50 times


def striking(orders, rng):
    """The orders; when a certain one is drawn, or a random moment later, a certain worker is killed."""
    strike_at, victim, delay = rng.randrange(len(orders)), rng.randrange(4), rng.choice([0, rng.uniform(0, 0.03)])
    for number, order in enumerate(orders):
        if number == strike_at:
            crew = sorted(multiprocessing.active_children(), key=lambda process: process.name)
            if delay:
                threading.Timer(delay, crew[victim].kill).start()
            else:
                crew[victim].kill()
        yield order


@pytest.fixture
def no_timer_left():
    yield
    for thread in threading.enumerate():
        if isinstance(thread, threading.Timer):
            thread.join()


def test_nothing_is_lost_or_doubled_when_a_worker_is_killed(kitchen, orders, no_timer_left):
    expected = rows_without_processes(kitchen, orders)
    failures, interrupted = [], 0
    for seed in range(KILLS):
        rng = random.Random(seed)
        context = multiprocessing.get_context(METHODS[seed % len(METHODS)] if seed % 3 == 0 else USUAL)
        book = kitchen.new_book(f"book_{seed}.db")
        try:
            kitchen.run_pipeline(context, kitchen.farm_to_table(book, kitchens=2), striking(orders, rng))
        except kitchen.PipelineFailed as failure:
            failures.append(str(failure))
        assert multiprocessing.active_children() == [], seed
        # Whole crates are there, or nothing of them.
        so_far = kitchen.rows_in(book)
        interrupted += len(so_far) < len(expected)
        to_do = kitchen.remaining(orders, book)
        assert len(so_far) == 2 * (len(orders) - len(to_do)), (seed, so_far)
        assert set(so_far) <= set(expected), (seed, so_far)
        # Started again with all, not only with what is missing: that must do no harm either.
        kitchen.run_pipeline(context, kitchen.farm_to_table(book, kitchens=2), orders if seed % 2 else to_do)
        assert kitchen.rows_in(book) == expected, seed
    # (Some of the late moments may come when all is done.)
    assert len(failures) >= KILLS // 2 and interrupted >= KILLS // 4
    assert all("died" in failure for failure in failures), failures


def test_without_the_key_the_same_second_run_doubles_rows(kitchen, orders):
    """That the test above can fail."""
    book = kitchen.new_book("book.db", key="")
    context = multiprocessing.get_context(USUAL)
    for _ in range(2):
        kitchen.run_pipeline(context, kitchen.farm_to_table(book), orders)
    assert len(kitchen.rows_in(book)) == 24


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="Windows ends processes in another way, with another exit code")
def test_a_death_during_work_is_told_with_worker_and_order(kitchen, tmp_path, method):
    import work

    line_up = [("farm", work.keep, 1), ("kitchen", partial(work.wait_for_ever, str(tmp_path)), 1), ("table", work.keep, 1)]

    def kill_when_under_way():
        deadline = time.monotonic() + 60
        while not (tmp_path / "under way").exists() and time.monotonic() < deadline:
            time.sleep(0.01)
        os.kill(next(p.pid for p in multiprocessing.active_children() if p.name == "kitchen 1"), signal.SIGKILL)

    killer = threading.Thread(target=kill_when_under_way)
    killer.start()
    try:
        with pytest.raises(kitchen.PipelineFailed, match="kitchen 1 with first: died, exit code -9"):
            kitchen.run_pipeline(multiprocessing.get_context(method), line_up, ["first", "second"])
    finally:
        killer.join()


def test_a_death_in_the_middle_of_a_parcel_is_told(kitchen):
    worker = kitchen.Worker(multiprocessing.get_context(USUAL), "courier", 0, bytes)
    try:
        kitchen.take(worker)
        worker.give("zeros", 50_000_000)
        assert worker.hatch.poll(60)  # its beginning is here, and the pipe has no room for the rest
        worker.process.kill()
        with pytest.raises(kitchen.PipelineFailed, match="courier with zeros: died"):
            kitchen.take(worker)
    finally:
        worker.dismiss()


# Stages that fail


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("stage", [0, 1, 2])
def test_a_failing_stage_stops_the_rest_and_is_reported(kitchen, method, stage):
    import work

    line_up = [("farm", work.keep, 1), ("kitchen", work.keep, 2), ("table", work.keep, 1)]
    line_up[stage] = (line_up[stage][0], partial(work.fail_at, 7), line_up[stage][2])
    with pytest.raises(kitchen.PipelineFailed, match=rf"{line_up[stage][0]} \d with 7: ValueError: 7 is bad"):
        kitchen.run_pipeline(multiprocessing.get_context(method), line_up, range(100))
    assert multiprocessing.active_children() == []


def cases(work):
    return {
        "exits": (partial(work.vanish_at, 3), "kitchen 1 with 3: died, exit code 3"),
        "gives what cannot be sent": (work.unsendable, "kitchen 1 with 0: .*local object"),
    }


@pytest.mark.parametrize("case", ["exits", "gives what cannot be sent"])
def test_other_trouble_is_told_as_well(kitchen, case):
    import work

    kitchen_work, message = cases(work)[case]
    line_up = [("farm", work.keep, 1), ("kitchen", kitchen_work, 1), ("table", work.keep, 1)]
    with pytest.raises(kitchen.PipelineFailed, match=message):
        kitchen.run_pipeline(multiprocessing.get_context(USUAL), line_up, range(10))


@pytest.mark.parametrize("method", [method for method in METHODS if method != "fork"])
def test_work_that_cannot_be_imported_there_ends_at_the_start(kitchen, monkeypatch, method):
    here_only = types.ModuleType("here_only")
    exec("def work(item): return item", here_only.__dict__)
    monkeypatch.setitem(sys.modules, "here_only", here_only)
    with pytest.raises(kitchen.PipelineFailed, match="farm 1 with its start: died, exit code 1"):
        kitchen.run_pipeline(multiprocessing.get_context(method), [("farm", here_only.work, 1)], range(3))


def test_a_source_that_fails_leaves_no_worker(kitchen):
    import work

    def source():
        yield 1
        raise OSError("the farm is closed")

    with pytest.raises(OSError, match="the farm is closed"):
        kitchen.run_pipeline(multiprocessing.get_context(USUAL), [("farm", work.keep, 2), ("table", work.keep, 1)], source())
    assert multiprocessing.active_children() == []


# Bounds


@pytest.mark.parametrize("room", [1, 3])
def test_no_more_is_under_way_than_there_is_room_for(kitchen, tmp_path, room):
    """A stuck table stops the farm, so that an endless source does no harm."""
    import work

    drawn = []

    def endless():
        while True:
            drawn.append(len(drawn))
            yield drawn[-1]

    def kill_when_quiet():
        seen, since = -1, time.monotonic()
        while not (tmp_path / "under way").exists() or time.monotonic() < since + 1:
            if len(drawn) != seen:
                seen, since = len(drawn), time.monotonic()
            time.sleep(0.01)
            if seen > 1000 or time.monotonic() > since + 60:
                break
        for process in multiprocessing.active_children():
            process.kill()

    line_up = [("farm", work.keep, 1), ("kitchen", work.keep, 2), ("table", partial(work.wait_for_ever, str(tmp_path)), 1)]
    killer = threading.Thread(target=kill_when_quiet)
    killer.start()
    try:
        with pytest.raises(kitchen.PipelineFailed):
            kitchen.run_pipeline(multiprocessing.get_context(USUAL), line_up, endless(), room)
    finally:
        killer.join()
    # One at the table, and at each of two places `room` that wait; at the second, both kitchens may have had one in hand.
    assert 1 + 2 * room <= len(drawn) <= 1 + 2 * room + 1
