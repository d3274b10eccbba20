"""GAIA's jobs with known lengths under a cap on CPUs, or beside reserved ones: LP by LP.

Each hour the jobs that have come by its end are planned to their last hour; only what falls into
the hour is done, and the next hour plans again. Nobody knows what comes later. The bound knows all
arrivals.
"""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import linprog
from scipy.sparse import coo_array, csr_array

from benchmarks.peers.gaia import RESERVED, TINY, Lived, Trace, cost_usd
from optimizer.site import FloatArray, IntArray

#: Of a CPU-hour that misses its deadline. [g]
MISSED_G = 1e5
#: Work left below this is none: round-off of the LP. [CPU-h]
MISSED_CPU_H = 1e-6
#: Of a CPU-hour beyond the reserved ones; set so that the cost stays below GAIA's. [g]
PRICE_BEYOND_G = 180.0
#: Hours ahead for which work is expected to come, and how long it may take.
EXPECTED_H, EXPECTED_WINDOW_H = 24, 24
#: Of the mean that has come so far, what is expected to come: a few large jobs make the mean. Set
#: on this trace.
EXPECTED_SHARE = 0.35


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """What is to be placed; arrays of shape (jobs,).

    Attributes:
        arrival_h: [h]
        deadline_h: [h]
        cpus: Most CPUs at once.
        left: CPU-hours.
    """

    arrival_h: FloatArray
    deadline_h: FloatArray
    cpus: FloatArray
    left: FloatArray

    @staticmethod
    def of(trace: Trace, jobs: IntArray, left: FloatArray) -> "Work":
        """What is left of some jobs of the trace."""
        return Work(
            arrival_h=trace.arrival_h[jobs],
            deadline_h=trace.deadline_h[jobs],
            cpus=trace.cpus[jobs],
            left=left,
        )

    def with_expected(self, per_hour: float, hour: int) -> "Work":
        """Beside it `per_hour` CPU-hours that come in each of the next hours."""
        come = hour + 1.0 + np.arange(EXPECTED_H)
        same = np.full(EXPECTED_H, per_hour)
        return Work(
            arrival_h=np.append(self.arrival_h, come),
            deadline_h=np.append(self.deadline_h, come + EXPECTED_WINDOW_H),
            cpus=np.append(self.cpus, same),
            left=np.append(self.left, same),
        )


def bound(trace: Trace, cap: float, price_per_cpu_h: float = 0.0) -> float:
    """Least carbon of any schedule with at most `cap` CPUs by the hour, all arrivals known."""
    work = Work.of(trace, np.arange(len(trace.work)), trace.work)
    done = _planned(trace.carbon, work, 0, (cap, price_per_cpu_h))
    return float(done.sum(axis=0) @ trace.carbon[: done.shape[1]] / 1000)


def closed_loop(trace: Trace, cap: float, price_per_cpu_h: float = 0.0) -> Lived:
    """Ours, hour by hour.

    Args:
        trace: The case.
        cap: On the hourly mean of CPUs; infinite for none.
        price_per_cpu_h: Of a CPU-hour beyond the reserved ones. [g at 1 W a CPU]
    """
    left, used = trace.work.copy(), np.zeros_like(trace.carbon)
    end_h = np.full_like(left, np.nan)
    last = int(np.ceil(trace.deadline_h.max()))
    for hour in range(last):
        live = np.flatnonzero((trace.arrival_h < hour + 1) & (left > TINY))
        if not len(live):
            continue
        work = Work.of(trace, live, left[live])
        if np.isfinite(cap):
            come = trace.arrival_h < hour + 1
            work = work.with_expected(
                EXPECTED_SHARE * float(trace.work[come].sum()) / (hour + 1), hour
            )
        done = _planned(trace.carbon, work, hour, (cap, price_per_cpu_h))[: len(live)]
        now = np.minimum(done[:, 0], left[live])
        left[live] -= now
        used[hour] += now.sum()
        ended = live[left[live] <= TINY]
        begin = np.maximum(hour, trace.arrival_h[ended])
        end_h[ended] = np.minimum(hour + 1.0, begin + now[left[live] <= TINY] / trace.cpus[ended])
    wait = end_h - trace.arrival_h - trace.length_h
    return Lived(
        carbon=float(used @ trace.carbon / 1000),
        mean_wait_h=float(np.nanmean(wait)),
        peak_cpus=float(used.max()),
        cost_usd=cost_usd(used),
        misses=int((left > MISSED_CPU_H).sum()),
    )


def _planned(carbon: FloatArray, work: Work, hour: int, terms: tuple[float, float]) -> FloatArray:
    """CPU-hours of each of `work` by hour from `hour` on, shape (jobs, hours).

    min sum c[t] x[j,t] + price sum o[t] + missed sum m[j]
    sum_t x[j,t] + m[j] = left[j],  x[j,t] <= cpus[j] · hours of the window in t
    sum_j x[j,t] <= cap,  o[t] >= sum_j x[j,t] - reserved
    """
    cap, price = terms
    n_hours = int(np.ceil(work.deadline_h.max() - 1e-9)) - hour
    edges = hour + np.arange(n_hours)
    open_h = np.minimum(edges + 1, work.deadline_h[:, None]) - np.maximum(
        edges, work.arrival_h[:, None]
    )
    rows, columns = np.nonzero(open_h > TINY)
    n_x, n_jobs = len(rows), len(work.left)
    most = open_h[rows, columns] * work.cpus[rows]
    cost = [carbon[hour + columns], np.full(n_jobs, MISSED_G), np.full(n_hours, price)]
    upper = [most, np.full(n_jobs, np.inf), np.full(n_hours, np.inf)]
    number = np.arange(n_x)
    whole = coo_array(
        (
            np.ones(n_x + n_jobs),
            (
                np.append(rows, np.arange(n_jobs)),
                np.append(number, n_x + np.arange(n_jobs)),
            ),
        ),
        shape=(n_jobs, n_x + n_jobs + n_hours),
    )
    limits, sides = [], []
    if np.isfinite(cap):
        limits.append((np.ones(n_x), columns, number))
        sides.append(np.full(n_hours, cap))
    if price > 0:
        overflow = n_x + n_jobs + np.arange(n_hours)
        limits.append(
            (
                np.append(np.ones(n_x), -np.ones(n_hours)),
                np.append(columns, np.arange(n_hours)),
                np.append(number, overflow),
            )
        )
        sides.append(np.full(n_hours, float(RESERVED)))
    found = linprog(
        np.concatenate(cost),
        A_ub=_stacked(limits, n_hours, whole.shape[1]),
        b_ub=np.concatenate(sides) if sides else None,
        A_eq=csr_array(whole),
        b_eq=work.left,
        bounds=np.column_stack([np.zeros(whole.shape[1]), np.concatenate(upper)]),
        method="highs",
    )
    if not found.success:
        raise RuntimeError(f"gaia, hour {hour}: {found.message}")
    done = np.zeros((n_jobs, n_hours))
    done[rows, columns] = found.x[:n_x]
    return done


def _stacked(
    limits: list[tuple[FloatArray, IntArray, IntArray]], n_hours: int, n_columns: int
) -> csr_array | None:
    if not limits:
        return None
    values = np.concatenate([one[0] for one in limits])
    rows = np.concatenate([one[1] + n * n_hours for n, one in enumerate(limits)])
    columns = np.concatenate([one[2] for one in limits])
    shape = (len(limits) * n_hours, n_columns)
    return csr_array(coo_array((values, (rows, columns)), shape=shape))
