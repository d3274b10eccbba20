"""Which jobs wait for which: predecessors first, and nobody for himself.

Knows names only, nothing of time.
"""

from collections.abc import Sequence

from optimizer.work import Job


def in_sequence(jobs: Sequence[Job]) -> tuple[int, ...]:
    """Numbers of the jobs, each after all it waits for; as they come where nobody waits.

    Raises:
        ValueError: A job waits for a name that no job has, for itself, or for one that waits for
            it; or it is running already.
    """
    number = {job.name: j for j, job in enumerate(jobs)}
    for job in jobs:
        for name in job.after:
            if name not in number:
                raise ValueError(
                    f"{job.name}: after must name jobs of the problem, got {name}; correct it, or "
                    "leave it out where that job is done"
                )
        if job.after and job.running_at is not None:
            raise ValueError(
                f"{job.name}: is running and waits for {', '.join(job.after)}; leave out after, "
                "since it has started"
            )
    sequence: list[int] = []
    seen: set[int] = set()
    for j in range(len(jobs)):
        _visit(jobs, number, j, seen, sequence)
    return tuple(sequence)


def _visit(
    jobs: Sequence[Job], number: dict[str, int], first: int, seen: set[int], sequence: list[int]
) -> None:
    """Put job number `first` and all it waits for into `sequence`, without recursion."""
    path: list[int] = []
    stack = [first]
    while stack:
        j = stack[-1]
        if path and path[-1] == j:
            path.pop()
            stack.pop()
            sequence.append(j)
            continue
        if j in seen:
            stack.pop()
            continue
        seen.add(j)
        path.append(j)
        for name in jobs[j].after:
            i = number[name]
            if i in path:
                circle = [jobs[k].name for k in path[path.index(i) :]]
                raise ValueError(
                    f"{jobs[j].name}: after goes in a circle, {' <- '.join([*circle, name])}; "
                    "take one of them out"
                )
            stack.append(i)
