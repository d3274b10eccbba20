"""Where one service may hold replicas: each of its models at each site that may run it.

The sites of the full model come first, then those of every variant in turn, so that a service
without variants has one host a site. Everything that weighs replicas counts by host; what pools and
meters see is the sum over the models of a site.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from optimizer.site import FloatArray, IntArray, Site
from optimizer.work import Service, Variant


@dataclass(frozen=True, slots=True, kw_only=True)
class Hosts:
    """The hosts of one service. Arrays have one value a host, shape (H,).

    Attributes:
        models: The full model, then the variants.
        sites: Numbers of the sites that may run the service.
        gpus: Reserved by a replica.
        capacity_rps: Of a replica. [1/s]
        extra_kw: IT power that a replica adds over its GPUs at rest. [kW]
        request_kw: IT power of one request a second. [kW s]
        gain: Quality less the floor on its mean. [1]
    """

    models: tuple[Variant, ...]
    sites: tuple[int, ...]
    gpus: IntArray
    capacity_rps: FloatArray
    extra_kw: FloatArray
    request_kw: FloatArray
    gain: FloatArray

    @staticmethod
    def of(service: Service, sites: Sequence[int], all_sites: Sequence[Site]) -> "Hosts":
        """Those of `service` at the sites with these numbers, which all have its pool."""
        models, idle_kw = service.models, []
        for s in sites:
            pool = all_sites[s].pool(service.gpu_type)
            assert pool is not None
            idle_kw.append(pool.idle_kw_per_gpu - pool.waking_kw_per_gpu)
        pairs = [(model, kw) for model in models for kw in idle_kw]
        extra_kw = [model.replica_kw - model.gpus_per_replica * kw for model, kw in pairs]

        def each(values: list[float]) -> FloatArray:
            return np.repeat(np.array(values, dtype=float), len(sites))

        return Hosts(
            models=models,
            sites=tuple(sites),
            gpus=np.repeat([model.gpus_per_replica for model in models], len(sites)),
            capacity_rps=each([model.capacity_rps for model in models]),
            extra_kw=np.array(extra_kw, dtype=float),
            request_kw=each([model.request_kw for model in models]),
            gain=each([model.quality - service.quality_floor for model in models]),
        )

    @property
    def has_variants(self) -> bool:
        """Whether there is more than the full model."""
        return len(self.models) > 1

    @property
    def site(self) -> tuple[int, ...]:
        """Number of the site of each host."""
        return self.sites * len(self.models)

    @property
    def place(self) -> tuple[int, ...]:
        """Position of the site of each host in `sites`."""
        return tuple(range(len(self.sites))) * len(self.models)

    def by_site(self, values: np.ndarray) -> np.ndarray:
        """The models of each site together, shapes (..., H) and (..., sites)."""
        if not self.has_variants:
            return values
        summed: np.ndarray = self.by_model(values).sum(axis=-2)
        return summed

    def by_model(self, values: np.ndarray) -> np.ndarray:
        """The hosts of each model, shapes (..., H) and (..., models, sites)."""
        return values.reshape(*values.shape[:-1], len(self.models), len(self.sites))

    def gained(self, served_rps: FloatArray) -> FloatArray:
        """Quality above the floor on its mean that requests by host bring, shapes (..., H), (...).

        At least 0 over the horizon where the floor is kept. [1/s]
        """
        gained: FloatArray = served_rps @ self.gain
        return gained
