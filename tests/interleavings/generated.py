"""Small random programs, as source text: what the reduced search is compared with the full one on.

Every program is small by construction. A statement knows how many visible steps it takes at most, and statements are
drawn only as long as the number of schedules, which is at most (a + b + c)! / (a! b! c!) for threads of a, b and c steps,
stays under a bound. So hardly anything has to be thrown away.
"""

from __future__ import annotations

import linecache
import math
import types
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from hypothesis import strategies as st

PRELUDE = '''\
import time
from collections import deque
from queue import Empty, Full, Queue
from threading import Condition, Event, Lock, RLock, Semaphore, Thread


class Box:
    def __init__(self, value=0):
        self.x = value
        self.y = 0


total = 0


def program():
    global total
    total = 0
    box = Box()
    items, menu, line = [1], {}, deque()
    value = 0
    lock, other, again = Lock(), Lock(), RLock()
    cond = Condition()
    permit = Semaphore(%(permits)d)
    orders = Queue(%(size)d)
    event = Event()
    mine = [Box(), Box(), Box()]
    row, bill = [0, 0], {"a": 0, "b": 0}
'''

ENDING = '''
    threads = [%(threads)s]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return (box.x, box.y, items, sorted(menu.items()), list(line), total, value,
            [one.x for one in mine], orders.qsize(), event.is_set(), row, list(bill.items()))
'''


@dataclass
class _Drawing:
    """What is being drawn: how many steps the threads have so far, and which features the program uses."""

    draw: Callable[[Any], Any]
    bound: int
    features: tuple[str, ...]
    steps: list[int] = field(default_factory=list)
    me: int = 0
    releases_count: bool = False
    """Try-locks and time limits make the release of a lock a step."""
    notifications: int = 0
    depth: int = 0

    def schedules(self) -> int:
        number = math.factorial(sum(self.steps))
        for steps in self.steps:
            number //= math.factorial(steps)
        return number

    def pay(self, steps: int) -> bool:
        """Take that many steps if the program stays small enough."""
        self.steps[self.me] += steps
        if self.schedules() <= self.bound:
            return True
        self.steps[self.me] -= steps
        return False

    def number(self) -> int:
        return int(self.draw(st.integers(0, 2)))


Lines = list[str]


def _indented(lines: Lines) -> Lines:
    return ["    " + line for line in lines] or ["    pass"]


def _value(d: _Drawing) -> str:
    return str(d.draw(st.sampled_from(["1", "2", "seen", "seen + 1"])))


PLACES = {
    "attribute": ("box.x", "box.x", "box.y"),
    "global": ("total",),
    "closure": ("value",),
}


def _place(d: _Drawing) -> str:
    places = [place for feature in d.features for place in PLACES.get(feature, ())]
    return str(d.draw(st.sampled_from(places or ["box.x"])))


def _read(d: _Drawing) -> Lines | None:
    return [f"seen = {_place(d)}"] if d.pay(1) else None


def _write(d: _Drawing) -> Lines | None:
    return [f"{_place(d)} = {_value(d)}"] if d.pay(1) else None


def _increment(d: _Drawing) -> Lines | None:
    return [f"{_place(d)} += 1"] if d.pay(2) else None


def _copy(d: _Drawing) -> Lines | None:
    return [f"{_place(d)} = {_place(d)}"] if d.pay(2) else None


def _private(d: _Drawing) -> Lines | None:
    return [f"mine[{d.me}].x += 1"]


def _if(d: _Drawing) -> Lines | None:
    if d.depth > 2 or not d.pay(1):
        return None
    test = d.draw(st.sampled_from(["{place} == {number}", "{place}", "not {place}"]))
    head = "if " + test.format(place=_place(d), number=d.number()) + ":"
    before = d.steps[d.me]
    then = _block(d, 2)
    taken = d.steps[d.me]
    otherwise: Lines = []
    if d.draw(st.booleans()):
        d.steps[d.me] = before
        otherwise = ["else:", *_indented(_block(d, 1))]
        d.steps[d.me] = max(taken, d.steps[d.me])
    return [head, *_indented(then), *otherwise]


def _list(d: _Drawing) -> Lines | None:
    number = d.number()
    line, steps = d.draw(
        st.sampled_from([
            (f"items.append({_value(d)})", 1),
            (f"items.insert(0, {number})", 1),
            ("seen = len(items)", 1),
            ("items.append(len(items))", 2),
            ("seen = items.pop() if items else 0", 2),
            (f"seen = items.pop() if seen == {number} else {number}", 1),
            (f"seen = int({number} in items)", 1),
            ("seen = sum(items)", 1),
            ("items[:] = [0]", 1),
            ("items.clear()", 1),
        ])
    )  # fmt: skip
    return [line] if d.pay(steps) else None


def _dict(d: _Drawing) -> Lines | None:
    number = d.number()
    lines, steps = d.draw(
        st.sampled_from([
            ([f"menu[{number}] = {_value(d)}"], 1),
            ([f"seen = menu.get({number}, 0)"], 1),
            ([f"seen = menu.setdefault({number}, {d.me + 1})"], 1),
            ([f"menu[{number}] = menu.get({number}, 0) + 1"], 2),
            ([f"if {number} not in menu:", f"    menu[{number}] = {d.me}"], 2),
            ([f"seen = menu.pop({number}, 0)"], 1),
            ([f"if seen == {number}:", f"    seen = menu[{number}]"], 1),
            (["seen = len(menu)"], 1),
        ])
    )  # fmt: skip
    return list(lines) if d.pay(steps) else None


def _deque(d: _Drawing) -> Lines | None:
    lines, steps = d.draw(
        st.sampled_from([
            ([f"line.append({_value(d)})"], 1),
            ([f"line.appendleft({_value(d)})"], 1),
            (["try:", "    seen = line.popleft()", "except IndexError:", "    seen = 0"], 1),
            (["if line:", "    seen = line.pop()"], 2),
        ])
    )  # fmt: skip
    return list(lines) if d.pay(steps) else None


def _locked(d: _Drawing) -> Lines | None:
    name = d.draw(st.sampled_from(["lock", "lock", "other", "again"]))
    if d.depth > 2 or not d.pay(2 if d.releases_count else 1):
        return None
    return [f"with {name}:", *_indented(_block(d, 3))]


def _acquire_and_release(d: _Drawing) -> Lines | None:
    if d.depth > 2 or not d.pay(2):
        return None
    ending = d.draw(st.sampled_from(["finally", "plain", "plain", "plain", "finally", "forgotten", "only release"]))
    body = _block(d, 2)
    if ending == "finally":
        return ["lock.acquire()", "try:", *_indented(body), "finally:", "    lock.release()"]
    if ending == "plain":
        return ["lock.acquire()", *body, "lock.release()"]
    if ending == "forgotten":
        return ["lock.acquire()", *body]
    return [*body, "lock.release()"]


def _try_lock(d: _Drawing) -> Lines | None:
    if d.depth > 2 or not d.pay(2):
        return None
    how = d.draw(st.sampled_from(["blocking=False", "timeout=1", "False"]))
    name = d.draw(st.sampled_from(["lock", "other"]))
    otherwise = ["else:", f"    mine[{d.me}].x = 9"] if d.draw(st.booleans()) else []
    return [f"if {name}.acquire({how}):", *_indented(_block(d, 2)), f"    {name}.release()", *otherwise]


def _locked_question(d: _Drawing) -> Lines | None:
    return ["seen = int(lock.locked())"] if d.pay(1) else None


def _wait(d: _Drawing) -> Lines | None:
    """acquire, look, wait, wake, look, and so on; each notification may cost another round."""
    place, number = _place(d), d.number()
    how = d.draw(st.sampled_from(["while", "while", "if", "wait_for", "timeout"]))
    if not d.pay(5):
        return None
    if how == "wait_for":
        return ["with cond:", f"    cond.wait_for(lambda: {place} != {number})", f"    {place} += 1"] if d.pay(2) else None
    if how == "timeout":
        return ["with cond:", f"    if {place} == {number}:", f"        mine[{d.me}].x = int(cond.wait(timeout=1)) + 3"]
    return ["with cond:", f"    {how} {place} == {number}:", "        cond.wait()", f"    seen = {place}"]


def _notify(d: _Drawing) -> Lines | None:
    how = d.draw(st.sampled_from(["notify()", "notify_all()", "notify(2)"]))
    if d.depth > 2 or not d.pay(2):
        return None
    return ["with cond:", *_indented(_block(d, 1)), f"    cond.{how}"]


def _semaphore(d: _Drawing) -> Lines | None:
    how = d.draw(st.sampled_from(["with", "acquire", "release", "try"]))
    if how == "with":
        if d.depth > 2 or not d.pay(2):
            return None
        return ["with permit:", *_indented(_block(d, 2))]
    if not d.pay(1):
        return None
    if how == "try":
        return ["seen = int(permit.acquire(blocking=False))"]
    return [f"permit.{how}()"]


def _queue(d: _Drawing) -> Lines | None:
    lines = d.draw(
        st.sampled_from([
            [f"orders.put({_value(d)})"],
            ["seen = orders.get()"],
            ["try:", f"    orders.put_nowait({_value(d)})", "except Full:", "    seen = 8"],
            ["try:", "    seen = orders.get_nowait()", "except Empty:", "    seen = 7"],
            ["try:", "    seen = orders.get(timeout=1)", "except Empty:", "    seen = 6"],
            ["seen = orders.qsize()"],
            ["seen = int(orders.empty())"],
        ])
    )  # fmt: skip
    return list(lines) if d.pay(1) else None


def _event(d: _Drawing) -> Lines | None:
    line = d.draw(
        st.sampled_from(["event.set()", "event.set()", "event.clear()", "event.wait()", "seen = int(event.is_set())",
                         "seen = int(event.wait(timeout=1))"])
    )  # fmt: skip
    return [line] if d.pay(1) else None


def _sleep(d: _Drawing) -> Lines | None:
    return ["time.sleep(0.001)"] if d.pay(1) else None


def _fail(d: _Drawing) -> Lines | None:
    return [f"if seen == {d.number()}:", "    raise ValueError"]


def _assertion(d: _Drawing) -> Lines | None:
    return [f"assert {_place(d)} != {d.number()}"] if d.pay(1) else None


def _catch(d: _Drawing) -> Lines | None:
    if d.depth > 2:
        return None
    return ["try:", *_indented(_block(d, 2)), "except (ValueError, LookupError, AssertionError):", "    seen = 5"]


def _return(d: _Drawing) -> Lines | None:
    return [f"if seen == {d.number()}:", "    return"]


def _keep(d: _Drawing) -> Lines | None:
    return [f"mine[{d.me}].x = seen"]


def _tried(lines: Lines) -> Lines:
    """(Which of two threads fails first is no final state that the reduction promises: both only look.)"""
    return ["try:", *_indented(lines), "except LookupError:", "    seen = 5"]


def _row(d: _Drawing) -> Lines | None:
    """Items of a list, of which the others may make a longer or a shorter one."""
    number = d.draw(st.sampled_from([0, 0, 1, 1, 2, -1]))
    lines, steps = d.draw(
        st.sampled_from([
            ([f"row[{number}] += 1"], 2),
            ([f"row[{number}] = {_value(d)}"], 1),
            ([f"row[{d.me}] += 1"], 2),
            ([f"seen = row[{number}]"], 1),
            ([f"if len(row) > {number}:", f"    row[{number}] = row[0]"], 3),
            (["seen = len(row)"], 1),
            (["seen = sum(row)"], 1),
            ([f"row.append({number})"], 1),
            (["row.pop()"], 1),
            (["del row[0]"], 1),
            (["row[1:] = [4]"], 1),
            ([f"row.insert(0, {number})"], 1),
            (["seen = int(7 in row)"], 1),
        ])
    )  # fmt: skip
    return _tried(lines) if d.pay(steps) else None


def _bill(d: _Drawing) -> Lines | None:
    """Items of a dict, which can come and go."""
    key = d.draw(st.sampled_from(["'a'", "'a'", "'b'", "'c'"]))
    lines, steps = d.draw(
        st.sampled_from([
            ([f"bill[{key}] = {_value(d)}"], 1),
            ([f"bill[{key}] = {_value(d)}"], 1),
            ([f"bill[{key}] += 1"], 2),
            ([f"seen = bill[{key}]"], 1),
            ([f"seen = bill.get({key}, 6)"], 1),
            ([f"seen = bill.pop({key}, 5)"], 1),
            ([f"del bill[{key}]"], 1),
            ([f"seen = int({key} in bill)"], 1),
            (["seen = len(bill)"], 1),
            (["seen = sum(bill.values())"], 1),
            ([f"bill.setdefault({key}, 3)"], 1),
        ])
    )  # fmt: skip
    return _tried(lines) if d.pay(steps) else None


def _ids(d: _Drawing) -> Lines | None:
    """Locks and boxes have a number from the start; a list gets one from who asks first, which makes that a step."""
    lines, steps = d.draw(
        st.sampled_from([
            (["seen = int(id(lock) < id(other))"], 0),
            (["seen = int(id(items) == id(menu))"], 2),
            (["seen = len({id(box): 1, id(mine): 2})"], 1),
            (["for one in sorted((other, lock), key=id):", "    one.acquire()", "lock.release()", "other.release()"], 2),
        ])
    )  # fmt: skip
    return list(lines) if d.pay(steps) else None


STATEMENTS: dict[str, list[Callable[[_Drawing], Lines | None]]] = {
    "attribute": [_read, _write, _increment, _copy, _if],
    "global": [_read, _write, _increment, _copy],
    "closure": [_read, _write, _increment, _if],
    "list": [_list, _list],
    "dict": [_dict, _dict],
    "deque": [_deque, _deque],
    "lock": [_locked, _locked, _acquire_and_release],
    "try": [_try_lock, _locked, _locked_question],
    "condition": [_wait, _notify, _notify],
    "semaphore": [_semaphore, _semaphore],
    "queue": [_queue, _queue],
    "event": [_event, _event],
    "sleep": [_sleep],
    "exception": [_fail, _assertion, _catch, _return, _private],
    "ids": [_ids, _ids],
    "items": [_row, _row, _bill, _bill],
    "flow": [_keep],
}


def _block(d: _Drawing, most: int, least: int = 1) -> Lines:
    d.depth += 1
    lines: Lines = []
    for _ in range(d.draw(st.sampled_from(range(least, most + 1)))):
        statement = d.draw(st.sampled_from([one for feature in d.features for one in STATEMENTS[feature]]))
        lines += statement(d) or []
    d.depth -= 1
    return lines


@st.composite
def sources(draw: Callable[[Any], Any], bound: int = 600) -> str:
    """The text of a module with a function `program` of at most about `bound` schedules."""
    optional = [name for name in STATEMENTS if name not in ("flow", "attribute")]
    features = ("attribute", "flow", *draw(st.lists(st.sampled_from(optional), min_size=1, max_size=3, unique=True)))
    number = draw(st.sampled_from([2, 2, 2, 3]))
    d = _Drawing(draw, bound, features, steps=[0] * number, releases_count="try" in features)
    bodies = []
    for me in range(number):
        d.me = me
        bodies.append(_block(d, 5 if number == 2 else 3, least=2))
    text = PRELUDE % {"permits": draw(st.integers(0, 2)), "size": draw(st.integers(0, 2))}
    names = ["ana", "ben", "cleo"][:number]
    for name, body in zip(names, bodies, strict=False):
        body = ["global total", "nonlocal value", "seen = 0", *body]
        text += f"\n    def {name}():\n" + "".join(f"        {line}\n" for line in body)
    return text + ENDING % {"threads": ", ".join(f"Thread(target={name})" for name in names)}


_made = 0


def load(source: str, name: str | None = None) -> Callable[[], Any]:
    """The function `program` of such a text; its source can be had, as that of a notebook cell can."""
    global _made
    if name is None:
        _made += 1
        name = f"<generated {_made}>"
    linecache.cache[name] = (len(source), None, source.splitlines(keepends=True), name)
    module = types.ModuleType("generated")
    exec(compile(source, name, "exec", dont_inherit=True), module.__dict__)  # noqa: S102
    return module.program  # type: ignore[no-any-return]


def forget(program: Callable[[], Any]) -> None:
    linecache.cache.pop(program.__code__.co_filename, None)  # type: ignore[attr-defined]
