"""What a queue with several slots does to requests, one by one: nothing approximated.

First come, first served: each request takes the slot that is free first (Kiefer and Wolfowitz,
1955).
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

Times = NDArray[np.float64]


@njit(cache=True)
def waits_ms(arrivals_ms: Times, services_ms: Times, slots: int) -> Times:  # pragma: no cover
    """How long each request waits, in the order they come. [ms]"""
    free = np.zeros(slots)  # a heap: the slot that is free first on top
    waits = np.empty(arrivals_ms.size)
    for request in range(arrivals_ms.size):
        begins = max(arrivals_ms[request], free[0])
        waits[request] = begins - arrivals_ms[request]
        until = begins + services_ms[request]
        place = 0
        while True:
            child = 2 * place + 1
            if child >= slots:
                break
            if child + 1 < slots and free[child + 1] < free[child]:
                child += 1
            if free[child] >= until:
                break
            free[place] = free[child]
            place = child
        free[place] = until
    return waits
