"""Subclasses of Thread, and what else a Thread can do: names, daemons, joins that give up."""

import operator
import threading
from threading import Event, Lock, Semaphore, Thread

from .helper import Box, in_threads
from .table import fails, holds, never_holds, pair


def _run_all(threads):
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


@pair(preemptions=1, schedules=6, ok=2)
def run_overridden(guard):
    till = Box()

    class Seller(Thread):
        def run(self):
            with guard:
                till.value += 1

    _run_all([Seller(), Seller()])
    assert till.value == 2


@pair(preemptions=1, schedules=6, ok=2)
def init_overridden(guard):
    class Seller(Thread):
        def __init__(self, till, name):
            super().__init__(name=name)
            self.till = till

        def run(self):
            with guard:
                self.till.value += 1

    till = Box()
    _run_all([Seller(till, "Ana"), Seller(till, "Ben")])
    assert till.value == 2


@pair(preemptions=1, schedules=6, ok=2)
def attribute_of_the_subclass(guard):
    class Seller(Thread):
        sold = 0

        def run(self):
            with guard:
                Seller.sold += 1

    _run_all([Seller(), Seller()])
    assert Seller.sold == 2


# `self.sold += 1` makes an attribute of the instance.
@holds(schedules=1, ok=1)
def attribute_of_the_instance_hides_the_subclass():
    class Seller(Thread):
        sold = 0

        def run(self):
            self.sold += 1

    sellers = [Seller(), Seller()]
    _run_all(sellers)
    assert [seller.sold for seller in sellers] == [1, 1] and Seller.sold == 0


@holds
def result_kept_in_the_thread():
    class Adder(Thread):
        def __init__(self, numbers):
            super().__init__()
            self.numbers, self.result = numbers, None

        def run(self):
            self.result = sum(self.numbers)

    adders = [Adder([1, 2]), Adder([3, 4])]
    _run_all(adders)
    assert [adder.result for adder in adders] == [3, 7]


@fails(preemptions=0)
def result_asked_for_too_early():
    class Adder(Thread):
        def __init__(self):
            super().__init__()
            self.result = None

        def run(self):
            self.result = 3

    adder = Adder()
    adder.start()
    assert adder.result == 3


@fails(preemptions=0, error="RuntimeError")
def init_without_super():
    class Seller(Thread):
        def __init__(self):
            self.sold = 0

    Seller().start()


@fails(preemptions=0, error="RuntimeError")
def started_twice():
    thread = Thread(target=lambda: None)
    thread.start()
    thread.start()


@fails(preemptions=0, error="RuntimeError")
def joined_before_it_was_started():
    Thread(target=lambda: None).join()


@fails(preemptions=0, error="RuntimeError")
def joins_itself():
    class Seller(Thread):
        def run(self):
            self.join()

    _run_all([Seller()])


# Started by its own __init__, before it is complete.
@fails(error="AttributeError")
def starts_itself_too_early():
    class Cook(Thread):
        def __init__(self):
            super().__init__()
            self.start()
            self.dish = "soup"

        def run(self):
            self.served = self.dish

    Cook().join()


@holds
def starts_itself_when_complete():
    class Cook(Thread):
        def __init__(self):
            super().__init__()
            self.dish = "soup"
            self.start()

        def run(self):
            self.served = self.dish

    cook = Cook()
    cook.join()
    assert cook.served == "soup"


@holds
def join_overridden():
    class Task(Thread):
        def run(self):
            self.result = 3

        def join(self, timeout=None):
            super().join(timeout)
            return self.result

    task = Task()
    task.start()
    assert task.join() == 3


@holds
def start_overridden():
    class Task(Thread):
        def start(self):
            super().start()
            return self

        def run(self):
            self.result = 3

    task = Task().start()
    task.join()
    assert task.result == 3


@pair(preemptions=1)
def run_called_with_super(guard):
    till = Box()

    def sell():
        with guard:
            till.value += 1

    class Loud(Thread):
        def run(self):
            self.before = True
            super().run()
            self.after = True

    _run_all([Loud(target=sell), Loud(target=sell)])
    assert till.value == 2


@pair(preemptions=1)
def mixin(guard):
    till = Box()

    class Selling:
        def sell(self):
            with guard:
                till.value += 1

    class Seller(Selling, Thread):
        def run(self):
            self.sell()

    _run_all([Seller(), Seller()])
    assert till.value == 2


# run() called by hand is an ordinary call in the caller's thread.
@holds(schedules=1, ok=1)
def run_called_instead_of_start():
    till = Box()

    def sell():
        till.value += 1

    Thread(target=sell).run()
    Thread(target=sell).run()
    assert till.value == 2


# A lock that belongs to the thread object.
@fails(preemptions=1)
def lock_of_each_thread():
    till = Box()

    class Seller(Thread):
        def __init__(self):
            super().__init__()
            self.lock = Lock()

        def run(self):
            with self.lock:
                till.value += 1

    _run_all([Seller(), Seller()])
    assert till.value == 2


@holds
def lock_of_the_class_of_the_threads():
    till = Box()

    class Seller(Thread):
        lock = Lock()

        def run(self):
            with self.lock:
                till.value += 1

    _run_all([Seller(), Seller()])
    assert till.value == 2


# Stopped by an attribute that somebody else sets.
@holds
def stopped_by_an_attribute():
    class Worker(Thread):
        stopped = False

        def run(self):
            while not self.stopped:
                pass

        def stop(self):
            self.stopped = True

    worker = Worker()
    worker.start()
    worker.stop()
    worker.join()


@fails("livelock")
def stopped_by_an_attribute_of_another_one():
    class Worker(Thread):
        stopped = False

        def run(self):
            while not self.stopped:
                pass

        def stop(self):
            self.stopped = True

    worker, other = Worker(), Worker()
    worker.start()
    other.stop()
    worker.join()


@holds
def stopped_by_an_event():
    class Worker(Thread):
        def __init__(self):
            super().__init__()
            self.stopped = Event()

        def run(self):
            self.stopped.wait()

    worker = Worker()
    worker.start()
    worker.stopped.set()
    worker.join()


# -- builtin targets

@holds(schedules=2, ok=2, final_states=["['soup', 'stew']", "['stew', 'soup']"])
def list_append_as_a_target():
    shelf = []
    threads = [Thread(target=shelf.append, args=(dish,)) for dish in ("soup", "stew")]
    _run_all(threads)
    return shelf


@fails(preemptions=0, schedules=2, ok=1)
def list_append_as_a_target_gives_no_order():
    shelf = []
    _run_all([Thread(target=shelf.append, args=(dish,)) for dish in ("soup", "stew")])
    assert shelf == ["soup", "stew"]


@holds
def dict_update_as_a_target():
    menu = {}
    _run_all([Thread(target=menu.update, kwargs={name: 1}) for name in ("soup", "stew")])
    assert len(menu) == 2


@holds
def lock_release_as_a_target():
    lock = Lock()
    lock.acquire()
    thread = Thread(target=lock.release)
    thread.start()
    lock.acquire()
    thread.join()


@holds
def semaphore_release_as_a_target():
    permit = Semaphore(0)
    thread = Thread(target=permit.release, args=(2,))
    thread.start()
    permit.acquire()
    permit.acquire()
    thread.join()


@fails(preemptions=0)
def setattr_as_a_target():
    box = Box()
    _run_all([Thread(target=setattr, args=(box, "value", name)) for name in ("Ana", "Ben")])
    assert box.value == "Ben"


@holds
def nothing_as_a_target():
    _run_all([Thread(), Thread()])


# -- names and identities

@holds
def names_are_as_given():
    seen = []

    def work():
        seen.append(threading.current_thread().name)

    _run_all([Thread(target=work, name="Ana"), Thread(target=work, name="Ben")])
    assert sorted(seen) == ["Ana", "Ben"]


@fails(preemptions=0)
def names_come_in_any_order():
    seen = []

    def work():
        seen.append(threading.current_thread().name)

    _run_all([Thread(target=work, name="Ana"), Thread(target=work, name="Ben")])
    assert seen == ["Ana", "Ben"]


@holds
def current_thread_is_the_object():
    seen = []

    class Worker(Thread):
        def run(self):
            seen.append(threading.current_thread() is self)

    _run_all([Worker(), Worker()])
    assert seen == [True, True]


@holds
def idents_differ():
    seen, both = [], threading.Barrier(2)

    def work():
        seen.append(threading.get_ident())
        both.wait()

    threads = [Thread(target=work), Thread(target=work)]
    _run_all(threads)
    assert len(set(seen)) == 2
    assert set(seen) == {thread.ident for thread in threads}


@holds
def main_is_main():
    seen = []

    def work():
        seen.append(threading.current_thread() is threading.main_thread())

    in_threads(work)
    assert seen == [False]


@fails()
def name_changed_between_two_looks():
    seen = []

    class Worker(Thread):
        def run(self):
            seen.append(self.name == self.name)

    worker = Worker(name="Ana")
    worker.start()
    worker.name = "Ben"
    worker.join()
    assert seen == [True]


# -- threading.local

@holds(schedules=1, ok=1)
def local_is_private():
    mine = threading.local()

    def work():
        mine.value = 0
        mine.value += 1
        mine.value += 1
        assert mine.value == 2

    in_threads(work, work)


@fails(preemptions=0, error="AttributeError")
def local_of_another_thread_is_not_there():
    mine = threading.local()
    mine.value = 1

    def work():
        assert mine.value == 1

    in_threads(work)


# A class derived from local runs its __init__ in each thread anew, out of sight: it is refused by name.
@holds(or_unfinished=True)
def local_subclass_begins_anew_in_each_thread():
    class Mine(threading.local):
        def __init__(self):
            self.value = 0

    mine = Mine()
    mine.value = 5

    def work():
        assert mine.value == 0
        mine.value += 1

    in_threads(work, work)
    assert mine.value == 5


# What a local refers to may well be shared.
@fails(preemptions=1)
def local_reference_to_something_shared():
    mine, till = threading.local(), Box()

    def work():
        mine.till = till
        mine.till.value += 1

    in_threads(work, work)
    assert till.value == 2


_MINE = threading.local()


@holds
def local_made_at_import():
    def work():
        assert not hasattr(_MINE, "value")
        _MINE.value = 1
        assert _MINE.value == 1

    in_threads(work, work)


# -- alive, daemons, and not joined

@fails(preemptions=0)
def not_joined():
    till = Box()

    def sell():
        till.value += 1

    Thread(target=sell).start()
    assert till.value == 1


@holds
def not_joined_and_not_asked():
    till = Box()

    def sell():
        till.value += 1

    Thread(target=sell).start()


@fails(preemptions=0)
def joined_for_a_while():
    till = Box()

    def sell():
        till.value += 1

    thread = Thread(target=sell)
    thread.start()
    thread.join(timeout=1)
    assert till.value == 1


@holds
def joined_for_a_while_and_asked():
    till = Box()

    def sell():
        till.value += 1

    thread = Thread(target=sell)
    thread.start()
    thread.join(timeout=1)
    if not thread.is_alive():
        assert till.value == 1


@holds
def joined_again_and_again():
    till = Box()

    def sell():
        till.value += 1

    thread = Thread(target=sell)
    thread.start()
    while thread.is_alive():
        thread.join(timeout=0.01)
    assert till.value == 1


@holds
def asked_again_and_again_whether_it_is_alive():
    till = Box()

    def sell():
        till.value += 1

    thread = Thread(target=sell)
    thread.start()
    while thread.is_alive():
        pass
    assert till.value == 1


# Alive is not at work: it has written before it ends.
@fails(traced=False)
def alive_means_not_done():
    till = Box()

    def sell():
        till.value += 1

    thread = Thread(target=sell)
    thread.start()
    done = till.value
    alive = thread.is_alive()
    thread.join()
    assert not (done and alive)


@holds
def joined_twice():
    thread = Thread(target=lambda: None)
    thread.start()
    thread.join()
    thread.join()
    assert not thread.is_alive()


@holds
def joined_by_two():
    till = Box()

    def sell():
        till.value += 1

    thread = Thread(target=sell)
    thread.start()

    def check():
        thread.join()
        assert till.value == 1

    in_threads(check, check)


# Threads that join each other.
@fails("deadlock", preemptions=0)
def joined_in_a_circle():
    threads = []
    ready = Event()

    def work(other):
        ready.wait()
        threads[other].join()

    threads += [Thread(target=work, args=(1,)), Thread(target=work, args=(0,))]
    for thread in threads:
        thread.start()
    ready.set()


# A daemon is cut off when all the others have ended; until then it works like any other thread.
@never_holds(preemptions=0)
def daemon_may_come_too_late():
    till = Box()

    def sell():
        till.value += 1

    Thread(target=sell, daemon=True).start()
    assert till.value == 1


@holds
def daemon_joined():
    till = Box()

    def sell():
        till.value += 1

    thread = Thread(target=sell, daemon=True)
    thread.start()
    thread.join()
    assert till.value == 1


# It would serve for ever; the program is over when the others are.
@holds(ends=False)
def daemon_that_serves_for_ever():
    orders, served = Semaphore(0), Semaphore(0)

    def serve():
        while True:
            orders.acquire()
            served.release()

    Thread(target=serve, daemon=True).start()
    for _ in range(2):
        orders.release()
        served.acquire()


@fails("deadlock", preemptions=0)
def no_daemon_that_serves_for_ever():
    orders, served = Semaphore(0), Semaphore(0)

    def serve():
        while True:
            orders.acquire()
            served.release()

    Thread(target=serve).start()
    for _ in range(2):
        orders.release()
        served.acquire()


@holds(ends=False)
def daemon_made_by_its_attribute():
    thread = Thread(target=Event().wait)
    thread.daemon = True
    thread.start()


# Daemons make daemons.
@holds(ends=False)
def daemon_made_by_a_daemon():
    started = Event()

    def outer():
        Thread(target=Event().wait).start()
        started.set()

    Thread(target=outer, daemon=True).start()
    started.wait()


# -- threads that are started by C code

@pair(preemptions=1)
def threads_started_by_map(guard):
    till = Box()

    def sell():
        with guard:
            till.value += 1

    threads = [Thread(target=sell), Thread(target=sell)]
    list(map(Thread.start, threads))
    list(map(Thread.join, threads))
    assert till.value == 2


@pair(preemptions=1)
def threads_started_by_map_with_their_own_methods(guard):
    till = Box()

    def sell():
        with guard:
            till.value += 1

    threads = [Thread(target=sell), Thread(target=sell)]
    for start in [thread.start for thread in threads]:
        start()
    any(map(lambda join: join(), [thread.join for thread in threads]))
    assert till.value == 2


# Nobody sees the start: the threads run past the explorer, which notices that.
@never_holds(traced=False)
def threads_started_out_of_sight():
    till = Box()

    def sell():
        till.value += 1

    threads = [Thread(target=sell), Thread(target=sell)]
    for thread in threads:
        operator.methodcaller("start")(thread)
    for thread in threads:
        thread.join()
    assert till.value == 2
