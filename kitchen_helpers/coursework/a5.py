"""The checks of assignment 5, the front of the house: coroutines that serve guests, fetch prices and run a kitchen."""

from __future__ import annotations

from .a5_front_of_house import check_handle
from .questions import Question

QUESTIONS = (Question("a5.q1", ("handle",), 3.0, check_handle, alone=True),)
