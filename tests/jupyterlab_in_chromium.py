"""A JupyterLab with a copy of the notebooks, and a headless Chromium that reads them; both leave nothing behind.

The browser is the system's own, driven by playwright, which downloads none. What a reader does is done through the page;
what is asked about its state is asked of JupyterLab's own objects, which say it sooner and more surely than pixels do.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.request import Request, urlopen

import psutil

from tests.marked_processes import marked

NOTEBOOKS = Path(__file__).parents[1] / "notebooks"
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome", "chrome"))), None)
WIDTH, HEIGHT = 1280, 1000
NARROW = 800  # half of a laptop's screen, with the list of files beside the notebook
# Generous, because a test may share two CPUs with others; together below the 180 s that a test has. A notebook that is
# run as a whole has as long for each of its cells.
TO_OPEN, TO_RUN, TO_APPEAR = 50, 90, 20

# Nothing but our own server is there for this browser.
SWITCHES = [
    *("--disable-gpu", "--disable-dev-shm-usage", "--disable-quic", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update"),
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
]
MARK = "KITCHEN_BROWSER_TEST"


def why_not() -> str | None:
    """What is missing for these tests."""
    if CHROMIUM is None:
        return "no Chromium on the PATH (Debian and Ubuntu: apt-get install chromium)"
    try:
        import playwright.sync_api  # noqa: F401
    except ImportError:
        return "no playwright (pip install playwright; its own browsers are not needed)"
    return None


class Lab:
    """The server: JupyterLab of the Python that runs the tests, with settings, files and a port of its own."""

    def __init__(self, parent: Path | None = None) -> None:
        # (short, as the sockets of multiprocessing in it may have paths of 107 characters at most)
        self.folder = Path(tempfile.mkdtemp(prefix="", dir=parent))
        self.process: subprocess.Popen[bytes] | None = None
        self.url = self.token = ""

    def __enter__(self) -> Lab:
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        shutil.copytree(
            NOTEBOOKS, self.folder / "notebooks", ignore=shutil.ignore_patterns(".ipynb_checkpoints", "__pycache__")
        )
        (self.folder / "t").mkdir()
        self.token = os.urandom(16).hex()
        config = self.folder / "config"
        if not (Path(sys.prefix) / "made-in").exists():
            # (.ci/venv does this in the environments that it makes, so there it is tested that it does)
            (config / "labconfig").mkdir(parents=True)
            news = {"disabledExtensions": {"@jupyterlab/apputils-extension:announcements": True}}
            (config / "labconfig" / "page_config.json").write_text(json.dumps(news))
        places = {
            "JUPYTER_CONFIG_DIR": config,
            "JUPYTER_DATA_DIR": self.folder / "data",
            "JUPYTER_RUNTIME_DIR": self.folder / "runtime",
            "JUPYTERLAB_SETTINGS_DIR": self.folder / "settings",
            "JUPYTERLAB_WORKSPACES_DIR": self.folder / "workspaces",
            "IPYTHONDIR": self.folder / "ipython",
            **dict.fromkeys(("TMPDIR", "TEMP", "TMP"), self.folder / "t"),
        }
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("JUPYTER", "PYTEST"))}
        environment |= {name: str(place) for name, place in places.items()}
        environment |= {"JUPYTER_TOKEN": self.token, MARK: str(self.folder)}
        command = [sys.executable, "-m", "jupyterlab", str(self.folder / "notebooks"), "--no-browser", "--allow-root"]
        command += ["--ip=127.0.0.1", "--port=0", "--expose-app-in-browser"]
        if setpriv := shutil.which("setpriv"):  # so that it also goes when pytest is killed
            command = [setpriv, "--pdeathsig", "TERM", *command]
        with open(self.folder / "log", "w") as log:
            self.process = subprocess.Popen(command, env=environment, stdout=log, stderr=log, start_new_session=True)
        wait_for(self.answers, TO_OPEN, "JupyterLab did not start", self.log)

    def answers(self) -> bool:
        assert self.process is not None and self.process.poll() is None, f"JupyterLab ended at once:\n{self.log()}"
        for path in self.folder.glob("runtime/jpserver-*.json"):
            with suppress(ValueError):  # not yet all written
                self.url = json.loads(path.read_text())["url"]
        return bool(self.url)

    def log(self) -> str:
        return (self.folder / "log").read_text(errors="replace")[-4000:]

    def processes(self) -> list[psutil.Process]:
        """Its own and its kernels' processes, in whichever session they are now."""
        return list(marked(MARK, str(self.folder)))

    def end_kernels(self) -> None:
        """As a reader does who shuts them all down; the server ends them in order."""
        for session in self.ask("GET", "api/sessions"):
            self.ask("DELETE", f"api/sessions/{session['id']}")

    def ask(self, method: str, path: str) -> Any:
        request = Request(self.url + path, method=method, headers={"Authorization": f"token {self.token}"})
        with urlopen(request, timeout=TO_OPEN) as answer:
            return json.loads(answer.read() or b"null")

    def others(self) -> list[psutil.Process]:
        """What the server has started: kernels, and what these have."""
        return [process for process in self.processes() if self.process is None or process.pid != self.process.pid]

    def stop(self) -> None:
        if self.process is not None:
            self.process.terminate()  # by which it also ends its kernels
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(timeout=20)
            for process in self.processes():
                with suppress(psutil.Error):
                    process.kill()
            self.process.wait(timeout=20)
        shutil.rmtree(self.folder, ignore_errors=True)


def wait_for(
    condition: Callable[[], Any],
    seconds: float,
    complaint: str,
    details: Callable[[], str] = str,
    progress: Callable[[], Any] = bool,
) -> Any:
    """What the condition gives as soon as that is true; the time begins anew whenever `progress` gives something else."""
    reached = progress()
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        if (now := progress()) != reached:
            reached, deadline = now, time.monotonic() + seconds
        if time.monotonic() > deadline:
            raise AssertionError(f"{complaint} within {seconds} s\n{details()}")
        time.sleep(0.2)
    return value


@contextmanager
def chromium(profile: Path) -> Iterator[Any]:
    """A browser, its profile and its driver's files in this folder."""
    from playwright.sync_api import sync_playwright

    before, os.environ["TMPDIR"] = os.environ.get("TMPDIR"), str(profile)
    try:
        with sync_playwright() as playwright:
            # (playwright itself adds --no-sandbox, which root and containers need; only our own pages are opened)
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=SWITCHES, handle_sigint=False)
            try:
                yield browser
            finally:
                browser.close()
    finally:
        if before is None:
            del os.environ["TMPDIR"]
        else:
            os.environ["TMPDIR"] = before


# Notebook and kernel at a glance; the outputs themselves are large.
STATE = """() => {
    const panel = window.jupyterapp?.shell.currentWidget;
    if (!panel?.content?.model?.cells) return null;
    const kernel = panel.sessionContext.session?.kernel;
    const code = panel.content.widgets.filter(cell => cell.model.type === "code" && cell.model.sharedModel.source.trim());
    const failed = cell => {
        for (let i = 0; i < cell.model.outputs.length; i++)
            if (cell.model.outputs.get(i).type === "error" && !cell.model.getMetadata("tags")?.includes("raises-exception"))
                return true;
    };
    return {
        kernel: kernel?.connectionStatus === "connected" && panel.sessionContext.isReady ? kernel.status : "away",
        pending: code.filter(cell => cell.model.executionCount === null || cell.model.executionState === "running").length,
        done: code.filter(cell => cell.model.executionCount !== null).length,
        failed: code.some(failed),
    };
}"""

# Brings every cell with outputs into view; what its outputs hold, and what of it stands on the page.
OUTPUTS = """async () => {
    const panel = window.jupyterapp.shell.currentWidget, cells = [];
    const SEEN = ".jp-OutputArea-output :is(img, svg, table, .jupyter-widgets)"; // (around them there are icons)
    for (const [index, cell] of panel.content.widgets.entries()) {
        if (cell.model.type !== "code") continue;
        const outputs = cell.model.outputs.toJSON();
        const seen = [];
        if (outputs.length) {
            cell.node.scrollIntoView();
            await new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)));
            const area = cell.node.querySelector(".jp-OutputArea").getBoundingClientRect();
            for (const element of cell.node.querySelectorAll(SEEN)) {
                if (element.tagName === "IMG") await element.decode().catch(() => null);
                const box = element.getBoundingClientRect();
                const named = (element.getAttribute("aria-labelledby") ?? "").split(" ").map(id => id && document.getElementById(id));
                const name = element.alt ?? element.ariaLabel ?? named.map(one => one?.textContent).join(" ");
                seen.push({
                    what: element.tagName.toLowerCase(), width: box.width, height: box.height,
                    out: Math.max(box.right - area.right, area.left - box.left), empty: element.naturalWidth === 0,
                    words: element.innerText ?? "", name,
                });
            }
        }
        const text = cell.node.querySelector(".jp-OutputArea")?.innerText ?? "";
        const wrong = [...cell.node.querySelectorAll(".kitchen-error")].map(error => error.innerText);
        const source = cell.model.sharedModel.source, tags = cell.model.getMetadata("tags") ?? [];
        cells.push({index, source, tags, outputs, seen, text, wrong});
    }
    return cells;
}"""


class Page:
    """A notebook in the browser, as a reader has it before them."""

    def __init__(self, lab: Lab, context: Any, name: str, shots: Path) -> None:
        self.lab, self.name, self.shots = lab, name, shots
        self.page = context.new_page()
        self.page.set_default_timeout(1000 * TO_APPEAR)
        self.log: list[str] = []
        self.errors: list[str] = []
        self.page.on("console", self.heard)
        self.page.on("pageerror", lambda error: self.wrong(f"uncaught: {error}"))
        self.page.on("requestfailed", lambda request: self.log.append(f"failed: {request.url} {request.failure}"))

    def heard(self, message: Any) -> None:
        if message.type == "error":
            self.wrong(f"{message.text} ({message.location.get('url')})")
        else:
            self.log.append(f"{message.type}: {message.text}")

    def wrong(self, text: str) -> None:
        self.log.append(f"ERROR: {text}")
        self.errors.append(text)

    def __enter__(self) -> Page:
        try:
            self.page.goto(f"{self.lab.url}lab/tree/{self.name}?token={self.lab.token}&reset", timeout=1000 * TO_OPEN)
            self.wait(lambda state: state["kernel"] == "idle", TO_OPEN, "the notebook and its kernel are not ready")
        except BaseException as error:
            self.__exit__(type(error), error, None)
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        try:
            self.explain(kind)
        finally:
            self.page.close()
            self.lab.end_kernels()

    @contextmanager
    def watched(self) -> Iterator[Page]:
        """For one test of several on the same page."""
        try:
            yield self
        except BaseException as error:
            self.explain(type(error))
            raise

    def explain(self, kind: type[BaseException] | None) -> None:
        """What there was to see and to hear when something failed."""
        if kind is None or issubclass(kind, KeyboardInterrupt | SystemExit):
            return
        print(f"{self.name}: {len(self.log)} lines of the browser's console", *self.log[-60:], sep="\n  ")
        print(f"JupyterLab says:\n{self.lab.log()}")
        with suppress(Exception):
            self.shoot()

    def state(self) -> dict[str, Any]:
        return self.page.evaluate(STATE) or {"kernel": "away", "pending": None, "done": 0, "failed": False}

    def wait(
        self,
        condition: Callable[[dict[str, Any]], bool],
        seconds: float,
        complaint: str,
        progress: Callable[[], Any] = bool,
    ) -> None:
        told = f"{self.name}: {complaint}"
        wait_for(lambda: condition(self.state()), seconds, told, lambda: f"{self.state()}\n{self.lab.log()}", progress)

    def menu(self, *labels: str) -> None:
        self.page.click(f'.lm-MenuBar-itemLabel:text-is("{labels[0]}")')
        for label in labels[1:]:
            self.page.click(f'.lm-Menu-itemLabel:text-is("{label}")')

    def run_all(self) -> None:
        self.menu("Run", "Run All Cells")
        over = "not all cells have been run"
        self.wait(
            lambda now: now["kernel"] == "idle" and (now["pending"] == 0 or now["failed"]),
            TO_RUN,
            over,
            progress=lambda: self.state()["done"],
        )

    def cell(self, which: str) -> Any:
        """The one code cell that has this id, or these words in its source."""
        index = self.page.evaluate(
            """which => {
                const cells = window.jupyterapp.shell.currentWidget.content.widgets;
                const named = cells.filter(cell => cell.model.id === which);
                const those = named.length ? named : cells.filter(
                    cell => cell.model.type === "code" && cell.model.sharedModel.source.includes(which));
                return those.length === 1 ? cells.indexOf(those[0]) : -1;
            }""",
            which,
        )
        assert index >= 0, f"{self.name} has no one cell with {which!r}"
        return self.page.locator(".jp-Notebook .jp-Cell").nth(index)

    def select(self, cell: Any) -> None:
        cell.scroll_into_view_if_needed()
        cell.locator(".jp-InputPrompt").click()

    def run_up_to(self, cell: Any) -> None:
        """This cell, and all before it."""
        self.select(cell)
        self.menu("Run", "Run All Above Selected Cell")
        self.run(cell)

    def run(self, cell: Any) -> None:
        """Shift+Enter in this cell; returns when the kernel has done everything that it was asked to."""
        self.select(cell)
        done = self.count(cell)
        self.page.keyboard.press("Shift+Enter")
        self.wait(lambda now: now["kernel"] == "idle" and self.count(cell) not in (done, ""), TO_RUN, "a cell is not done")

    def count(self, cell: Any) -> str:
        """Which number stands in its brackets; none while it waits or runs."""
        return re.sub(r"\D", "", cell.locator(".jp-InputPrompt").inner_text())

    def write(self, cell: Any, text: str) -> None:
        """In the place of what stands in the cell."""
        cell.scroll_into_view_if_needed()
        cell.locator(".cm-content").click()
        self.page.keyboard.press("Control+a")
        # (as if pasted: the editor indents what is typed line by line by itself)
        self.page.keyboard.insert_text(text)

    def focused_in(self, box: Any) -> bool:
        """Whether the keyboard's focus is inside."""
        return box.evaluate("box => box.contains(document.activeElement)")

    def intrusions(self) -> list[str]:
        """Dialogs and notices that cover the page, such as whether one wants news of Jupyter."""
        return self.page.locator(".jp-Dialog, .Toastify__toast").all_inner_texts()

    def outputs(self) -> list[dict[str, Any]]:
        return self.page.evaluate(OUTPUTS)

    def texts(self) -> str:
        """What the cells have printed, and their errors."""
        return "\n".join(cell["text"] for cell in self.outputs())

    def shoot(self, prefix: str = "") -> list[Path]:
        """Pictures of the whole notebook, piece by piece."""
        self.shots.mkdir(parents=True, exist_ok=True)
        panel = self.page.locator(".jp-NotebookPanel:not(.lm-mod-hidden) .jp-WindowedPanel-outer")
        made: list[Path] = []
        at = 0
        while True:
            panel.evaluate("(panel, at) => { panel.scrollTop = at; }", at)
            self.page.evaluate("() => new Promise(done => setTimeout(done, 150))")
            made.append(self.shots / f"{prefix}{Path(self.name).stem}-{len(made):02d}.png")
            self.page.screenshot(path=made[-1])
            high, seen = panel.evaluate("panel => [panel.scrollHeight, panel.clientHeight]")
            at += seen - 60
            if at >= high or len(made) == 60:
                break
        print(f"screenshots: {made[0]} to {made[-1].name}")
        return made
