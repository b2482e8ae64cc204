"""A slow server to ask and a crowd of clients to ask a server, both on this machine only (they need aiohttp).

    with servers.SlowServer(seconds=0.05) as server:
        print(servers.load(server.url, clients=50))

Both work where an event loop is already running, as in a notebook, as theirs runs in a thread of its own.
"""

from __future__ import annotations

import asyncio
import ipaddress
import os
import socket
import sys
import threading
import time
from collections.abc import Coroutine, Iterator
from contextlib import suppress
from math import isfinite
from numbers import Real
from types import ModuleType, TracebackType
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import quote, urlencode, urlsplit

from .checks import check_count
from .loads import LoadResult, Repeat, Sample, Spread
from .machine import machine_card
from .runs import short

if TYPE_CHECKING:
    from aiohttp import ClientSession, web

__all__ = ["LoadResult", "LoopThread", "Repeat", "Sample", "SlowServer", "Spread", "load", "most_clients"]

T = TypeVar("T")

# No mistake shall keep a machine busy for long: what one call may ask for at most.
MOST_CLIENTS, MOST_REQUESTS, MOST_SECONDS, MOST_REPEATS = 1000, 100_000, 60.0, 20
# Selectors on Windows, which Jupyter uses there, take 512 sockets.
MOST_CLIENTS_ON_WINDOWS = 200


class LoopThread:
    """An event loop that runs in a thread of its own, for as long as the `with` lasts.

        with LoopThread() as loop:
            result = loop.run(coroutine())

    At the end its unfinished tasks are cancelled and awaited, and the thread is gone. `debug` is asyncio's debug mode.
    """

    def __init__(self, name: str = "event loop", debug: bool = False) -> None:
        self._name, self._debug = name, debug
        self._thread: threading.Thread | None = None

    def __enter__(self) -> LoopThread:
        if self._thread is not None:
            raise RuntimeError("this LoopThread is already running: make another one")
        ready = threading.Event()
        self._thread = threading.Thread(target=self._main, args=(ready,), name=self._name, daemon=True)
        self._thread.start()
        ready.wait()
        return self

    def __exit__(self, *exception: object) -> None:
        assert self._thread is not None
        self._loop.call_soon_threadsafe(self._end.set)
        self._thread.join()
        self._thread = None

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine on the loop, wait for it, and give its result or raise its exception.

        Raises RuntimeError outside the `with`, and on the loop itself, which would wait for itself there.
        """
        if self._thread is None or self._thread is threading.current_thread():
            coroutine.close()
            raise RuntimeError("run needs the loop running (inside its with block), and another thread to be called from")
        future = asyncio.run_coroutine_threadsafe(coroutine, self._loop)
        try:
            return future.result()
        finally:
            future.cancel()  # if this thread was interrupted; without effect if it is done

    def _main(self, ready: threading.Event) -> None:
        with asyncio.Runner(debug=self._debug, loop_factory=_new_loop) as runner:
            self._loop, self._end = runner.get_loop(), asyncio.Event()
            runner.get_loop().call_soon(ready.set)
            runner.run(self._until_end())

    async def _until_end(self) -> None:
        await self._end.wait()


def _new_loop() -> asyncio.AbstractEventLoop:
    if sys.platform == "win32":
        return asyncio.ProactorEventLoop()  # whatever Jupyter has set: no limit of 512 sockets
    return asyncio.new_event_loop()


class SlowServer:
    """A web server on this machine that takes its time: `with SlowServer() as server`, or `async with`.

    `GET /soup` answers "soup" after `seconds` of waiting, which costs it no CPU and blocks nobody else. Two parameters
    change a single answer, `/soup?seconds=0.2&status=503`; `url_for` writes them.

    It listens on a free port of 127.0.0.1, with a thread and an event loop of its own. At the end of the `with` it takes no
    more requests, gives those under way `grace` seconds, and leaves nothing behind. `with` waits for that in its thread;
    when the last requests come from the running loop itself, use `async with`.

    Attributes:
        url: such as "http://127.0.0.1:43567".
        requests: how many have come so far.
        most_at_once: how many were under way at the busiest moment.
    """

    url: str

    def __init__(self, seconds: float = 0.05, grace: float = 1.0) -> None:
        self.seconds = check_seconds("seconds", seconds, least=0.0)
        self.grace = check_seconds("grace", grace, least=0.0)
        self.requests = self.most_at_once = self._now = 0
        self._thread: LoopThread | None = None

    def url_for(self, name: str, seconds: float | None = None, status: int | None = None) -> str:
        """The address of one thing, if need be with its own `seconds` and `status`."""
        given = {key: value for key, value in {"seconds": seconds, "status": status}.items() if value is not None}
        return f"{self.url}/{quote(name, safe='')}" + (f"?{urlencode(given)}" if given else "")

    def __enter__(self) -> SlowServer:
        if self._thread is not None:
            raise RuntimeError("this SlowServer is already running: make another one")
        need_aiohttp()
        thread = LoopThread("slow server").__enter__()
        try:
            self._runner = thread.run(self._start())
        except BaseException:
            thread.__exit__()
            raise
        self._thread = thread
        return self

    def __exit__(self, *exception: object) -> None:
        assert self._thread is not None
        thread, self._thread = self._thread, None
        try:
            thread.run(self._runner.cleanup())
        finally:
            thread.__exit__()

    async def __aenter__(self) -> SlowServer:
        return await asyncio.to_thread(self.__enter__)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await asyncio.to_thread(self.__exit__)

    async def _start(self) -> web.AppRunner:
        from aiohttp import web

        application = web.Application()
        application.router.add_get("/{name:.*}", self._answer)
        # A client that leaves ends its request, and is no longer under way. (aiohttp waits twice for as long as it is told,
        # and for ever where that is 0.)
        runner = web.AppRunner(
            application,
            access_log=None,
            handler_cancellation=True,
            lingering_time=1.0,
            shutdown_timeout=max(self.grace / 2, 0.001),
        )
        await runner.setup()
        try:
            await web.TCPSite(runner, "127.0.0.1", 0, backlog=1024).start()
        except BaseException:
            await runner.cleanup()
            raise
        self.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        return runner

    async def _answer(self, request: web.Request) -> web.Response:
        from aiohttp import web

        try:
            seconds = check_seconds("seconds", float(request.query.get("seconds", self.seconds)), least=0.0)
            status = int(request.query.get("status", 200))
            if not 200 <= status <= 599:
                raise ValueError(f"status must be from 200 to 599, not {status}")
        except ValueError as error:
            return web.Response(status=400, text=f"{error}\n")
        self.requests += 1
        self._now += 1
        self.most_at_once = max(self.most_at_once, self._now)
        try:
            await asyncio.sleep(seconds)
        finally:
            self._now -= 1
        return web.Response(status=status, text=request.match_info["name"])


def load(
    url: str,
    clients: int = 10,
    requests: int | None = None,
    seconds: float = 1.0,
    *,
    repeats: int = 3,
    warmup: int = 1,
    timeout: float = 5.0,
    keep_alive: bool = True,
) -> LoadResult:
    """Let a crowd of clients ask a server on this machine, and tell how fast it answers.

    Args:
        url: "http://127.0.0.1:…", "http://localhost:…" or "http://[::1]:…". Other machines are refused: load that nobody
            has asked for is an attack. Redirects are not followed.
        clients: how many ask at once. Each asks, waits for the answer, and asks again.
        requests: a repeat ends when so many have been sent by all clients together; None: when its time is over.
        seconds: nothing new is sent after that time. What is under way then is waited for.
        repeats: so many times the same; the spread comes from them.
        warmup: requests beforehand, one after another, which count for nothing.
        timeout: seconds after which a client gives up one request.
        keep_alive: use a connection again, if the server lets it; False: a new one for each request.

    It blocks the thread that calls it. If the server runs on the event loop of that same thread, as one that was started
    in a notebook does, it could never answer: write `await asyncio.to_thread(servers.load, url, …)` then.

    Raises:
        ValueError: an address outside this machine, or figures out of bounds: up to 1,000 clients (`most_clients`),
            100,000 requests and 60 seconds a repeat, 20 repeats.
        ConnectionRefusedError: nobody listens there.
        TimeoutError: no request was answered before its time was over.
        ModuleNotFoundError: without aiohttp.
    """
    check_loopback(url)
    check_bound("clients", check_count("clients", clients, 1), MOST_CLIENTS)
    if requests is not None:
        check_bound("requests", check_count("requests", requests, 1), MOST_REQUESTS)
    check_bound("repeats", check_count("repeats", repeats, 1), MOST_REPEATS)
    check_bound("warmup", check_count("warmup", warmup, 0), MOST_CLIENTS)
    seconds, timeout = check_seconds("seconds", seconds), check_seconds("timeout", timeout)
    need_aiohttp()
    if clients > most_clients():
        raise ValueError(
            f"{clients} clients need about {2 * clients} open files, more than this process may still open: take at most "
            f"{most_clients()}, or raise the limit (on Linux and macOS: ulimit -n, before Python starts)"
        )
    crowd = _Crowd(url, clients, requests, seconds, timeout, keep_alive)
    with LoopThread("load generator") as loop:
        warm, taken = loop.run(crowd.all(repeats, warmup))
    kinds = {sample.error for sample in (*warm, *(sample for repeat in taken for sample in repeat.samples))}
    if kinds == {"refused"}:
        raise ConnectionRefusedError(f"nobody listens at {url}: is the server running?")
    if kinds <= {"refused", "timeout"}:
        raise TimeoutError(f"{url} answered no request within {timeout:g} s{hint()}")
    return LoadResult(url, clients, taken, warm, machine_card())


def hint() -> str:
    with suppress(RuntimeError):
        asyncio.get_running_loop()
        return (
            ". If that server runs on the event loop of this thread, then load keeps it from answering: "
            "await asyncio.to_thread(servers.load, …) leaves the loop free"
        )
    return ""


def most_clients() -> int:
    """How many clients `load` may have here: each needs an open file (a socket), and one more in a server in this process."""
    try:
        import resource
    except ImportError:
        return MOST_CLIENTS_ON_WINDOWS
    allowed, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if allowed == resource.RLIM_INFINITY:
        return MOST_CLIENTS
    try:
        now = len(os.listdir("/dev/fd"))
    except OSError:
        now = 100
    return max(1, min(MOST_CLIENTS, (allowed - now - 20) // 2))


class _Crowd:
    """The clients, on the load generator's loop."""

    def __init__(
        self, url: str, clients: int, requests: int | None, seconds: float, timeout: float, keep_alive: bool
    ) -> None:
        self.url, self.clients, self.requests, self.seconds = url, clients, requests, seconds
        self.timeout, self.keep_alive = timeout, keep_alive

    async def all(self, repeats: int, warmup: int) -> tuple[tuple[Sample, ...], tuple[Repeat, ...]]:
        import aiohttp

        # (trust_env stays off: no proxy comes in between)
        connector = aiohttp.TCPConnector(limit=0, force_close=not self.keep_alive)
        timeout = aiohttp.ClientTimeout(total=self.timeout)
        async with aiohttp.ClientSession(connector=connector, timeout=timeout) as session:
            begun = time.perf_counter()
            warm = [await self.ask(session, 0, begun) for _ in range(warmup)]
            # Where nobody answers, one time-out is enough.
            if warm and all(sample.error in ("refused", "timeout") for sample in warm):
                return tuple(warm), ()
            return tuple(warm), tuple([await self.once(session) for _ in range(repeats)])

    async def once(self, session: ClientSession) -> Repeat:
        samples: list[Sample] = []
        tickets: Iterator[int] = iter(range(MOST_REQUESTS if self.requests is None else self.requests))
        begun = time.perf_counter()

        async def client(number: int) -> None:
            for _ in tickets:
                samples.append(await self.ask(session, number, begun))
                if time.perf_counter() - begun > self.seconds:
                    return
                if samples[-1].error:
                    await asyncio.sleep(0.001)  # a server that fails at once is not asked without a pause

        async with asyncio.TaskGroup() as group:
            for number in range(self.clients):
                group.create_task(client(number))
        return Repeat(time.perf_counter() - begun, tuple(samples))

    async def ask(self, session: ClientSession, client: int, begun: float) -> Sample:
        import aiohttp

        start, status = time.perf_counter() - begun, None
        try:
            async with session.get(self.url, allow_redirects=False) as response:
                async for _ in response.content.iter_chunked(65536):
                    pass
                status = response.status
            error = f"status {status}" if status >= 400 else ""
        except TimeoutError:
            error = "timeout"
        except ConnectionRefusedError:
            error = "refused"
        except (aiohttp.ServerDisconnectedError, aiohttp.ClientPayloadError, aiohttp.ClientOSError) as failure:
            error = "refused" if isinstance(failure.__cause__, ConnectionRefusedError) else "closed"
        except aiohttp.ClientResponseError:
            error = "not HTTP"
        except (aiohttp.ClientError, OSError) as failure:
            error = f"failed: {type(failure).__name__}"
        return Sample(client, start, time.perf_counter() - begun, status, error)


def need_aiohttp() -> ModuleType:
    try:
        import aiohttp
    except ModuleNotFoundError as error:
        if error.name != "aiohttp":
            raise
        raise ModuleNotFoundError(
            "kitchen_helpers.servers needs aiohttp, which comes with the extra `lab`: pip install aiohttp", name="aiohttp"
        ) from error
    return aiohttp


def check_loopback(url: Any) -> None:
    """That an address is on this machine, whatever names may mean elsewhere."""
    if not isinstance(url, str):
        raise TypeError(f"url must be a string such as 'http://127.0.0.1:8000/', not {short(url)}")
    refusal = f"load only asks servers on this machine, such as http://127.0.0.1:8000/, not {short(url)}"
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        raise ValueError(f"{refusal}: {error}") from error
    # (aiohttp's own reading of an address is another one where there are such signs)
    if parts.scheme != "http" or not host or any(sign in url for sign in "@\\ \t\r\n"):
        raise ValueError(refusal)
    try:
        addresses = [host] if host != "localhost" else [str(row[4][0]) for row in socket.getaddrinfo(host, None)]
        if all(ipaddress.ip_address(address).is_loopback for address in addresses):
            return
    except (OSError, ValueError):
        pass
    raise ValueError(refusal)


def check_seconds(name: str, value: Any, least: float | None = None) -> float:
    if not isinstance(value, Real) or isinstance(value, bool):
        raise TypeError(f"{name} must be a number of seconds, not {short(value)}")
    seconds = float(value)
    if not isfinite(seconds) or seconds > MOST_SECONDS or (seconds <= 0 if least is None else seconds < least):
        lower = "above 0" if least is None else f"from {least:g}"
        raise ValueError(f"{name} must be {lower} to {MOST_SECONDS:g} seconds, not {value!r}")
    return seconds


def check_bound(name: str, value: int, most: int) -> None:
    if value > most:
        raise ValueError(f"{name} must be at most {most:,}, not {value:,}")
