"""On a Dask cluster of two processes: the same searches, the same streams, the same bits."""

import os

import joblib
import numpy as np
import pytest
from helpers import SECONDS, assert_same_bits, digits, network, optional, through_pickle
from numpy.testing import assert_array_equal
from sklearn.model_selection import GridSearchCV

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


def accuracy_and_process(estimator, X, y):
    return {"accuracy": estimator.score(X, y), "process": os.getpid()}


def test_a_search_by_the_workers_finds_the_same(client):
    how = {"scoring": accuracy_and_process, "refit": "accuracy", "error_score": "raise", "cv": 3}
    search = GridSearchCV(network(), GRID, return_train_score=True, **how)
    here = search.fit(*digits()).cv_results_, search.best_estimator_
    with joblib.parallel_config(backend="dask"):
        on_cluster = search.fit(*digits()).cv_results_, search.best_estimator_
    names = [name for name in here[0] if "accuracy" in name]
    assert len(names) > 8
    for name in names:
        assert_array_equal(on_cluster[0][name], here[0][name])
    assert_same_bits(on_cluster[1], here[1])
    workers = set(client.run(os.getpid).values())
    for split in range(3):
        assert set(on_cluster[0][f"split{split}_test_process"]) <= workers


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
