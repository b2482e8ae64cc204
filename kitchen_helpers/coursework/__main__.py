"""python -m kitchen_helpers.coursework grade submitted/ --out graded/"""

from __future__ import annotations

import argparse
import sys
from contextlib import ExitStack
from pathlib import Path
from threading import RLock

from .grade import CannotGrade, Summary, cluster, grade, local, records_of, usable_cpus
from .gradebook import NoGradebook, write_gradebook
from .sandbox import NoSandbox


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m kitchen_helpers.coursework")
    commands = parser.add_subparsers(dest="command", required=True)
    grading = commands.add_parser(
        "grade",
        help="grade a folder of submissions",
        description="Grades SUBMITTED/<student>/<assignment>/<notebook>.ipynb. May be stopped and started again at any time: "
        "what is finished is not graded twice, what has changed is.",
    )
    grading.add_argument("submitted", type=Path, help="folder of submissions")
    grading.add_argument("--out", type=Path, required=True, help="folder for grades.csv, grades.json and the feedback pages")
    grading.add_argument("--gradebook", type=Path, metavar="DB", help="also write the scores into this gradebook of nbgrader")
    grading.add_argument("--jobs", type=int, metavar="N", help="submissions at once (default: the usable CPUs)")
    grading.add_argument("--seconds", type=float, metavar="S", help="time limit per question (default: the question's own, 20)")
    grading.add_argument("--dask", metavar="ADDRESS", help="grade on this dask cluster (tcp://…)")
    grading.add_argument(
        "--no-sandbox", action="store_true", help="run the students' code with your own rights: only for code that you trust"
    )
    return parser


def main(arguments: list[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    if options.jobs is not None and options.jobs < 1:
        _parser().error("--jobs must be at least 1")
    if options.seconds is not None and not options.seconds > 0:
        _parser().error("--seconds must be positive")
    try:
        summary = _grade(options)
        if options.gradebook is not None:
            write_gradebook(options.gradebook, records_of(options.submitted, options.out))
    except KeyboardInterrupt:
        print("\nStopped. Start again with the same command to go on.", file=sys.stderr)
        return 130
    except NoSandbox as reason:
        print(f"No sandbox: {reason}", file=sys.stderr)
        print("Without one, students' code would run with your rights. If you trust it: --no-sandbox.", file=sys.stderr)
        return 3
    except (CannotGrade, NoGradebook) as reason:
        print(reason, file=sys.stderr)
        return 2
    print(_told(summary, options.out))
    for failure in summary.failed:
        print(f"not graded: {failure}", file=sys.stderr)
    return 1 if summary.failed else 0


def _grade(options: argparse.Namespace) -> Summary:
    from tqdm import tqdm

    class Bar(tqdm):  # type: ignore[type-arg]
        monitor_interval = 0  # no thread that stays

    Bar.set_lock(RLock())
    with ExitStack() as stack:
        if options.dask:
            executor, at_once = stack.enter_context(cluster(options.dask))
        else:
            jobs = options.jobs or usable_cpus()
            executor, at_once = stack.enter_context(local(jobs)), jobs + 1
        bar = stack.enter_context(Bar(unit="submission", file=sys.stderr))

        def progress(done: int, total: int) -> None:
            bar.total = total
            bar.update(done - bar.n)

        return grade(
            options.submitted,
            options.out,
            executor=executor,
            at_once=at_once,
            sandboxed=not options.no_sandbox,
            seconds=options.seconds,
            progress=progress,
        )


def _told(summary: Summary, out: Path) -> str:
    kept = f", {summary.known} known from before" if summary.known else ""
    statuses = ", ".join(f"{count} {status}" for status, count in sorted(summary.statuses.items())) or "none"
    return f"{summary.graded} submissions graded{kept}. Questions: {statuses}. See {out / 'grades.csv'} and {out / 'feedback'}."


if __name__ == "__main__":
    sys.exit(main())
