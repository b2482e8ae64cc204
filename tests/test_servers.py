"""The slow server, the load generator, the arithmetic of its results; and what ten thousand hostile guests do to servers."""

from __future__ import annotations

import ast
import asyncio
import gc
import json
import logging
import os
import random
import resource
import socket
import struct
import sys
import threading
import time
import urllib.request
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import FrozenInstanceError
from math import inf
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import matplotlib as mpl
import nbformat
import psutil
import pytest

mpl.use("Agg")
import matplotlib.pyplot as plt

import kitchen_helpers as kh
from kitchen_helpers import servers
from kitchen_helpers.servers import LoadResult, LoopThread, Repeat, Sample, SlowServer, Spread, load, most_clients
from tests.samples import CARD

NOTEBOOK = Path(__file__).parents[1] / "notebooks" / "08_async_web_server.ipynb"


def connections() -> int:
    return len(psutil.Process().net_connections())


@pytest.fixture(autouse=True)
def nothing_left_behind(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    # (aiohttp's log tells of every bad guest)
    monkeypatch.setattr(logging.getLogger("aiohttp.server"), "disabled", True)
    threads, sockets = threading.enumerate(), connections()
    yield
    plt.close("all")
    deadline = time.monotonic() + 5
    while connections() > sockets and time.monotonic() < deadline:
        time.sleep(0.01)
    assert [thread for thread in threading.enumerate() if thread not in threads] == []
    assert connections() <= sockets


def get(url: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


# A loop in a thread


def test_a_loop_in_a_thread_gives_results_and_raises() -> None:
    async def add(a: int, b: int) -> int:
        await asyncio.sleep(0)
        return a + b

    async def fail() -> None:
        raise LookupError("no such dish")

    with LoopThread() as loop:
        assert loop.run(add(2, 3)) == 5
        with pytest.raises(LookupError, match="no such dish"):
            loop.run(fail())


def test_it_works_inside_a_running_loop() -> None:
    async def cell() -> int:
        async def answer() -> int:
            return 42

        with LoopThread() as loop:
            return loop.run(answer())

    assert asyncio.run(cell()) == 42


def test_its_unfinished_tasks_are_cancelled_and_awaited() -> None:
    ended = []

    async def for_ever() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append("cleaned up")

    async def start() -> None:
        tasks.append(asyncio.create_task(for_ever()))
        await asyncio.sleep(0)

    tasks: list[asyncio.Task[None]] = []
    with LoopThread() as loop:
        loop.run(start())
    assert ended == ["cleaned up"] and tasks[0].cancelled()


def test_it_says_what_is_wrong_instead_of_waiting_for_ever() -> None:
    async def nothing() -> None:
        pass

    async def from_within(loop: LoopThread) -> None:
        loop.run(nothing())

    with LoopThread() as loop:
        with pytest.raises(RuntimeError, match="another thread"):
            loop.run(from_within(loop))
        with pytest.raises(RuntimeError, match="already running"):
            loop.__enter__()
    with pytest.raises(RuntimeError, match="inside its with block"):
        loop.run(nothing())


# The slow server


def test_it_answers_with_the_name_and_as_the_address_says() -> None:
    with SlowServer(seconds=0) as server:
        assert get(f"{server.url}/soup") == (200, "soup")
        assert get(server.url_for("fish & chips/half", status=503)) == (503, "fish & chips/half")
        assert get(f"{server.url}/soup?seconds=x")[0] == 400
        assert get(f"{server.url}/soup?seconds=1e9")[0] == get(f"{server.url}/soup?seconds=nan")[0] == 400
        assert get(f"{server.url}/soup?status=7")[0] == 400
        assert (server.requests, server.most_at_once) == (2, 1)


def test_it_takes_its_time_and_lets_others_in_meanwhile() -> None:
    with SlowServer(seconds=0.3) as server:
        begun = time.perf_counter()
        threads = [threading.Thread(target=get, args=(server.url,)) for _ in range(5)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert time.perf_counter() - begun >= 0.3
        assert server.most_at_once > 1 and server.requests == 5


def test_it_also_serves_the_loop_that_opens_it() -> None:
    import aiohttp

    async def cell() -> tuple[str, SlowServer]:
        async with SlowServer(seconds=0) as server, aiohttp.ClientSession() as session:
            async with session.get(server.url_for("soup")) as answer:
                return await answer.text(), server

    text, server = asyncio.run(cell())
    assert text == "soup"
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", int(server.url.rsplit(":", 1)[1])), timeout=5)
    with server, pytest.raises(RuntimeError, match="already running"):
        server.__enter__()


def test_it_lets_those_under_way_finish_and_cuts_off_those_who_would_stay() -> None:
    for grace, seconds, expected in ((20.0, 0.2, [(200, "slow")]), (0.0, 30.0, [])):
        got: list[tuple[int, str]] = []

        def ask(url: str, got: list[tuple[int, str]] = got) -> None:
            with suppress(OSError):
                got.append(get(url))

        with SlowServer(grace=grace) as server:
            asking = threading.Thread(target=ask, args=(server.url_for("slow", seconds=seconds),))
            asking.start()
            while server.requests == 0:
                time.sleep(0.001)
        asking.join(timeout=20)
        assert got == expected


def test_a_guest_who_leaves_is_no_longer_under_way() -> None:
    with SlowServer(seconds=30, grace=20) as server:
        with socket.create_connection(("127.0.0.1", int(server.url.rsplit(":", 1)[1])), timeout=5) as guest:
            guest.sendall(b"GET /soup HTTP/1.1\r\nHost: kitchen\r\n\r\n")
            while server.requests == 0:
                time.sleep(0.001)
        begun = time.perf_counter()
    assert time.perf_counter() - begun < 15  # it did not wait for the thirty seconds, nor for its grace


@pytest.mark.parametrize("seconds", [-1, inf, 61, float("nan")])
def test_times_out_of_bounds_are_refused(seconds: float) -> None:
    with pytest.raises(ValueError, match="seconds must be from 0 to 60 seconds"):
        SlowServer(seconds)


def test_without_aiohttp_it_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "aiohttp", None)
    for use in (lambda: SlowServer().__enter__(), lambda: load("http://127.0.0.1:9")):
        with pytest.raises(ModuleNotFoundError, match="pip install aiohttp"):
            use()


# The load generator


def test_load_sends_what_it_is_asked_to() -> None:
    with SlowServer(seconds=0.001) as server:
        result = load(server.url, clients=7, requests=50, seconds=60, repeats=2, warmup=3)
        assert server.requests == 2 * 50 + 3
    assert [len(repeat.samples) for repeat in result.repeats] == [50, 50] and len(result.warmup) == 3
    assert {sample.client for sample in result.samples} == set(range(7))
    assert result.errors == {} and {sample.status for sample in result.samples} == {200}
    for repeat in result.repeats:
        assert all(0.001 <= sample.seconds <= repeat.seconds for sample in repeat.samples)
        for client in range(7):
            own = [sample for sample in repeat.samples if sample.client == client]
            assert all(one.end <= next_.start for one, next_ in zip(own, own[1:], strict=False))


def test_the_clients_really_ask_at_once() -> None:
    with SlowServer(seconds=0.3) as server:
        load(server.url, clients=20, requests=20, repeats=1)
        assert server.most_at_once > 1


def test_load_ends_when_its_time_is_over() -> None:
    with SlowServer(seconds=0.01) as server:
        result = load(server.url, clients=3, seconds=0.2, repeats=1)
    assert all(sample.start <= 0.2 for sample in result.samples) and len(result.samples) < 1000


def test_load_works_inside_a_running_loop_for_a_server_elsewhere_and_says_why_not_for_one_of_its_own() -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        writer.close()

    async def cell() -> None:
        with SlowServer(seconds=0) as server:
            assert load(server.url, clients=2, requests=4, repeats=1).errors == {}
        async with await asyncio.start_server(silent, "127.0.0.1", 0) as own:
            url = f"http://127.0.0.1:{own.sockets[0].getsockname()[1]}"
            with pytest.raises(TimeoutError, match=r"await asyncio.to_thread\(servers.load"):
                load(url, timeout=0.2)
            result = await asyncio.to_thread(load, url, clients=2, requests=4, repeats=1)
            assert result.errors == {}

    asyncio.run(cell())


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/",
        "http://192.168.0.1:8000",
        "http://0.0.0.0:8000",
        "http://[::]:80",
        "http://127.0.0.1.example.com/",
        "http://127.0.0.1@example.com/",
        "http://example.com@127.0.0.1/",
        "http://example.com\\@127.0.0.1/",
        "http://example.com#@127.0.0.1/",
        "http://localhost.example.com",
        "http://2130706433/",
        "https://127.0.0.1/",
        "ftp://127.0.0.1/",
        "//127.0.0.1/",
        "http://127.0.0.1:99999/",
        "http://[127.0.0.1/",
        "http:///soup",
        "127.0.0.1:8000",
        "",
    ],
)
def test_only_this_machine_is_asked(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(servers, "need_aiohttp", lambda: pytest.fail("it went on"))
    with pytest.raises(ValueError, match="only asks servers on this machine"):
        load(url)


def test_a_localhost_that_is_elsewhere_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_: [(2, 1, 6, "", ("127.0.0.1", 0)), (2, 1, 6, "", ("10.0.0.1", 0))])
    with pytest.raises(ValueError, match="only asks servers on this machine"):
        load("http://localhost:8000/")


def test_it_follows_no_redirect() -> None:
    asked = []

    async def elsewhere(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(b"HTTP/1.1 302 Found\r\nLocation: http://203.0.113.1/\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        writer.close()

    with handled_by(elsewhere) as port:
        result = load(f"http://localhost:{port}/", clients=1, requests=2, repeats=1)
    assert {sample.status for sample in result.samples} == {302} and len(asked) == 3


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"clients": 0}, "clients must be a whole number of at least 1"),
        ({"clients": 1001}, "clients must be at most 1,000"),
        ({"requests": 100_001}, "requests must be at most 100,000"),
        ({"seconds": 0}, "seconds must be above 0 to 60 seconds"),
        ({"seconds": inf}, "seconds must be above 0"),
        ({"timeout": 61}, "timeout must be above 0 to 60 seconds"),
        ({"repeats": 21}, "repeats must be at most 20"),
        ({"warmup": -1}, "warmup must be"),
    ],
)
def test_it_is_bounded(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        load("http://127.0.0.1:9/", **arguments)


@pytest.mark.parametrize(("name", "value"), [("seconds", "1"), ("timeout", None), ("clients", 2.5), ("seconds", True)])
def test_other_types_are_refused(name: str, value: Any) -> None:
    with pytest.raises(TypeError, match=f"{name} must be"):
        load("http://127.0.0.1:9/", **{name: value})
    with pytest.raises(TypeError, match="url must be a string"):
        load(b"http://127.0.0.1:9/")  # type: ignore[arg-type]


def test_clients_are_limited_by_open_files() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    now = len(os.listdir("/dev/fd"))
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (now + 120, hard))
        fits = most_clients()
        assert 20 < fits < 60
        with pytest.raises(ValueError, match=f"take at most {fits}, or raise the limit"):
            load("http://127.0.0.1:9/", clients=fits + 1)
        with SlowServer(seconds=0.01) as server:
            assert load(server.url, clients=fits - 2, requests=3 * fits, repeats=1).errors == {}
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_nobody_there() -> None:
    with socket.create_server(("127.0.0.1", 0)) as gone:
        port = gone.getsockname()[1]
    for warmup in (0, 1):
        with pytest.raises(ConnectionRefusedError, match="is the server running"):
            load(f"http://127.0.0.1:{port}", clients=2, requests=2, repeats=1, warmup=warmup)


@contextmanager
def handled_by(handler: Callable[..., Awaitable[None]]) -> Iterator[int]:
    """The port of a server with this handler, in a thread of its own."""

    async def start() -> asyncio.Server:
        return await asyncio.start_server(handler, "127.0.0.1", 0)

    with LoopThread() as loop:
        server = loop.run(start())
        yield server.sockets[0].getsockname()[1]
        loop.run(close(server))


async def close(server: asyncio.Server) -> None:
    server.close()


def says(answer: bytes, wait: float = 0.0) -> Callable[..., Awaitable[None]]:
    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await reader.readuntil(b"\r\n\r\n")
            await asyncio.sleep(wait)
            writer.write(answer)
        finally:
            writer.close()

    return handler


OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (OK, None),
        (b"", "closed"),
        (OK[:-1], "closed"),
        (b"soup is served\r\n\r\n", "not HTTP"),
        (OK.replace(b"200 OK", b"404 Not Found"), "status 404"),
        (OK.replace(b"200 OK", b"503 Service Unavailable"), "status 503"),
    ],
)
def test_failures_are_told_apart(answer: bytes, kind: str | None) -> None:
    with handled_by(says(answer)) as port:
        result = load(f"http://127.0.0.1:{port}/", clients=2, requests=4, repeats=1)
    assert result.errors == ({} if kind is None else {kind: 4})
    assert result.latency(50).median == inf or kind is None


def test_a_request_that_takes_too_long_is_given_up() -> None:
    turns = iter(range(100))

    async def every_second_one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await says(OK, wait=30.0 * (next(turns) % 2))(reader, writer)

    with handled_by(every_second_one) as port:
        result = load(f"http://127.0.0.1:{port}/", clients=1, requests=4, seconds=60, repeats=1, timeout=0.5)
    assert [sample.error for sample in result.samples] == ["timeout", "", "timeout", ""]
    assert all(sample.end - sample.start >= 0.49 for sample in result.samples if sample.error)


# The arithmetic


def result_of(*repeats: list[float | str], seconds: float = 2.0) -> LoadResult:
    """Made up: a number is a good answer after so many seconds, a word an error."""
    taken = [
        Repeat(seconds, tuple(Sample(0, 0.0, s, 200) if isinstance(s, float) else Sample(0, 0.0, 1.0, None, s) for s in own))
        for own in repeats
    ]
    return LoadResult("http://127.0.0.1:1/", 5, tuple(taken), (), CARD)


def test_percentiles_are_those_of_the_nearest_rank() -> None:
    repeat = result_of([float(number) for number in random.Random(1).sample(range(1, 101), 100)]).repeats[0]
    assert [repeat.latency(percent) for percent in (1, 50, 50.5, 95, 99, 100)] == [1, 50, 51, 95, 99, 100]
    assert [result_of([3.0]).latency(percent).median for percent in (0.1, 50, 100)] == [3, 3, 3]
    for percent in (0, -5, 101):
        with pytest.raises(ValueError, match="percent must be"):
            repeat.latency(percent)


def test_giving_up_makes_no_percentile_better() -> None:
    patient = result_of([0.1] * 50 + [4.0] * 50)
    hasty = result_of([0.1] * 50 + ["timeout"] * 50)
    for percent in (50, 51, 95, 99):
        assert hasty.latency(percent).median >= patient.latency(percent).median
    assert hasty.latency(50).median == 0.1 and hasty.latency(51).median == inf
    assert hasty.throughput.median == 25


def test_spread_is_over_the_repeats() -> None:
    result = result_of([0.1] * 4, [0.2] * 6, [0.3] * 2)
    assert result.throughput == Spread(2, 1, 3)
    assert result.latency(95) == Spread(0.2, 0.1, 0.3)
    assert result_of([0.1, 0.2]).throughput == Spread(1, 1, 1)


def test_results_are_frozen_and_can_be_written_down() -> None:
    result = result_of([0.1, "closed", "closed", "timeout"], [0.1] * 4)
    with pytest.raises(FrozenInstanceError):
        result.clients = 3  # type: ignore[misc]
    with pytest.raises(FrozenInstanceError):
        result.samples[0].start = 1.0  # type: ignore[misc]
    assert list(result.errors.items()) == [("closed", 2), ("timeout", 1)]
    again = json.loads(json.dumps(result.to_dict(), allow_nan=False))
    assert again["repeats"][0]["samples"][1]["error"] == "closed" and again["machine"]["cpus_usable"] == 4
    assert again["latency"]["95"] == {"median": None, "low": 0.1, "high": None}


def test_it_reads_as_a_table() -> None:
    result = result_of([0.1, 0.2, "<b>"], [0.1, 0.1, 0.1])
    text, html = str(result), result._repr_html_()
    for words in ("6 requests by 5 clients at once", "answers per second", "95 % answered within", "never", "error: <b>"):
        assert words in text
    assert "lowest – highest" in text and repr(result) == text
    assert html.count("<tr>") == 6 and "error: &lt;b&gt;" in html and "<b>" not in html
    assert "one repeat" in str(result_of([0.1]))


@pytest.mark.parametrize(
    ("result", "title"),
    [
        (result_of([0.1] * 20, [0.2] * 20, [0.3] * 20), "5 clients: 95 % of the requests are answered within 200 ms"),
        (result_of([0.1, 0.1, "closed", "closed"]), "5 clients: 50% of the requests get no good answer"),
        (result_of(["closed"]), "5 clients: 100% of the requests get no good answer"),
    ],
)
def test_it_can_be_drawn(result: LoadResult, title: str) -> None:
    ax = result.plot()
    ax.figure.canvas.draw()
    assert ax.get_title(loc="left") == title
    assert ax.get_xlabel().endswith("(ms)") and ax.get_ylabel().endswith("(%)")
    lines = [line for line in ax.get_lines() if line.get_drawstyle() == "steps-post"]
    assert len(lines) == len(result.repeats)
    answered = 100 * result.repeats[-1].answered / len(result.repeats[-1].samples)
    assert lines[-1].get_ydata()[-1] == pytest.approx(answered)


def test_servers_is_public_and_loads_aiohttp_late() -> None:
    assert "servers" in kh.__all__ and kh.servers is servers


# Ten thousand hostile guests. Each burst is a hundred connections at once; nothing may be left of them afterwards.

GUESTS, AT_ONCE = 10_000, 100
GOOD = b"GET /soup HTTP/1.1\r\nHost: kitchen\r\n\r\n"


def hostile(chance: random.Random) -> tuple[list[bytes], str]:
    """The pieces that a guest sends, and how it leaves: politely, by hanging up, with a reset, or after its answer."""
    body = b"POST /soup HTTP/1.1\r\nHost: kitchen\r\nContent-Length: %d\r\n\r\n"
    request = chance.choice(
        [
            lambda: GOOD,
            lambda: GOOD * chance.randrange(2, 6),
            lambda: chance.randbytes(chance.randrange(400)),
            lambda: chance.randbytes(chance.randrange(50)) + b"\r\n\r\n",
            lambda: GOOD[: chance.randrange(len(GOOD))],
            lambda: GOOD.replace(b"Host", bytes([chance.randrange(256)])),
            lambda: GOOD.replace(b"/soup", b"/" + b"a" * chance.choice([10, 4_000, 9_000, 70_000])),
            lambda: GOOD[:-2] + b"X: y\r\n" * chance.choice([3, 500, 9_000]) + b"\r\n",
            lambda: body % 3 + b"abc" + GOOD,
            lambda: body % 100 + b"too short",
            lambda: body % chance.choice([5_000, 10**9, 10**18]) + b"x" * chance.randrange(20_000),
            lambda: body.replace(b"%d", chance.choice([b"-1", b"", b"1e3", b"\xb2", b"9" * 4000, b"3, 4"])),
            lambda: body.replace(b"Content-Length: %d", b"Transfer-Encoding: chunked") + chance.randbytes(30),
            lambda: b"\r\n" * chance.randrange(2000),
            lambda: b"",
        ]
    )()
    if request and chance.random() < 0.3:
        at = chance.randrange(len(request))
        request = request[:at] + bytes([chance.randrange(256)]) + request[at + 1 :]
    cut = chance.randrange(len(request) + 1)
    pieces = [request] if chance.random() < 0.5 else [request[:cut], request[cut:]]
    return pieces, chance.choice(["polite", "polite", "hang up", "reset", "answer first"])


async def visit(port: int, pieces: list[bytes], manner: str) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    answer = bytearray()

    async def listen() -> None:
        with suppress(OSError):
            while piece := await reader.read(65536):
                answer.extend(piece)

    listening = asyncio.create_task(listen())
    with suppress(OSError):
        for piece in pieces:
            writer.write(piece)
            await asyncio.sleep(0)
        if manner == "polite":
            writer.write_eof()
        if manner == "answer first":
            await asyncio.wait([listening], timeout=0.005)
        if manner == "reset":
            linger = struct.pack("ii", 1, 0)
            writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    if manner in ("polite", "patient"):
        await asyncio.wait([listening], timeout=20)
        assert listening.done(), "a polite guest was never let go"
    listening.cancel()
    writer.transport.abort()
    await asyncio.wait([listening])
    return bytes(answer)


async def crowd(port: int, guests: int) -> Counter[bytes]:
    """Statuses of the first answers, of all guests."""
    chance = random.Random(8)
    first: Counter[bytes] = Counter()
    for _ in range(guests // AT_ONCE):
        for answer in await asyncio.gather(*[visit(port, *hostile(chance)) for _ in range(AT_ONCE)]):
            assert answer == b"" or answer.startswith(b"HTTP/"), answer[:80]
            first[answer[9:12]] += 1
    return first


class Watched:
    """A server on a loop of its own, with everything that went wrong there unseen, and what is left of its guests."""

    def __init__(self, loop: LoopThread) -> None:
        self.loop, self.unhandled = loop, list[str]()
        loop.run(self.watch())

    async def watch(self) -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _, context: self.unhandled.append(repr(context)))

    async def tasks(self) -> int:
        return len(asyncio.all_tasks())

    def quiet(self, tasks: int, sockets: int) -> bool:
        """Whether no more tasks and connections are there than before, as soon as everything had time to end."""
        deadline = time.monotonic() + 30
        while self.loop.run(self.tasks()) > tasks or connections() > sockets:
            if time.monotonic() > deadline:
                return False
            time.sleep(0.02)
        gc.collect()
        self.loop.run(asyncio.sleep(0.01))  # type: ignore[arg-type]
        return True


def survives(watched: Watched, port: int, guests: int = GUESTS) -> Counter[bytes]:
    tasks, sockets = watched.loop.run(watched.tasks()), connections()
    first = asyncio.run(crowd(port, guests))
    # The next guest is served as if nothing had been.
    assert asyncio.run(visit(port, [GOOD[:-2] + b"Connection: close\r\n\r\n"], "patient")).startswith(b"HTTP/1.1 200")
    assert watched.quiet(tasks, sockets), "connections or tasks are left"
    assert watched.unhandled == []
    return first


def notebook_code() -> dict[str, Any]:
    """The definitions, imports and plain constants of the notebook, without what it runs."""
    sys.modules["notebook_08"] = module = ModuleType("notebook_08")
    names = vars(module)
    for cell in nbformat.read(NOTEBOOK, 4).cells:
        if cell.cell_type == "code":
            tree = ast.parse(cell.source, type_comments=False) if "await" not in cell.source else top_level(cell.source)
            tree.body = [node for node in tree.body if defines(node)]
            exec(compile(tree, f"{NOTEBOOK.name}:{cell.id}", "exec"), names)
    return names


def top_level(source: str) -> ast.Module:
    return compile(source, "<cell>", "exec", ast.PyCF_ONLY_AST | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)


def defines(node: ast.stmt) -> bool:
    if isinstance(node, ast.Assign) and all(isinstance(target, ast.Name) for target in node.targets):
        with suppress(ValueError):
            ast.literal_eval(node.value)
            return True
    return isinstance(node, ast.Import | ast.ImportFrom | ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)


@pytest.fixture(scope="module")
def notebook() -> SimpleNamespace:
    return SimpleNamespace(**notebook_code())


@pytest.fixture
def watched() -> Iterator[Watched]:
    with LoopThread("server") as loop:
        yield Watched(loop)


def test_the_notebooks_own_server_survives_ten_thousand_guests(notebook: SimpleNamespace, watched: Watched) -> None:
    notebook.MENU.update(soup=0)
    house = watched.loop.run(notebook.FrontOfHouse(notebook.kitchen, patience=0.5).open())
    first = survives(watched, house.port)
    assert house.failures == [] and not house.guests and not house.cooking
    assert set(first) >= {b"200", b"400", b"404", b"413", b"431", b""} and first[b"500"] == 0
    watched.loop.run(notebook.closing_time(house))


def test_it_lets_go_of_a_guest_who_reads_nothing(notebook: SimpleNamespace, watched: Watched) -> None:
    async def feast(request: Any) -> tuple[int, str]:
        return 200, "x" * 30_000_000

    house = watched.loop.run(notebook.FrontOfHouse(feast, patience=0.2).open())
    tasks = watched.loop.run(watched.tasks())
    its_own_end = connections() + 1
    with socket.create_connection(("127.0.0.1", house.port), timeout=10) as guest:
        guest.sendall(GOOD)
        while not house.guests:
            time.sleep(0.001)
        assert watched.quiet(tasks, its_own_end) and not house.guests
        left = len(guest.recv(1 << 20))
        with suppress(ConnectionResetError):
            while piece := guest.recv(1 << 20):
                left += len(piece)
    assert left < 30_000_000 and watched.unhandled == [] and house.failures == []
    watched.loop.run(notebook.closing_time(house))


@pytest.mark.parametrize(
    "head",
    [
        b"GET /soup HTTP/1.0\r\n\r\n",
        b"get /soup HTTP/1.1\r\n\r\n",
        b"GET soup HTTP/1.1\r\n\r\n",
        b"GET  /soup HTTP/1.1\r\n\r\n",
        b"GET /so up HTTP/1.1\r\n\r\n",
        b"GET /soup HTTP/1.1\nHost: kitchen\r\n\r\n",
        b"GET /soup HTTP/1.1\r\nHost kitchen\r\n\r\n",
        b"\r\n\r\n",
    ],
)
def test_it_takes_only_what_it_understands(head: bytes, notebook: SimpleNamespace) -> None:
    with pytest.raises(notebook.Refused) as refused:
        notebook.parse(head)
    assert refused.value.status == 400


def test_its_twin_on_aiohttp_survives_them_too(notebook: SimpleNamespace, watched: Watched) -> None:
    notebook.MENU.update(soup=0)
    runner, port = watched.loop.run(notebook.open_aiohttp())
    first = survives(watched, port)
    assert first[b"200"] > 0 and first[b"500"] == 0
    watched.loop.run(runner.cleanup())


def test_the_slow_server_survives_them_too() -> None:
    with SlowServer(seconds=0, grace=0) as server:
        assert server._thread is not None
        watched = Watched(server._thread)
        first = survives(watched, int(server.url.rsplit(":", 1)[1]), GUESTS // 4)
        assert first[b"200"] > 0 and first[b"500"] == 0


def test_the_hasty_server_does_not(notebook: SimpleNamespace, watched: Watched) -> None:
    """The same guests find the faults of the version that the notebook begins with."""

    async def start() -> asyncio.Server:
        return await asyncio.start_server(notebook.hasty, "127.0.0.1", 0)

    server = watched.loop.run(start())
    try:
        with pytest.raises(AssertionError):
            survives(watched, server.sockets[0].getsockname()[1])
    finally:
        watched.loop.run(close(server))
