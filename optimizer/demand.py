"""What all jobs and services together would choose at given prices: one question, one answer."""

from typing import NamedTuple

import numpy as np

from optimizer.answers import add_load, ask
from optimizer.bound import question, service_prices, service_step_costs
from optimizer.fleet import Roster
from optimizer.load import Load, slopes
from optimizer.money import dearer, dearer_roster, without_work
from optimizer.plan import Prices
from optimizer.problem import Problem
from optimizer.replicas import Choices
from optimizer.site import FloatArray


class Asked(NamedTuple):
    """What all jobs and services ask for.

    Attributes:
        facility_kw: Shape (S, T). [kW]
        gpus: Shape (K, T).
        moved: Cost of the transfers. [money]
        lacking: Quality that each service's requests lack to its floor, shape (V,). [requests]
    """

    facility_kw: FloatArray
    gpus: FloatArray
    moved: float
    lacking: FloatArray


class Demand:
    """What all jobs and services draw and reserve at prices of power and GPUs."""

    def __init__(self, problem: Problem, choices: tuple[Choices, ...]) -> None:
        """Of `problem`, whose services have those choices."""
        self._problem, self._choices = without_work(problem), choices
        self._slopes = slopes(problem)
        self.idle_kw = Load.idle(problem).facility_kw(problem)

    def at(self, roster: Roster, weight: float, prices: Prices) -> Asked:
        """Where each job of `roster` stands for `weight` of them."""
        problem = dearer(self._problem, prices.money_premium)
        asked = question(problem, prices)
        it_kw, gpus = np.zeros(self.idle_kw.shape), np.zeros(problem.pool_gpus.shape)
        timetable = ask(dearer_roster(self._problem, roster, prices.money_premium), asked).timetable
        add_load(roster, timetable, weight, it_kw, gpus)
        runs = np.flatnonzero(timetable.position >= 0)
        moved = weight * float(roster.fleet.start_cost[runs, timetable.position[runs]].sum())
        steps, lacking = np.arange(problem.horizon.n_steps), np.zeros(len(self._choices))
        for v, one in enumerate(self._choices):
            quality_price, hosts = prices.quality_of(v), one.hosts
            costs, split = service_step_costs(
                one, *service_prices(problem, one, asked.it_price, asked.gpu_price, quality_price)
            )
            best = np.argmin(costs, axis=1)
            replicas, served = one.replicas[steps, best], split[steps, best]
            for i, site in enumerate(hosts.site):
                requests_kw = served[:, i] * hosts.request_kw[i]
                it_kw[site] += replicas[:, i] * hosts.extra_kw[i] + requests_kw
                pool = problem.pool_number[site, one.service.gpu_type]
                gpus[pool] += replicas[:, i] * hosts.gpus[i]
            if hosts.has_variants:
                seconds = problem.horizon.step_s
                lacking[v] = -seconds * float(hosts.gained(served).sum())
        return Asked(self.idle_kw + self._slopes * it_kw, gpus, moved, lacking)
