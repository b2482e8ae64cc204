"""The questions of assignment 2: a till, transfers between tills, and a stock in which nothing is cooked twice."""

from __future__ import annotations

from .a2_stock import check_stock
from .a2_till import check_till
from .a2_transfer import check_transfer
from .questions import Question

QUESTIONS = (
    Question("a2.q1", ("Till",), 2.0, check_till),
    Question("a2.q2", ("Till", "transfer"), 3.0, check_transfer),
    Question("a2.q3", ("StockCache",), 3.0, check_stock),
)
