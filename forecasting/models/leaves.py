"""Who shares leaves with whom: the use that is made here of every forest.

The trees' averages are not used, only whom they put together. Each leaf shares its weight among
its training rows, and each tree counts as much as another. What is read from the rows is up to the
models.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forecasting.steps import Array


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Leaves:
    """A grown forest, and which training rows lie in which leaf.

    Attributes:
        trees: Of the forest.
        first: Number of each tree's first node when the nodes of all are counted through.
        members: Share of each training row in each leaf, sparse (leaves, rows).
    """

    trees: tuple[Any, ...]
    first: NDArray[np.int64]
    members: Any

    @classmethod
    def of(cls, forest: Any, features: Array) -> "Leaves":
        """From a forest of scikit-learn and the rows it was grown on."""
        from scipy.sparse import csr_matrix  # noqa: PLC0415 - only where a forest is grown

        trees = tuple(one.tree_ for one in forest.estimators_)
        counts = [tree.node_count for tree in trees]
        first = np.concatenate([[0], np.cumsum(counts)[:-1]]).astype(np.int64)
        leaf = _leaf(trees, first, features)
        size = np.bincount(leaf, minlength=sum(counts))
        starts = np.arange(0, leaf.size + 1, len(trees))
        shares = csr_matrix(
            (1.0 / size[leaf] / len(trees), leaf, starts), shape=(features.shape[0], sum(counts))
        )
        return cls(trees=trees, first=first, members=shares.T.tocsr())

    def weights(self, features: Array) -> Any:
        """How much each training row says about each new one, sparse (n, rows)."""
        from scipy.sparse import csr_matrix  # noqa: PLC0415 - as above

        leaf = _leaf(self.trees, self.first, features)
        starts = np.arange(0, leaf.size + 1, len(self.trees))
        shape = (features.shape[0], self.members.shape[0])
        return csr_matrix((np.ones(leaf.size), leaf, starts), shape=shape) @ self.members


def _leaf(trees: tuple[Any, ...], first: NDArray[np.int64], features: Array) -> NDArray[np.int64]:
    """Leaf of every row in every tree, row by row, shape (n · trees,)."""
    rows = np.ascontiguousarray(features, dtype=np.float32)
    each = [tree.apply(rows) + begin for tree, begin in zip(trees, first, strict=True)]
    leaf: NDArray[np.int64] = np.stack(each, axis=1).ravel()
    return leaf
