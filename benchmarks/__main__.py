"""`python -m benchmarks`: list the cases, or run one. Figures on stdout, talk on stderr."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks.cases import CASES, Case
from benchmarks.line import Line
from scheduler.errors import DataUnavailable, InputError

#: The condition that tells one line of a case from another, for people.
WHICH = ("slack_h", "jobs")
DONE, YOUR_INPUT, DATA_UNAVAILABLE, INTERRUPTED = 0, 2, 3, 130


def main(args: Sequence[str] | None = None) -> int:
    """Run what `args` ask for and return the exit code."""
    options = _parser().parse_args(args)
    if options.case == "list":
        _list()
        return DONE
    case: Case = options.chosen
    try:
        for line in case.run(options):
            print(line.json() if options.json else _text(line), flush=True)
    except DataUnavailable as error:
        print(f"{case.name}: {error}", file=sys.stderr)
        return DATA_UNAVAILABLE
    except InputError as error:
        print(f"{case.name}: {error}", file=sys.stderr)
        return YOUR_INPUT
    except KeyboardInterrupt:
        print(f"{case.name}: interrupted", file=sys.stderr)
        return INTERRUPTED
    return DONE


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    commands = parser.add_subparsers(dest="case", required=True, metavar="CASE")
    commands.add_parser("list", help="name every case and metric")
    for case in CASES:
        one = commands.add_parser(case.name, help=case.summary, description=case.summary)
        one.add_argument("--json", action="store_true", help="one line of JSON for each figure")
        one.add_argument("--data", type=Path, metavar="DIR", help="folder of the public data")
        case.add_arguments(one)
        one.set_defaults(chosen=case)
    return parser


def _list() -> None:
    for case in CASES:
        print(f"{case.name}: {case.summary}")
        for metric in case.metrics:
            print(f"  {metric.name} [{metric.unit}, {metric.better} is better]: {metric.meaning}")


def _text(line: Line) -> str:
    value = "none" if line.value is None else f"{line.value:,.4g}"
    beside = "".join(f"  ({name} {one:,.4g})" for name, one in line.references.items())
    which = next((f"{k} {line.conditions[k]}  " for k in WHICH if k in line.conditions), "")
    return f"{line.case}  {which}{line.metric}  {value} {line.unit}{beside}"


if __name__ == "__main__":
    sys.exit(main())
