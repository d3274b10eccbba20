"""What the planner asks itself first has an answer, and is enough to have everything at hand."""

import msgspec

from k8s_operator.planning.child import answer
from k8s_operator.planning.rehearsal import N_JOBS, rehearsal


def test_the_rehearsal_is_planned_whole_and_better_than_run_now():
    # However busy the machine, the first search is compiled and ended by its gap.
    found = answer(msgspec.structs.replace(rehearsal(), time_limit_s=240.0))
    assert found.failed == ""
    assert found.troubles == {}
    assert found.site_troubles == {}
    assert len(found.jobs) == N_JOBS
    assert found.plan.emissions_kg < found.baseline.emissions_kg
