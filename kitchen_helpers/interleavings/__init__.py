"""Run ordinary threading code under every interleaving of its visible steps.

`explore(program)` rewrites the functions that the program reaches, runs it schedule after schedule, and says "holds"
only if every interleaving was covered; `replay(program, schedule)` runs one schedule again.
"""

from .explorer import explore, replay
from .verdict import Counterexample, Exploration, Failure, Step, Wait

__all__ = ["Counterexample", "Exploration", "Failure", "Step", "Wait", "explore", "replay"]
