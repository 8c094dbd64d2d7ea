"""Many threads and processes at once: each gets what it would have got alone."""

import pickle
import random
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_all_start_methods, get_context
from threading import Barrier

import numpy as np
import pytest
import scipy.sparse as sp
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.model_selection import GridSearchCV

from skl_softmaxnet import SoftmaxMLPClassifier

N_THREADS = 8

CONFIGURATIONS = [
    {},
    {"momentum": 0.9, "alpha": 1e-4},
    {"average": True, "learning_rate": "inverse_time"},
    {"early_stopping": True, "output_activation": "sigmoid"},
    {"hidden_layer_sizes": (), "loss": "log_loss", "backprop": "gradient"},
]


def samples():
    X, y = load_digits(return_X_y=True)
    return X[:600] / 16, y[:600]


def network(**options):
    options = {"hidden_layer_sizes": (12, 8), "max_iter": 3, "tol": None} | options
    return SoftmaxMLPClassifier(random_state=0, **options)


def bits(estimator):
    return [array.tobytes() for array in [*estimator.coefs_, *estimator.intercepts_]]


def tasks():
    """Calls that train clones or predict with one estimator that all share; each gives bytes."""
    X, y = samples()
    shared = network().fit(X, y)
    for kind in (np.asarray, sp.csr_array):
        for dtype in (np.float64, np.float32):
            given = kind(X.astype(dtype))
            for options in CONFIGURATIONS:
                estimator = network(**options)
                yield lambda e=estimator, X=given: bits(clone(e).fit(X, y))
            yield lambda X=given: bits(network().partial_fit(X, y, classes=np.arange(10)))
            yield lambda X=given: shared.predict_proba(X).tobytes()
            yield lambda X=given: shared.predict(X).tobytes()


def check_threads(seconds):
    """Run the tasks in many threads, in random order, again and again; return how many were run."""
    calls = list(tasks())
    alone = [call() for call in calls]
    barrier = Barrier(N_THREADS)

    def work(seed):
        order, n_done = random.Random(seed), 0
        barrier.wait()
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            number = order.randrange(len(calls))
            assert calls[number]() == alone[number], number
            n_done += 1
        return n_done

    with ThreadPoolExecutor(N_THREADS) as pool:
        return list(pool.map(work, range(N_THREADS)))


def test_threads():
    assert min(check_threads(seconds=2)) >= 1


@pytest.mark.slow
def test_threads_for_a_minute():
    assert min(check_threads(seconds=60)) >= 10


# --- Processes ---

FITTED = network(warm_start=True).fit(*samples())


def gone_on(estimator):
    """Predict, go on in both ways, and tell all of it in bytes."""
    X, y = samples()
    predicted = estimator.predict_proba(X).tobytes()
    return predicted, bits(estimator.fit(X, y)), bits(estimator.partial_fit(X, y))


def gone_on_with_what_was_there():
    """The same with the estimator of this module: after a fork, the one that was fitted before."""
    return gone_on(pickle.loads(pickle.dumps(FITTED)))


@pytest.mark.parametrize("method", get_all_start_methods())
def test_processes(method):
    expected = gone_on_with_what_was_there()
    with ProcessPoolExecutor(2, mp_context=get_context(method)) as pool:
        given = [pool.submit(gone_on, FITTED) for _ in range(4)]
        there = [pool.submit(gone_on_with_what_was_there) for _ in range(4)]
        for future in given + there:
            assert future.result(timeout=200) == expected


def test_a_search_in_processes_finds_the_same():
    grid = {"learning_rate_init": [0.05, 0.3], "activation": ["tanh", "relu"]}
    searches = [GridSearchCV(network(), grid, cv=3, n_jobs=n_jobs) for n_jobs in (1, 2)]
    alone, together = (search.fit(*samples()) for search in searches)
    for split in range(3):
        name = f"split{split}_test_score"
        assert np.array_equal(alone.cv_results_[name], together.cv_results_[name])
    assert bits(alone.best_estimator_) == bits(together.best_estimator_)
