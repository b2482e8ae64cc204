"""Locks: cycles of waiting, locks that are never given back, locks that protect something else."""

import threading
from threading import Lock, RLock, Thread

from .helper import Box, in_threads
from .table import fails, holds


class _Account:
    def __init__(self, name, balance):
        self.name, self.balance, self.lock = name, balance, Lock()


def _transfer(source, target, amount):
    source.balance -= amount
    target.balance += amount


# Ana takes her lock, [switch] Ben takes his and waits for hers, she waits for his.
@fails("deadlock", preemptions=1)
def transfer_in_opposite_directions():
    ana, ben = _Account("Ana", 10), _Account("Ben", 10)

    def transfer(source, target):
        with source.lock:
            with target.lock:
                _transfer(source, target, 3)

    first = Thread(target=transfer, args=(ana, ben), name="Ana")
    second = Thread(target=transfer, args=(ben, ana), name="Ben")
    first.start()
    second.start()
    first.join()
    second.join()


@holds
def transfer_with_ordered_locks():
    ana, ben = _Account("Ana", 10), _Account("Ben", 10)

    def transfer(source, target):
        first, second = sorted((source, target), key=lambda account: account.name)
        with first.lock:
            with second.lock:
                _transfer(source, target, 3)

    in_threads(lambda: transfer(ana, ben), lambda: transfer(ben, ana))
    assert (ana.balance, ben.balance) == (10, 10)


@fails("deadlock", preemptions=1)
def transfer_ordered_by_names_that_are_equal():
    ana, other_ana = _Account("Ana", 10), _Account("Ana", 10)

    def transfer(source, target):
        first, second = sorted((source, target), key=lambda account: account.name)
        with first.lock:
            with second.lock:
                _transfer(source, target, 3)

    in_threads(lambda: transfer(ana, other_ana), lambda: transfer(other_ana, ana))


@holds
def transfer_ordered_by_id():
    ana, other_ana = _Account("Ana", 10), _Account("Ana", 10)

    def transfer(source, target):
        first, second = (source, target) if id(source) < id(target) else (target, source)
        with first.lock:
            with second.lock:
                _transfer(source, target, 3)

    in_threads(lambda: transfer(ana, other_ana), lambda: transfer(other_ana, ana))
    assert ana.balance + other_ana.balance == 20


# No second thread, no contention: a Lock stops its own holder.
@fails("deadlock", preemptions=0)
def transfer_to_oneself():
    ana = _Account("Ana", 10)

    def transfer(source, target):
        first, second = (source, target) if id(source) < id(target) else (target, source)
        with first.lock:
            with second.lock:
                _transfer(source, target, 3)

    transfer(ana, ana)


@holds
def transfer_to_oneself_guarded():
    ana = _Account("Ana", 10)

    def transfer(source, target):
        if source is target:
            return
        first, second = (source, target) if id(source) < id(target) else (target, source)
        with first.lock:
            with second.lock:
                _transfer(source, target, 3)

    transfer(ana, ana)
    assert ana.balance == 10


def _withdraw(make_lock):
    class Account:
        def __init__(self, balance):
            self.balance, self.lock = balance, make_lock()

        def withdraw(self, amount):
            with self.lock:
                if self.balance < amount:
                    return False
                self.balance -= amount
                return True

        def transfer(self, target, amount):
            with self.lock:
                if self.withdraw(amount):
                    target.balance += amount

    ana, ben = Account(10), Account(10)
    in_threads(lambda: ana.transfer(ben, 3))
    assert (ana.balance, ben.balance) == (7, 13)


@fails("deadlock", preemptions=0)
def public_method_calls_another_one():
    _withdraw(Lock)


@holds
def public_method_calls_another_one_reentrant():
    _withdraw(RLock)


# RLock does not help against opposite directions.
@fails("deadlock", preemptions=1)
def opposite_directions_reentrant():
    first, second = RLock(), RLock()

    def ana():
        with first, first, second:
            pass

    def ben():
        with second, first:
            pass

    in_threads(ana, ben)


@fails("deadlock", preemptions=1)
def opposite_directions_in_one_with():
    first, second = Lock(), Lock()

    def ana():
        with first, second:
            pass

    def ben():
        with second, first:
            pass

    in_threads(ana, ben)


@holds
def same_direction_in_one_with():
    first, second = Lock(), Lock()

    def work():
        with first, second:
            pass

    in_threads(work, work)


def _three(orders):
    locks = {name: Lock() for name in "abc"}
    done = []

    def work(first, second):
        with locks[first]:
            with locks[second]:
                done.append(first)

    in_threads(*[lambda pair=pair: work(*pair) for pair in orders])
    assert len(done) == 3


# The first takes a, [switch] the third takes c and waits for a, the second takes b and waits for c, the first waits for b.
@fails("deadlock", preemptions=1)
def cycle_of_three_locks():
    _three(["ab", "bc", "ca"])


@holds
def no_cycle_of_three_locks():
    _three(["ab", "bc", "ac"])


# A gate lock around both makes the order of the inner ones harmless.
@holds
def opposite_directions_behind_a_gate():
    gate, first, second = Lock(), Lock(), Lock()

    def ana():
        with gate:
            with first, second:
                pass

    def ben():
        with gate:
            with second, first:
                pass

    in_threads(ana, ben)


# Two orders that could never meet: the threads run one after the other.
@holds
def opposite_directions_one_after_the_other():
    first, second = Lock(), Lock()

    def ana():
        with first, second:
            pass

    def ben():
        with second, first:
            pass

    in_threads(ana)
    in_threads(ben)


# -- locks that are not given back

@fails("deadlock", preemptions=0)
def lock_kept_after_an_exception():
    lock = Lock()
    sold = []

    def sell(price):
        try:
            lock.acquire()
            sold.append(1 / price)
            lock.release()
        except ZeroDivisionError:
            pass

    in_threads(lambda: sell(0), lambda: sell(1))


@holds
def lock_given_back_after_an_exception():
    lock = Lock()
    sold = []

    def sell(price):
        try:
            with lock:
                sold.append(1 / price)
        except ZeroDivisionError:
            pass

    in_threads(lambda: sell(0), lambda: sell(1))
    assert sold == [1]


@fails("deadlock", preemptions=0)
def lock_kept_on_early_return():
    lock, stock = Lock(), Box(1)

    def take():
        lock.acquire()
        if stock.value == 0:
            return
        stock.value -= 1
        lock.release()

    in_threads(take, take, take)


@holds
def lock_given_back_on_early_return():
    lock, stock = Lock(), Box(1)

    def take():
        lock.acquire()
        try:
            if stock.value == 0:
                return
            stock.value -= 1
        finally:
            lock.release()

    in_threads(take, take, take)
    assert stock.value == 0


@fails("deadlock", preemptions=0)
def lock_never_given_back_and_nobody_joins():
    lock = Lock()
    Thread(target=lock.acquire).start()
    Thread(target=lock.acquire).start()


@fails(preemptions=0, error="RuntimeError")
def lock_given_back_twice():
    lock = Lock()
    with lock:
        pass
    lock.release()


@fails(preemptions=0, error="RuntimeError")
def lock_released_inside_its_with():
    lock = Lock()

    def work():
        with lock:
            lock.release()

    in_threads(work)


# Ana has it, [switch] Ben's wait runs out, and his `finally` gives back what is hers; she fails when she gives it back.
@fails(preemptions=1)
def time_out_ignored():
    lock, till = Lock(), Box()

    def sell():
        lock.acquire(timeout=0.01)
        try:
            till.value += 1
        finally:
            lock.release()

    in_threads(sell, sell)
    assert till.value == 2


@holds
def time_out_heeded():
    lock, till, given_up = Lock(), Box(), []

    def sell():
        if not lock.acquire(timeout=0.01):
            given_up.append(1)
            return
        try:
            till.value += 1
        finally:
            lock.release()

    in_threads(sell, sell)
    assert till.value + len(given_up) == 2


@fails(preemptions=1)
def try_lock_ignored():
    lock, till = Lock(), Box()

    def sell():
        lock.acquire(blocking=False)
        till.value += 1
        if lock.locked():
            lock.release()

    in_threads(sell, sell)
    assert till.value == 2


# The outcome depends on when the lock is given back, although that is no access to any data.
@holds(final_states=["True", "False"])
def try_lock_sees_the_release():
    lock, got = Lock(), Box()

    def hold():
        lock.acquire()
        lock.release()

    def attempt():
        got.value = lock.acquire(blocking=False)
        if got.value:
            lock.release()

    in_threads(hold, attempt)
    return got.value


@fails(preemptions=1)
def try_lock_expected_to_succeed():
    lock = Lock()

    def hold():
        with lock:
            pass

    def attempt():
        assert lock.acquire(blocking=False)
        lock.release()

    in_threads(hold, attempt)


# The lock is free before, between and after the critical sections, if only for a moment.
@fails(preemptions=1)
def try_lock_expected_to_fail():
    lock, inside = Lock(), Box(False)

    def hold():
        inside.value = True
        with lock:
            pass
        with lock:
            pass
        inside.value = False

    def attempt():
        if inside.value:
            got = lock.acquire(blocking=False)
            if got:
                lock.release()
            assert not (got and inside.value)

    in_threads(hold, attempt)


@fails(preemptions=1)
def peeping_at_a_lock_instead_of_taking_it():
    lock, till = Lock(), Box()

    def sell():
        while lock.locked():
            pass
        till.value += 1

    in_threads(sell, sell)
    assert till.value == 2


# locked() and acquire() are two steps, but acquire() waits anyway.
@holds
def peeping_at_a_lock_and_then_taking_it():
    lock, till = Lock(), Box()

    def sell():
        while lock.locked():
            pass
        with lock:
            till.value += 1

    in_threads(sell, sell)
    assert till.value == 2


@holds
def spin_lock_of_try_locks():
    lock, till = Lock(), Box()

    def sell():
        while not lock.acquire(blocking=False):
            pass
        till.value += 1
        lock.release()

    in_threads(sell, sell)
    assert till.value == 2


# -- who may release

@holds
def lock_released_by_another_thread():
    lock, ready = Lock(), Box(False)
    lock.acquire()

    def prepare():
        ready.value = True
        lock.release()

    thread = Thread(target=prepare)
    thread.start()
    lock.acquire()
    assert ready.value
    thread.join()


@fails(preemptions=0, error="RuntimeError")
def rlock_released_by_another_thread():
    lock = RLock()
    lock.acquire()
    in_threads(lock.release)


@fails(preemptions=0, error="RuntimeError")
def rlock_released_once_too_often():
    lock = RLock()
    with lock:
        with lock:
            pass
    lock.release()


# The inner release does not let anybody in.
@holds
def rlock_is_free_only_at_the_outermost_release():
    lock, till = RLock(), Box()

    def sell():
        with lock:
            with lock:
                value = till.value
            till.value = value + 1

    in_threads(sell, sell)
    assert till.value == 2


@fails(preemptions=1)
def rlock_given_up_in_the_middle():
    lock, till = RLock(), Box()

    def sell():
        with lock:
            value = till.value
        with lock:
            till.value = value + 1

    in_threads(sell, sell)
    assert till.value == 2


# -- locks that protect something else

class _Till:
    total = 0
    class_lock = Lock()

    def __init__(self):
        self.lock = Lock()

    def sell_with_own_lock(self):
        with self.lock:
            _Till.total += 1

    def sell_with_class_lock(self):
        with _Till.class_lock:
            _Till.total += 1


@fails(preemptions=1)
def lock_of_the_instance_data_of_the_class():
    _Till.total = 0
    in_threads(_Till().sell_with_own_lock, _Till().sell_with_own_lock)
    assert _Till.total == 2


@holds
def lock_of_the_class_data_of_the_class():
    _Till.total = 0
    in_threads(_Till().sell_with_class_lock, _Till().sell_with_class_lock)
    assert _Till.total == 2


# Ana reads under the old lock, [switch] Ben puts a new one in its place and goes in too.
@fails(preemptions=1)
def lock_replaced_while_in_use():
    till, guard = Box(), Box(Lock())

    def ana():
        with guard.value:
            till.value += 1

    def ben():
        guard.value = Lock()
        with guard.value:
            till.value += 1

    in_threads(ana, ben)
    assert till.value == 2


@holds
def lock_replaced_before_it_is_used():
    till, guard = Box(), Box(Lock())
    guard.value = Lock()

    def sell():
        with guard.value:
            till.value += 1

    in_threads(sell, sell)
    assert till.value == 2


def _lock_per_table(lock_for):
    orders = {"window": 0}

    def order():
        with lock_for("window"):
            orders["window"] += 1

    in_threads(order, order)
    assert orders["window"] == 2


# Ana sees no lock, [switch] Ben makes one, takes it and reads, [switch] Ana puts hers in its place, takes it and reads.
@fails(preemptions=2)
def lock_per_key_made_twice():
    locks = {}

    def lock_for(table):
        if table not in locks:
            locks[table] = Lock()
        return locks[table]

    _lock_per_table(lock_for)


@holds
def lock_per_key_by_setdefault():
    locks = {}
    _lock_per_table(lambda table: locks.setdefault(table, Lock()))


@holds
def lock_per_key_made_under_a_lock():
    locks, guard = {}, Lock()

    def lock_for(table):
        with guard:
            if table not in locks:
                locks[table] = Lock()
            return locks[table]

    _lock_per_table(lock_for)


# -- waiting for something else while holding a lock

@fails("deadlock", preemptions=0)
def joining_while_holding_what_the_other_needs():
    lock = Lock()

    def work():
        with lock:
            pass

    thread = Thread(target=work)
    with lock:
        thread.start()
        thread.join()


@holds
def joining_after_giving_the_lock_back():
    lock = Lock()

    def work():
        with lock:
            pass

    thread = Thread(target=work)
    with lock:
        thread.start()
    thread.join()


@fails("deadlock", preemptions=0)
def waiting_for_an_event_while_holding_the_lock():
    lock, ready = Lock(), threading.Event()

    def wait():
        with lock:
            ready.wait()

    def prepare():
        with lock:
            ready.set()

    in_threads(wait, prepare)


@holds
def waiting_for_an_event_before_taking_the_lock():
    lock, ready = Lock(), threading.Event()

    def wait():
        ready.wait()
        with lock:
            pass

    def prepare():
        with lock:
            ready.set()

    in_threads(wait, prepare)


# -- giving up and trying again

def _polite(first, second):
    while True:
        with first:
            if second.acquire(blocking=False):
                second.release()
                return


# Both hold their first lock, both fail to get the other, both give up, for ever; another choice would let one through.
@fails("livelock")
def both_give_way_for_ever():
    fork, knife = Lock(), Lock()
    in_threads(lambda: _polite(fork, knife), lambda: _polite(knife, fork))


@holds
def both_ask_in_the_same_order():
    fork, knife = Lock(), Lock()
    in_threads(lambda: _polite(fork, knife), lambda: _polite(fork, knife))


def _patient(first, second):
    while True:
        with first:
            if second.acquire(timeout=0.01):
                second.release()
                return


@fails("livelock")
def both_run_out_of_time_for_ever():
    fork, knife = Lock(), Lock()
    in_threads(lambda: _patient(fork, knife), lambda: _patient(knife, fork))


@holds
def giving_up_once_is_no_livelock():
    fork, knife, eaten, hungry = Lock(), Lock(), [], []

    def eat(first, second):
        with first:
            if second.acquire(timeout=0.01):
                eaten.append(1)
                second.release()
            else:
                hungry.append(1)

    in_threads(lambda: eat(fork, knife), lambda: eat(knife, fork))
    assert len(eaten) + len(hungry) == 2


# Ana holds the fork, [switch] Ben holds the knife; each waits in vain. Ben gives up last, so one of them may still eat:
# both go hungry only if Ana's wait runs out while Ben still holds the knife, and his while she still holds the fork.
@fails(preemptions=2)
def giving_up_once_may_leave_both_hungry():
    fork, knife, eaten = Lock(), Lock(), []

    def eat(first, second):
        with first:
            if second.acquire(timeout=0.01):
                eaten.append(1)
                second.release()

    in_threads(lambda: eat(fork, knife), lambda: eat(knife, fork))
    assert eaten


# -- an order is not a lock's business

@fails(preemptions=0, error="AssertionError")
def lock_gives_no_order():
    lock, dish = Lock(), Box()

    def cook():
        with lock:
            dish.value = "soup"

    def serve():
        with lock:
            assert dish.value == "soup"

    in_threads(cook, serve)


@holds
def join_gives_an_order():
    dish = Box()

    def cook():
        dish.value = "soup"

    def serve():
        assert dish.value == "soup"

    in_threads(cook)
    in_threads(serve)
