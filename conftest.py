"""How the notebooks are run: each in a kernel with a place of its own, whose hangs show their stacks and whose leftovers fail.

nbval turns each code cell into a test. Here each notebook gets one test more, after its last cell: "nothing left behind".
"""

from __future__ import annotations

import ast
import os
import queue
import re
import shutil
import signal
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import nbval.plugin
import psutil
import pytest
from jupyter_client.manager import KernelManager
from nbval.kernel import NbvalKernelspecManager, RunningKernel

from tests.marked_processes import describe, marked
from tests.pictures import silent_pictures

# Read by every Python that the notebook starts, its kernel first: on a signal, the stacks of all threads go to a file.
STACKS_ON_SIGNAL = """
import faulthandler, os, signal

def stacks_on_signal(folder=os.environ.get("KITCHEN_SCRATCH")):
    faulthandler.register(signal.SIGUSR2, open(f"{folder}/stacks-{os.getpid()}", "w"))

if hasattr(signal, "SIGUSR2"):
    stacks_on_signal()
    os.register_at_fork(after_in_child=stacks_on_signal)
"""

# These stay on purpose until the kernel goes: the helpers of multiprocessing and loky, the threads of the kernel and its
# event loop, of its messages, of progress bars and the one of Dask. That they do go with the kernel is checked afterwards.
LASTING_PROCESSES = ("resource_tracker", "forkserver")
LASTING_THREADS = ("asyncio_", "Dask-Offload", "(IPython.", "(ipykernel.", "(tqdm.", "(zmq.")
THREADS = "[f'{t.name} ({type(t).__module__}.{type(t).__name__})' for t in __import__('threading').enumerate()]"
# These ignore the signal by which ipykernel ends its children before it ends itself, and so hold it up for 10 s.
# (The fork server first, as it keeps its tracker going.)
STOP_TRACKERS = (
    "[getattr(module, name)._stop() for path, name in (('multiprocessing.forkserver', '_forkserver'),"
    " ('multiprocessing.resource_tracker', '_resource_tracker'), ('loky.backend.resource_tracker', '_resource_tracker'))"
    " if (module := __import__('sys').modules.get(path))]"
)


class NotebookKernel(RunningKernel):
    """nbval's kernel, in a scratch folder of its own, its processes marked by an environment variable that children inherit."""

    def __init__(self, kernel_name: str, cwd: str, startup_timeout: float = 60) -> None:
        # Short, because sockets live in it, and their paths may have no more than about 100 characters.
        self.scratch = Path(tempfile.mkdtemp(prefix="k-"))
        for folder in ("site", "tmp"):
            (self.scratch / folder).mkdir()
        (self.scratch / "site" / "sitecustomize.py").write_text(STACKS_ON_SIGNAL)
        # Working in a copy of the notebook's folder, two notebooks at once do not see each other's files.
        shutil.copytree(cwd, self.scratch / "cwd", ignore=shutil.ignore_patterns("*.ipynb", ".ipynb_checkpoints"))
        self.given_files = set(self.files())
        environment = os.environ | {
            "KITCHEN_SCRATCH": str(self.scratch),
            "IPYTHONDIR": str(self.scratch / "ipython"),
            "PYTHONPATH": os.pathsep.join(filter(None, [str(self.scratch / "site"), os.environ.get("PYTHONPATH")])),
            **dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(self.scratch / "tmp")),
        }
        # Through files: of ports, one in a few hundred kernels found none, or was not found, on a machine that starts many.
        sockets = {"transport": "ipc", "ip": str(self.scratch / "ipc")} if os.name == "posix" else {}
        self.km = KernelManager(kernel_name=kernel_name, kernel_spec_manager=NbvalKernelspecManager(), **sockets)
        self.km.shutdown_wait_time = 20
        self.process: psutil.Process | None = None
        try:
            with open(self.scratch / "stderr", "w") as stderr:
                self.km.start_kernel(stderr=stderr, cwd=str(self.scratch / "cwd"), env=environment)
            self.process = psutil.Process(self.km.provisioner.pid)
            self.kc = self.km.client()
            self.kc.start_channels()
            self.kc.wait_for_ready(timeout=startup_timeout)
            self._ensure_iopub_up()
            self.first_threads, self.first_ports = self.threads(), self.ports()
        except BaseException:
            self.stop()
            raise

    def files(self) -> Iterator[str]:
        for folder in ("cwd", "tmp"):
            for path in (self.scratch / folder).rglob("*"):
                # (pymp-: the sockets of multiprocessing, which a process that it terminates does not remove)
                if not path.is_dir() and not re.search("__pycache__|pymp-", str(path)):
                    yield str(path.relative_to(self.scratch))

    def ask(self, expression: str) -> Any:
        """The value of an expression in the kernel, outside the notebook's names."""
        message = self.kc.execute("", silent=True, user_expressions={"it": expression})
        while (reply := self.get_message("shell", timeout=20))["parent_header"].get("msg_id") != message:
            pass
        value = reply["content"]["user_expressions"]["it"]
        if value["status"] != "ok":
            raise RuntimeError(f"{expression} in the kernel: {value['ename']}: {value['evalue']}")
        return ast.literal_eval(value["data"]["text/plain"])

    def threads(self) -> list[str]:
        return [name for name in self.ask(THREADS) if not any(lasting in name for lasting in LASTING_THREADS)]

    def ports(self) -> list[str]:
        listening = [c for c in self.process.net_connections() if c.status == psutil.CONN_LISTEN]
        return [f"port {c.laddr.port}" for c in listening]

    def processes(self) -> list[psutil.Process]:
        """Every process that the notebook started, in whichever session it now is, but not the kernel."""
        return [process for process in marked("KITCHEN_SCRATCH", str(self.scratch)) if process != self.process]

    def await_reply(self, msg_id: str, timeout: float | None = None) -> None:
        """nbval's wait for the end of a cell, which here also ends when the kernel dies."""
        deadline = time.monotonic() + (timeout or 0)
        while True:
            try:
                return super().await_reply(msg_id, timeout=1)
            except queue.Empty:
                if not self.is_alive():
                    raise RuntimeError(f"The kernel died.\n{(self.scratch / 'stderr').read_text()[-2000:]}") from None
                if timeout is not None and time.monotonic() > deadline:
                    raise

    def interrupt(self) -> None:
        """nbval's first step when a cell takes too long: show where everything stands, as long as it stands there."""
        for process in [self.process, *self.processes()]:
            stacks = self.scratch / f"stacks-{process.pid}"
            if stacks.exists():
                process.send_signal(signal.SIGUSR2)
                time.sleep(0.5)
                print(f"{describe(process)}\n{readable(stacks.read_text())}")
            else:
                print(describe(process))
        super().interrupt()

    def still_there(self) -> list[str]:
        """What the notebook started and should have ended before its last cell was done."""
        threads = [f"thread {name}" for name in self.threads() if name not in self.first_threads]
        ports = [port for port in self.ports() if port not in self.first_ports]
        processes = [d for d in map(describe, self.processes()) if not any(lasting in d for lasting in LASTING_PROCESSES)]
        return threads + ports + processes

    def leftovers(self) -> list[str]:
        """Ends the kernel as JupyterLab would; what is left then and before."""
        left = wait_for_none(self.still_there, seconds=5)
        self.ask(STOP_TRACKERS)
        self.km.shutdown_kernel()
        left += wait_for_none(lambda: [d for d in map(describe, self.processes()) if d not in left], seconds=10)
        return left + [f"file {name}" for name in self.files() if name not in self.given_files]

    def stop(self) -> None:
        if hasattr(self, "kc"):
            self.kc.stop_channels()
            del self.kc
        if hasattr(self, "km"):
            self.km.shutdown_kernel(now=True)
            del self.km
        for process in self.processes():
            process.kill()
        shutil.rmtree(self.scratch, ignore_errors=True)


def readable(stacks: str) -> str:
    """Without the kernel's own threads, and without its frames below the cell."""
    threads = [thread for thread in stacks.split("\n\n") if "/ipykernel/" not in thread or "ipykernel_launcher" in thread]
    return "\n\n".join(re.split(r"\n.*/IPython/core/interactiveshell.py", thread)[0] for thread in threads)


def wait_for_none(leftovers: Callable[[], list[str]], seconds: float) -> list[str]:
    """What is still left when it has had time to go."""
    deadline = time.monotonic() + seconds
    while (left := leftovers()) and time.monotonic() < deadline:
        time.sleep(0.1)
    return left


def as_text(output: Any) -> str:
    return str(output["text"] if "text" in output else output.get("data", {}).get("text/plain", ""))


class NothingLeftBehind(pytest.Item):
    """The last test of a notebook."""

    def runtest(self) -> None:
        kernel = self.parent.kernel
        try:
            if self.parent.timed_out or not kernel.is_alive():
                pytest.skip("a cell hung, or the kernel died")
            left = kernel.leftovers()
        finally:
            kernel.stop()
        if left:
            pytest.fail("When its last cell is done, this notebook leaves:\n" + "\n".join(sorted(left)), pytrace=False)

    def reportinfo(self) -> tuple[Path, None, str]:
        return self.path, None, f"{self.path.name}: {self.name}"


nbval.plugin.RunningKernel = NotebookKernel


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    last = {item.parent: item for item in items if isinstance(item, nbval.plugin.IPyNbCell)}
    for notebook, cell in last.items():
        notebook.skip_compare += ("stderr",)  # how far a long exploration is, which depends on the machine
        check = NothingLeftBehind.from_parent(notebook, name="nothing left behind")
        items.insert(items.index(cell) + 1, check)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    try:
        yield
    except BaseException:
        if isinstance(item, nbval.plugin.IPyNbCell):  # a check's verdict, say, stands in what the cell had shown by then
            item.add_report_section("call", "outputs of the cell", "\n".join(map(as_text, item.test_outputs or [])))
        raise
    if isinstance(item, nbval.plugin.IPyNbCell):
        if item.options["check_exception"] and not any(output.output_type == "error" for output in item.test_outputs):
            pytest.fail("This cell is tagged raises-exception, and it raises none.", pytrace=False)
        if silent := [found for output in item.test_outputs for found in silent_pictures(output.get("data", {}))]:
            pytest.fail(f"Those who cannot see it get no words: {', '.join(silent)}. kh.describe(figure) gives some.", pytrace=False)
