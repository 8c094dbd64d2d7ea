"""The types that public functions and methods take and return."""

from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import scipy.sparse as sp
from numpy.typing import ArrayLike, NDArray

# Samples: anything that NumPy makes an array of, data frames included, or a sparse matrix.
if TYPE_CHECKING:
    MatrixLike: TypeAlias = ArrayLike | sp.sparray | sp.spmatrix
else:  # sparray came with SciPy 1.11
    MatrixLike = ArrayLike | sp.spmatrix

FloatArray: TypeAlias = NDArray[np.floating]

RandomStateLike: TypeAlias = int | np.random.RandomState | None
