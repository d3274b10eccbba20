"""Which policy speaks for a Job, and what it allows."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta

from k8s_operator.facts import Defaults
from k8s_operator.instants import parse_duration, parse_duration_h
from k8s_operator.views import JobView, PolicyView


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """An EnergyPolicy, read.

    Attributes:
        enforces: Whether Jobs are touched at all: mode Enforce, and not suspended.
        suspended: The kill switch: what is held is let go.
        labels: All of these a Job must carry.
    """

    namespace: str
    name: str
    enforces: bool
    suspended: bool
    labels: Mapping[str, str]
    defaults: Defaults
    advises_when_stale: bool
    pauses: bool
    only_checkpointable: bool
    min_run: timedelta
    max_pauses: int
    cooldown: timedelta
    carbon_price_per_kg: float | None
    currency: str | None

    @property
    def key(self) -> str:
        """`namespace/name`."""
        return f"{self.namespace}/{self.name}"

    def speaks_for(self, job: JobView) -> bool:
        """Whether it is of its namespace and carries its labels."""
        meta = job.metadata
        return meta.namespace == self.namespace and self.labels.items() <= meta.labels.items()


def read_policy(view: PolicyView) -> Policy:
    """The policy; the API server has checked its fields."""
    spec = view.spec
    pause, defaults = spec.get("pause", {}), spec.get("defaults", {})
    objective = spec.get("objective")
    given = Defaults(max_delay=timedelta(0))
    suspended = bool(spec.get("suspend", False))
    return Policy(
        namespace=view.metadata.namespace,
        name=view.metadata.name,
        enforces=spec.get("mode", "Advise") == "Enforce" and not suspended,
        suspended=suspended,
        labels=spec.get("selector", {}).get("matchLabels", {}),
        defaults=Defaults(
            policy=view.metadata.name,
            max_delay=parse_duration(spec["maxDelay"]),
            run_time_h=parse_duration_h(defaults["runTime"])
            if "runTime" in defaults
            else given.run_time_h,
            run_time_by="policy" if "runTime" in defaults else given.run_time_by,
            watts_per_gpu=float(defaults.get("wattsPerGpu", given.watts_per_gpu)),
            gpu_type=defaults.get("gpuType", given.gpu_type),
            home=defaults.get("home"),
            residency=tuple(defaults.get("residency", ())),
            certifications=tuple(defaults.get("certifications", ())),
            sites=tuple(spec.get("sites", ())),
        ),
        advises_when_stale=spec.get("onStaleForecast", "Plan") == "Advise",
        pauses=bool(pause.get("enabled", False)),
        only_checkpointable=bool(pause.get("onlyCheckpointable", True)),
        min_run=parse_duration(pause.get("minRun", "30m")),
        max_pauses=int(pause.get("maxPauses", 4)),
        cooldown=parse_duration(pause.get("cooldown", "20m")),
        carbon_price_per_kg=float(objective["carbonPricePerTonne"]) / 1000 if objective else None,
        currency=objective["currency"] if objective else None,
    )


def policy_of(job: JobView, policies: Iterable[Policy]) -> Policy | None:
    """The policy of a Job: of several, the one with most labels, then the first by name."""
    fitting = [one for one in policies if one.speaks_for(job)]
    return min(fitting, key=lambda one: (-len(one.labels), one.name), default=None)
