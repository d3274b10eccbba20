"""The answer: where and when work runs, how energy flows, what it is worth, and the proof.

A plan carries everything a stranger needs to recompute it from its problem by plain arithmetic.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np

from optimizer.fingerprint import UNSAID_AT_DEFAULT
from optimizer.site import FloatArray, IntArray
from optimizer.work import Job


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """An unbroken stretch of steps in one mode.

    Attributes:
        first_step: Number of its first step.
        n_steps: Its length.
        mode: Position in the job's modes.
    """

    first_step: int
    n_steps: int
    mode: int = 0

    @property
    def end_step(self) -> int:
        """Number of the step after its last."""
        return self.first_step + self.n_steps


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """One job's site and steps; no runs when it is left unfinished.

    Attributes:
        runs: In order, never overlapping.
    """

    job: str
    site: str
    runs: tuple[Run, ...]

    @staticmethod
    def none(job: Job) -> "Placement":
        """Of a job that is left out."""
        return Placement(job=job.name, site=job.home, runs=())

    @property
    def resumes(self) -> int:
        """How often it starts again after a pause inside the plan."""
        pairs = zip(self.runs, self.runs[1:], strict=False)
        return sum(later.first_step > earlier.end_step for earlier, later in pairs)


@dataclass(frozen=True, slots=True, kw_only=True)
class Serving:
    """One service's replicas and requests: of its full model, and of each variant apart.

    Attributes:
        replicas: Of the full model by site and step, shape (S, T).
        served_rps: By the full model, by region, site and step, shape (R, S, T). [1/s]
        variants: The same of each variant, in the service's order; none where the full model
            answers alone.
    """

    replicas: IntArray
    served_rps: FloatArray
    variants: "tuple[Serving, ...]" = field(default=(), metadata=UNSAID_AT_DEFAULT)

    @property
    def parts(self) -> tuple["Serving", ...]:
        """The full model's, then the variants'."""
        return (self, *self.variants)

    @property
    def all_replicas(self) -> IntArray:
        """Of all models by site and step, shape (S, T)."""
        held: IntArray = np.sum([one.replicas for one in self.parts], axis=0)
        return held

    @property
    def all_served_rps(self) -> FloatArray:
        """By all models, by region, site and step, shape (R, S, T). [1/s]"""
        served: FloatArray = np.sum([one.served_rps for one in self.parts], axis=0)
        return served

    def taken(self, take: Callable[[np.ndarray], np.ndarray]) -> "Serving":
        """With `take` of the replicas, and of the requests of each region, in every part."""
        return Serving(
            replicas=take(self.replicas),
            served_rps=np.array([take(rate) for rate in self.served_rps]),
            variants=tuple(one.taken(take) for one in self.variants),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Commitment:
    """When a generator runs, and what it gives that nobody takes.

    Attributes:
        on: 1 where it runs and 0 where it stands, shape (T,); parts of 1 where a relaxation found
            it, never in a plan.
        load_bank_kw: Power it must give and nobody takes, shape (T,). [kW]
    """

    on: FloatArray
    load_bank_kw: FloatArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Dispatch:
    """One site's energy flows, at the meter, mean over each step.

    Attributes:
        grid_import_kw: Shape (T,). [kW]
        grid_export_kw: Shape (T,). [kW]
        plant_used_kw: By plant, in the site's order, shape (plants, T). [kW]
        charge_kw: Into the battery, shape (T,). [kW]
        discharge_kw: Out of the battery, shape (T,). [kW]
        soc_kwh: Stored at the end of each step, shape (T,). [kWh]
        generator_kw: Shape (T,). [kW]
        unmet_kw: Demand that nothing supplied, shape (T,). [kW]
        commitment: Of a generator for which it matters when it is on; None at other sites.
    """

    grid_import_kw: FloatArray
    grid_export_kw: FloatArray
    plant_used_kw: FloatArray
    charge_kw: FloatArray
    discharge_kw: FloatArray
    soc_kwh: FloatArray
    generator_kw: FloatArray
    unmet_kw: FloatArray
    commitment: Commitment | None = field(default=None, metadata=UNSAID_AT_DEFAULT)

    @property
    def load_bank_kw(self) -> FloatArray:
        """Power of the generator that nobody takes, shape (T,). [kW]"""
        if self.commitment is None:
            return np.zeros_like(self.generator_kw)
        return self.commitment.load_bank_kw


@dataclass(frozen=True, slots=True, kw_only=True)
class ReservePrices:
    """Of the reserve of islands, in each step at least 0.

    Attributes:
        power_per_kw: Of power that could be given beside, by site and step, shape (S, T).
            [money/kW]
        energy_per_kw: Of power for a step that what is stored could bear, likewise. [money/kW]
    """

    power_per_kw: FloatArray
    energy_per_kw: FloatArray

    @property
    def per_kw(self) -> FloatArray:
        """Of both, shape (S, T). [money/kW]"""
        total: FloatArray = self.power_per_kw + self.energy_per_kw
        return total


@dataclass(frozen=True, slots=True, kw_only=True)
class Prices:
    """Marginal values that certify the bound; any values certify one, good ones a tight one.

    Attributes:
        power_per_kwh: Of a facility kWh by site and step, shape (S, T). [money/kWh]
        gpu_per_gpu_h: Of a reserved GPU-hour by pool and step, at least 0, shape (K, T).
        stored_per_kwh: Of a stored kWh by site and step, shape (S, T). [money/kWh]
        peak_per_kw: Of one kW of import below the period's peak, at least 0, shape (S, T).
        carbon_per_kg: Of a kg of the carbon budget, between 0 and what a kg above it costs.
            [money/kg CO2e]
        money_premium: Of a unit of the cost budget, between 0 and what a unit above it costs. [1]
        quality_per_request: Of a request answered with a quality higher by 1, at least 0, for each
            service in the problem's order; none at all where no floor on the quality binds.
        reserve: Of islands that must hold one; None where none does.
    """

    power_per_kwh: FloatArray
    gpu_per_gpu_h: FloatArray
    stored_per_kwh: FloatArray
    peak_per_kw: FloatArray
    carbon_per_kg: float = field(default=0.0, metadata=UNSAID_AT_DEFAULT)
    money_premium: float = field(default=0.0, metadata=UNSAID_AT_DEFAULT)
    quality_per_request: tuple[float, ...] = field(default=(), metadata=UNSAID_AT_DEFAULT)
    reserve: ReservePrices | None = field(default=None, metadata=UNSAID_AT_DEFAULT)

    def quality_of(self, v: int) -> float:
        """Price of quality for service number v. [money/request]"""
        return self.quality_per_request[v] if self.quality_per_request else 0.0


class Stage(StrEnum):
    """What ended a solve."""

    GAP = "gap"
    ITERATIONS = "iterations"
    TIME_LIMIT = "time-limit"
    INTERRUPTED = "interrupted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """How good a plan is known to be.

    Attributes:
        objective: Of the plan. [money]
        bound: No plan costs less. [money]
        constant: Share of the objective no decision can change: the least cost of the idle
            sites with nothing to run. [money]
        stage: What ended the solve.
        seed: Of the orders in which jobs were tried.
        seconds: Wall time; the only field that may differ between two runs. [s]
    """

    objective: float
    bound: float
    constant: float
    stage: Stage
    seed: int
    seconds: float

    @property
    def gap_absolute(self) -> float:
        """Objective less bound. [money]"""
        return self.objective - self.bound

    @property
    def gap(self) -> float:
        """(objective - bound) / (objective - constant), 0 when nothing is left to decide."""
        left = self.objective - self.constant
        return 0.0 if self.gap_absolute <= 0 else self.gap_absolute / max(left, 1e-9)

    def __str__(self) -> str:
        """What is reached, in a line of talk."""
        return f"{self.objective:,.0f}, bound {self.bound:,.0f}, gap {self.gap:.2%}"

    @property
    def deterministic(self) -> bool:
        """Whether the same inputs give the same plan again: no clock or person ended it."""
        return self.stage in (Stage.GAP, Stage.ITERATIONS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Placements, servings and dispatch of a problem.

    Attributes:
        placements: One a job, in the problem's order.
        servings: By service.
        dispatch: By site.
    """

    placements: tuple[Placement, ...]
    servings: Mapping[str, Serving]
    dispatch: Mapping[str, Dispatch]


@dataclass(frozen=True, slots=True, kw_only=True)
class Solution:
    """A plan with its proof and the prices behind it."""

    plan: Plan
    proof: Proof
    prices: Prices
    idle_prices: Prices
