"""The one door to the solver: a Pyomo model in, arrays and duals out.

Options are checked for their return code, limits are always set, threads and seed are fixed, and
a status that is not asked for is an error, never a fallback. The model is compiled once to arrays;
a re-solve changes right-hand sides only and starts from the last basis.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import highspy
import numpy as np
import pyomo.environ as pyo
from pyomo.repn.plugins.standard_form import LinearStandardFormCompiler

from optimizer.arrays import LinearArrays
from optimizer.site import FloatArray, IntArray

OPTIONS: Mapping[str, str | float | bool] = MappingProxyType(
    {
        "output_flag": False,
        "threads": 1,
        "random_seed": 0,
        "solver": "simplex",
        "mip_rel_gap": 0.0,
    }
)


#: HiGHS refuses smaller coefficients; here they are what rounding leaves of a difference.
NEGLIGIBLE = 1e-9
ENOUGH = (
    highspy.HighsModelStatus.kOptimal,
    highspy.HighsModelStatus.kObjectiveTarget,
    highspy.HighsModelStatus.kSolutionLimit,
)
FEASIBLE = int(highspy.SolutionStatus.kSolutionStatusFeasible)


class SolverFailed(RuntimeError):
    """HiGHS ended otherwise than a model that is feasible by construction can."""


class NothingFeasible(SolverFailed):
    """No values of the columns keep to every row."""


class TimeLimitReached(RuntimeError):
    """The time limit ended a solve before its answer was proven.

    Attributes:
        best: Values of the best solution of an integer model found so far, by column; None where
            there is none.
    """

    best: FloatArray | None = None


class CutOff(RuntimeError):
    """The optimum lies above what was asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a solve found.

    Attributes:
        objective: With the model's constant. [money]
        column_values: By column.
        row_duals: By row; without meaning for an integer model.
        reduced_costs: By column; likewise.
    """

    objective: float
    column_values: FloatArray
    row_duals: FloatArray
    reduced_costs: FloatArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Reached:
    """How far an integer solve came, whatever ended it.

    Attributes:
        objective: Of the best solution, with the model's constant; None without one. [money]
        bound: No solution costs less; None where nothing is proven. [money]
        in_time: Whether it ended before the time limit.
    """

    objective: float | None
    bound: float | None
    in_time: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column to append: its cost and its entries."""

    cost: float
    rows: IntArray
    coefficients: FloatArray


class LinearModel:
    """A compiled Pyomo model, or arrays stated as such, held in one HiGHS instance."""

    def __init__(
        self, model: pyo.ConcreteModel | LinearArrays, **options: str | float | bool
    ) -> None:
        """Compile `model` once and hand its arrays to HiGHS.

        Args:
            model: With one minimised linear objective and at least one constraint.
            **options: HiGHS options above the fixed ones.

        Raises:
            SolverFailed: When HiGHS refuses an option or the arrays.
        """
        self._offset, self._column_of, self._row_of = 0.0, dict[int, int](), dict[int, int]()
        lp = self._given(model) if isinstance(model, LinearArrays) else self._compiled(model)
        self._highs = highspy.Highs()
        for name, value in {**OPTIONS, **options}.items():
            self._check(self._highs.setOptionValue(name, value), f"option {name}={value}")
        self._check(self._highs.passModel(lp), "passModel")

    def _compiled(self, model: pyo.ConcreteModel) -> highspy.HighsLp:
        form = LinearStandardFormCompiler().write(model, mixed_form=True)
        self._offset = float(form.c_offset[0])
        self._column_of = {id(var): number for number, var in enumerate(form.columns)}
        self._row_of = {id(row.constraint): number for number, row in enumerate(form.rows)}
        rows = form.rows
        bounds = [(var.lb, var.ub) for var in form.columns]
        lp = self._given(
            LinearArrays(
                cost=form.c.toarray()[0],
                lower=np.array([-np.inf if lb is None else lb for lb, _ in bounds], dtype=float),
                upper=np.array([np.inf if ub is None else ub for _, ub in bounds], dtype=float),
                row_lower=np.array(
                    [form.rhs[i] if row.bound_type <= 0 else -np.inf for i, row in enumerate(rows)]
                ),
                row_upper=np.array(
                    [form.rhs[i] if row.bound_type >= 0 else np.inf for i, row in enumerate(rows)]
                ),
                matrix=form.A.tocsc(),
            )
        )
        if any(var.is_integer() for var in form.columns):
            lp.integrality_ = [
                highspy.HighsVarType.kInteger
                if var.is_integer()
                else highspy.HighsVarType.kContinuous
                for var in form.columns
            ]
        return lp

    @staticmethod
    def _given(arrays: LinearArrays) -> highspy.HighsLp:
        matrix = arrays.matrix
        matrix.data[np.abs(matrix.data) <= NEGLIGIBLE] = 0.0
        matrix.eliminate_zeros()
        lp = highspy.HighsLp()
        lp.num_row_, lp.num_col_ = matrix.shape
        lp.col_cost_, lp.col_lower_, lp.col_upper_ = arrays.cost, arrays.lower, arrays.upper
        lp.row_lower_, lp.row_upper_ = arrays.row_lower, arrays.row_upper
        lp.a_matrix_.format_ = highspy.MatrixFormat.kColwise
        lp.a_matrix_.start_ = matrix.indptr
        lp.a_matrix_.index_ = matrix.indices
        lp.a_matrix_.value_ = matrix.data
        return lp

    @staticmethod
    def _check(status: highspy.HighsStatus, what: str) -> None:
        if status != highspy.HighsStatus.kOk:
            raise SolverFailed(f"HiGHS: {what}: got {status}; check the HiGHS version")

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns that HiGHS holds."""
        return self._highs.getNumRow(), self._highs.getNumCol()

    def columns(self, variable: pyo.Var) -> IntArray:
        """Column of each member of `variable`, in index order; -1 where none uses it."""
        return np.array([self._column_of.get(id(v), -1) for v in variable.values()], dtype=np.int64)

    def rows(self, constraint: pyo.Constraint) -> IntArray:
        """Row of each member of `constraint`, in index order."""
        return np.array([self._row_of[id(c)] for c in constraint.values()], dtype=np.int64)

    def set_sides(self, rows: IntArray, lower: FloatArray, upper: FloatArray) -> None:
        """Replace the right-hand sides of `rows`; infinite where a side is open."""
        status = self._highs.changeRowsBounds(  # type: ignore[attr-defined]  # not in its stub
            len(rows), rows.astype(np.int32), lower.astype(float), upper.astype(float)
        )
        self._check(status, "changeRowsBounds")

    def add_columns(self, columns: Sequence[Column]) -> IntArray:
        """Append columns, each from 0 up; return their numbers."""
        first = self._highs.getNumCol()
        kept = [np.abs(column.coefficients) > NEGLIGIBLE for column in columns]
        starts = np.cumsum([0, *(int(one.sum()) for one in kept)])
        rows = [column.rows[one] for column, one in zip(columns, kept, strict=True)]
        values = [column.coefficients[one] for column, one in zip(columns, kept, strict=True)]
        status = self._highs.addCols(
            len(columns),
            np.array([column.cost for column in columns], dtype=float),
            np.zeros(len(columns)),
            np.full(len(columns), highspy.kHighsInf),
            int(starts[-1]),
            starts[:-1].astype(np.int32),
            np.concatenate(rows).astype(np.int32),
            np.concatenate(values).astype(float),
        )
        self._check(status, "addCols")
        return np.arange(first, first + len(columns))

    def set_bounds(self, columns: IntArray, lower: FloatArray, upper: FloatArray) -> None:
        """Replace the bounds of columns."""
        status = self._highs.changeColsBounds(
            len(columns), columns.astype(np.int32), lower.astype(float), upper.astype(float)
        )
        self._check(status, "changeColsBounds")

    def set_integer(self, columns: IntArray, *, integer: bool) -> None:
        """Demand whole values of `columns`, or stop demanding them."""
        kind = highspy.HighsVarType.kInteger if integer else highspy.HighsVarType.kContinuous
        for column in columns:
            self._check(self._highs.changeColIntegrality(int(column), kind), "integrality")

    def start_from(self, columns: IntArray, values: FloatArray) -> None:
        """Give the next integer solve a solution to start from."""
        status = self._highs.setSolution(len(columns), columns.astype(np.int32), values)
        self._check(status, "setSolution")

    def set_option(self, name: str, value: str | float | bool) -> None:
        """Set one HiGHS option."""
        self._check(self._highs.setOptionValue(name, value), f"option {name}={value}")

    def solve(
        self, *, time_limit_s: float, cutoff: float = np.inf, target: float = -np.inf
    ) -> Answer:
        """Solve to optimality (or to the gap or the number of nodes set in the options).

        Args:
            time_limit_s: [s]
            cutoff: Objective above which the answer is of no interest. [money]
            target: Objective that is good enough for an integer model. [money]

        Raises:
            CutOff: The optimum lies above `cutoff`.
            TimeLimitReached: The limit, or that of nodes without a solution, ended it first.
            SolverFailed: Any other end.
        """
        self.set_option("objective_bound", cutoff - self._offset)
        self.set_option("objective_target", target - self._offset)
        status = self._run(time_limit_s)
        feasible = self._highs.getInfo().primal_solution_status == FEASIBLE
        nothing_found = status == highspy.HighsModelStatus.kSolutionLimit and not feasible
        if status == highspy.HighsModelStatus.kTimeLimit or nothing_found:
            stopped = TimeLimitReached(f"HiGHS: stopped by the time limit of {time_limit_s} s")
            if feasible:
                stopped.best = np.array(self._highs.getSolution().col_value)
            raise stopped
        if status == highspy.HighsModelStatus.kObjectiveBound:
            raise CutOff
        if status == highspy.HighsModelStatus.kInfeasible:
            raise NothingFeasible("HiGHS: the model is infeasible")
        if status not in ENOUGH:
            raise SolverFailed(f"HiGHS: expected an optimum, got {status}")
        objective = self._highs.getObjectiveValue() + self._offset
        if objective > cutoff:
            raise CutOff
        solution = self._highs.getSolution()
        return Answer(
            objective=objective,
            column_values=np.array(solution.col_value),
            row_duals=np.array(solution.row_dual),
            reduced_costs=np.array(solution.col_dual),
        )

    def reach(self, *, time_limit_s: float) -> Reached:
        """Solve an integer model for as long as that, and tell how far it came. [s]

        Raises:
            SolverFailed: Neither the optimum, the gap set in the options nor the limit ended it.
        """
        status = self._run(time_limit_s)
        if status not in (*ENOUGH, highspy.HighsModelStatus.kTimeLimit):
            raise SolverFailed(f"HiGHS: expected an optimum or the time limit, got {status}")
        info = self._highs.getInfo()
        found = info.primal_solution_status == highspy.SolutionStatus.kSolutionStatusFeasible
        bound = info.mip_dual_bound + self._offset
        return Reached(
            objective=self._highs.getObjectiveValue() + self._offset if found else None,
            bound=bound if np.isfinite(bound) else None,
            in_time=status in ENOUGH,
        )

    def _run(self, time_limit_s: float) -> highspy.HighsModelStatus:
        self.set_option("time_limit", float(self._highs.getRunTime() + time_limit_s))
        self._highs.run()
        return self._highs.getModelStatus()
