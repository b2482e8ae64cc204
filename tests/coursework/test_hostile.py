"""Hostile answers get no undeserved point, harm nobody else, and leave no trace."""

from __future__ import annotations

import json
import subprocess
import threading
from dataclasses import replace

import psutil
import pytest

from kitchen_helpers.coursework import QUESTIONS
from kitchen_helpers.coursework.boxes import Found, run_box
from kitchen_helpers.coursework.loading import plain, read
from kitchen_helpers.coursework.policy import Refused
from kitchen_helpers.coursework.sandbox import COURSE, box_command, walls

from .classroom import right, still_there
from .escapes import ESCAPES, UNCHANGED
from .tricks import ASYNC_TRICKS, LIMIT, LOOP_TRICKS, REFUSED, TRICKS, before

TILL = QUESTIONS["a2.q1"]
FOREIGN = {name: source for name, (source, verdicts) in TRICKS.items() if verdicts == REFUSED}
RUN = {name: trick for name, trick in TRICKS.items() if trick[1] != REFUSED}


def test_there_are_enough_tricks() -> None:
    assert len(RUN) >= 40 and len(FOREIGN) >= 40


@pytest.mark.parametrize("name", FOREIGN)
def test_what_leads_out_of_an_answer_is_told_by_its_line_and_not_run(name: str) -> None:
    source = plain(FOREIGN[name])
    with pytest.raises(Refused) as reason:
        read(source, TILL)
    assert reason.value.line in range(len(source.splitlines()) + 1)
    assert reason.value.line or "characters" in str(reason.value)


@pytest.mark.parametrize("name", RUN)
@pytest.mark.usefixtures("sandbox", "nothing_left")
def test_what_is_run_gets_no_point(name: str) -> None:
    source, verdicts = RUN[name]
    question = replace(TILL, seconds=2.0) if verdicts >= LIMIT else TILL
    found = run_box(question, source, "<answer a2-q1>", sandboxed=True)
    assert found.status in verdicts, found.message
    assert found.points(2.0) == 0.0
    assert len(found.message) <= 1_000


@pytest.mark.skipif("a1.q2" not in QUESTIONS, reason="needs the questions of a1")
@pytest.mark.parametrize("what", LOOP_TRICKS)
@pytest.mark.usefixtures("sandbox")
def test_the_event_loop_of_a_check_stays_as_it_is(what: str) -> None:
    found = run_box(QUESTIONS["a1.q2"], LOOP_TRICKS[what], "<answer a1-q2>", sandboxed=True)
    assert found.status == "wrong" and "cannot be replaced" in found.message, found


@pytest.mark.usefixtures("sandbox")
def test_a_right_answer_is_right_all_the_same() -> None:
    found = run_box(TILL, right("a2.q1"), "<answer a2-q1>", sandboxed=True)
    assert (found.status, found.points(2.0)) == ("right", 2.0), found.message


@pytest.mark.usefixtures("sandbox", "nothing_left")
def test_what_an_answer_started_ends_with_it() -> None:
    """Whoever was seen below us while the box was at work is gone when its verdict is there."""
    seen: set[psutil.Process] = set()
    over = threading.Event()

    def watch() -> None:
        while not over.wait(0.02):
            seen.update(psutil.Process().children(recursive=True))

    before = set(psutil.Process().children(recursive=True))
    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        source, _ = TRICKS["a daemon process that outlives"]
        found = run_box(TILL, source, "<answer a2-q1>", sandboxed=True)
    finally:
        over.set()
        watcher.join()
    assert found.status == "wrong"
    assert len(seen - before) >= 2, "the box and what it started were never seen"
    assert still_there(seen - before) == []


@pytest.mark.usefixtures("sandbox")
def test_the_sandbox_shows_nothing_of_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Were an answer to get past the policy, it would find nothing to read, nothing to write to, and nobody to ask."""
    monkeypatch.setenv("SECRET_OF_THE_TEACHER", "42")
    look = """
import json, os, socket
def tried(what):
    try:
        return what() and "done"
    except OSError as error:
        return type(error).__name__
everything = [os.path.join(f, n) for f in ("/proc/1", "/proc/self") for n in ("environ",)]
print(json.dumps({
    "user": os.getuid(),
    "environment": "SECRET" in "".join(open(path).read() for path in everything),
    "processes": len([n for n in os.listdir("/proc") if n.isdigit()]),
    "password file": os.path.exists("/etc/passwd"),
    "shell": os.path.exists("/bin/sh") or os.path.exists("/usr/bin/env"),
    "tests": os.path.exists(%r),
    "course": tried(lambda: open("/course/kitchen_helpers/x", "w")),
    "root": tried(lambda: open("/x", "w")),
    "dev": tried(lambda: open("/dev/x", "w")),
    "network": tried(lambda: socket.create_connection(("192.0.2.1", 80), timeout=1)),
    "scratch": tried(lambda: open("/tmp/x", "w")),
}))
"""
    command = box_command(COURSE, f"exec({look % __file__!r})")
    said = subprocess.run([*walls(), *command], env={}, cwd="/", capture_output=True, check=True, timeout=60)
    found = json.loads(said.stdout)
    assert found.pop("user") != 0
    assert found.pop("processes") <= 2
    assert found == {
        "environment": False,
        "password file": False,
        "shell": False,
        "tests": False,
        "course": "OSError",
        "root": "OSError",
        "dev": "OSError",
        "network": "OSError",
        "scratch": "done",
    }


@pytest.mark.parametrize("name", ASYNC_TRICKS)
@pytest.mark.usefixtures("sandbox", "nothing_left")
def test_who_shares_an_event_loop_with_its_check_gets_no_point(name: str) -> None:
    (question_id, source), verdicts = ASYNC_TRICKS[name]
    question = QUESTIONS[question_id]
    if verdicts == REFUSED:
        with pytest.raises(Refused):
            read(source, question)
        return
    asked = replace(question, seconds=2.0) if verdicts == LIMIT else question
    found = run_box(asked, source, "<answer>", sandboxed=True)
    assert found.status in verdicts and found.points(3.0) == 0.0, found


@pytest.mark.parametrize("name", ESCAPES)
@pytest.mark.usefixtures("sandbox", "nothing_left")
def test_no_way_leads_from_what_an_answer_may_import_to_code_that_nobody_has_read(name: str) -> None:
    source, reason = ESCAPES[name]
    refused = _why_not_run(source)
    found = Found("refused", refused) if refused else run_box(TILL, before(source), "<answer>", sandboxed=True)
    assert found.status in ("wrong", "refused") and reason in found.message, found


def _why_not_run(source: str) -> str:
    try:
        read(source, QUESTIONS["a1.q3"])  # where an answer may do most
    except Refused as refused:
        return str(refused)
    return ""


@pytest.mark.parametrize("name", UNCHANGED)
@pytest.mark.usefixtures("sandbox", "nothing_left")
def test_no_class_of_the_standard_library_is_changed(name: str) -> None:
    found = run_box(TILL, before(UNCHANGED[name]), "<answer>", sandboxed=True)
    assert found.status == "wrong" and "the cell itself ends with TypeError: cannot set" in found.message, found


@pytest.mark.usefixtures("sandbox", "nothing_left")
@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_workers_are_closed_off_as_their_parent_is(method: str) -> None:
    """Nothing that the answer sends to a worker is taken for orders there, and no class is changed in it."""
    source = f"""
import json, multiprocessing
def work(pipe):
    try:
        pipe.recv()
    except Exception as error:
        pipe.send(str(error))
    try:
        for E in [json.JSONEncoder]: E.encode = None
    except TypeError as error:
        pipe.send(str(error))
def run_processes(task, items, workers):
    context = multiprocessing.get_context({method!r})
    one, other = context.Pipe()
    process = context.Process(target=work, args=(other,))
    process.start()
    one.send_bytes(b"cos\\nsystem\\n(S'true'\\ntR.")
    said = one.recv(), one.recv()
    process.join()
    raise RuntimeError(said)
"""
    found = run_box(QUESTIONS["a1.q3"], source, "<answer>", sandboxed=True)
    assert found.status == "wrong", found
    assert "os.system may not come out of a pipe" in found.message and "cannot set 'encode'" in found.message, found


@pytest.mark.usefixtures("sandbox", "nothing_left")
def test_workers_of_loky_are_closed_off_in_the_same_way() -> None:
    """Neither their environment nor what is sent to them leads to code that nobody has read."""
    source = """
import loky
def look(said):
    import os
    for module in [os]:
        return module.environ
def run_processes(task, items, workers):
    said = []
    with loky.ProcessPoolExecutor(1, env={"KITCHEN_GUARDED": ""}) as pool:
        try:
            pool.submit(look, 1).result()
        except Exception as error:
            said.append(str(error))
        pool._call_queue._writer.send_bytes(b"cos\\nabort\\n(tR.")
        try:
            pool.submit(abs, 1).result()
        except Exception as error:
            said.append(str(error))
    raise RuntimeError(said)
"""
    found = run_box(QUESTIONS["a1.q3"], source, "<answer>", sandboxed=True)
    assert found.status == "wrong", found
    assert "module 'os' has no attribute 'environ'" in found.message and "failed to un-serialize" in found.message, found
