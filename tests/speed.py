"""Compares how long things take on the machine the tests run on, which may be a slow one."""

from collections.abc import Callable
from time import process_time


def least_s(work: Callable[[], object], times: int = 5) -> float:
    """Give the processor time of the quickest of several runs."""
    taken = []
    for _ in range(times):
        began = process_time()
        work()
        taken.append(process_time() - began)
    return min(taken)


def growth(work: Callable[[int], Callable[[], object]], few: int, many: int) -> float:
    """Give how many times longer the work takes for many than for few; `work` prepares it."""
    return least_s(work(many)) / max(least_s(work(few)), 1e-4)
