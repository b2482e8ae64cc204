"""The grader: collect, extract, run boxed, judge, write; a submission is one job for an executor."""

from __future__ import annotations

import hashlib
import os
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from . import boxes
from .boxes import Found, run_box
from .collecting import Submission, Unreadable, collect, read_notebook
from .extract import Answer, extract
from .feedback import write_pages
from .questions import QUESTIONS
from .sandbox import package_folder, probe
from .writing import Record, Store, write_csv, write_json

STATE = ".graded"
"""Folder in the output folder: the records of finished submissions."""


class CannotGrade(Exception):
    """Something about the folders or the cluster."""


@dataclass(frozen=True)
class Job:
    """One submission on its way: only what is graded, as it may travel to another machine."""

    student: str
    assignment: str
    digest: str
    answers: dict[str, Answer]
    problem: str = ""
    seconds: float | None = None
    """Time limit per question, instead of its own."""


@dataclass
class Summary:
    """What a run of the grader did."""

    graded: int = 0
    known: int = 0
    failed: list[str] = field(default_factory=list)
    statuses: Counter[str] = field(default_factory=Counter)


def prepare(submission: Submission, version: str, seconds: float | None = None) -> Job:
    """Read a submission and take out its answers; whatever is wrong with it becomes its problem."""
    match = re.fullmatch(r"(a\d+)(_.*)?", submission.assignment, re.DOTALL)
    questions = QUESTIONS.of(match[1]) if match else {}
    content = b""
    answers: dict[str, Answer] = {}
    problem = submission.problem
    if not problem and not questions:
        problem = "the folder has not the name of an assignment"
    try:
        if not problem and submission.notebook is not None:
            content = read_notebook(submission.notebook)
            answers = extract(content, questions.values())
    except Unreadable as reason:
        problem = str(reason)
    if problem:
        answers = {name: Answer(problem=problem) for name in questions}
    digest = hashlib.sha256(b"\0".join([version.encode(), problem.encode("utf-8", "backslashreplace"), content])).hexdigest()
    return Job(submission.student, submission.assignment, digest, answers, problem, seconds)


def run(job: Job, sandboxed: bool) -> Record:
    """Every question of one submission, each in a box of its own."""
    questions: dict[str, Any] = {}
    for name, answer in job.answers.items():
        question = QUESTIONS[name]
        if job.seconds is not None:
            question = replace(question, seconds=job.seconds)
        if answer.problem:
            found = Found("missing", answer.problem)
        else:
            found = run_box(question, answer.source, f"<answer {question.cell}>", sandboxed=sandboxed)
        questions[name] = {
            "points": found.points(question.points),
            "max": question.points,
            "status": found.status,
            "message": found.message,
            "hint": found.hint,
            "lanes": found.lanes,
        }
    return {
        "student": job.student,
        "assignment": job.assignment,
        "digest": job.digest,
        "problem": job.problem,
        "questions": questions,
    }


def version_of(*settings: object) -> str:
    """Changes with the checks and everything that they stand on: what older ones found is not taken for theirs."""
    found = hashlib.sha256(repr(settings).encode())
    for path in sorted(package_folder().rglob("*.py")):
        found.update(str(path.relative_to(package_folder())).encode() + b"\0" + path.read_bytes())
    return found.hexdigest()


def grade(
    submitted: Path,
    out: Path,
    *,
    executor: Executor,
    at_once: int,
    sandboxed: bool = True,
    seconds: float | None = None,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Summary:
    """Grade what is in one folder into another; what was finished before and has not changed is kept.

    `executor`: anything shaped like those of `concurrent.futures`; `at_once`: how many submissions are under way;
    `seconds`: time limit per question, instead of its own.
    Raises CannotGrade, or sandbox.NoSandbox.
    """
    _check_folders(submitted, out)
    out.mkdir(parents=True, exist_ok=True)
    with _alone(out):
        store, version, summary = Store(out / STATE), version_of(sandboxed, seconds), Summary()
        names = [(s.student, s.assignment) for s in collect(submitted)]
        jobs = (prepare(submission, version, seconds) for submission in collect(submitted))
        if sandboxed:
            executor.submit(probe).result()
        try:
            for done, record in enumerate(_found(jobs, store, executor, at_once, sandboxed, summary), 1):
                if record is not None:
                    store.keep(record)
                progress(done, len(names))
        finally:
            _write(out, store, names, summary)
        return summary


def _found(
    jobs: Iterable[Job], store: Store, executor: Executor, at_once: int, sandboxed: bool, summary: Summary
) -> Iterator[Record | None]:
    """The record of each submission as it is found; None for those that were known, or failed."""
    under_way: dict[Future[Record], Job] = {}

    def harvest(most: int) -> Iterator[Record | None]:
        while len(under_way) > most:
            for future in wait(under_way, return_when=FIRST_COMPLETED).done:
                job = under_way.pop(future)
                try:
                    record = future.result()
                except Exception as error:  # a lost worker of a cluster, a full disk: it is graded when we start again
                    summary.failed.append(f"{job.student}/{job.assignment}: {type(error).__name__}: {error}")
                    yield None
                else:
                    summary.graded += 1
                    yield record

    try:
        for job in jobs:
            known = store.find(job.student, job.assignment)
            if known is not None and known.get("digest") == job.digest:
                summary.known += 1
                yield None
                continue
            yield from harvest(at_once - 1)
            under_way[executor.submit(run, job, sandboxed)] = job
        yield from harvest(0)
    finally:
        for future in under_way:
            future.cancel()


def _write(out: Path, store: Store, names: list[tuple[str, str]], summary: Summary) -> None:
    def records() -> Iterator[Record]:
        for student, assignment in names:
            record = store.find(student, assignment)
            if record is not None:
                yield record

    write_csv(out / "grades.csv", records())
    write_json(out / "grades.json", records())
    write_pages(out / "feedback", records())
    for record in records():
        summary.statuses.update(found["status"] for found in record["questions"].values())


def records_of(submitted: Path, out: Path) -> Iterator[Record]:
    """What is known of the submissions in a folder, one after the other."""
    store = Store(out / STATE)
    for submission in collect(submitted):
        record = store.find(submission.student, submission.assignment)
        if record is not None:
            yield record


def _check_folders(submitted: Path, out: Path) -> None:
    if not submitted.is_dir():
        raise CannotGrade(f"there is no folder {submitted}")
    here, there = submitted.resolve(), out.resolve()
    if here == there or here in there.parents or there in here.parents:
        raise CannotGrade("the output folder must lie outside the folder of submissions, and not round it")


@contextmanager
def _alone(out: Path) -> Iterator[None]:
    """Two graders at once would write over each other."""
    (out / STATE).mkdir(exist_ok=True)
    with open(out / STATE / "lock", "w") as file:
        try:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except ImportError:  # Windows
            pass
        except OSError:
            raise CannotGrade(f"another grader is at work in {out}") from None
        yield


@contextmanager
def local(jobs: int) -> Iterator[Executor]:
    """Threads of this process: what costs time are the boxes, which are processes."""
    boxes.stop.clear()
    pool = ThreadPoolExecutor(jobs, thread_name_prefix="grader")
    try:
        yield pool
    except BaseException:
        boxes.stop.set()
        raise
    finally:
        pool.shutdown(cancel_futures=True)


@contextmanager
def cluster(address: str) -> Iterator[tuple[Executor, int]]:
    """The executor of a dask cluster, and how many submissions keep it busy."""
    try:
        import distributed
    except ImportError as error:
        raise CannotGrade('dask is not installed; pip install "kitchen-helpers[cluster]" does it') from error
    try:
        client: Any = getattr(distributed, "Client")(address, timeout=20)  # noqa: B009 - it has no types
    except (OSError, ValueError) as error:
        raise CannotGrade(f"there is no dask scheduler at {address}: {error}") from error
    with client:
        cores = sum(client.ncores().values())
        if not cores:
            raise CannotGrade(f"the dask cluster at {address} has no workers")
        yield client.get_executor(pure=False), 2 * cores


def usable_cpus() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
