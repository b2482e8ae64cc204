"""The clock that jumps under the checks of a5, and the guests without a network: they are as time and networks are."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from kitchen_helpers.coursework.guests import Guest
from kitchen_helpers.coursework.questions import RuleBroken
from kitchen_helpers.coursework.virtual_time import EVENING, Ending, Evening

from .answers import a5_q1

CLOSELY = 0.01


def spend(start: Callable[[], Any], *events: tuple[float, Callable[[], object]]) -> Ending:
    evening = Evening("it")
    for moment, event in events:
        evening.at(moment, event)
    ending = evening.calls(start, "it")
    evening.run()
    return ending


def test_waiting_takes_no_time_and_all_clocks_of_the_loop_agree() -> None:
    moments = []

    async def wait() -> None:
        for waits in (asyncio.sleep(20), asyncio.wait_for(asyncio.Event().wait(), 10), asyncio.wait([asyncio.Future()], timeout=5)):
            try:
                await waits  # type: ignore[misc]
            except TimeoutError:
                moments.append(asyncio.get_running_loop().time())
        raise KeyError

    begun = time.perf_counter()
    ending = spend(wait)
    assert time.perf_counter() - begun < 10
    assert ending.seconds == pytest.approx(35, abs=CLOSELY)
    assert ending.called is not None and type(ending.called.error) is KeyError and len(moments) == 1


def test_what_happens_outside_happens_at_its_time() -> None:
    seen: list[float] = []

    async def wait(flag: asyncio.Event) -> None:
        for _ in range(2):
            await flag.wait()
            flag.clear()
            seen.append(asyncio.get_running_loop().time())
            await asyncio.sleep(0.5)

    flag = asyncio.Event()
    ending = spend(lambda: wait(flag), (3, flag.set), (1, flag.set))
    assert seen[1] - seen[0] == pytest.approx(2, abs=CLOSELY) and ending.seconds == pytest.approx(3.5, abs=CLOSELY)


def test_every_run_is_like_the_other() -> None:
    async def crowd() -> list[float]:
        async def one(number: int) -> float:
            await asyncio.sleep(number % 7 / 10)
            return asyncio.get_running_loop().time()

        return await asyncio.gather(*map(one, range(50)))

    first, second = spend(crowd), spend(crowd)
    assert first.called is not None and second.called is not None and first.called.result == second.called.result


def test_while_a_thread_works_time_goes_by_as_outside() -> None:
    """Otherwise a deadline would be over before the thread has done its first step."""
    going = threading.Event()

    async def ask() -> str:
        async with asyncio.timeout(30):
            asyncio.get_running_loop().call_later(0.05, going.set)
            await asyncio.to_thread(going.wait, 20)
        await asyncio.sleep(25)  # the pool's thread is still there, and idle
        return "asked"

    begun = time.perf_counter()
    ending = spend(ask)
    assert ending.called is not None and ending.called.value() == "asked"
    assert time.perf_counter() - begun < 15


async def _leaves_a_task() -> None:
    asyncio.get_running_loop().create_task(asyncio.sleep(5))  # noqa: RUF006


async def _never_returns() -> None:
    await asyncio.Future()


async def _leaves() -> None:
    raise SystemExit(3)


async def _stops() -> None:
    asyncio.get_running_loop().stop()
    await asyncio.sleep(1)


@pytest.mark.parametrize(
    ("start", "words"),
    [
        (_leaves_a_task, "one of its tasks is not done after it"),
        (_never_returns, f"it has not returned after {EVENING:g} seconds"),
        (_leaves, "SystemExit comes out of it"),
        (_stops, "the event loop was stopped"),
        (lambda: 3, "must be a coroutine function"),
    ],
)
def test_what_an_answer_must_not_do_is_told(start: Callable[[], Any], words: str) -> None:
    before = threading.active_count()
    with pytest.raises(RuleBroken, match=words):
        spend(start)
    assert threading.active_count() == before


# -- the same over a real network ----------------------------------------------------------------------------------------


def _handle(source: str) -> Any:
    names: dict[str, Any] = {}
    exec(source, names)
    return names["handle"]


def _visit(port: int, pieces: list[bytes]) -> tuple[bytes, bool]:
    """What a guest gets who sends all of it before reading, and whether the connection broke meanwhile."""
    got = b""
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        try:
            for piece in pieces:
                connection.sendall(piece)
                time.sleep(0.002 if len(pieces) < 9 else 0)  # (a few pieces are to come apart)
            if pieces:
                connection.shutdown(socket.SHUT_WR)
            while piece := connection.recv(4096):
                got += piece
        except ConnectionError:
            return got, True
    return got, False


GUESTS = {
    200: [b"POST /soup HTTP/1.1\r", b"\nContent-Len", b"gth: 4\r\n\r", b"\nso", b"up"],
    400: [b"Soup!\r\n\r\n", *[b"z" * 1_500] * 20],
    413: [b"GET / HTTP/1.1\r\nNote: " + b"x" * 10_000, *[b"z" * 1_500] * 20],
    408: [],
}


async def _crowd(handle: Any, guests: dict[int, list[bytes]], threads: ThreadPoolExecutor) -> dict[int, tuple[bytes, bool]]:
    server = await asyncio.start_server(handle, "127.0.0.1", 0, limit=8_192)
    async with server:
        port = server.sockets[0].getsockname()[1]
        visit = asyncio.get_running_loop().run_in_executor
        visits = await asyncio.gather(*(visit(threads, _visit, port, pieces) for pieces in guests.values()))
    return dict(zip(guests, visits, strict=True))


def test_right_answers_serve_guests_over_a_real_network() -> None:
    handles = {name: _handle(source) for name, source in a5_q1.RIGHT.items()}

    async def all_of_them() -> list[dict[int, tuple[bytes, bool]]]:
        with ThreadPoolExecutor(len(GUESTS) * len(handles)) as threads:
            return await asyncio.gather(*(_crowd(handle, GUESTS, threads) for handle in handles.values()))

    for name, met in zip(handles, asyncio.run(all_of_them()), strict=True):
        for status, (answer, broken) in met.items():
            assert answer.startswith(b"HTTP/1.1 %d " % status) and not broken, (name, status, answer)


def test_closing_the_door_at_once_breaks_a_real_connection_too() -> None:
    guests = {200: GUESTS[200], 413: GUESTS[413] * 200}  # (who goes on for long, as the other side may be slow)
    with ThreadPoolExecutor(2) as threads:
        met = asyncio.run(_crowd(_handle(a5_q1.WRONG["slams the door"][0]), guests, threads))
    assert met[413][1] and not met[200][1]


def test_a_guest_waits_outside_while_the_reader_is_full() -> None:
    """As a socket does: what is not read is not taken in, and a connection that is closed then is reset."""
    evening = Evening("it")
    sizes: list[int] = []

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(1)
        for _ in range(2):
            sizes.append(len(await reader.read(10**6)))
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        writer.close()
        await writer.wait_closed()

    plan: list[tuple[float, bytes]] = [(0, b"x" * 20_000), (0.1, b"y" * 5_000), (1.5, b"z" * 100)]
    guest = Guest(evening, handle, plan, reads_last=True)  # type: ignore[arg-type]
    evening.run()
    assert sizes == [20_000, 5_000] and guest.lost and guest.answer().status == 200
