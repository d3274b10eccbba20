"""All jobs of a problem side by side, as arrays: asked together they answer much sooner.

Nothing new is said here about a job: every number is one of its `Terms`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from optimizer.plan import Placement, Run
from optimizer.pricing import trimmed
from optimizer.site import BoolArray, FloatArray, IntArray
from optimizer.terms import Terms


class Fleet(NamedTuple):
    """Terms of J jobs, filled up with zeros to the most sites and modes that any of them has.

    A tuple, so that machine code can read it.

    Attributes:
        n_sites: Admissible sites, shape (J,).
        n_modes: Shape (J,).
        sites: Numbers of the admissible sites, shape (J, sites).
        pools: Numbers of their pools, likewise.
        first_step: Earliest step there, likewise.
        start_cost: Of choosing the site, likewise. [money]
        gpus: Reserved, shape (J, sites, modes).
        gain: Units of progress in a step, shape (J, modes).
        extra_kw: IT power added over idle GPUs, shape (J, sites, modes). [kW]
        lease_cost: Of the GPUs for a step, shape (J, sites, modes). [money]
        end_step: Number of the step after the last, shape (J,).
        is_contiguous: Shape (J,).
        n_steps: In a row, of a contiguous job, shape (J,).
        work: In units, shape (J,).
        repeat: Units repeated at a resume, shape (J,).
        running: Position of the site where it is running at the start, -1 for none, shape (J,).
        is_exact: Whether the units round nothing, shape (J,).
        work_h: Shape (J,). [h]
        due_h: Shape (J,). [h]
        end_h: Shape (J,). [h]
        late_price_per_h: Shape (J,). [money/h]
        unfinished_cost: Shape (J,). [money]
    """

    n_sites: IntArray
    n_modes: IntArray
    sites: IntArray
    pools: IntArray
    first_step: IntArray
    start_cost: FloatArray
    gpus: IntArray
    gain: IntArray
    extra_kw: FloatArray
    lease_cost: FloatArray
    end_step: IntArray
    is_contiguous: BoolArray
    n_steps: IntArray
    work: IntArray
    repeat: IntArray
    running: IntArray
    is_exact: BoolArray
    work_h: FloatArray
    due_h: FloatArray
    end_h: FloatArray
    late_price_per_h: FloatArray
    unfinished_cost: FloatArray

    @staticmethod
    def of(jobs: Sequence[Terms]) -> "Fleet":
        """The terms of `jobs`, one row each."""
        n_sites = max((len(one.sites) for one in jobs), default=1)
        n_modes = max((len(one.job.modes) for one in jobs), default=1)

        def table(name: str, dtype: type, *shape: int) -> np.ndarray:
            rows: np.ndarray = np.zeros((len(jobs), *shape), dtype=dtype)
            for row, one in zip(rows, jobs, strict=True):
                value = np.asarray(getattr(one, name))
                row[tuple(slice(n) for n in value.shape)] = value
            return rows

        def column(values: list[float], dtype: type = np.float64) -> np.ndarray:
            return np.array(values, dtype=dtype)

        whole = np.int64
        return Fleet(
            n_sites=column([len(one.sites) for one in jobs], whole),
            n_modes=column([len(one.job.modes) for one in jobs], whole),
            sites=table("sites", whole, n_sites),
            pools=table("pools", whole, n_sites),
            first_step=table("first_step", whole, n_sites),
            start_cost=table("start_cost", np.float64, n_sites),
            gpus=table("gpus", whole, n_sites, n_modes),
            gain=np.array(
                [(*one.grain.gain, *(n_modes - len(one.grain.gain)) * (0,)) for one in jobs],
                dtype=whole,
            ).reshape(-1, n_modes),
            extra_kw=table("extra_kw", np.float64, n_sites, n_modes),
            lease_cost=table("lease_cost", np.float64, n_sites, n_modes),
            end_step=column([one.end_step for one in jobs], whole),
            is_contiguous=column([one.is_contiguous for one in jobs], np.bool_),
            n_steps=column([one.n_steps for one in jobs], whole),
            work=column([one.grain.work for one in jobs], whole),
            repeat=column([one.grain.repeat for one in jobs], whole),
            running=column([one.running for one in jobs], whole),
            is_exact=column([one.grain.exact for one in jobs], np.bool_),
            work_h=column([one.job.work_h for one in jobs]),
            due_h=column([one.lateness.due_h for one in jobs]),
            end_h=column([one.lateness.end_h for one in jobs]),
            late_price_per_h=column([one.lateness.price_per_h for one in jobs]),
            unfinished_cost=column([one.unfinished_cost for one in jobs]),
        )

    @property
    def table_size(self) -> int:
        """Cells that the search for any job's path needs at one site."""
        if not len(self.n_sites):
            return 1
        inside = np.arange(self.sites.shape[1]) < self.n_sites[:, None]
        begin = np.where(inside, self.first_step, self.end_step[:, None]).min(axis=1)
        rows = np.maximum(0, self.end_step - begin) + 1
        return int((rows * (self.work + np.where(self.running < 0, 0, self.repeat))).max())


class Timetable(NamedTuple):
    """Where and when J jobs run, as arrays. Changed in place.

    Attributes:
        position: Of the site along each job's admissible ones, -1 where it does not run, shape
            (J,).
        modes: By step, -1 where it does not run, shape (J, T).
    """

    position: IntArray
    modes: np.ndarray

    @staticmethod
    def empty(n_jobs: int, n_steps: int) -> "Timetable":
        """Nobody runs."""
        return Timetable(
            position=np.full(n_jobs, -1, dtype=np.int64),
            modes=np.full((n_jobs, n_steps), -1, dtype=np.int8),
        )

    def note(self, j: int, terms: Terms, placement: Placement) -> None:
        """Job number j runs as `placement` says."""
        self.modes[j] = -1
        self.position[j] = terms.names.index(placement.site) if placement.runs else -1
        for run in placement.runs:
            self.modes[j, run.first_step : run.end_step] = run.mode

    def placement(self, j: int, terms: Terms) -> Placement:
        """How job number j runs, without steps that only rounded times asked for."""
        if self.position[j] < 0:
            return Placement.none(terms.job)
        row = self.modes[j]
        edges = np.flatnonzero(np.diff(row, prepend=-1, append=-1))
        runs = tuple(
            Run(first_step=begin, n_steps=end - begin, mode=int(row[begin]))
            for begin, end in pairwise(edges.tolist())
            if row[begin] >= 0
        )
        placement = Placement(
            job=terms.job.name, site=terms.names[int(self.position[j])], runs=runs
        )
        whole = terms.is_contiguous or terms.grain.exact
        return placement if whole else trimmed(terms, placement)


@dataclass(frozen=True, slots=True, kw_only=True)
class Roster:
    """The jobs of a problem, or some of them: their terms one by one, and as arrays.

    Attributes:
        jobs: Terms of each.
        fleet: The same as arrays.
        table_size: Of the fleet.
    """

    jobs: tuple[Terms, ...]
    fleet: Fleet
    table_size: int

    @staticmethod
    def of(jobs: Sequence[Terms]) -> "Roster":
        """Those jobs."""
        fleet = Fleet.of(jobs)
        return Roster(jobs=tuple(jobs), fleet=fleet, table_size=fleet.table_size)

    def some(self, numbers: IntArray) -> "Roster":
        """The jobs with these numbers only."""
        return Roster(
            jobs=tuple(self.jobs[j] for j in numbers),
            fleet=Fleet._make(column[numbers] for column in self.fleet),
            table_size=self.table_size,
        )
