"""How long Jobs take when nobody says: as those did that ended before them and were like them.

Alike are Jobs of one namespace with the same images and as many GPUs. Jobs that were paused or
failed teach nothing. Pure: it reads views.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from math import ceil
from statistics import median

from k8s_operator import names
from k8s_operator.facts import gpus_of
from k8s_operator.settings import Clock
from k8s_operator.views import JobView

#: Of fewer nothing is concluded.
FEWEST = 3
HIGH = 0.9
SHORTEST_H = 1 / 60

Family = tuple[str, tuple[str, ...], int]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunTime:
    """What was seen of one family.

    Attributes:
        typical_h: The median; plans are made with it. [h]
        long_h: Nine of ten were no longer; latest starts are kept by it. [h]
    """

    typical_h: float
    long_h: float


def family_of(job: JobView) -> Family:
    """Jobs of one family take about as long."""
    images = tuple(one.image for one in job.spec.template.spec.containers)
    return job.metadata.namespace, images, gpus_of(job)


def run_times(jobs: Iterable[JobView], clock: Clock) -> Mapping[Family, RunTime]:
    """What the Jobs that ended well tell, for each family that has enough of them."""
    seen: dict[Family, list[float]] = {}
    for job in jobs:
        hours = _hours(job, clock)
        if hours is not None:
            seen.setdefault(family_of(job), []).append(hours)
    return {
        family: RunTime(typical_h=median(hours), long_h=_long(hours))
        for family, hours in seen.items()
        if len(hours) >= FEWEST
    }


def _hours(job: JobView, clock: Clock) -> float | None:
    """World hours from its start to its end; None where that is not what it takes."""
    start, end = job.status.start_time, job.status.completion_time
    if start is None or end is None or names.PAUSES in job.metadata.annotations:
        return None
    hours = (clock.world(end) - clock.world(start)) / timedelta(hours=1)
    return max(hours, SHORTEST_H)


def _long(hours: list[float]) -> float:
    """The shortest run that nine of ten were no longer than.

    >>> _long([1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0])
    9.0
    """
    return sorted(hours)[ceil(HIGH * len(hours)) - 1]
