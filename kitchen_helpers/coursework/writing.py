"""Writes down what was found: each file is whole or not there, whatever happens while it is written."""

from __future__ import annotations

import csv
import hashlib
import json
import os
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

Record = dict[str, Any]
"""What was found of one submission: student, assignment, digest, problem, and by question points, max, status, message, hint, lanes."""

COLUMNS = ("student", "assignment", "question", "points", "max", "status", "message")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


@contextmanager
def whole(path: Path) -> Iterator[IO[str]]:
    """A file that takes its name when all of it is written."""
    descriptor, name = tempfile.mkstemp(prefix=".half-", dir=path.parent)
    try:
        with open(descriptor, "w", encoding="utf-8", errors="backslashreplace", newline="\n") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.chmod(name, 0o644)
        os.replace(name, path)
    except BaseException:
        with suppress(OSError):
            os.unlink(name)
        raise


class Store:
    """The records of finished submissions, a file each."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        for half in folder.glob(".half-*"):  # of a grader that was ended
            half.unlink()

    def path(self, student: str, assignment: str) -> Path:
        name = "\0".join((student, assignment)).encode("utf-8", "surrogateescape")
        return self.folder / f"{hashlib.sha256(name).hexdigest()[:32]}.json"

    def find(self, student: str, assignment: str) -> Record | None:
        try:
            record = json.loads(self.path(student, assignment).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        known = isinstance(record, dict) and (record.get("student"), record.get("assignment")) == (student, assignment)
        return record if known else None

    def keep(self, record: Record) -> None:
        with whole(self.path(record["student"], record["assignment"])) as file:
            json.dump(record, file)


def write_csv(path: Path, records: Iterable[Record]) -> None:
    with whole(path) as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(COLUMNS)
        for record in records:
            who = [_cell(record["student"]), _cell(record["assignment"])]
            if not record["questions"]:
                table.writerow([*who, "", 0.0, 0.0, "missing", _cell(record["problem"])])
            for name, found in record["questions"].items():
                table.writerow([*who, name, found["points"], found["max"], found["status"], _cell(found["message"])])


def _cell(text: str) -> str:
    """A text that no spreadsheet takes for a formula."""
    text = " ".join(text.split("\n"))
    return f"'{text}" if text.startswith(_FORMULA) else text


def write_json(path: Path, records: Iterable[Record]) -> None:
    """{student: {assignment: {question: {points, max, status, message}}}}, a student at a time."""
    with whole(path) as file:
        file.write("{")
        between = "\n"
        for student, theirs in by_student(records):
            work = {
                record["assignment"]: {
                    name: {key: found[key] for key in ("points", "max", "status", "message")}
                    for name, found in record["questions"].items()
                }
                for record in theirs
                if record["assignment"]
            }
            text = json.dumps(work, indent=1).replace("\n", "\n ")
            file.write(f"{between} {json.dumps(student)}: {text}")
            between = ",\n"
        file.write("\n}\n")


def by_student(records: Iterable[Record]) -> Iterator[tuple[str, list[Record]]]:
    """The records of each student; they come in the order of students."""
    theirs: list[Record] = []
    for record in records:
        if theirs and theirs[0]["student"] != record["student"]:
            yield theirs[0]["student"], theirs
            theirs = []
        theirs.append(record)
    if theirs:
        yield theirs[0]["student"], theirs

