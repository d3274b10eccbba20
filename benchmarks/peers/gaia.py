"""A thousand batch jobs on shared CPUs (GAIA, Hanafy et al., ASPLOS 2024), and its policies.

Jobs below two hours may wait six, others a day. Forecasts are the truth, as in GAIA's default
runs; what nobody knows ahead are arrivals, and where it is said so, lengths. Carbon is counted at
one watt a CPU.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.peers.series import gaia_jobs, steam_carbon
from optimizer.site import FloatArray

ZONE, FIRST_HOUR, N_HOURS = "AU-SA", 7000, 720
SHORT_H, SHORT_WAIT_H, LONG_WAIT_H = 2.0, 6, 24
#: Work and time below this are none. [h]
TINY = 1e-9
#: Of an hour that a job waits; set so that the mean wait of the trace stays below GAIA's.
#: [g at 1 W a CPU]
PRICE_OF_WAITING_G = 18.0
#: Reserved CPUs are paid for all 217 hours of the trace.
RESERVED, CHARGED_H, ON_DEMAND_USD, RESERVED_SHARE = 9, 217, 0.0624, 0.4


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """Jobs and carbon; arrays of shape (jobs,) but for the last.

    Attributes:
        arrival_h: Since the first hour of `carbon`. [h]
        length_h: [h]
        cpus: CPUs.
        wait_h: Longest wait allowed. [h]
        carbon: By hour. [g/kWh]
    """

    arrival_h: FloatArray
    length_h: FloatArray
    cpus: FloatArray
    wait_h: FloatArray
    carbon: FloatArray

    @staticmethod
    def of(data: Path) -> "Trace":
        """The default run of the artifact."""
        arrival, length, cpus = gaia_jobs(data)
        carbon = steam_carbon(data, ZONE)[FIRST_HOUR : FIRST_HOUR + N_HOURS]
        wait = np.where(length < SHORT_H, SHORT_WAIT_H, LONG_WAIT_H).astype(np.float64)
        return Trace(arrival_h=arrival, length_h=length, cpus=cpus, wait_h=wait, carbon=carbon)

    @property
    def work(self) -> FloatArray:
        """CPU-hours of each job."""
        return self.length_h * self.cpus

    @property
    def deadline_h(self) -> FloatArray:
        """Latest end. [h]"""
        return self.arrival_h + self.length_h + self.wait_h

    def between(self, begin_h: FloatArray, end_h: FloatArray) -> FloatArray:
        """Carbon intensity integrated from `begin_h` to `end_h`. [g/kW]"""
        edges = np.arange(len(self.carbon) + 1)
        sums = np.append(0.0, np.cumsum(self.carbon))
        integral: FloatArray = np.interp(end_h, edges, sums) - np.interp(begin_h, edges, sums)
        return integral

    def started(self, start_h: FloatArray) -> float:
        """Carbon when each job starts at `start_h` and runs through. [kg at 1 kW a CPU]"""
        return float((self.between(start_h, start_h + self.length_h) * self.cpus).sum() / 1000)

    def believed_length_h(self) -> FloatArray:
        """Mean length of each job's queue, which is all GAIA knows of it. [h]"""
        believed = np.empty_like(self.length_h)
        short = self.length_h < SHORT_H
        for queue in (short, ~short):
            if queue.any():
                believed[queue] = self.length_h[queue].mean()
        return believed


def carbon_time(trace: Trace) -> FloatArray:
    """GAIA's policy: the start that saves most carbon per hour of completion. [h]

    Starts are looked at hour by hour after the arrival, with the queue's mean length.
    """
    believed = trace.believed_length_h()
    at_once = trace.between(trace.arrival_h, trace.arrival_h + believed)
    best, chosen = np.zeros_like(believed), trace.arrival_h.copy()
    for later in range(1, LONG_WAIT_H + 1):
        start = trace.arrival_h + later
        saved = at_once - trace.between(start, start + believed)
        rate = np.where(later <= trace.wait_h, saved / (later + believed), -np.inf)
        better = rate > best + 1e-12
        best, chosen = np.where(better, rate, best), np.where(better, start, chosen)
    return chosen


def lowest_window(trace: Trace) -> FloatArray:
    """The start whose window of the queue's mean length is the cleanest. [h]"""
    believed = trace.believed_length_h()
    best = trace.between(trace.arrival_h, trace.arrival_h + believed)
    chosen = trace.arrival_h.copy()
    for later in range(1, LONG_WAIT_H + 1):
        start = trace.arrival_h + later
        grams = trace.between(start, start + believed)
        better = (later <= trace.wait_h) & (grams < best - 1e-12)
        best, chosen = np.where(better, grams, best), np.where(better, start, chosen)
    return chosen


@dataclass(frozen=True, slots=True, kw_only=True)
class Lived:
    """What became of all jobs.

    Attributes:
        carbon: In kg at 1 kW a CPU.
        mean_wait_h: Completion less arrival less length. [h]
        peak_cpus: Highest hourly mean.
        cost_usd: With nine reserved CPUs and the rest on demand. [USD]
        misses: Jobs that waited longer than they may.
    """

    carbon: float
    mean_wait_h: float
    peak_cpus: float
    cost_usd: float
    misses: int


def cost_usd(used: FloatArray) -> float:
    """What CPU-hours by hour cost beside nine reserved CPUs. [USD]"""
    fixed = RESERVED * CHARGED_H * ON_DEMAND_USD * RESERVED_SHARE
    return fixed + ON_DEMAND_USD * float(np.maximum(0.0, used - RESERVED).sum())


def unknown_lengths(trace: Trace, price_of_waiting: float) -> Lived:
    """Ours where lengths are unknown: pause and go on, as the price of waiting has it.

    Each hour a job is thought to need what is left of its queue's mean, or half as much again as it
    has run. It looks at every wait still allowed, takes the cheapest hours for that need, and pays
    the price for each hour it ends later; it runs now if now is among the hours of the best.

    Args:
        trace: The case.
        price_of_waiting: Of a job's hour, however many CPUs it has. [g at 1 W a CPU]
    """
    believed, left = trace.believed_length_h(), trace.length_h.copy()
    waited, done = np.zeros_like(left), np.full_like(left, np.nan)
    used = np.zeros_like(trace.carbon)
    grams = 0.0
    for hour in range(len(trace.carbon) - LONG_WAIT_H - 1):
        live = np.flatnonzero((trace.arrival_h < hour + 1) & np.isnan(done))
        if not len(live) and trace.arrival_h.max() < hour:
            break
        for j in live:
            begin = max(float(hour), float(trace.arrival_h[j]))
            spare = trace.wait_h[j] - waited[j]
            ran = trace.length_h[j] - left[j]
            need = max(believed[j] - ran, 0.5 * ran, 0.5)
            if not _runs(trace, hour, need, spare, price_of_waiting / trace.cpus[j]):
                pause = min(hour + 1 - begin, spare)
                waited[j] += pause
                begin += pause
            run = min(hour + 1 - begin, left[j])
            left[j] -= run
            used[hour] += run * trace.cpus[j]
            grams += run * trace.cpus[j] * trace.carbon[hour]
            if left[j] <= TINY:
                done[j] = begin + run
    wait = done - trace.arrival_h - trace.length_h
    return Lived(
        carbon=grams / 1000,
        mean_wait_h=float(wait.mean()),
        peak_cpus=float(used.max()),
        cost_usd=cost_usd(used),
        misses=int((wait > trace.wait_h + 1e-6).sum()),
    )


def _runs(trace: Trace, hour: int, need_h: float, spare_h: float, price: float) -> bool:
    """Whether a job that needs `need_h` runs in `hour`, a wait costing `price` an hour a CPU."""
    hours = int(np.ceil(need_h - 1e-9))
    ahead = trace.carbon[hour : hour + hours + int(spare_h)]
    taken = ahead[:hours].copy()
    total, best, now = float(taken.sum()), float(taken.sum()), True
    # Hour by hour later, the dearest of those taken gives way to a cheaper one.
    chosen = np.ones(len(ahead), dtype=bool)
    chosen[hours:] = False
    for later in range(hours, len(ahead)):
        dearest = int(np.argmax(np.where(chosen, ahead, -np.inf)))
        if ahead[later] >= ahead[dearest]:
            continue
        total += float(ahead[later] - ahead[dearest])
        chosen[dearest], chosen[later] = False, True
        cost = total + price * (later + 1 - hours)
        if cost < best - 1e-12:
            best, now = cost, bool(chosen[0])
    return now
