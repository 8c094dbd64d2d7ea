"""On a Dask cluster of two processes: the same searches, the same streams, the same bits."""

import os

import joblib
import numpy as np
import pytest
from helpers import SECONDS, assert_same_bits, digits, network, optional, through_pickle
from numpy.testing import assert_array_equal
from sklearn.model_selection import GridSearchCV, cross_val_score

da = optional("dask.array")
distributed = optional("dask.distributed")
wrappers = optional("dask_ml.wrappers")

pytestmark = pytest.mark.slow

GRID = {"learning_rate_init": [0.05, 0.2], "hidden_layer_sizes": [(), (10,)]}
# What there is to remember from one block to the next, beside the weights.
OPTIONS = [{}, {"momentum": 0.9}, {"average": True}]


@pytest.fixture(scope="module")
def client():
    options = {"n_workers": 2, "threads_per_worker": 1, "processes": True}
    with (
        distributed.LocalCluster(dashboard_address=None, **options) as cluster,
        distributed.Client(cluster) as client,
    ):
        yield client


def test_a_search_finds_the_same(client):
    X, y = digits()
    search = GridSearchCV(network(), GRID, cv=3, error_score="raise", return_train_score=True)
    here = search.fit(X, y).cv_results_, search.best_estimator_
    with joblib.parallel_config(backend="dask"):
        on_cluster = search.fit(X, y).cv_results_, search.best_estimator_
    names = [name for name in here[0] if "score" in name and "time" not in name]
    assert len(names) > 8
    for name in names:
        assert_array_equal(on_cluster[0][name], here[0][name])
    assert_same_bits(on_cluster[1], here[1])


def test_the_fits_are_done_by_the_workers(client):
    """Else the test before this one compares nothing."""

    def process(estimator, X, y):
        return os.getpid()

    X, y = digits()
    with joblib.parallel_config(backend="dask"):
        processes = cross_val_score(network(), X, y, cv=8, scoring=process)
    assert set(processes) <= set(client.run(os.getpid).values())


@pytest.mark.parametrize("rows_in_block", [100, 333, 1797])
@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_blocks_do_not_matter(rows_in_block, options, client):
    X, y = digits()
    expected = network(**options).partial_fit(X, y, classes=np.arange(10))
    incremental = wrappers.Incremental(network(**options), shuffle_blocks=False)
    blocks = da.from_array(X, chunks=(rows_in_block, 64)), da.from_array(y, chunks=rows_in_block)
    incremental.fit(*blocks, classes=np.arange(10))
    assert_same_bits(incremental.estimator_, expected)
    assert incremental.estimator_.t_ == len(y)
    assert_array_equal(incremental.predict(blocks[0]).compute(), expected.predict(X))


@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_a_network_travels_and_goes_on(options, client):
    X, y = digits()
    thirds = list(zip(np.array_split(X, 3), np.array_split(y, 3), strict=True))
    expected = network(**options).partial_fit(X, y, classes=np.arange(10))

    started = network(**options).partial_fit(*thirds[0], classes=np.arange(10))
    first, second = client.run(os.getpid)  # the addresses of both workers
    learned = client.submit(started.partial_fit, *thirds[1], workers=first, pure=False)
    moved = client.submit(lambda network: network, learned, workers=second, pure=False)
    returned = moved.result(timeout=SECONDS)
    returned = through_pickle(returned).partial_fit(*thirds[2])
    assert_same_bits(returned, expected)
    assert returned.t_ == len(y)
