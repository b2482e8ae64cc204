"""Constructed counterexamples for the tests of the text lanes and of the drawing: no explorer is needed."""

from __future__ import annotations

import random
from dataclasses import replace

from kitchen_helpers.interleavings.verdict import Counterexample, Exploration, Failure, Step, Wait

CELL = "/tmp/ipykernel_4711/1234567890.py"


class Script:
    """Builds steps in order; who holds and who is blocked is carried along."""

    def __init__(self, file: str = CELL) -> None:
        self.file = file
        self.steps: list[Step] = []
        self.holds: dict[str, tuple[str, ...]] = {}
        self.blocked: tuple[str, ...] = ()

    def add(self, thread: str, kind: str, action: str, obj: str, value: str | None, line: int, source: str,
            switch: str = "", note: str = "") -> None:
        held = self.holds.get(thread, ())
        if kind == "acquire":
            held = (*held, obj)
        elif kind == "release" or (kind == "wait" and obj in held):
            held = tuple(name for name in held if name != obj)
        self.holds[thread] = held
        if kind in ("wait", "join"):
            self.blocked = (*self.blocked, thread)
        elif thread in self.blocked:
            self.blocked = tuple(name for name in self.blocked if name != thread)
        self.steps.append(Step(len(self.steps) + 1, thread, kind, action, obj, value, line, source, self.file,
                               switch, held, self.blocked, note))

    def reads(self, thread: str, name: str, value: str, line: int, source: str, **more: str) -> None:
        self.add(thread, "read", f"reads {name.rpartition('.')[2]} → {value}", name, value, line, source, **more)

    def writes(self, thread: str, name: str, value: str, line: int, source: str, **more: str) -> None:
        self.add(thread, "write", f"writes {name.rpartition('.')[2]} ← {value}", name, value, line, source, **more)

    def does(self, thread: str, kind: str, name: str, line: int, source: str, action: str = "", **more: str) -> None:
        verb = {"acquire": "acquires", "release": "releases", "wait": "waits for", "notify": "notifies"}.get(kind, kind)
        self.add(thread, kind, action or f"{verb} {name}", name, None, line, source, **more)


def lost_update() -> Counterexample:
    script, source = Script(), "self.value += 1"
    script.reads("Ana", "till.value", "0", 4, source)
    script.reads("Ben", "till.value", "0", 4, source, switch="preempted")
    script.writes("Ben", "till.value", "1", 4, source)
    script.writes("Ana", "till.value", "1", 4, source, switch="ended", note="Ben's update is lost")
    return Counterexample(tuple(script.steps), 1, "A1 B2 A1", ("Ana", "Ben"),
                          Failure("exception", "one sale is lost", "main", 14, exception=AssertionError()), "lunch_rush")


def transfer_deadlock() -> Counterexample:
    script = Script()
    first, second = "with source.lock:", "with target.lock:"
    script.does("Ana", "acquire", "a.lock", 6, first)
    script.does("Ben", "acquire", "b.lock", 6, first, switch="preempted")
    script.does("Ben", "wait", "a.lock", 7, second)
    script.does("Ana", "wait", "b.lock", 7, second, switch="blocked")
    waits = (Wait("Ana", "b.lock", ("Ben",), 7, second, ("a.lock",)), Wait("Ben", "a.lock", ("Ana",), 7, second, ("b.lock",)),
             Wait("main", "the end of Ana", (), 15, "ana.join()"))
    return Counterexample(tuple(script.steps), 1, "A1 B2 A1", ("Ana", "Ben"),
                          Failure("deadlock", "Ana and Ben wait for each other", waits=waits, cycle=("Ana", "Ben")), "payday")


def ring(size: int = 3) -> Counterexample:
    """Philosophers: everybody takes the left fork."""
    names = ["Ana", "Ben", "Cleo", "Dan", "Eva", "Finn"][:size]
    script = Script("/home/somebody/course/dinner.py")
    for i, name in enumerate(names):
        script.does(name, "acquire", f"fork {i}", 12, "with left:", switch="preempted" if i else "")
    for i, name in enumerate(names):
        script.does(name, "wait", f"fork {(i + 1) % size}", 13, "with right:", switch="blocked" if i else "preempted")
    waits = tuple(Wait(name, f"fork {(i + 1) % size}", (names[(i + 1) % size],), 13, "with right:", (f"fork {i}",))
                  for i, name in enumerate(names))
    return Counterexample(tuple(script.steps), size, " ".join(f"{name[0]}1" for name in names * 2), tuple(names),
                          Failure("deadlock", "", waits=waits, cycle=tuple(names)), "test_dinner.<locals>.dinner")


def lost_wakeup() -> Counterexample:
    """Three threads, one condition, `notify` wakes the wrong one: some thirty steps."""
    s = Script()
    enter, test, sleep, take, tell = "with self.changed:", "if not self.items:", "self.changed.wait()", \
        "return self.items.popleft()", "self.changed.notify()"
    s.does("Ana", "acquire", "changed", 8, enter)
    s.reads("Ana", "items", "[]", 9, test)
    s.does("Ana", "wait", "changed", 10, sleep, action="waits for changed")
    s.does("Ben", "acquire", "changed", 8, enter, switch="blocked")
    s.reads("Ben", "items", "[]", 9, test)
    s.does("Ben", "wait", "changed", 10, sleep, action="waits for changed")
    for soup, line in (("soup", 21), ("rice", 22)):
        s.does("Cook", "acquire", "changed", 14, enter, switch="blocked" if line == 21 else "")
        s.reads("Cook", "items", "[]" if line == 21 else "['soup']", 15, "while len(self.items) == 2:")
        value = "['soup']" if line == 21 else "['soup', 'rice']"
        s.add("Cook", "call", f"appends '{soup}'", "items", value, 17, "self.items.append(dish)")
        s.does("Cook", "notify", "changed", 18, tell, action="notifies changed: wakes " + ("Ana" if line == 21 else "Ben"))
        s.does("Cook", "release", "changed", 14, enter)
    for name, rest, taken, switch in (("Ana", "['rice']", "soup", "preempted"), ("Ben", "[]", "rice", "ended")):
        s.does(name, "acquire", "changed", 10, sleep, action="wakes, acquires changed", switch=switch)
        s.add(name, "call", f"takes '{taken}'", "items", rest, 11, take)
        s.does(name, "notify", "changed", 12, tell, action="notifies changed: nobody waits")
        s.does(name, "release", "changed", 8, enter)
    s.does("Cook", "acquire", "changed", 30, "with self.changed:", switch="ended")
    s.reads("Cook", "closed", "False", 31, "while not self.closed:")
    s.reads("Cook", "items", "[]", 32, "self.log.append(len(self.items))")
    s.add("Cook", "call", "appends 0", "log", "[0]", 32, "self.log.append(len(self.items))")
    s.does("Cook", "notify", "changed", 33, tell, action="notifies changed: nobody waits",
           note="this notification is lost: both have gone")
    s.does("Cook", "wait", "changed", 34, sleep, action="waits for changed")
    waits = (Wait("Cook", "changed", (), 34, sleep),)
    return Counterexample(tuple(s.steps), 1, "A3 B3 C10 A4 B4 C6", ("Ana", "Ben", "Cook"),
                          Failure("deadlock", "Cook waits and nobody is left to wake it", waits=waits), "kitchen")


def polite_livelock(rounds: int = 2) -> Counterexample:
    s = Script()
    for turn in range(rounds):
        for name, own, switch in (("Ana", "salt", "preempted" if turn else ""), ("Ben", "pepper", "preempted")):
            s.does(name, "acquire", own, 5, f"{own}.acquire()", switch=switch)
        for name, other in (("Ana", "pepper"), ("Ben", "salt")):
            s.add(name, "try", f"tries {other}: taken", other, None, 6, f"if {other}.acquire(blocking=False):",
                  switch="preempted")
        for name, own in (("Ana", "salt"), ("Ben", "pepper")):
            s.does(name, "release", own, 9, f"{own}.release()", switch="preempted")
    return Counterexample(tuple(s.steps), 6 * rounds - 1, " ".join(["A1 B1"] * (3 * rounds)), ("Ana", "Ben"),
                          Failure("livelock", "Ana and Ben give way to each other for ever; another choice can end it"), "dinner",
                          loop=1 if rounds > 1 else 0)


def worker_exception() -> Counterexample:
    s = Script("")
    s.reads("Ana", "stock['eggs']", "1", 3, "if stock['eggs'] > 0:")
    s.reads("Ben", "stock['eggs']", "1", 3, "if stock['eggs'] > 0:", switch="preempted")
    s.add("Ben", "write", "deletes stock['eggs']", "stock['eggs']", "—", 4, "del stock['eggs']")
    s.add("Ana", "fail", "deletes stock['eggs']: KeyError", "stock['eggs']", None, 4, "del stock['eggs']", switch="ended")
    return Counterexample(tuple(s.steps), 1, "A1 B2 A1", ("Ana", "Ben"),
                          Failure("exception", "KeyError: 'eggs'", "Ana", 4, exception=KeyError("eggs")), "<lambda>")


def wide(threads: int = 10) -> Counterexample:
    names = [f"Thread-{i} (sell_the_daily_special)" for i in range(1, threads + 1)]
    s = Script()
    for i, name in enumerate(names):
        s.reads(name, "restaurant.branches['north'].till.value", repr("x" * 50), 4, "self.value = self.value + 'x' * 1000",
                switch="preempted" if i else "")
    for i, name in enumerate(names):
        s.writes(name, "restaurant.branches['north'].till.value", str(i), 4, "self.value = self.value + 'x' * 1000",
                 switch="preempted" if i == 0 else "ended")
    return Counterexample(tuple(s.steps), threads, "A1 B1 C1", tuple(names),
                          Failure("exception", "assert 1 == 10\n +  where 1 = <Till object at 0x7f00>.value", "main", 9,
                                  exception=AssertionError()), "rush")


def long(steps: int = 200) -> Counterexample:
    s = Script()
    half = steps // 2
    for i in range(half):
        s.writes("Ana", "till.value", str(i), 4, "self.value = i")
    s.reads("Ben", "till.value", str(half - 1), 9, "seen = self.value", switch="preempted", note="Ben looks in the middle")
    for i in range(half, steps - 1):
        s.writes("Ana", "till.value", str(i), 4, "self.value = i", switch="ended" if i == half else "")
    return Counterexample(tuple(s.steps), 1, f"A{half} B1 A{steps - half - 1}", ("Ana", "Ben"),
                          Failure("exception", "seen in the middle", "Ben", 10, exception=AssertionError()), "rush")


def hostile() -> Counterexample:
    s = Script()
    nasty = "<script>alert('x')</script>&\x00\x1b[31m\ud800\u202e"
    s.writes(nasty, "a<b>", "\"'><img src=x onerror=alert(1)>", 1, "x = '</title></svg><b>'", note="<i>note</i>")
    s.reads("美咲 👩\u200d🍳", "a<b>", "'日本\n語'", 2, "print(x)", switch="preempted")
    return Counterexample(tuple(s.steps), 1, "<A>1", (nasty, "美咲 👩\u200d🍳"),
                          Failure("exception", "<b>bold</b> & \x07", nasty, 1, exception=ValueError()), "x</svg>")


def empty() -> Counterexample:
    return Counterexample((), 0, "", (), Failure("exception", "", "main", 3, exception=ValueError()), "program")


ALL = {"lost_update": lost_update, "transfer_deadlock": transfer_deadlock, "ring": ring, "lost_wakeup": lost_wakeup,
       "polite_livelock": polite_livelock, "worker_exception": worker_exception, "wide": wide, "long": long,
       "hostile": hostile, "empty": empty}


def random_counterexample(seed: int) -> Counterexample:
    """Anything that the types allow, sensible or not."""
    draw = random.Random(seed)
    words = ["Ana", "Ben", "x", "", "a" * 80, "日本語", "<b>&\"'", "\x00\n\t", "Thread-1 (sell)"]
    names = draw.sample(words, draw.randint(1, 5))
    kinds = ["read", "write", "acquire", "release", "wait", "call", "end", "fail", "odd"]
    steps = tuple(
        Step(i + 1, draw.choice(names), draw.choice(kinds), draw.choice(words), draw.choice(words),
             draw.choice([None, *words]), draw.randint(1, 10**6), draw.choice(words),
             draw.choice(["", "/a/b.py", "<ipython-input>"]),
             draw.choice(["", "preempted", "blocked", "ended"]), tuple(draw.sample(words, draw.randint(0, 2))),
             tuple(draw.sample(names, draw.randint(0, len(names)))), draw.choice(["", "", words[4]]))
        for i in range(draw.choice([0, 1, 2, 10, 100, 700])))
    waits = tuple(Wait(name, draw.choice(words), tuple(draw.sample(names, 1)), 3, "", ()) for name in names)
    failure = Failure(draw.choice(["exception", "deadlock", "livelock"]), draw.choice(words), draw.choice([None, *names]), 3,
                      waits if draw.random() < 0.5 else (), tuple(names) if draw.random() < 0.5 else ())
    schedule = draw.choice(["A1", "A1 " * 200])
    return Counterexample(steps, draw.randint(0, 5), schedule, tuple(names[:2]), failure, draw.choice(words))


def exploration(verdict: str = "holds", **more: object) -> Exploration:
    found = Exploration("lunch_rush", "holds", "", 2, {"ok": 2}, None, None, True, False, 0.01)
    if verdict == "fails":
        example = lost_update()
        found = replace(found, verdict="fails", schedules=6, outcomes={"ok": 2, "exception": 4}, failure=example.failure,
                        counterexample=example)
    elif verdict == "unfinished":
        found = replace(found, verdict="unfinished", reason="line 7 gives `self.stock` to numpy.sum, which cannot be judged")
    return replace(found, **more)  # type: ignore[arg-type]
