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


burners, at_the_stove = threading.BoundedSemaphore(1), threading.Lock()


def bake() -> None:
    with burners, at_the_stove:
        pass


class Stove:
    def clean(self) -> None:
        with at_the_stove, burners:
            pass


def bake_and_clean() -> None:
    run(Ana=bake, Ben=Stove().clean)


def test_a_lock_that_only_a_called_function_names_has_its_name() -> None:
    failure = told(bake_and_clean).failure
    assert {wait.waits_for for wait in failure.waits} == {"burners", "at_the_stove", "the end of Ana"}
    assert "burners" in {name for wait in failure.waits for name in wait.holds} or "at_the_stove" in str(failure)


class Till:
    def __init__(self) -> None:
        self.total = self.sales = 0
        self.open = True


def two_sales() -> tuple[Till, Callable[[], None]]:
    till = Till()

    def sell() -> None:
        till.sales += 1
        till.total += 2

    run(Ana=sell, Ben=sell)
    return till, sell


def a_sum_is_wrong() -> None:
    till, _ = two_sales()
    assert till.open and till.sales in (1, 2) and till.total == 2 * till.sales and till.sales > 0


def it_is_not_closed() -> None:
    till, _ = two_sales()
    assert (
        till.open
        and not till.open
    )  # fmt: skip


def test_of_an_assert_of_several_parts_the_wrong_one_is_told() -> None:
    failure = told(a_sum_is_wrong).failure
    values = "till.total is 2, 2 * till.sales is 4", "till.total is 4, 2 * till.sales is 2"
    assert failure.message.startswith("AssertionError: till.total == 2 * till.sales is not so: ")
    assert failure.message.endswith(tuple(f"{value} in the program" for value in values))
    assert failure.exception is not None and str(failure.exception) == "" and failure.exception.args == ()


def test_a_part_on_a_line_of_its_own_has_its_line() -> None:
    failure = told(it_is_not_closed).failure
    assert failure.message == "AssertionError: not till.open is not so in the program"
    assert failure.line == it_is_not_closed.__code__.co_firstlineno + 4


def all_is_well() -> None:
    till, _ = two_sales()
    assert till.total >= 2 and till.sales >= 1 and till.open


def test_a_schedule_that_does_not_fail_is_shown_but_proves_nothing() -> None:
    assert kh.explore(all_is_well).holds
    replay = kh.replay(a_sum_is_wrong, "A4 B4")
    shown = replay.replayed
    assert shown is not None and replay.counterexample is None and replay.failure is None
    assert replay.verdict == "unfinished" and replay.reason == "this was one schedule of many"
    assert [step.thread for step in shown] == ["Ana"] * 4 + ["Ben"] * 4
    assert shown.schedule == "A4 B4" and shown.failure.kind == "none"
    assert kh.replay(a_sum_is_wrong, shown.schedule).replayed == shown
    text = str(replay)
    assert "this is no pass" in text and "fails" not in text
    assert "writes total ← 4" in text and 'kh.replay(a_sum_is_wrong, "A4 B4")' in text
    html = replay._repr_html_()
    assert html.count("<svg") == 1 and "writes" in html and "✗" not in html
    wrong = told(a_sum_is_wrong)
    assert kh.replay(a_sum_is_wrong, wrong.schedule).replayed is None


def last_table() -> None:
    seated: list[str] = []

    def seat() -> None:
        with threading.Lock():
            if not seated:
                seated.append("a guest")

    run(Cem=seat, Dua=seat)
    assert len(seated) == 1


def test_two_locks_without_a_name_are_told_apart() -> None:
    found = told(last_table)
    acquired = {step.thread: step.action for step in found.steps if step.kind == "acquire"}
    assert acquired == {"Cem": "acquires lock 1", "Dua": "acquires lock 2"}
    assert {step.holds for step in found.steps if step.thread == "Dua"} == {(), ("lock 2",)}
