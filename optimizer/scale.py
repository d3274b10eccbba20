"""How large prices are before any is known: what the steps of a climb are measured by."""

from dataclasses import dataclass

import numpy as np

from optimizer.problem import Problem
from optimizer.site import FloatArray, Site
from optimizer.units import G_PER_KG, SECONDS_PER_HOUR
from optimizer.work import Service, Variant

#: How large the price of a GPU-hour is, against what its power and its lateness cost.
GPU_SCALE, LATE_SCALE = 2.0, 0.3
#: No power is cheaper than this share of what unmet power costs, when steps are measured.
LEAST_PRICE = 1e-4
#: How large the price of a carbon budget is, against what a kg above it costs.
CARBON_SCALE = 0.1
#: How large the premium on money is, likewise.
PREMIUM_SCALE = 0.2
#: No variant is taken to lose less quality than this, when steps are measured. [0..1]
LEAST_LOSS = 1e-3
#: A peak is reached in about this share of the steps.
PEAK_SHARE = 0.25


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """How large prices are, by kind: what a step of the climb is measured against."""

    power_per_kwh: float
    gpu_per_gpu_h: float
    stored_per_kwh: float
    peak_per_kw: float
    carbon_per_kg: float
    money_premium: float
    quality_per_request: FloatArray

    @property
    def by_kind(self) -> tuple[float | FloatArray, ...]:
        """In the order of the fields of `Prices`."""
        return (
            self.power_per_kwh,
            self.gpu_per_gpu_h,
            self.stored_per_kwh,
            self.peak_per_kw,
            self.carbon_per_kg,
            self.money_premium,
            self.quality_per_request,
        )

    @staticmethod
    def of(problem: Problem) -> "Scale":
        """Of what power, GPUs and peaks cost in `problem`."""
        power = float(np.mean([_price_of_power(problem, site) for site in problem.sites]))
        kw_per_gpu = max(
            (mode.power_kw / mode.gpus for job in problem.jobs for mode in job.modes), default=1.0
        )
        charges = [
            site.grid.demand_charge.price_per_kw
            for site in problem.sites
            if site.grid and site.grid.demand_charge
        ]
        late = problem.objective.late_price_per_gpu_h
        return Scale(
            power_per_kwh=power,
            gpu_per_gpu_h=max(GPU_SCALE * power * kw_per_gpu, LATE_SCALE * late),
            stored_per_kwh=power,
            peak_per_kw=max(charges, default=0.0) / (PEAK_SHARE * problem.horizon.n_steps),
            carbon_per_kg=CARBON_SCALE * problem.objective.carbon_excess_price_per_kg,
            money_premium=PREMIUM_SCALE * problem.objective.cost_excess_price,
            quality_per_request=np.array(
                [_price_of_quality(service, power) for service in problem.services], dtype=float
            ),
        )


def _price_of_quality(service: Service, power_per_kwh: float) -> float:
    """What the power of a request costs more with the full model, for each 1 of quality. [money]"""

    def kwh(model: Variant) -> float:
        standing_kwh = model.replica_kw / (model.capacity_rps * SECONDS_PER_HOUR)
        return standing_kwh + model.energy_per_request_kwh

    full, *others = service.models
    spared = (
        abs(kwh(full) - kwh(one)) / max(full.quality - one.quality, LEAST_LOSS) for one in others
    )
    return power_per_kwh * max(spared, default=0.0)


def _price_of_power(problem: Problem, site: Site) -> float:
    """What a kWh costs at `site` once wind and sun are used up. [money/kWh]"""
    price = problem.objective
    kg = price.carbon_price_per_kg / G_PER_KG
    if site.grid and site.grid.import_limit_kw.any():
        bought = site.grid.import_price_per_kwh + kg * site.grid.carbon_intensity_g_per_kwh
        return max(float(np.abs(bought).mean()), LEAST_PRICE * price.unmet_price_per_kwh)
    if site.generator:
        return site.generator.fuel_cost_per_kwh + kg * site.generator.carbon_g_per_kwh
    return price.unmet_price_per_kwh
