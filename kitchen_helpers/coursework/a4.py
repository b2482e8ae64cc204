"""The questions of assignment 4: a pool of ovens, a bell that is rung again and again, and cooks who share their knives."""

from __future__ import annotations

from .a4_bell import check_bell
from .a4_dinner import check_dinner
from .a4_pool import check_pool
from .questions import Question

QUESTIONS = (
    Question("a4.q1", ("OvenPool",), 3.0, check_pool),
    Question("a4.q2", ("ServiceBell",), 3.0, check_bell),
    Question("a4.q3", ("dine",), 3.0, check_dinner),
)
