"""Schedules and replica choices as columns of the core model: their cost and what they draw."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from optimizer.highs import Column
from optimizer.load import extra_it_kw, reserved_gpus, slopes
from optimizer.plan import Placement
from optimizer.problem import Problem
from optimizer.replicas import shortfall_rps
from optimizer.site import FloatArray, IntArray
from optimizer.timing import late_h
from optimizer.work import Service


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """A column that places one job."""

    job: int
    placement: Placement


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """A column that gives one service its replicas in one step.

    Attributes:
        replicas: By host.
        served_rps: By host. [1/s]
    """

    service: int
    step: int
    replicas: IntArray
    served_rps: FloatArray


Entry = Schedule | Hold


def hold_key(v: int, t: int, replicas: IntArray, served_rps: FloatArray) -> tuple[object, ...]:
    """What tells one hold from another."""
    return (-1, v, int(t), replicas.tobytes(), served_rps.round(9).tobytes())


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """Row numbers of the core model.

    Attributes:
        balance: Of the power balance by site and step, shape (S, T).
        pool: Of the GPUs by pool and step, shape (K, T).
        job: Of each job's one schedule, shape (J,).
        step: Of each service's one choice by step, shape (V, T).
        quality: Of each service's floor on the mean quality, shape (V,), -1 where it has none.
        cost: Of the cost budget, shape (1,), or (0,) without one.
    """

    balance: IntArray
    pool: IntArray
    job: IntArray
    step: IntArray
    quality: IntArray
    cost: IntArray


class Columns:
    """Makes the columns of one problem."""

    def __init__(self, problem: Problem, rows: Rows) -> None:
        """Read what every column needs once."""
        self._problem, self._rows = problem, rows
        self._slopes = slopes(problem)
        self._water = problem.objective.water_price_per_l * np.array(
            [site.cooling.water_l_per_kwh for site in problem.sites]
        )
        self._hosts = [self._hosts_of(service) for service in problem.services]

    def _hosts_of(self, service: Service) -> tuple[IntArray, IntArray, FloatArray]:
        """Admissible sites, their pools, the lease of a GPU there."""
        problem, sites = self._problem, self._problem.admissible_sites(service)
        pools = [problem.pool_number[s, service.gpu_type] for s in sites]
        return (
            np.array(sites),
            np.array(pools),
            np.array([problem.pools[k][1].lease_price_per_gpu_h for k in pools]),
        )

    def schedule(self, j: int, placement: Placement) -> Column:
        """The column of job number j placed so."""
        problem, job, at = self._problem, self._problem.jobs[j], self._rows
        s = problem.site_number[placement.site]
        k = problem.pool_number[s, job.gpu_type]
        h, lease = problem.horizon.step_h, problem.pools[k][1].lease_price_per_gpu_h
        late = late_h(problem, job, placement)
        late_cost = late * problem.objective.late_price_per_h(job)
        cost = problem.transfer_cost(job, placement.site)
        cost += late_cost
        rows, coefficients = [at.job[[j]]], [np.ones(1)]
        for run in placement.runs:
            steps = slice(run.first_step, run.end_step)
            extra = extra_it_kw(problem, job, s, run.mode)
            gpus = reserved_gpus(problem, job, s, run.mode)
            rows += [at.balance[s, steps], at.pool[k, steps]]
            coefficients += [-self._slopes[s, steps] * extra, np.full(run.n_steps, float(gpus))]
            cost += h * (lease * gpus * run.n_steps + extra * float(self._water[s, steps].sum()))
        rows.append(at.cost)
        coefficients.append(np.full(len(at.cost), cost - late_cost))
        return Column(
            cost=cost, rows=np.concatenate(rows), coefficients=np.concatenate(coefficients)
        )

    def holds(
        self, v: int, steps: IntArray, replicas: IntArray, served_rps: FloatArray
    ) -> Iterator[tuple[Hold, Column]]:
        """The columns of service number v with those replicas and requests in those steps."""
        problem, service, rows_of = self._problem, self._problem.services[v], self._rows
        sites, pools, lease = self._hosts[v]
        h, hosts = problem.horizon.step_h, problem.hosts[service.name]
        draw = hosts.by_site(replicas * hosts.extra_kw + served_rps * hosts.request_kw)
        gpus = hosts.by_site(replicas * hosts.gpus).astype(float)
        gained = hosts.gained(served_rps) if rows_of.quality[v] >= 0 else np.zeros(len(steps))
        price = problem.unserved_price_per_rps
        short = price * shortfall_rps(problem, service, replicas, served_rps, steps)
        beside = h * (gpus @ lease) + h * (draw * self._water[sites][:, steps].T).sum(axis=1)
        cost = short + beside
        for n, t in enumerate(steps):
            at = np.flatnonzero((draw[n] != 0) | (gpus[n] != 0))
            load = -self._slopes[sites[at], t] * draw[n, at]
            paid = np.full(len(rows_of.cost), beside[n])
            rows = [
                rows_of.step[v, [t]],
                rows_of.balance[sites[at], t],
                rows_of.pool[pools[at], t],
                rows_of.cost,
            ]
            coefficients = [np.ones(1), load, gpus[n, at], paid]
            if gained[n]:
                rows.append(rows_of.quality[[v]])
                coefficients.append(gained[[n]])
            yield (
                Hold(service=v, step=int(t), replicas=replicas[n], served_rps=served_rps[n]),
                Column(
                    cost=float(cost[n]),
                    rows=np.concatenate(rows),
                    coefficients=np.concatenate(coefficients),
                ),
            )
