"""A linear program stated as arrays, block by block.

For years of hours, which an algebraic modelling language takes longer to state than one would wait.
A block of columns or rows is an array of numbers; entries are three arrays. It knows no energy.
"""

from dataclasses import dataclass, field

import numpy as np
from scipy.sparse import coo_array, csc_array

from optimizer.site import FloatArray, IntArray


@dataclass(frozen=True, slots=True, kw_only=True)
class LinearArrays:
    """A linear program: least cost of columns within bounds, rows within sides."""

    cost: FloatArray
    lower: FloatArray
    upper: FloatArray
    row_lower: FloatArray
    row_upper: FloatArray
    matrix: csc_array


@dataclass(slots=True)
class ArrayModel:
    """Columns, rows and entries as they are added."""

    _cost: list[FloatArray] = field(default_factory=list)
    _lower: list[FloatArray] = field(default_factory=list)
    _upper: list[FloatArray] = field(default_factory=list)
    _row_lower: list[FloatArray] = field(default_factory=list)
    _row_upper: list[FloatArray] = field(default_factory=list)
    _entries: list[tuple[IntArray, IntArray, FloatArray]] = field(default_factory=list)
    _block_of: dict[int, int] = field(default_factory=dict)
    _n_columns: int = 0
    _n_rows: int = 0

    def columns(
        self,
        n: int,
        *,
        cost: FloatArray | float = 0.0,
        lower: FloatArray | float = 0.0,
        upper: FloatArray | float = np.inf,
    ) -> IntArray:
        """Add `n` columns and return their numbers."""
        for kept, value in ((self._cost, cost), (self._lower, lower), (self._upper, upper)):
            kept.append(np.broadcast_to(np.asarray(value, dtype=np.float64), n))
        self._n_columns += n
        return np.arange(self._n_columns - n, self._n_columns)

    def rows(
        self, n: int, *, lower: FloatArray | float = -np.inf, upper: FloatArray | float = np.inf
    ) -> IntArray:
        """Add `n` rows without entries and return their numbers."""
        for kept, value in ((self._row_lower, lower), (self._row_upper, upper)):
            kept.append(np.broadcast_to(np.asarray(value, dtype=np.float64), n))
        self._block_of[self._n_rows] = len(self._row_upper) - 1
        self._n_rows += n
        return np.arange(self._n_rows - n, self._n_rows)

    def enter(
        self, rows: IntArray | int, columns: IntArray | int, values: FloatArray | float
    ) -> None:
        """Add entries; a single row, column or value goes with each of the others."""
        row, column, value = np.broadcast_arrays(
            rows, columns, np.asarray(values, dtype=np.float64)
        )
        self._entries.append((row, column, value))

    def limit(self, row: int, upper: float) -> None:
        """Set the upper side of one row that was added alone."""
        self._row_upper[self._block_of[row]] = np.array([upper])

    def finish(self) -> LinearArrays:
        """The whole program; entries at the same place add up."""
        row, column, value = (np.concatenate(part) for part in zip(*self._entries, strict=True))
        matrix = csc_array(coo_array((value, (row, column)), shape=(self._n_rows, self._n_columns)))
        matrix.eliminate_zeros()
        return LinearArrays(
            cost=np.concatenate(self._cost),
            lower=np.concatenate(self._lower),
            upper=np.concatenate(self._upper),
            row_lower=np.concatenate(self._row_lower),
            row_upper=np.concatenate(self._row_upper),
            matrix=matrix,
        )
