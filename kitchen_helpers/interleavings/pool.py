"""Real threads that are used again and again: starting one takes longer than a whole run."""

from __future__ import annotations

import _thread
import contextvars
import os
import threading
from collections.abc import Callable

from .threads import VirtualThread, get_ident, now


def start(work: Callable[[], None]) -> threading.Thread:
    """Start a thread that has room for deep recursion: the hooks are in it, too."""
    thread = threading.Thread(target=work, name="explorer", daemon=True)
    before = threading.stack_size(64 * 2**20)
    try:
        thread.start()
    finally:
        threading.stack_size(before)
    return thread


class Worker:
    """A real thread that is used for many virtual ones: starting one takes longer than a whole run."""

    def __init__(self, pool: Pool):
        self.pool = pool
        self.baton = _thread.allocate_lock()
        self.baton.acquire()
        self.job: VirtualThread | None = None
        self.ident = 0
        self.thread = start(self.serve)

    def serve(self) -> None:
        now.abandoned.discard(get_ident())
        self.ident = get_ident()
        self.pool.pin()
        while True:
            self.baton.acquire()
            thread, self.job = self.job, None
            if thread is None:
                return
            contextvars.Context().run(thread.run.live, thread)
            del thread
            if self.pool.closed:
                now.abandoned.discard(self.ident)
                return


class Pool:
    """The workers of one exploration, all on one processor: passing the baton is then several times as fast."""

    def __init__(self) -> None:
        self.closed = False
        self.idle: list[Worker] = []
        self.all: list[Worker] = []
        self.cpu: set[int] | None = None
        if hasattr(os, "sched_getaffinity"):
            try:
                cpus = sorted(os.sched_getaffinity(0))
                self.cpu = {cpus[os.getpid() % len(cpus)]}
            except OSError:
                self.cpu = None

    def pin(self) -> None:
        """For the calling thread: the one processor; and not to interrupt whoever wakes it, who is about to wait."""
        if self.cpu is not None:
            try:
                os.sched_setaffinity(0, self.cpu)
                if hasattr(os, "SCHED_BATCH") and os.sched_getscheduler(0) == os.SCHED_OTHER:
                    os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))
            except OSError:
                self.cpu = None

    def take(self) -> Worker:
        if self.idle:
            return self.idle.pop()
        worker = Worker(self)
        self.all.append(worker)
        return worker

    def close(self) -> None:
        for worker in self.all:
            if worker in self.idle and worker.baton.locked():
                worker.baton.release()
        for worker in self.all:
            if worker in self.idle:
                worker.thread.join()


class Driver(Worker):
    """The calling thread in the role of a worker: it runs the program itself."""

    def __init__(self, main: VirtualThread):
        self.baton = _thread.allocate_lock()
        self.baton.acquire()
        self.ident = get_ident()
