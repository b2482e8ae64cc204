"""The questions of assignment 3: a pass for dishes, the same with an end, and a menu board for readers and writers."""

from __future__ import annotations

from .a3_board import check_board
from .a3_closing import check_closing
from .a3_pass import check_pass
from .questions import Question

QUESTIONS = (
    Question("a3.q1", ("Pass",), 3.0, check_pass),
    Question("a3.q2", ("Pass", "Closed"), 3.0, check_closing),
    Question("a3.q3", ("MenuBoard",), 4.0, check_board),
)
