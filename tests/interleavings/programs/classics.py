"""The classics: mutual exclusion without locks, dining, reading and writing, meeting, and doing something only once."""

from collections import deque
from threading import Barrier, Condition, Event, Lock, Semaphore, Thread

from .helper import Box, Unlocked, in_threads
from .table import fails, holds

# -- mutual exclusion for two, without any lock. `critical` loses an update if two are inside at once.


class _Doors:
    def __init__(self):
        self.wants = [False, False]
        self.turn = 0
        self.till = Box()

    def critical(self):
        self.till.value += 1


def _both(enter, leave):
    doors = _Doors()

    def cook(me):
        enter(doors, me, 1 - me)
        doors.critical()
        leave(doors, me, 1 - me)

    in_threads(lambda: cook(0), lambda: cook(1))
    assert doors.till.value == 2


def _leave(doors, me, other):
    doors.wants[me] = False


def _peterson(doors, me, other):
    doors.wants[me] = True
    doors.turn = other
    while doors.wants[other] and doors.turn == other:
        pass


@holds
def peterson():
    _both(_peterson, _leave)


# Politeness the wrong way round: each gives the turn to itself, so nobody ever waits. Ana reads inside, [switch] Ben.
@fails(preemptions=1)
def peterson_turn_to_oneself():
    def enter(doors, me, other):
        doors.wants[me] = True
        doors.turn = me
        while doors.wants[other] and doors.turn == other:
            pass

    _both(enter, _leave)


# The turn is given before the wish is known: Ana gives it, [switch] Ben gives it back, wishes, and goes in, because
# Ana does not wish yet; [switch] Ana wishes, has the turn, and goes in too.
@fails(preemptions=2)
def peterson_turn_before_wish():
    def enter(doors, me, other):
        doors.turn = other
        doors.wants[me] = True
        while doors.wants[other] and doors.turn == other:
            pass

    _both(enter, _leave)


# Both wish, both wait for ever.
@fails("livelock")
def wishes_without_a_turn():
    def enter(doors, me, other):
        doors.wants[me] = True
        while doors.wants[other]:
            pass

    _both(enter, _leave)


# First look, then wish: Ana sees nobody, [switch] Ben sees nobody, wishes and goes in, [switch] Ana goes in.
@fails(preemptions=2)
def look_before_wish():
    def enter(doors, me, other):
        while doors.wants[other]:
            pass
        doors.wants[me] = True

    _both(enter, _leave)


# Strict turns are safe and end here, as each goes in once.
@holds
def strict_turns():
    def enter(doors, me, other):
        while doors.turn != me:
            pass

    def leave(doors, me, other):
        doors.turn = other

    _both(enter, leave)


# The second one waits for a turn that only the other, who never comes, could give.
@fails("livelock")
def strict_turns_with_one_who_never_comes():
    doors = _Doors()

    def cook(me):
        while doors.turn != me:
            pass
        doors.critical()
        doors.turn = 1 - me

    in_threads(lambda: cook(1))


def _dekker(doors, me, other):
    doors.wants[me] = True
    while doors.wants[other]:
        if doors.turn != me:
            doors.wants[me] = False
            while doors.turn != me:
                pass
            doors.wants[me] = True


def _dekker_leave(doors, me, other):
    doors.turn = other
    doors.wants[me] = False


@holds
def dekker():
    _both(_dekker, _dekker_leave)


# Giving way without a turn: both give way and come back in step, for ever.
@fails("livelock")
def dekker_without_a_turn():
    def enter(doors, me, other):
        doors.wants[me] = True
        while doors.wants[other]:
            doors.wants[me] = False
            doors.wants[me] = True

    _both(enter, _leave)


# The turn is never passed on: the one that gave way waits for it for ever once the other has gone.
@fails("livelock")
def dekker_keeps_the_turn():
    _both(_dekker, _leave)


class _Bakery:
    def __init__(self):
        self.choosing = [False, False]
        self.number = [0, 0]
        self.till = Box()


def _bakery(announce):
    shop = _Bakery()

    def cook(me):
        if announce:
            shop.choosing[me] = True
        shop.number[me] = 1 + max(shop.number)
        if announce:
            shop.choosing[me] = False
        other = 1 - me
        while shop.choosing[other]:
            pass
        while shop.number[other] != 0 and (shop.number[other], other) < (shop.number[me], me):
            pass
        shop.till.value += 1
        shop.number[me] = 0

    in_threads(lambda: cook(0), lambda: cook(1))
    assert shop.till.value == 2


@holds
def bakery_for_two():
    _bakery(announce=True)


# Ana looks for the highest number, [switch] Ben draws the same one and goes in, for she has none yet; [switch] she draws
# it too, and her name comes first.
@fails(preemptions=2)
def bakery_without_announcing():
    _bakery(announce=False)


def _ticket_lock(draw):
    serving, till = Box(), Box()

    def sell():
        mine = draw()
        while serving.value != mine:
            pass
        till.value += 1
        serving.value += 1

    in_threads(sell, sell)
    assert till.value == 2


@holds
def ticket_lock():
    tickets, lock = Box(), Lock()

    def draw():
        with lock:
            mine = tickets.value
            tickets.value += 1
            return mine

    _ticket_lock(draw)


# Two with the same number: one of them finds its number gone and waits for ever, or both go in.
@fails("livelock")
def ticket_drawn_by_two():
    tickets = Box()

    def draw():
        mine = tickets.value
        tickets.value = mine + 1
        return mine

    _ticket_lock(draw)


# Test and set in one step: setdefault returns what is there.
@holds
def spin_lock_of_setdefault():
    owner, till = {}, Box()

    def sell(me):
        while owner.setdefault("lock", me) != me:
            pass
        till.value += 1
        del owner["lock"]

    in_threads(lambda: sell("Ana"), lambda: sell("Ben"))
    assert till.value == 2


# Ana sees it free, [switch] Ben sees it free, takes it and reads, [switch] Ana takes it too.
@fails(preemptions=2)
def spin_lock_of_test_then_set():
    owner, till = {}, Box()

    def sell(me):
        while "lock" in owner:
            pass
        owner["lock"] = me
        till.value += 1
        owner.pop("lock", None)

    in_threads(lambda: sell("Ana"), lambda: sell("Ben"))
    assert till.value == 2


# -- dining philosophers

def _dine(cooks, order):
    knives = [Lock() for _ in range(cooks)]
    meals = [0] * cooks

    def dine(me):
        first, second = order(me, (me + 1) % cooks)
        with knives[first]:
            with knives[second]:
                meals[me] += 1

    in_threads(*[lambda me=me: dine(me) for me in range(cooks)])
    assert meals == [1] * cooks


# As for any circle: the first takes a knife, [switch] the last takes one and waits for it, and so on downwards.
@fails("deadlock", preemptions=1)
def three_dine_left_first():
    _dine(3, lambda left, right: (left, right))


@holds
def three_dine_lower_first():
    _dine(3, lambda left, right: (min(left, right), max(left, right)))


@fails("deadlock", preemptions=1)
def two_dine_left_first():
    _dine(2, lambda left, right: (left, right))


# One of them is left-handed.
@holds
def three_dine_one_the_other_way_round():
    _dine(3, lambda left, right: (right, left) if left == 0 else (left, right))


def _dine_with_seats(seats):
    knives, table = [Lock(), Lock(), Lock()], Semaphore(seats)

    def dine(me):
        with table:
            with knives[me]:
                with knives[(me + 1) % 3]:
                    pass

    in_threads(*[lambda me=me: dine(me) for me in range(3)])


@holds
def three_dine_on_two_seats():
    _dine_with_seats(2)


@fails("deadlock", preemptions=1)
def three_dine_on_three_seats():
    _dine_with_seats(3)


# Everybody polite: try for the second, put the first one back. They may do so in step for ever.
@fails("livelock")
def two_dine_politely():
    knives = [Lock(), Lock()]

    def dine(me):
        while True:
            knives[me].acquire()
            if knives[1 - me].acquire(blocking=False):
                break
            knives[me].release()
        knives[1 - me].release()
        knives[me].release()

    in_threads(lambda: dine(0), lambda: dine(1))


# One of them waits: that is enough.
@holds
def two_dine_one_politely():
    knives = [Lock(), Lock()]

    def polite():
        while True:
            with knives[0]:
                if knives[1].acquire(blocking=False):
                    knives[1].release()
                    return

    def plain():
        with knives[1]:
            with knives[0]:
                pass

    in_threads(polite, plain)


# -- readers and writers

class _Menu:
    def __init__(self):
        self.readers, self.text, self.price = 0, "soup", "soup"
        self.door, self.writing = Lock(), Semaphore(1)

    def write(self):
        with self.writing:
            self.text = "stew"
            self.price = "stew"

    def read(self):
        assert self.text == self.price


def _readers_writer(counting):
    menu = _Menu()

    def reader():
        with counting(menu):
            menu.readers += 1
            if menu.readers == 1:
                menu.writing.acquire()
        menu.read()
        with counting(menu):
            menu.readers -= 1
            if menu.readers == 0:
                menu.writing.release()

    in_threads(reader, reader, menu.write)


@holds
def readers_and_a_writer():
    _readers_writer(lambda menu: menu.door)


# Ana counts herself, [switch] Ben counts himself and is the second, so he takes no pen; she reads 2: neither has it, and
# whoever leaves last gives back what nobody took. Or one of them takes it twice, and waits for ever.
@fails("deadlock", preemptions=1)
def readers_count_without_a_lock():
    _readers_writer(lambda menu: Unlocked())


@fails(preemptions=1)
def reader_without_asking():
    menu = _Menu()
    in_threads(menu.read, menu.write)


@holds
def reader_asks_as_a_writer():
    menu = _Menu()

    def reader():
        with menu.writing:
            menu.read()

    in_threads(reader, reader, menu.write)


# Two readers, each waiting for the other one to stop reading so that it may write.
@fails("deadlock", preemptions=1)
def two_readers_want_to_write():
    cond, readers = Condition(), Box()

    def reader():
        with cond:
            readers.value += 1
        with cond:
            while readers.value > 1:
                cond.wait()
            readers.value -= 1
            cond.notify_all()

    in_threads(reader, reader)


@holds
def two_readers_stop_reading_before_they_write():
    cond, readers = Condition(), Box()

    def reader():
        with cond:
            readers.value += 1
        with cond:
            readers.value -= 1
            cond.notify_all()
            while readers.value > 0:
                cond.wait()

    in_threads(reader, reader)


# -- two fields that belong together

class _Clock:
    def __init__(self):
        self.hour, self.minute = 9, 59

    def tick(self):
        self.minute = 0
        self.hour = 10

    def time(self):
        return self.hour, self.minute


def _look_at_the_clock(guard):
    clock, seen = _Clock(), []

    def tick():
        with guard:
            clock.tick()

    def look():
        with guard:
            seen.append(clock.time())

    in_threads(tick, look)
    assert seen[0] in ((9, 59), (10, 0))


@fails(preemptions=1)
def torn_clock():
    _look_at_the_clock(Unlocked())


@holds
def locked_clock():
    _look_at_the_clock(Lock())


# One assignment of a whole tuple is one step.
@holds
def clock_of_one_tuple():
    clock = Box((9, 59))

    def tick():
        clock.value = (10, 0)

    def look():
        hour, minute = clock.value
        assert (hour, minute) in ((9, 59), (10, 0))

    in_threads(tick, look)


# But two reads of it are two.
@fails(preemptions=1)
def clock_of_one_tuple_read_twice():
    clock = Box((9, 59))

    def tick():
        clock.value = (10, 0)

    def look():
        assert (clock.value[0], clock.value[1]) in ((9, 59), (10, 0))

    in_threads(tick, look)


def _sequence_lock(look_again):
    version, left, right = Box(), Box(), Box()

    def write():
        version.value += 1
        left.value = 1
        right.value = 1
        version.value += 1

    def read():
        for _ in range(2):
            before = version.value
            if before % 2:
                continue
            pair = left.value, right.value
            if not look_again or version.value == before:
                assert pair in ((0, 0), (1, 1))
                return

    in_threads(write, read)


@holds
def sequence_lock():
    _sequence_lock(look_again=True)


# The reader begins before the writer and ends in the middle: it reads left, [switch] the writer does all, it reads right.
@fails(preemptions=1)
def sequence_lock_without_a_second_look():
    _sequence_lock(look_again=False)


# -- only once

class _Kitchen:
    def __init__(self):
        self.ready = True


class _SlowKitchen:
    def __init__(self):
        self.ready = False


def _only_once(get, *, made):
    made.clear()
    seen = []
    in_threads(lambda: seen.append(get()), lambda: seen.append(get()))
    assert len(made) == 1 and seen[0] is seen[1] and seen[0].ready


# Made twice: both see that there is none.
@fails(preemptions=1)
def made_when_first_needed():
    shared, made = Box(None), []

    def get():
        if shared.value is None:
            made.append(1)
            shared.value = _Kitchen()
        return shared.value

    _only_once(get, made=made)


@holds
def made_when_first_needed_under_a_lock():
    shared, made, lock = Box(None), [], Lock()

    def get():
        with lock:
            if shared.value is None:
                made.append(1)
                shared.value = _Kitchen()
            return shared.value

    _only_once(get, made=made)


# The second look is missing.
@fails(preemptions=1)
def checked_once_and_locked():
    shared, made, lock = Box(None), [], Lock()

    def get():
        if shared.value is None:
            with lock:
                made.append(1)
                shared.value = _Kitchen()
        return shared.value

    _only_once(get, made=made)


# Right in Python: the reference is published by one step, after the object is complete.
@holds
def double_checked_locking():
    shared, made, lock = Box(None), [], Lock()

    def get():
        if shared.value is None:
            with lock:
                if shared.value is None:
                    made.append(1)
                    shared.value = _Kitchen()
        return shared.value

    _only_once(get, made=made)


# Published before it is complete: the other one takes the short way and finds it half done.
@fails(preemptions=1)
def double_checked_locking_published_too_early():
    shared, made, lock = Box(None), [], Lock()

    def get():
        if shared.value is None:
            with lock:
                if shared.value is None:
                    made.append(1)
                    shared.value = _SlowKitchen()
                    shared.value.ready = True
        assert shared.value.ready
        return shared.value

    _only_once(get, made=made)


# The flag goes up before the work is done.
@fails(preemptions=1)
def flag_before_the_work():
    done, oven, lock = Box(False), Box("cold"), Lock()

    def bake():
        with lock:
            first = not done.value
            done.value = True
        if first:
            oven.value = "hot"
        assert oven.value == "hot"

    in_threads(bake, bake)


@holds
def flag_after_the_work():
    done, oven, lock = Box(False), Box("cold"), Lock()

    def bake():
        with lock:
            if not done.value:
                oven.value = "hot"
                done.value = True
        assert oven.value == "hot"

    in_threads(bake, bake)


def _stock(get):
    cooked = []
    in_threads(*[lambda: get("stock", cooked)] * 2)
    assert cooked == ["stock"]


@fails(preemptions=1)
def memo_cooked_twice():
    memo = {}

    def get(key, cooked):
        if key not in memo:
            cooked.append(key)
            memo[key] = key
        return memo[key]

    _stock(get)


@fails(preemptions=1)
def memo_locked_for_the_store_only():
    memo, lock = {}, Lock()

    def get(key, cooked):
        if key not in memo:
            cooked.append(key)
            with lock:
                memo[key] = key
        return memo[key]

    _stock(get)


@holds
def memo_locked_for_all():
    memo, lock = {}, Lock()

    def get(key, cooked):
        with lock:
            if key not in memo:
                cooked.append(key)
                memo[key] = key
            return memo[key]

    _stock(get)


# One lock per key: different keys do not wait for one another, the same one is cooked once.
@holds
def memo_with_a_lock_per_key():
    memo, locks, lock = {}, {}, Lock()

    def get(key, cooked):
        with lock:
            key_lock = locks.setdefault(key, Lock())
        with key_lock:
            if key not in memo:
                cooked.append(key)
                memo[key] = key
            return memo[key]

    _stock(get)


# -- compare and set

class _Cell:
    def __init__(self, value):
        self.value, self.lock = value, Lock()

    def compare_and_set(self, old, new):
        with self.lock:
            if self.value is not old:
                return False
            self.value = new
            return True


class _Node:
    def __init__(self, name, below):
        self.name, self.below = name, below


def _stack(push):
    """Ana takes one off; Ben takes two off (if there are two), keeps the second, and puts the first back."""
    top = _Cell(_Node("a", _Node("b", None)))
    taken = []

    def pop():
        while True:
            node = top.value
            if node is None:
                return None
            below = node.below
            if top.compare_and_set(node, below):
                return node

    def ana():
        node = pop()
        if node is not None:
            taken.append(node.name)

    def ben():
        first = pop()
        second = pop()
        if second is not None:
            taken.append(second.name)
        push(top, first)

    in_threads(ana, ben)
    left = []
    node = top.value
    while node is not None:
        left.append(node.name)
        node = node.below
    assert sorted(taken + left) == ["a", "b"]


# Ana sees the top "a" and "b" below it, [switch] Ben takes both off and puts "a" back, and her compare-and-set finds "a"
# where it was: "b", which Ben has, is on the stack again.
@fails(preemptions=1)
def stack_with_aba():
    def push(top, node):
        while True:
            node.below = top.value
            if top.compare_and_set(node.below, node):
                return

    _stack(push)


# A new node each time: the comparison is by identity, so it is not taken for the old one.
@holds
def stack_without_aba():
    def push(top, node):
        while True:
            below = top.value
            if top.compare_and_set(below, _Node(node.name, below)):
                return

    _stack(push)


# -- rings and stealing

def _ring(producers):
    slots, head, tail = [None] * 2, Box(), Box()

    def put(dish):
        while tail.value - head.value == 2:
            pass
        slots[tail.value % 2] = dish
        tail.value += 1

    threads = [Thread(target=put, args=(dish,)) for dish in ("soup", "stew")[:producers]]
    for thread in threads:
        thread.start()
    taken = []
    while len(taken) < producers:
        while tail.value == head.value:
            pass
        taken.append(slots[head.value % 2])
        head.value += 1
    for thread in threads:
        thread.join()
    assert set(taken) == {"soup", "stew"} if producers == 2 else taken == ["soup"]


@holds
def ring_of_one_producer_and_one_consumer():
    _ring(1)


# Two write to the same slot.
@fails(preemptions=1)
def ring_of_two_producers():
    slots, tail = [None] * 2, Box()

    def put(dish):
        slots[tail.value % 2] = dish
        tail.value += 1

    in_threads(lambda: put("soup"), lambda: put("stew"))
    assert set(slots) == {"soup", "stew"}


def _steal(take):
    orders, done = deque(["soup"]), []
    in_threads(lambda: take(orders, orders.pop, done), lambda: take(orders, orders.popleft, done))
    assert done == ["soup"]


@fails(preemptions=1, error="IndexError")
def last_order_stolen():
    def take(orders, pop, done):
        if orders:
            done.append(pop())

    _steal(take)


@holds
def last_order_stolen_or_not():
    def take(orders, pop, done):
        try:
            done.append(pop())
        except IndexError:
            pass

    _steal(take)


# -- meeting

def _water():
    """Two hydrogens and one oxygen go through together."""
    hydrogens, oxygens, meet, bonded = Semaphore(2), Semaphore(1), Barrier(3), []

    def hydrogen():
        with hydrogens:
            meet.wait()
            bonded.append("H")

    def oxygen():
        with oxygens:
            meet.wait()
            bonded.append("O")

    in_threads(hydrogen, hydrogen, oxygen)
    assert sorted(bonded) == ["H", "H", "O"]


@holds
def water():
    _water()


# Each oxygen collects its two hydrogens one by one: two oxygens have one each and wait for ever.
@fails("deadlock", preemptions=1)
def water_collected_one_by_one():
    hydrogens = Semaphore(0)

    def oxygen():
        hydrogens.acquire()
        hydrogens.acquire()
        hydrogens.release(2)

    hydrogens.release(2)
    in_threads(oxygen, oxygen)


@holds
def water_collected_by_one_oxygen_at_a_time():
    hydrogens, mutex = Semaphore(0), Lock()

    def oxygen():
        with mutex:
            hydrogens.acquire()
            hydrogens.acquire()
        hydrogens.release(2)

    hydrogens.release(2)
    in_threads(oxygen, oxygen)


# The agent puts down tobacco and paper; the smoker who has matches needs both, but another one takes one of them.
@fails("deadlock", preemptions=0)
def smokers_who_take_what_they_find():
    tobacco, paper, matches, smoked = Semaphore(0), Semaphore(0), Semaphore(0), Semaphore(0)

    def smoker(first, second):
        first.acquire()
        second.acquire()
        smoked.release()

    for needs in ((tobacco, paper), (paper, matches), (tobacco, matches)):
        Thread(target=smoker, args=needs, daemon=True).start()
    tobacco.release()
    paper.release()
    smoked.acquire()


@holds
def smokers_who_look_at_the_whole_table():
    cond, table, smoked = Condition(), set(), Semaphore(0)

    def smoker(needs):
        with cond:
            while not needs <= table:
                cond.wait()
            table.difference_update(needs)
        smoked.release()

    for needs in ({"tobacco", "paper"}, {"paper", "matches"}, {"tobacco", "matches"}):
        Thread(target=smoker, args=(needs,), daemon=True).start()
    with cond:
        table.update(("tobacco", "paper"))
        cond.notify_all()
    smoked.acquire()


# -- the sleeping barber (here a cook)

def _barber(guard, sleep_first):
    waiting, lock, bell, served = [], Lock(), Event(), Semaphore(0)

    def cook():
        with guard:
            nobody = not waiting
            if nobody and sleep_first:
                bell.clear()
        if nobody:
            if not sleep_first:
                bell.clear()
            bell.wait()
        waiting.pop()
        served.release()

    def guest():
        with guard:
            waiting.append("guest")
            bell.set()
        served.acquire()

    in_threads(cook, guest)


# The cook sees nobody, [switch] a guest comes and rings, the cook clears the bell and sleeps.
@fails("deadlock", preemptions=1)
def cook_who_sleeps_through_the_bell():
    _barber(Unlocked(), sleep_first=False)


@holds
def cook_who_clears_the_bell_in_the_same_breath():
    _barber(Lock(), sleep_first=True)


@holds
def cook_and_guests_with_semaphores():
    guests, cook_ready, chairs, waiting, served = Semaphore(0), Semaphore(0), Lock(), Box(), []

    def cook():
        for _ in range(2):
            guests.acquire()
            with chairs:
                waiting.value -= 1
                cook_ready.release()
            served.append(1)

    def guest():
        with chairs:
            waiting.value += 1
            guests.release()
        cook_ready.acquire()

    in_threads(cook, guest, guest)
    assert len(served) == 2


# -- shutting down

def _shop(close):
    cond, orders, closed, served = Condition(), [], Box(False), []

    def waiter():
        while True:
            with cond:
                while not orders and not closed.value:
                    cond.wait()
                if not orders:
                    return
                served.append(orders.pop())

    def boss():
        with cond:
            orders.append("soup")
            cond.notify()
        close(cond, closed)

    in_threads(waiter, waiter, boss)
    assert served == ["soup"]


# One of the two waiters is not told: the first takes the dish between the boss's two sections, and both lie down again.
@fails("deadlock", preemptions=1)
def closing_with_notify():
    def close(cond, closed):
        with cond:
            closed.value = True
            cond.notify()

    _shop(close)


@holds
def closing_with_notify_all():
    def close(cond, closed):
        with cond:
            closed.value = True
            cond.notify_all()

    _shop(close)


# Closed without the lock and without a word: whoever lies there already sleeps on.
@fails("deadlock", preemptions=0)
def closing_without_a_word():
    def close(cond, closed):
        closed.value = True

    _shop(close)


# Closed without the lock, but told under it: as with any flag before its notification.
@holds
def closing_without_the_lock_but_told_under_it():
    def close(cond, closed):
        closed.value = True
        with cond:
            cond.notify_all()

    _shop(close)


# -- one after the other

def _alternate(ping_first, pong_first):
    said = []

    def say(word, mine, other):
        for _ in range(2):
            mine.acquire()
            said.append(word)
            other.release()

    in_threads(lambda: say("ping", ping_first, pong_first), lambda: say("pong", pong_first, ping_first))
    assert said == ["ping", "pong", "ping", "pong"]


@holds
def alternating_with_two_semaphores():
    _alternate(Semaphore(1), Semaphore(0))


@fails(preemptions=0)
def alternating_with_one_semaphore():
    both = Semaphore(1)
    _alternate(both, both)


@fails("deadlock", preemptions=0)
def alternating_and_nobody_begins():
    _alternate(Semaphore(0), Semaphore(0))


# -- flags

# The worker may look at the flag as often as it likes: it comes in the end.
@holds
def worker_until_a_flag():
    stop, cooked = Box(False), Box(False)

    def work():
        while not stop.value:
            cooked.value = True

    def boss():
        stop.value = True

    in_threads(work, boss)
    assert stop.value


@fails("livelock")
def worker_until_a_flag_that_is_hidden_by_a_copy():
    stop = Box(False)

    def work():
        stopped = stop.value
        while not stopped:
            pass

    def boss():
        stop.value = True

    in_threads(work, boss)


# Ana withdraws from what is not there yet, and waits until it is.
@holds
def savings_account():
    cond, account = Condition(), Box(0)

    def withdraw():
        with cond:
            while account.value < 2:
                cond.wait()
            account.value -= 2

    def deposit():
        with cond:
            account.value += 1
            cond.notify()

    in_threads(withdraw, deposit, deposit)
    assert account.value == 0


# Two withdrawals wait, the deposit wakes the one that is too large for it.
@fails("deadlock", preemptions=0)
def savings_account_wakes_the_wrong_one():
    cond, account = Condition(), Box(0)

    def withdraw(amount):
        with cond:
            while account.value < amount:
                cond.wait()
            account.value -= amount

    def deposit():
        with cond:
            account.value += 1
            cond.notify()

    large = Thread(target=withdraw, args=(2,), daemon=True)
    small = Thread(target=withdraw, args=(1,))
    large.start()
    small.start()
    in_threads(deposit)
    small.join()
