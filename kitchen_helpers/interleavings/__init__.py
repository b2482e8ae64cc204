"""Run ordinary threading code under every interleaving of its visible steps.

    exploration = explore(program)      # "holds", "fails" with the simplest failing schedule, or "unfinished"
    replay(program, exploration.counterexample.schedule)

How it works, in the order in which a program meets the modules:

- `collect` finds the functions that the program reaches, `scopes`, `expressions` and `rewrite` change their trees so that every
  use of state that threads could share calls a hook, and the code is swapped for as long as the exploration lasts.
- The hooks (`attributes`, `variables`, `containers`, `iteration`, `calls`, `loops`) do what the code did; `plans` and
  `attribute_keys` know what the attributes of a class are, and where. `builtin_calls`, `container_methods` and
  `unseen_calls` call what is written in C or cannot be seen, `callbacks` makes seen what that calls, `outside` knows what
  it may not do. `accesses` makes a step of what threads share. `locations` notices when two threads conflict on a
  location: from then on its sites are *visible*, and the search starts again.
- `identities` gives objects ids that are the same in every run, and an order that is tried every way round; `hashes` and
  `set_orders` do so for hashes and for sets; `leaks` notices where a number or an address gets past them. `iterators` lets
  each run take from a copy of an iterator that is older than the program.
- `items` makes the items of a list or a dict locations of their own where they are stored by index or by key.
- `models` stand in for the primitives of `threading`, `queue` and `concurrent.futures`.
- `scheduler` runs one thread at a time, in real threads that `pool` keeps; before each visible step somebody decides
  who is next.
- `search` decides: every schedule (`reduce=False`), at least one of each set that differs only in the order of
  independent steps (dynamic partial-order reduction with sleep sets), or the fewest preemptions first.
- `driving` lets somebody else decide, one step at a time, and says what each thread would do next.
- `explorer` runs schedule after schedule, in its `own_thread`, and keeps the `findings`; `simplest` makes a failure short.
- `state` puts back what a run leaves behind; `failures`, `naming` and `story` tell what happened, `patience` how far it is;
  `verdict` shows it, as text (`lanes`) and as a picture (`drawing`, with `columns`, `sheet`, `circle` and `theme`), in
  the same words (`wording`).

What a verdict covers: the sequentially consistent interleavings of visible steps. A visible step is one use of shared
state by Python code: loading or storing an attribute, a global or a closure variable, one operation on a container
(a C call is one step, a loop is one step per item), one operation on a primitive. "holds" says that every such
interleaving was covered, up to the order of steps that do not depend on each other: no bound on steps or preemptions,
but only with the data that this program makes. It says nothing about other inputs, about code that runs without the
GIL inside C, or about real time: a timed wait may expire at any moment, `sleep` only lets others go first, whatever its
length.

What ends in "unfinished", with the reason and the line:

- a budget is spent, a run takes more than 100,000 steps, a loop goes round 200,000 times without a step;
- functions without source, or whose source is not what runs (a file changed, `exec`, the plain interactive prompt);
- the clock, the date and random numbers without a seed (one fixed sequence for each thread is tried), but for the length
  of a sleep;
- a class that changes while threads run in what Python itself looks up: special methods, properties, `__class__`, bases;
- `eval`, `exec`, `globals()`, `vars()`, `__dict__`, `__globals__`, frames, `open`, `input`; coroutines;
- shared objects in code that cannot be seen: objects of extension types (arrays, files), functions of installed packages
  or of most of the standard library that get hold of state which another thread uses, too;
- ids, and hashes of objects and texts, that are used as numbers or texts, that are older than the program, or of objects
  that are gone; texts that show an address (`<Till object at 0x…>`), unless they are only printed;
- orders of the ids of more than six objects; of a set of more than four texts or objects, or where the order cannot be
  chosen: `pop`, `list(set)`, a `__hash__` of the program's own that comes from an id or a text;
- how long objects live: `__del__`, weak references; what belongs to the whole process: files and folders, `redirect_stdout`,
  filters of warnings, `atexit`, `gc`;
- state that cannot be put back between runs: `lru_cache`, `cached_property`, iterators and generators older than the
  program (all but those over numbers and letters, such as `itertools.count`), objects of extension types that are;
- comparing shared dataclass instances by the method that `dataclass` makes (it has no source);
- classes derived from Lock, Queue, … and from `threading.local`; `os.fork`, sockets, subprocesses, signals,
  `multiprocessing`, real randomness (`os.urandom`, `secrets`, `uuid`);
- a program that does not do the same under the same schedule.

A failure that is found all the same is a failure: it really happened, on the real code. (One case is known in which it
could not happen elsewhere: a generator in the middle of a `with`, which only an object, a `zip` or a `map` held that is
gone, is closed at the end of the run instead of at once, so that its lock is kept for too long.)
"""

from .explorer import explore, replay
from .verdict import Counterexample, Exploration, Failure, Schedule, Step, Wait

__all__ = ["Counterexample", "Exploration", "Failure", "Schedule", "Step", "Wait", "explore", "replay"]
