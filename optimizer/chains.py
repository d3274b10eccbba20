"""Jobs that wait for others: the steps each may take, where the others stand now.

A job starts when all it waits for have ended, each at the end of its last step. The search moves
one job at a time between those before and those behind it.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

import numpy as np

from optimizer.fleet import Roster, Timetable
from optimizer.load import Load
from optimizer.marginal import Marginal
from optimizer.packing import Packing
from optimizer.plan import Placement
from optimizer.pricing import untrimmed
from optimizer.problem import Problem
from optimizer.site import FloatArray, IntArray
from optimizer.terms import Terms
from optimizer.timing import is_finished

#: First step and the step after the last; None where the job does not run.
Span = tuple[int, int] | None
Spans = Callable[[int], Span]


@dataclass(frozen=True, slots=True, kw_only=True)
class Chains:
    """Who waits for whom among the jobs of a problem.

    Attributes:
        terms: Of the jobs.
        before: Numbers of the jobs that each waits for.
        behind: Numbers of the jobs that wait for each.
        rank: Of each job in a sequence that has those before it first, -1 where it is free.
        latest: Step by which each should have ended so that all behind it can still end.
        worth: What leaving a job costs, all that wait for it left too. [money]
    """

    terms: tuple[Terms, ...]
    before: tuple[tuple[int, ...], ...]
    behind: tuple[tuple[int, ...], ...]
    rank: IntArray
    latest: IntArray
    worth: FloatArray

    @staticmethod
    def of(problem: Problem, terms: tuple[Terms, ...]) -> "Chains":
        """Those of `problem`."""
        before, n_jobs = problem.waits_for, len(terms)
        behind: list[list[int]] = [[] for _ in range(n_jobs)]
        for j, numbers in enumerate(before):
            for i in numbers:
                behind[i].append(j)
        rank = np.full(n_jobs, -1, dtype=np.int64)
        latest = np.array([one.end_step for one in terms], dtype=np.int64)
        worth = np.array([one.unfinished_cost for one in terms], dtype=np.float64)
        followers: list[set[int]] = [set() for _ in range(n_jobs)]
        for place, j in reversed(list(enumerate(problem.sequence))):
            if before[j] or behind[j]:
                rank[j] = place
            for k in behind[j]:
                followers[j] |= {k} | followers[k]
                latest[j] = min(latest[j], latest[k] - problem.least_steps(problem.jobs[k]))
            worth[j] += sum(terms[k].unfinished_cost for k in sorted(followers[j]))
        return Chains(
            terms=terms,
            before=before,
            behind=tuple(tuple(one) for one in behind),
            rank=rank,
            latest=latest,
            worth=worth,
        )

    @property
    def is_any(self) -> bool:
        """Whether anybody waits."""
        return bool((self.rank >= 0).any())

    def sorted(self, jobs: Iterable[int]) -> list[int]:
        """`jobs`, those that others wait for before them; free ones first, as they came."""
        return sorted(jobs, key=lambda j: int(self.rank[j]))

    def choose(self, j: int, cost: FloatArray, spans: Spans) -> Placement:
        """The cheapest schedule of job number j between those before and those behind it.

        Args:
            j: Number of the job, which is out.
            cost: Of its steps, shape (sites, modes, T). [money]
            spans: Of the other jobs.
        """
        terms, first, end = self.terms[j], 0, self.terms[j].end_step
        for i in self.before[j]:
            span = spans(i)
            if span is None:
                return Placement.none(terms.job)
            first = max(first, span[1])
        for k in self.behind[j]:
            span = spans(k)
            if span is not None:
                end = min(end, span[0])
        for last in dict.fromkeys((min(end, int(self.latest[j])), end)):
            narrow = replace(
                terms,
                first_step=np.maximum(terms.first_step, first),
                end_step=max(0, last),
                unfinished_cost=float(self.worth[j]),
            )
            _, placement = untrimmed(narrow, cost, terms.grain)
            if placement.runs:
                return placement
        return Placement.none(terms.job)

    def put(self, packing: Packing, j: int, marginal: Marginal) -> None:
        """Put job number j, which is out, where it adds least and nobody has to move."""
        cost = marginal.step_costs(self.terms[j], packing.load)
        packing.put(j, self.choose(j, cost, spans_of(packing)))

    def keeps(self, packing: Packing) -> bool:
        """Whether nobody in `packing` starts before those he waits for have ended."""
        spans = spans_of(packing)
        return all(self._may_stay(j, spans) for j in range(len(self.terms)) if self.before[j])

    def clear(self, packing: Packing) -> None:
        """Take out of `packing` whoever starts before those he waits for have ended."""
        spans = spans_of(packing)
        for j in self.sorted(np.flatnonzero(self.rank >= 0).tolist()):
            if not self._may_stay(j, spans):
                packing.take_out(j)

    def _may_stay(self, j: int, spans: Spans) -> bool:
        span = spans(j)
        if span is None:
            return True
        ends = [spans(i) for i in self.before[j]]
        return all(one is not None and one[1] <= span[0] for one in ends)


def spans_of(packing: Packing) -> Spans:
    """Of the finished jobs of `packing`, as they stand when asked."""
    problem = packing.problem

    def span(j: int) -> Span:
        placement = packing.placements[j]
        if not is_finished(problem, problem.jobs[j], placement):
            return None
        return placement.runs[0].first_step, placement.runs[-1].end_step

    return span


def sweep_chained(
    chains: Chains, roster: Roster, timetable: Timetable, load: Load, marginal: Marginal
) -> int:
    """Take each job that waits, or is waited for, out and put it back; how many moved.

    Where one is left out, so are all that wait for it.

    Args:
        chains: Who waits for whom.
        roster: The jobs.
        timetable: Where they run, changed in place.
        load: Of everything, changed in place.
        marginal: What a step costs.
    """
    moved = 0

    def spans(j: int) -> Span:
        if timetable.position[j] < 0:
            return None
        steps = np.flatnonzero(timetable.modes[j] >= 0)
        return int(steps[0]), int(steps[-1]) + 1

    def out(j: int) -> None:
        add(load, roster, timetable, j, -1)
        timetable.note(j, roster.jobs[j], Placement.none(roster.jobs[j].job))

    for j in chains.sorted(np.flatnonzero(chains.rank >= 0).tolist()):
        terms, before = roster.jobs[j], (timetable.position[j], timetable.modes[j].copy())
        out(j)
        placement = chains.choose(j, marginal.step_costs(terms, load), spans)
        timetable.note(j, terms, placement)
        add(load, roster, timetable, j, 1)
        if not placement.runs:
            for k in chains.sorted(np.flatnonzero(chains.rank >= 0).tolist()):
                if spans(k) is not None and any(spans(i) is None for i in chains.before[k]):
                    out(k)
        same = before[0] == timetable.position[j] and np.array_equal(before[1], timetable.modes[j])
        moved += not same
    return moved


def add(load: Load, roster: Roster, timetable: Timetable, j: int, sign: int) -> None:
    """Add (or with `sign` -1 take away) job number j as it stands in `timetable`."""
    fleet, position = roster.fleet, timetable.position[j]
    if position < 0:
        return
    steps = np.flatnonzero(timetable.modes[j] >= 0)
    modes = timetable.modes[j, steps]
    load.gpus[fleet.pools[j, position], steps] += sign * fleet.gpus[j, position, modes]
    load.it_kw[fleet.sites[j, position], steps] += sign * fleet.extra_kw[j, position, modes]
