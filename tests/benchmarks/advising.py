"""Is the advice right? Work of many shapes: what the rule says, who was fastest here, and whether they agree."""

from __future__ import annotations

from kitchen_helpers.advice import Shape, measured
from kitchen_helpers.machine import machine_card

SHAPES = [
    Shape(items=20, seconds=0.02, waits=1),
    Shape(items=2, seconds=0.1, waits=1),
    Shape(items=16, seconds=0.05, waits=0.9),
    Shape(items=12, seconds=0.05, waits=0.5),
    Shape(items=1, seconds=0.2, waits=1),
    Shape(items=20, seconds=0.001),
    Shape(items=2000, seconds=0.00001),
    Shape(items=6, seconds=0.03, megabytes=5),
    Shape(items=8, seconds=0.15),
    Shape(items=4, seconds=0.4),
    Shape(items=600, seconds=0.002),
    Shape(items=100, seconds=0.002, megabytes=1),
]


def main() -> None:
    print(f"\nAdvice before, and who was fastest then · {machine_card().caption}")
    print(
        f"{'items':>6} {'ms each':>8} {'waiting':>8} {'MB each':>8}  {'advice':11} {'fastest':11} {'advised is behind by':22} agrees"
    )
    agreed = 0
    for shape in SHAPES:
        found = measured(shape)
        agreed += found.agrees
        print(
            f"{shape.items:6} {1000 * shape.seconds:8.3g} {shape.waits:8.0%} {shape.megabytes:8.3g}  "
            f"{found.advice.engine:11} {found.winner:11} {found.behind!s:22} {'yes' if found.agrees else 'NO'}"
        )
    print(f"agreement: {agreed} of {len(SHAPES)}")


if __name__ == "__main__":
    main()
