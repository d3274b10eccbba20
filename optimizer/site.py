"""What stands at one metered place: grid connection, plants, battery, generator, cooling, GPUs.

Every series has one value a step, shape (T,). Flows are never negative; the direction is in the
name. Nothing here knows of jobs or of time zones.
"""

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from optimizer.fingerprint import UNSAID_AT_DEFAULT

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]


def _share(owner: str, name: str, value: float, *, positive: bool = False) -> None:
    if not (0 < value <= 1 if positive else 0 <= value <= 1):
        raise ValueError(f"{owner}.{name} must be in {'(0' if positive else '[0'}, 1], got {value}")


@dataclass(frozen=True, slots=True, kw_only=True)
class DemandCharge:
    """What the highest import of a billing period costs.

    Attributes:
        price_per_kw: Paid for each kW of the period's highest mean step. [money/kW]
        period: Billing period of each step, numbered from 0, shape (T,).
        peak_so_far_kw: Peak already reached in period 0; only what exceeds it is paid. [kW]
    """

    price_per_kw: float
    period: IntArray
    peak_so_far_kw: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class GridConnection:
    """A site's meter to the grid.

    Attributes:
        import_limit_kw: Largest import, shape (T,). [kW]
        export_limit_kw: Largest export, shape (T,). [kW]
        import_price_per_kwh: Energy price, shape (T,). [money/kWh]
        export_price_per_kwh: Paid for what is exported, shape (T,). [money/kWh]
        carbon_intensity_g_per_kwh: Location-based, average, life-cycle, shape (T,). [g/kWh]
        market_carbon_intensity_g_per_kwh: Under the site's contracts, shape (T,). [g/kWh]
        demand_charge: None where the tariff has none.
    """

    import_limit_kw: FloatArray
    export_limit_kw: FloatArray
    import_price_per_kwh: FloatArray
    export_price_per_kwh: FloatArray
    carbon_intensity_g_per_kwh: FloatArray
    market_carbon_intensity_g_per_kwh: FloatArray
    demand_charge: DemandCharge | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Plant:
    """Wind or PV behind the meter.

    Attributes:
        name: "pv" or "wind".
        available_kw: What could be delivered, before curtailment, shape (T,). [kW]
        carbon_g_per_kwh: Life-cycle emissions of what is used. [g/kWh]
        reserve_share: Of what is used while no grid can help, what battery and generator must be
            able to take over at once. [0..1]
    """

    name: str
    available_kw: FloatArray
    carbon_g_per_kwh: float
    reserve_share: float = field(default=0.0, metadata=UNSAID_AT_DEFAULT)

    def __post_init__(self) -> None:
        _share(f"plant {self.name}", "reserve_share", self.reserve_share)


@dataclass(frozen=True, slots=True, kw_only=True)
class Battery:
    """A battery behind a site's meter; it ends the horizon as full as it began.

    Attributes:
        energy_kwh: Usable energy between empty and full. [kWh]
        power_kw: Largest charge or discharge power, at the meter. [kW]
        charge_efficiency: Stored energy per energy taken at the meter. (0..1]
        discharge_efficiency: Energy given at the meter per stored energy. (0..1]
        soc_min: Stored share the planner must leave in reserve. [0..1]
        soc_initial: Stored share at the start, and again at the end. [0..1]
        wear_cost_per_kwh: Cost of each kWh discharged. [money/kWh]
        in_service: Share of power_kw that is there by step, shape (T,); None where all of it always
            is. What is stored stays stored. [0..1]

    >>> battery = Battery(energy_kwh=100, power_kw=50, charge_efficiency=0.9)
    >>> battery.charge(10, 20, step_h=0.5)
    19.0
    """

    energy_kwh: float
    power_kw: float
    charge_efficiency: float = 0.95
    discharge_efficiency: float = 0.95
    soc_min: float = 0.10
    soc_initial: float = 0.50
    wear_cost_per_kwh: float = 0.0
    in_service: FloatArray | None = field(default=None, metadata=UNSAID_AT_DEFAULT)

    def __post_init__(self) -> None:
        for name in ("charge_efficiency", "discharge_efficiency"):
            _share("battery", name, getattr(self, name), positive=True)
        for name in ("soc_min", "soc_initial"):
            _share("battery", name, getattr(self, name))
        if self.soc_initial < self.soc_min:
            raise ValueError(
                f"battery.soc_initial must be at least soc_min {self.soc_min}, "
                f"got {self.soc_initial}"
            )

    def most_kw(self, n_steps: int) -> FloatArray:
        """Largest charge or discharge power by step, shape (T,). [kW]"""
        share = 1.0 if self.in_service is None else self.in_service
        most: FloatArray = self.power_kw * (np.zeros(n_steps) + share)
        return most

    @property
    def soc_min_kwh(self) -> float:
        """Energy that must stay stored. [kWh]"""
        return self.soc_min * self.energy_kwh

    @property
    def soc_initial_kwh(self) -> float:
        """Energy stored before the first step, and after the last. [kWh]"""
        return self.soc_initial * self.energy_kwh

    def charge(self, soc_kwh: float, power_kw: float, step_h: float) -> float:
        """Energy stored after charging at `power_kw` for one step. [kWh]"""
        return soc_kwh + power_kw * step_h * self.charge_efficiency


@dataclass(frozen=True, slots=True, kw_only=True)
class Generator:
    """A fuelled generator: off, or between its minimum load and its rating.

    What a running generator must give and nobody takes is burnt in its load bank.

    Attributes:
        power_kw: Rating. [kW]
        fuel_cost_per_kwh: Per electric kWh. [money/kWh]
        carbon_g_per_kwh: Per electric kWh, fuel chain included. [g/kWh]
        min_load_kw: Least power while it runs. [kW]
        start_cost: Of each start inside the horizon. [money]
        min_up_h: Hours it runs at least, once started. [h]
        min_down_h: Hours it stands at least, once stopped. [h]
        runs_at_start: Whether it runs as the horizon begins.
        hours_so_far: Since when it has been running, or standing; infinite for long enough. [h]
    """

    power_kw: float
    fuel_cost_per_kwh: float
    carbon_g_per_kwh: float
    min_load_kw: float = field(default=0.0, metadata=UNSAID_AT_DEFAULT)
    start_cost: float = field(default=0.0, metadata=UNSAID_AT_DEFAULT)
    min_up_h: float = field(default=0.0, metadata=UNSAID_AT_DEFAULT)
    min_down_h: float = field(default=0.0, metadata=UNSAID_AT_DEFAULT)
    runs_at_start: bool = field(default=False, metadata=UNSAID_AT_DEFAULT)
    hours_so_far: float = field(default=np.inf, metadata=UNSAID_AT_DEFAULT)

    def __post_init__(self) -> None:
        if not 0 <= self.min_load_kw <= self.power_kw:
            raise ValueError(
                f"generator.min_load_kw must be between 0 and power_kw {self.power_kw}, "
                f"got {self.min_load_kw}"
            )
        for name in ("start_cost", "min_up_h", "min_down_h", "hours_so_far"):
            if not getattr(self, name) >= 0:
                raise ValueError(f"generator.{name} must be at least 0, got {getattr(self, name)}")

    @property
    def has_commitment(self) -> bool:
        """Whether it matters when it is on, and not only what it gives."""
        limits = (self.min_load_kw, self.start_cost, self.min_up_h, self.min_down_h)
        return any(limit > 0 for limit in limits)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cooling:
    """Facility power as an affine function of IT power, step by step.

        facility_kw[t] = overhead_kw + slope[t] * it_kw[t]

    Attributes:
        overhead_kw: Drawn whatever runs. [kW]
        slope: Facility kW per further IT kW, at least 1, shape (T,). [1]
        water_l_per_kwh: Water per IT kWh, shape (T,). [l/kWh]
    """

    overhead_kw: float
    slope: FloatArray
    water_l_per_kwh: FloatArray


@dataclass(frozen=True, slots=True, kw_only=True)
class GpuPool:
    """Like GPUs at one site.

    Attributes:
        gpu_type: What a job or service asks for.
        gpus: GPUs in service, shape (T,).
        idle_kw_per_gpu: IT power of a GPU that nobody has reserved. [kW]
        lease_price_per_gpu_h: Paid for each reserved GPU-hour; 0 for one's own. [money/GPU-h]
        embodied_g_per_gpu_h: Share of making, for each GPU-hour reserved. [g/GPU-h]
        committed_gpus: The lease of so many is paid whether they are reserved or not; in each step
            it is that of max(committed, reserved).
        gpus_per_node: GPUs of a node; who asks for whole nodes reserves a multiple of them.
        sleep_kw_per_gpu: IT power of a GPU whose node sleeps; None where nodes never do. Nodes that
            nobody needs sleep, and no more are awake than it takes to hold what is reserved. [kW]
        wake_h: Hours for which a node must be awake before it is reserved, in whole steps. [h]
    """

    gpu_type: str
    gpus: IntArray
    idle_kw_per_gpu: float
    lease_price_per_gpu_h: float = 0.0
    embodied_g_per_gpu_h: float = 0.0
    committed_gpus: int = field(default=0, metadata=UNSAID_AT_DEFAULT)
    gpus_per_node: int = field(default=1, metadata=UNSAID_AT_DEFAULT)
    sleep_kw_per_gpu: float | None = field(default=None, metadata=UNSAID_AT_DEFAULT)
    wake_h: float = field(default=0.0, metadata=UNSAID_AT_DEFAULT)

    def __post_init__(self) -> None:
        if self.gpus_per_node < 1:
            raise ValueError(
                f"pool {self.gpu_type}: gpus_per_node must be at least 1, got "
                f"{self.gpus_per_node}; 1 lets jobs take single GPUs"
            )
        sleep_kw, idle_kw = self.sleep_kw_per_gpu, self.idle_kw_per_gpu
        if sleep_kw is not None and not 0 <= sleep_kw <= idle_kw:
            raise ValueError(
                f"pool {self.gpu_type}: sleep_kw_per_gpu must be between 0 and idle_kw_per_gpu "
                f"{idle_kw}, got {sleep_kw}; leave it out where nodes never sleep"
            )
        if not 0 <= self.wake_h < np.inf or (self.wake_h > 0 and sleep_kw is None):
            raise ValueError(
                f"pool {self.gpu_type}: wake_h must be at least 0, and 0 without sleep_kw_per_gpu, "
                f"got {self.wake_h}; say how long a sleeping node takes to wake"
            )

    @property
    def resting_kw_per_gpu(self) -> float:
        """IT power of a GPU that nobody needs: asleep where nodes sleep, else idle. [kW]"""
        return self.idle_kw_per_gpu if self.sleep_kw_per_gpu is None else self.sleep_kw_per_gpu

    @property
    def waking_kw_per_gpu(self) -> float:
        """What a GPU draws more awake and idle than at rest. [kW]"""
        return self.idle_kw_per_gpu - self.resting_kw_per_gpu

    def awake_gpus(self, reserved: IntArray, step_h: float) -> IntArray:
        """GPUs of the nodes that are awake by step, where so many are reserved, shape (T,).

        max over this step and the wake steps after it of ceil(reserved / gpus_per_node) nodes,
        as far as they are in service. Before the horizon nodes may have been woken already.
        """
        nodes = -(-reserved // self.gpus_per_node)
        awake = nodes.copy()
        for ahead in range(1, 1 + min(len(nodes), int(np.ceil(self.wake_h / step_h - 1e-9)))):
            awake[:-ahead] = np.maximum(awake[:-ahead], nodes[ahead:])
        found: IntArray = np.minimum(self.gpus, awake * self.gpus_per_node)
        return np.maximum(reserved, found)

    def on_whole_nodes(self, gpus: int) -> int:
        """GPUs of as many whole nodes as it takes to have `gpus`.

        ceil(gpus / gpus_per_node) * gpus_per_node
        """
        return -(-gpus // self.gpus_per_node) * self.gpus_per_node


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """One metered place.

    Attributes:
        name: Unique in a problem.
        jurisdiction: Whose law holds, as a country code.
        certifications: What the site is certified for.
        leased: Somebody else's building: every facility kWh counts as bought.
        cooling: Overhead and slope of facility power.
        pools: By GPU type.
        grid: None on an island.
        plants: Wind and PV behind the meter.
        battery: None where there is none.
        generator: None where there is none.
    """

    name: str
    jurisdiction: str
    cooling: Cooling
    pools: tuple[GpuPool, ...]
    certifications: frozenset[str] = frozenset()
    leased: bool = False
    grid: GridConnection | None = None
    plants: tuple[Plant, ...] = ()
    battery: Battery | None = None
    generator: Generator | None = None
    _pool_of_type: dict[str, GpuPool] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        by_type = {pool.gpu_type: pool for pool in self.pools}
        if len(by_type) < len(self.pools):
            raise ValueError(f"site {self.name}: one pool a GPU type, got {self.pools}")
        object.__setattr__(self, "_pool_of_type", by_type)

    def pool(self, gpu_type: str) -> GpuPool | None:
        """The pool of that GPU type, or None."""
        return self._pool_of_type.get(gpu_type)

    @property
    def idle_it_kw(self) -> FloatArray:
        """IT power with no GPU reserved, every node that may sleep asleep, shape (T,). [kW]"""
        idle: FloatArray = np.zeros_like(self.cooling.slope)
        for pool in self.pools:
            idle = idle + pool.gpus * pool.resting_kw_per_gpu
        return idle
