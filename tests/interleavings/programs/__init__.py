"""Small ordinary programs with the verdict that each must get, every wrong one beside its cure."""

from .table import CASES, Case, load_all

__all__ = ["CASES", "Case", "load_all"]
