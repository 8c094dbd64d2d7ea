"""Out of core on a Dask cluster
=============================

A Dask array need never be in memory as a whole: each block is made, as it would be read from a
file, when its turn comes. dask-ml's Incremental calls `partial_fit` with one block after the other,
wherever the block is, and the network travels from worker to worker. Left alone, the workers would
make blocks faster than the network learns from them, until their memory is full. So a few blocks
are handed over at a time, and while the network learns from one of them, the next is made.

As chunks do not matter to the network, every cut of the array gives the same one, bit for bit, and
so does a single call of `partial_fit` with all the rows, which here are few enough to try it.

This example needs Dask and dask-ml: ``pip install -e '.[dask]'``.
"""

import numpy as np

from skl_softmaxnet import SoftmaxMLPClassifier

try:
    import dask.array as da
    from dask.distributed import Client, LocalCluster
    from dask_ml.wrappers import Incremental
except ImportError as error:
    raise SystemExit(
        f"This example needs the extra dask: pip install -e '.[dask]' ({error})."
    ) from None

N_ROWS, N_FEATURES = 200_000, 20
N_IN_PIECE = 1_000  # rows that are made together
SIZES_OF_BLOCKS = (20_000, 5_000)
N_AT_A_TIME = 2  # blocks


def main():
    with (
        LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster,
        Client(cluster),
    ):
        networks = [learned_in_blocks(size) for size in SIZES_OF_BLOCKS]
    X_test = rows(N_ROWS, N_ROWS + 5_000)
    for size, network in zip(SIZES_OF_BLOCKS, networks, strict=True):
        print(
            f"Blocks of {size:,} rows: {network.t_:,} samples, accuracy on "
            f"{len(X_test):,} others {network.score(X_test, labels(X_test)):.3f}"
        )
    print(f"The same network from both: {have_same_bits(*networks)}")
    whole = rows(0, N_ROWS)
    at_once = new_network().partial_fit(whole, labels(whole), classes=[0, 1])
    print(f"The same from all rows at once: {have_same_bits(networks[0], at_once)}")


def learned_in_blocks(size):
    """Train a network on the whole array, which is cut into blocks of so many rows."""
    X, y = array_in_blocks(size)
    # in the order of the rows, as a stream comes
    incremental = Incremental(new_network(), shuffle_blocks=False)
    for first in range(0, X.numblocks[0], N_AT_A_TIME):
        few = slice(first, first + N_AT_A_TIME)
        incremental.partial_fit(X.blocks[few], y.blocks[few], classes=[0, 1])
    return incremental.estimator_


def new_network():
    # without a penalty, of which some may wait from block to block: the same bits
    return SoftmaxMLPClassifier((50,), alpha=0, learning_rate_init=0.02, random_state=0)


def array_in_blocks(size):
    """X and y as Dask arrays, of which nothing is computed yet."""
    chunks = ((size,) * (N_ROWS // size), (N_FEATURES,))
    X = da.map_blocks(rows_of_block, chunks=chunks, dtype=np.float32)
    return X, X.map_blocks(labels, drop_axis=1, dtype=np.int64)


def rows_of_block(block_info):
    """The rows of a block, whose place in the array Dask tells."""
    (start, stop), _ = block_info[None]["array-location"]
    return rows(start, stop)


def rows(start, stop):
    """Some rows of the data, the same whatever block asks for them: a stand-in for a file."""
    return np.concatenate(
        [
            np.random.default_rng(piece).standard_normal((N_IN_PIECE, N_FEATURES), dtype=np.float32)
            for piece in range(start // N_IN_PIECE, stop // N_IN_PIECE)
        ]
    )


def labels(X):
    return (X[:, 0] * X[:, 1] + X[:, 2] > 0).astype(np.int64)


def have_same_bits(one, other):
    arrays, others = (network.coefs_ + network.intercepts_ for network in (one, other))
    return all(map(np.array_equal, arrays, others))


if __name__ == "__main__":  # the processes of the cluster import this file too
    main()
