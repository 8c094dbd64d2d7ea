"""A Dask array that no memory need hold, learned from block by block on a cluster.

The array is never there as a whole: each block is made, as it would be read from a file, when its
turn comes. dask-ml's Incremental calls `partial_fit` with one block after the other, wherever the
block is, and the network travels from worker to worker. As chunks do not matter to it, however the
array is cut, every cut gives the same network, bit for bit.

Needs Dask and dask-ml: ``pip install 'skl_softmaxnet[dask]'``.
"""

import dask
import dask.array as da
import numpy as np
from dask.distributed import Client, LocalCluster
from dask_ml.wrappers import Incremental

from skl_softmaxnet import SoftmaxMLPClassifier

N_ROWS, N_FEATURES = 200_000, 20
N_IN_PIECE = 1_000  # rows that are made together
SIZES_OF_BLOCKS = (50_000, 20_000)


def main():
    with (
        LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster,
        Client(cluster),
    ):
        networks = [learned_in_blocks(size) for size in SIZES_OF_BLOCKS]
    X_test, y_test = rows(N_ROWS, N_ROWS + 5_000)
    for size, network in zip(SIZES_OF_BLOCKS, networks, strict=True):
        print(
            f"Blocks of {size:,} rows: {network.t_:,} samples, accuracy on "
            f"{len(y_test):,} others {network.score(X_test, y_test):.3f}"
        )
    first, second = (network.coefs_[0] for network in networks)
    print(f"The same network from both: {np.array_equal(first, second)}")


def learned_in_blocks(size):
    """Train a network on the whole array, which is cut into blocks of so many rows."""
    starts = range(0, N_ROWS, size)
    X = da.concatenate([block(start, size, 0, (size, N_FEATURES)) for start in starts])
    y = da.concatenate([block(start, size, 1, (size,)) for start in starts])
    network = SoftmaxMLPClassifier((50,), learning_rate_init=0.1, random_state=0)
    # in the order of the rows, as a stream comes
    incremental = Incremental(network, shuffle_blocks=False)
    return incremental.fit(X, y, classes=[0, 1]).estimator_


def block(start, size, part, shape):
    """A block of X (part 0) or of y (part 1) that is made when it is needed."""
    made = dask.delayed(rows)(start, start + size)[part]
    return da.from_delayed(made, shape=shape, dtype=(np.float32, np.int64)[part])


def rows(start, stop):
    """Some rows of the data, the same whatever block asks for them: a stand-in for a file."""
    pieces = [
        np.random.default_rng(piece).standard_normal((N_IN_PIECE, N_FEATURES), dtype=np.float32)
        for piece in range(start // N_IN_PIECE, stop // N_IN_PIECE)
    ]
    X = np.concatenate(pieces)
    return X, (X[:, 0] * X[:, 1] + X[:, 2] > 0).astype(np.int64)


if __name__ == "__main__":  # the processes of the cluster import this file too
    main()
