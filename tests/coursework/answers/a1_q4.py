from . import planted

CEIL = """
import math

def check(serial_fraction, low, value):
    if not 0 <= serial_fraction <= 1:
        raise ValueError(f"a serial fraction is between 0 and 1, not {serial_fraction}")
    if not low <= value < math.inf:
        raise ValueError(f"{value} makes no sense")

def amdahl(serial_fraction, workers):
    check(serial_fraction, 1, workers)
    if workers != int(workers):
        raise ValueError("half a worker")
    return 1 / (serial_fraction + (1 - serial_fraction) / workers)

def needed_workers(serial_fraction, speedup):
    check(serial_fraction, 1, speedup)
    if speedup == 1:
        return 1
    left = 1 / speedup - serial_fraction
    if left <= 1e-12:
        return None
    return math.ceil((1 - serial_fraction) / left - 1e-9)
"""

SEARCH = planted(
    CEIL,
    """    left = 1 / speedup - serial_fraction
    if left <= 1e-12:
        return None
    return math.ceil((1 - serial_fraction) / left - 1e-9)
""",
    """    if serial_fraction and speedup >= 1 / serial_fraction - 1e-12:
        return None
    low, high = 1, 1
    while amdahl(serial_fraction, high) < speedup * (1 - 1e-12):
        low, high = high, high * 2
    while low < high:
        middle = (low + high) // 2
        if amdahl(serial_fraction, middle) < speedup * (1 - 1e-12):
            low = middle + 1
        else:
            high = middle
    return high
""",
)

EXACT = """
from fractions import Fraction
from math import ceil, isfinite

def amdahl(serial_fraction, workers):
    if not (0 <= serial_fraction <= 1 and isfinite(workers) and workers >= 1 and workers == int(workers)):
        raise ValueError((serial_fraction, workers))
    return 1.0 / (serial_fraction + (1.0 - serial_fraction) / workers)

def needed_workers(serial_fraction, speedup):
    if not (0 <= serial_fraction <= 1 and isfinite(speedup) and speedup >= 1):
        raise ValueError((serial_fraction, speedup))
    s, goal = Fraction(str(serial_fraction)), Fraction(str(speedup))
    if goal == 1:
        return 1
    if s * goal >= 1:
        return None
    return ceil((1 - s) * goal / (1 - s * goal))
"""

RIGHT = {"ceil": CEIL, "search": SEARCH, "fractions": EXACT}

WRONG = {
    "the parts swapped": (
        planted(CEIL, "(serial_fraction + (1 - serial_fraction) / workers)", "(1 - serial_fraction + serial_fraction / workers)"),
        "amdahl(0, 8) must be 8",
    ),
    "Gustafson's": (
        planted(CEIL, "1 / (serial_fraction + (1 - serial_fraction) / workers)", "serial_fraction + (1 - serial_fraction) * workers"),
        "must be",
    ),
    "one worker too many": (planted(CEIL, "left - 1e-9)", "left + 1)"), "needed_workers(0, 8) must be 8"),
    "rounded down": (planted(CEIL, "math.ceil(", "math.floor("), "needed_workers("),
    "not whole": (planted(CEIL, "math.ceil((1 - serial_fraction) / left - 1e-9)", "(1 - serial_fraction) / left"), "needed_workers("),
    "infinite instead of None": (planted(CEIL, "        return None\n", "        return math.inf\n"), "out of reach"),
    "exactly 1/s is reachable": (planted(CEIL, "left <= 1e-12", "left < -1e-12", "/ left -", "/ max(left, 1e-15) -"), "out of reach"),
    "nan is taken": (
        planted(CEIL, "if not 0 <= serial_fraction <= 1:", "if serial_fraction < 0 or serial_fraction > 1:"),
        "must raise ValueError",
    ),
    "half a worker is taken": (
        planted(CEIL, "    if workers != int(workers):\n        raise ValueError(\"half a worker\")\n", ""),
        "amdahl(0.5, 2.5) must raise ValueError",
    ),
    "an endless speedup is taken": (planted(CEIL, "low <= value < math.inf", "low <= value"), "must raise ValueError"),
    "TypeError for nonsense": (planted(CEIL, "raise ValueError(f\"{value}", "raise TypeError(f\"{value}"), "TypeError"),
}
