"""On a Dask cluster of two processes: the same searches, the same streams, the same bits."""

import pickle

import joblib
import numpy as np
import pytest
from extras import optional
from numpy.testing import assert_array_equal
from sklearn.datasets import load_digits
from sklearn.model_selection import GridSearchCV, cross_val_score

from skl_softmaxnet import SoftmaxMLPClassifier

da = optional("dask.array")
distributed = optional("dask.distributed")
wrappers = optional("dask_ml.wrappers")

pytestmark = pytest.mark.slow

GRID = {"learning_rate_init": [0.05, 0.2], "hidden_layer_sizes": [(), (10,)]}


@pytest.fixture(scope="module")
def client():
    options = {"n_workers": 2, "threads_per_worker": 1, "processes": True}
    with (
        distributed.LocalCluster(dashboard_address=None, **options) as cluster,
        distributed.Client(cluster) as client,
    ):
        yield client


def samples():
    X, y = load_digits(return_X_y=True)
    return X / 16, y


def network(**options):
    options = {"max_iter": 5, "tol": None, "random_state": 0} | options
    return SoftmaxMLPClassifier((10,), **options)


def assert_same_bits(one, other):
    for name in ("coefs_", "intercepts_"):
        for array, same in zip(getattr(one, name), getattr(other, name), strict=True):
            assert_array_equal(array, same, strict=True)


def test_a_search_finds_the_same(client):
    X, y = samples()
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
    X, y = samples()
    tasks = client.run_on_scheduler(lambda dask_scheduler: dask_scheduler.transition_counter)
    with joblib.parallel_config(backend="dask"):
        cross_val_score(network(), X, y, cv=3)
    after = client.run_on_scheduler(lambda dask_scheduler: dask_scheduler.transition_counter)
    assert after > tasks


@pytest.mark.parametrize("rows_in_block", [100, 333, 1797])
@pytest.mark.parametrize("options", [{}, {"momentum": 0.9}, {"average": True}], ids=str)
def test_blocks_do_not_matter(rows_in_block, options, client):
    X, y = samples()
    expected = network(**options).partial_fit(X, y, classes=np.arange(10))
    incremental = wrappers.Incremental(network(**options), shuffle_blocks=False)
    blocks = da.from_array(X, chunks=(rows_in_block, 64)), da.from_array(y, chunks=rows_in_block)
    incremental.fit(*blocks, classes=np.arange(10))
    assert_same_bits(incremental.estimator_, expected)
    assert incremental.estimator_.t_ == len(y)
    assert_array_equal(incremental.predict(blocks[0]).compute(), expected.predict(X))


def test_a_network_travels_and_goes_on(client):
    X, y = samples()
    expected = network().partial_fit(X, y, classes=np.arange(10)).partial_fit(X, y)
    started = network().partial_fit(X, y, classes=np.arange(10))
    workers = list(client.scheduler_info()["workers"])
    assert len(workers) == 2
    returned = client.submit(started.partial_fit, X, y, workers=workers[1]).result()
    assert_same_bits(returned, expected)
    assert_same_bits(
        pickle.loads(pickle.dumps(returned)).partial_fit(X, y), expected.partial_fit(X, y)
    )
