"""What is told of a real exploration: each step in its place, and nobody called blocked who is not."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable

import kitchen_helpers as kh
from kitchen_helpers.interleavings.verdict import Counterexample
from kitchen_helpers.interleavings.wording import blocked_after


def run(**threads: Callable[[], object]) -> None:
    made = [threading.Thread(target=work, name=name) for name, work in threads.items()]
    for thread in made:
        thread.start()
    for thread in made:
        thread.join()


def told(program: Callable[[], None]) -> Counterexample:
    found = kh.explore(program).counterexample
    assert found is not None
    return found


def broken_menu() -> None:
    menu: dict[str, int] = {}
    orders: queue.Queue[int] = queue.Queue()

    def wait() -> None:
        menu["soup"] = 3
        orders.get()

    run(Cook=lambda: orders.put(menu["soup"]), Waiter=wait)


def test_a_step_that_raises_stands_where_it_happened() -> None:
    first, second = told(broken_menu).steps
    assert (first.thread, first.kind, first.action) == ("Cook", "fail", "menu → KeyError")
    assert (second.thread, second.action) == ("Waiter", "writes menu['soup'] ← 3")


def broken_photo() -> None:
    together = threading.Barrier(2)

    def leave() -> None:
        together.abort()
        together.wait()

    run(Ana=together.wait, Ben=leave)


def test_each_thread_that_fails_has_its_step_in_order() -> None:
    steps = told(broken_photo).steps
    assert [step.kind for step in steps].count("fail") == 2
    assert steps[0].action == "breaks together"
    assert [step.thread for step in steps if step.kind == "fail"] == ["Ben", "Ana"]


def an_error_that_is_caught() -> None:
    dishes: list[str] = []
    seen: list[str] = []

    def take() -> None:
        try:
            seen.append(dishes.pop())
        except IndexError:
            seen.append("nothing")

    run(Ana=take, Ben=lambda: dishes.append("soup"))
    assert seen == ["soup"]


def test_an_error_that_is_caught_is_no_failing_step() -> None:
    assert all(step.kind != "fail" for step in told(an_error_that_is_caught))


class Door:
    def __init__(self) -> None:
        self.open = False
        self.guests = 0


def guests_at_the_door() -> None:
    door = Door()

    def guest() -> None:
        door.guests += 1
        while not door.open:
            pass

    def host() -> None:
        while not door.guests:
            pass
        door.open = True

    run(Ana=guest, Host=host)
    assert door.guests == 2


def test_who_goes_round_a_loop_is_not_blocked() -> None:
    steps = told(guests_at_the_door).steps
    assert [step.switch for step in steps if step.thread == "Host"][0] == "spins"
    assert all("Ana" not in step.blocked for step in steps)


def last_cake() -> None:
    lock, cakes = threading.Lock(), [1]

    def serve() -> None:
        with lock:
            left = bool(cakes)
        if left:
            with lock:
                cakes.pop()

    run(Ana=serve, Ben=serve)


def test_who_is_interrupted_before_a_lock_that_is_taken_is_not_told_to_be_blocked() -> None:
    found = told(last_cake)
    assert any(step.blocked for step in found)
    assert not any(blocked_after(found))
