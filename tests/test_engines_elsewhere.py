"""The engines that not every Python has or not every reader needs: interpreters (Python 3.14) and dask (a cluster)."""

from __future__ import annotations

import asyncio
import concurrent.futures
import os
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import kitchen_helpers as kh
from kitchen_helpers import engines

MAIN = os.getpid()
FROM_3_14 = sys.version_info >= (3, 14)


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    """Two workers, and a client that is the current one only where a test says so."""
    distributed = pytest.importorskip("distributed")
    with (
        distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address="127.0.0.1:0") as workers,
        distributed.Client(workers, set_as_default=False) as client,
    ):
        yield client


@pytest.fixture(params=["interpreters", "dask"])
def engine(request: pytest.FixtureRequest) -> Iterator[str]:
    if request.param == "interpreters":
        if not FROM_3_14:
            pytest.skip("interpreters need Python 3.14")
        yield request.param
        return
    with request.getfixturevalue("cluster").as_current():
        yield request.param


@pytest.mark.parametrize("count", [0, 1, 7, 1000])
def test_results_in_order_and_one_span_per_item(engine: str, count: int) -> None:
    run = kh.compare(lambda item: 2 * item, range(count), engines=[engine], repeats=1)
    assert run.results == [2 * item for item in range(count)]
    [only] = run.runs(engine)
    assert [span.item for span in only.spans] == list(range(count))
    for span in only.spans:
        assert only.started - 0.01 <= span.start <= span.end <= only.started + only.seconds + 0.01


def test_the_workers_work_at_the_same_time(engine: str, tmp_path: Path) -> None:
    main, folder = MAIN, str(tmp_path)

    def meet(item: int) -> int:
        # The sequential run, which comes first, does one after the other.
        if (os.getpid(), threading.get_ident()) != (main, alone):
            Path(folder, str(item)).touch()
            deadline = time.monotonic() + 60
            while len(os.listdir(folder)) < 2:
                assert time.monotonic() < deadline
                time.sleep(0.001)
        return item

    alone = threading.get_ident()
    run = kh.compare(meet, range(2), engines=[engine], workers=2, repeats=1, warmup=0).runs(engine)[0]
    assert {span.worker for span in run.spans} == {0, 1}
    first, second = run.spans
    assert first.start < second.end and second.start < first.end


def test_an_exception_comes_back_with_engine_and_item(engine: str) -> None:
    main = MAIN

    def no_soup(item: int) -> int:
        if item == 2 and (os.getpid() != main or not_in_the_main_interpreter()):
            raise ValueError("no soup today")
        return item

    def not_in_the_main_interpreter() -> bool:
        try:
            from concurrent import interpreters
        except ImportError:
            return False
        return interpreters.get_current() != interpreters.get_main()

    with pytest.raises(kh.TaskFailed, match=f"engine '{engine}', item 2 .2. raised ValueError: no soup today") as caught:
        kh.compare(no_soup, range(4), engines=[engine], repeats=1, warmup=0)
    assert isinstance(caught.value, ValueError)
    assert kh.compare(abs, [-1], engines=[engine], repeats=1).results == [1]


def test_results_that_differ_are_named(engine: str) -> None:
    main = MAIN

    def whoever(item: int) -> str:
        import os
        import threading

        return f"{os.getpid() == main} {threading.get_ident()}"

    with pytest.raises(kh.ResultsDiffer, match=f"engine '{engine}', item 0"):
        kh.compare(whoever, [1], engines=[engine], repeats=1, warmup=0)


def test_inside_a_running_loop(engine: str) -> None:
    async def cell() -> list[int]:
        return kh.compare(abs, [-1, -2], engines=[engine], repeats=1).results

    assert asyncio.run(cell()) == [1, 2]


def test_scale_takes_them(engine: str) -> None:
    assert kh.scale(abs, [-1, -2], engine=engine, workers=2, repeats=1).results == [1, 2]


@pytest.mark.skipif(FROM_3_14, reason="this Python has them")
def test_interpreters_that_cannot_import_the_package_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    class Broken:
        """What InterpreterPoolExecutor does where its initializer cannot be imported, as seen with Python 3.14."""

        def __init__(self, *_: Any, **__: Any) -> None: ...

        def submit(self, *_: Any) -> Any:
            future: concurrent.futures.Future[Any] = concurrent.futures.Future()
            future.set_exception(concurrent.futures.BrokenExecutor("A thread initializer failed"))
            return future

        def shutdown(self, **_: Any) -> None: ...

    monkeypatch.setattr(concurrent.futures, "InterpreterPoolExecutor", Broken, raising=False)
    [reason] = kh.compare(abs, [1], engines=["interpreters"], repeats=1).left_out.values()
    assert "cannot import kitchen_helpers: install it" in reason


def test_without_interpreters_the_reason_is_told() -> None:
    assert kh.compare(abs, [1], engines=["interpreters"], repeats=1).left_out == {
        "interpreters": "it needs Python 3.14 or newer"
    }


def test_without_dask_the_remedy_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    [reason] = kh.compare(abs, [1], engines=["dask"], repeats=1).left_out.values()
    assert "pip install 'kitchen-helpers[cluster]'" in reason


def test_they_run_only_when_they_are_named() -> None:
    assert kh.compare(abs, [1], repeats=1, warmup=0, async_task=None).engines == ("sequential", "threads", "processes")
    assert set(engines.ENGINES) > set(engines.USUAL)


def test_without_a_client_a_cluster_starts_and_ends_with_the_comparison(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    psutil = pytest.importorskip("psutil")
    pytest.importorskip("distributed")

    def workers() -> set[int]:
        return {child.pid for child in psutil.Process().children(recursive=True) if "spawn_main" in str(child.cmdline())}

    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    before = workers()
    comparison = kh.compare(lambda item: item, range(3), engines=["dask"], workers=2, repeats=1)
    assert comparison.results == [0, 1, 2]
    assert comparison.workers("dask") == 2
    deadline = time.monotonic() + 60
    while workers() - before:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert not list(tmp_path.iterdir())


def test_a_dask_worker_that_dies_loses_nothing(cluster: Any, tmp_path: Path) -> None:
    main, mark = MAIN, tmp_path / "died"

    def dies_once(item: int) -> int:
        if item == 2 and os.getpid() != main and not mark.exists():
            mark.touch()
            os._exit(1)
        return item * item

    with cluster.as_current():
        results = kh.compare(dies_once, range(5), engines=["dask"], repeats=1, warmup=0).results
    assert mark.exists()
    assert results == [0, 1, 4, 9, 16]
