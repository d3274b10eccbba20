"""The whole question put to the optimizer, and the few facts every stage derives from it.

Sovereignty lives here and only here: `admissible_sites` is what the model, the heuristics, the
baseline and the verifier all ask.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property

import numpy as np

from optimizer.fingerprint import UNSAID_AT_DEFAULT
from optimizer.horizon import Horizon
from optimizer.hosts import Hosts
from optimizer.order import in_sequence
from optimizer.site import GpuPool, IntArray, Site
from optimizer.units import BITS_PER_BYTE, SECONDS_PER_HOUR
from optimizer.work import Job, Service


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """Data transfer between two sites, in either direction.

    Attributes:
        bandwidth_gbps: Sustained rate. [Gbit/s]
        cost_per_gb: Paid for each GB moved. [money/GB]
    """

    bandwidth_gbps: float
    cost_per_gb: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Objective:
    """What is minimised: money, carbon and water at a price, and the shortfalls.

    Attributes:
        currency: Of every price in the problem.
        carbon_price_per_kg: [money/kg CO2e]
        water_price_per_l: Money paid for water; part of the cost. [money/l]
        unmet_price_per_kwh: Power that nothing supplied. [money/kWh]
        unserved_price_per_request: Also prices requests that the loss of a site would leave
            unserved where redundancy was asked for. [money]
        late_price_per_gpu_h: Each hour after the soft deadline, each base GPU, of a job of
            priority 1. [money/GPU-h]
        unfinished_price_per_gpu_h: Work of such a job that misses its hard deadline. [money/GPU-h]
        carbon_budget_kg: Emissions of the horizon, location-based, above which each kg is a
            shortfall; None for no budget. [kg CO2e]
        carbon_excess_price_per_kg: Of each kg above it, beside the carbon price. [money/kg CO2e]
        cost_budget: Money paid in the horizon (no penalty, no carbon price) above which each unit
            is a shortfall; None for no budget. [money]
        cost_excess_price: Of each unit of money above it, beside itself. [1]
        reserve_price_per_kw_h: Reserve that an island lacks, each kW for an hour. [money/kW/h]
    """

    currency: str
    carbon_price_per_kg: float
    water_price_per_l: float
    unmet_price_per_kwh: float
    unserved_price_per_request: float
    late_price_per_gpu_h: float
    unfinished_price_per_gpu_h: float
    carbon_budget_kg: float | None = field(default=None, metadata=UNSAID_AT_DEFAULT)
    carbon_excess_price_per_kg: float = field(default=0.0, metadata=UNSAID_AT_DEFAULT)
    cost_budget: float | None = field(default=None, metadata=UNSAID_AT_DEFAULT)
    cost_excess_price: float = field(default=0.0, metadata=UNSAID_AT_DEFAULT)
    reserve_price_per_kw_h: float = field(default=0.0, metadata=UNSAID_AT_DEFAULT)

    def __post_init__(self) -> None:
        if self.carbon_budget_kg is not None and not self.carbon_excess_price_per_kg > 0:
            raise ValueError(
                "objective.carbon_excess_price_per_kg: must be above 0 with a carbon budget, got "
                f"{self.carbon_excess_price_per_kg}; say what a kg above the budget costs"
            )
        if self.cost_budget is not None and not self.cost_excess_price > 0:
            raise ValueError(
                "objective.cost_excess_price: must be above 0 with a cost budget, got "
                f"{self.cost_excess_price}; say what a unit of money above the budget costs"
            )

    def late_price_per_h(self, job: Job) -> float:
        """What an hour of `job` after its soft deadline costs. [money/h]

        price * priority * base GPUs
        """
        return job.base.gpus * self.late_price_per_gpu_h * job.priority

    def unfinished_cost(self, job: Job) -> float:
        """What leaving `job` unfinished costs: price * priority * work. [money]"""
        return self.unfinished_price_per_gpu_h * job.gpu_hours * job.priority


@dataclass(frozen=True, kw_only=True)
class Problem:
    """Sites, work and prices over one horizon.

    Attributes:
        links: By unordered pair of site names.
    """

    horizon: Horizon
    sites: tuple[Site, ...]
    jobs: tuple[Job, ...]
    services: tuple[Service, ...]
    objective: Objective
    links: Mapping[frozenset[str], Link] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for what, names in (
            ("sites", [site.name for site in self.sites]),
            ("jobs", [job.name for job in self.jobs]),
            ("services", [service.name for service in self.services]),
        ):
            if len(set(names)) < len(names):
                twice = sorted({name for name in names if names.count(name) > 1})
                raise ValueError(f"{what}: each name once, got twice {', '.join(twice)}")
        reserves = any(plant.reserve_share > 0 for site in self.sites for plant in site.plants)
        if reserves and not self.objective.reserve_price_per_kw_h > 0:
            raise ValueError(
                "objective.reserve_price_per_kw_h: must be above 0 where a plant has a "
                f"reserve_share, got {self.objective.reserve_price_per_kw_h}; say what a kW of "
                "reserve missing for an hour costs"
            )
        everything: tuple[Job | Service, ...] = (*self.jobs, *self.services)
        for work in everything:
            if work.home not in self.site_number:
                raise ValueError(f"{work.name}: home must be a site, got {work.home}")
            origin, why = work.home, "its home"
            if isinstance(work, Job) and work.running_at is not None:
                origin, why = work.running_at, "where it is running,"
            if origin not in self.site_number:
                known = ", ".join(self.site_number)
                raise ValueError(
                    f"{work.name}: running_at must be a site, got {origin}; name one of {known}"
                )
            if self.site_number[origin] not in self.admissible_sites(work):
                raise ValueError(f"{work.name}: may not run at {why} {origin}")
        in_sequence(self.jobs)

    @cached_property
    def site_number(self) -> Mapping[str, int]:
        """Position of each site in `sites`."""
        return {site.name: number for number, site in enumerate(self.sites)}

    @cached_property
    def hosts(self) -> Mapping[str, Hosts]:
        """Where each service may hold replicas, by its name."""
        return {
            service.name: Hosts.of(service, self.admissible_sites(service), self.sites)
            for service in self.services
        }

    @cached_property
    def sequence(self) -> tuple[int, ...]:
        """Numbers of the jobs, each after all it waits for."""
        return in_sequence(self.jobs)

    @cached_property
    def waits_for(self) -> tuple[tuple[int, ...], ...]:
        """Numbers of the jobs that each job waits for."""
        number = {job.name: j for j, job in enumerate(self.jobs)}
        return tuple(tuple(number[name] for name in job.after) for job in self.jobs)

    @cached_property
    def is_chained(self) -> bool:
        """Whether any job waits for another."""
        return any(job.after for job in self.jobs)

    @cached_property
    def earliest_step(self) -> Mapping[str, int]:
        """Step before which a job cannot start, for those it waits for, by name.

        Each of them begins as early as it may, in its fastest mode; one that cannot end in time
        keeps all that wait for it from running at all.
        """
        earliest: dict[str, int] = {}
        for j in self.sequence if self.is_chained else ():
            step = 0
            for i in self.waits_for[j]:
                job = self.jobs[i]
                names = (self.sites[s].name for s in self.admissible_sites(job))
                begin = max(earliest[job.name], min(self.first_step(job, name) for name in names))
                end = begin + self.least_steps(job)
                step = max(step, end if end <= self.end_step(job) else self.horizon.n_steps)
            earliest[self.jobs[j].name] = step
        return earliest

    @cached_property
    def gpu_types(self) -> tuple[str, ...]:
        """Every GPU type with a pool, sorted."""
        return tuple(sorted({pool.gpu_type for site in self.sites for pool in site.pools}))

    @cached_property
    def pools(self) -> tuple[tuple[int, GpuPool], ...]:
        """Every pool with the number of its site; a pool's position here is its number."""
        return tuple((s, pool) for s, site in enumerate(self.sites) for pool in site.pools)

    @cached_property
    def pool_number(self) -> Mapping[tuple[int, str], int]:
        """Position in `pools` by site number and GPU type."""
        return {(s, pool.gpu_type): k for k, (s, pool) in enumerate(self.pools)}

    @cached_property
    def sleeping(self) -> tuple[int, ...]:
        """Numbers of the pools whose nodes sleep."""
        return tuple(k for k, (_, pool) in enumerate(self.pools) if pool.waking_kw_per_gpu > 0)

    @cached_property
    def idle_water_cost(self) -> float:
        """Water that the GPUs of every pool cost standing idle, whatever is planned. [money]"""
        litres = sum(float(site.idle_it_kw @ site.cooling.water_l_per_kwh) for site in self.sites)
        return litres * self.objective.water_price_per_l * self.horizon.step_h

    @cached_property
    def pool_gpus(self) -> np.ndarray:
        """GPUs in service by pool and step, shape (K, T)."""
        shape = (len(self.pools), self.horizon.n_steps)
        return np.array([pool.gpus for _, pool in self.pools], dtype=np.int64).reshape(shape)

    @cached_property
    def least_gpu_price(self) -> np.ndarray:
        """Least price of a GPU-hour, its lease apart, by pool, shape (K, 1). [money/GPU-h]

        Nothing, but where a lease is paid anyway to reserve a GPU may spare its whole price.
        """
        least = [-pool.lease_price_per_gpu_h * (pool.committed_gpus > 0) for _, pool in self.pools]
        return np.array(least, dtype=float).reshape(-1, 1) + 0.0

    def lease_cost(self, gpus: IntArray) -> np.ndarray:
        """What the leases cost where `gpus` are reserved, by pool and step, shape (K, T). [money]

        lease * max(committed, reserved) * step_h
        """
        committed = np.array([[pool.committed_gpus] for _, pool in self.pools])
        price = np.array([[pool.lease_price_per_gpu_h] for _, pool in self.pools])
        cost: np.ndarray = np.maximum(gpus, committed) * price * self.horizon.step_h
        return cost

    @property
    def unserved_price_per_rps(self) -> float:
        """What a request a second costs that nobody answers for one step. [money/(1/s)]"""
        return self.objective.unserved_price_per_request * self.horizon.step_h * SECONDS_PER_HOUR

    def admissible_sites(self, work: Job | Service) -> tuple[int, ...]:
        """Numbers of the sites where `work` may run: pool, jurisdiction, certification, link."""
        return tuple(
            number
            for number, site in enumerate(self.sites)
            if site.pool(work.gpu_type) is not None
            and (work.residency is None or site.jurisdiction in work.residency)
            and work.certifications <= site.certifications
            and (isinstance(work, Service) or self._reachable(work, site.name))
        )

    def floor(self, service: Service) -> IntArray:
        """Replicas `service` must hold by step, or as many as its pools could, shape (T,).

        Replicas of any model count; the room is that for the full one.
        """
        pools = [self.pool_number[s, service.gpu_type] for s in self.admissible_sites(service)]
        room = self.pool_gpus[pools] // service.gpus_per_replica
        floor: IntArray = np.minimum(service.min_replicas, room.sum(axis=0))
        return floor

    def _reachable(self, job: Job, site: str) -> bool:
        allowed = job.allowed_sites is None or site in job.allowed_sites
        allowed = allowed and (site == job.origin or not job.only_goes_on)
        return allowed and self.transfer_h(job, site) is not None

    def transfer_h(self, job: Job, site: str) -> float | None:
        """Hours on the link before `job` can start at `site`; None where no link leads. [h]"""
        if site == job.origin or job.data_gb == 0:
            return 0.0
        link = self.links.get(frozenset((job.origin, site)))
        if link is None:
            return None
        return job.data_gb * BITS_PER_BYTE / (link.bandwidth_gbps * SECONDS_PER_HOUR)

    def transfer_cost(self, job: Job, site: str) -> float:
        """Money paid to move the data of `job` to `site`. [money]"""
        if site == job.origin or job.data_gb == 0:
            return 0.0
        return job.data_gb * self.links[frozenset((job.origin, site))].cost_per_gb

    def first_step(self, job: Job, site: str) -> int:
        """First step in which `job` may run at `site`, its data moved.

        The data of a running job move from the horizon's start on.
        """
        begin = job.release if job.running_at is None else self.horizon.start
        hours = self.transfer_h(job, site) or 0.0
        return self.horizon.first_step_from(begin + timedelta(hours=hours))

    def least_steps(self, job: Job) -> int:
        """Steps that `job` takes at least, in its fastest mode."""
        hours = job.work_h / max(mode.speed for mode in job.modes)
        return max(1, int(np.ceil(hours / self.horizon.step_h - 1e-6)))

    def n_steps(self, job: Job) -> int:
        """Steps that `job` takes in its base mode without a pause."""
        return max(1, int(np.ceil(job.work_h / self.horizon.step_h - 1e-9)))

    def end_step(self, job: Job) -> int:
        """Number of the step after the last in which `job` may run."""
        steps = self.horizon.steps_until(min(job.deadline, self.horizon.end))
        end = max(0, int(np.ceil(steps - 1e-9)))
        return min(end, self.n_steps(job)) if job.only_goes_on else end
