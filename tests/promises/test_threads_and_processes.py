"""Many threads and processes at once: each gets what it would have got alone."""

import os
import random
import sys
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_all_start_methods, get_context
from threading import Barrier

import numpy as np
import pytest
import scipy.sparse as sp
from helpers import OPTIONS, SECONDS, TRAININGS, bits, digits, network, put_in, through_pickle
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV

N_THREADS = 8

CONFIGURATIONS = [OPTIONS["everything"]]
for name in ("plain", "gradient", "average, alpha", "stopping", "sigmoid", "regression"):
    CONFIGURATIONS.append(TRAININGS[name])


def samples():
    return digits(600)


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
            for row in range(5):
                yield lambda x=given[[row]]: shared.predict_proba(x).tobytes()


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


@pytest.mark.parametrize("seconds", [2, pytest.param(60, marks=pytest.mark.slow)])
def test_threads(seconds):
    assert min(check_threads(seconds)) >= 1


def predict(model, X, y):
    for same_X in (X, sp.csr_array(X)):
        assert np.allclose(model.predict_proba(same_X).sum(axis=1), 1)


def set_params(model, X, y):
    momentum, average = random.choice([0, 0.5]), random.choice([False, True])
    activation, alpha = random.choice(["relu", "logistic"]), random.choice([0, 1e-3])
    model.set_params(momentum=momentum, average=average, activation=activation, alpha=alpha)


def fork(model, X, y):
    child = os.fork()
    if child == 0:
        try:
            network(max_iter=1).fit(X, y)
            os._exit(0)
        except BaseException:
            os._exit(1)
    assert os.waitpid(child, 0)[1] == 0
    time.sleep(0.05)


DONE_AT_ONCE = {
    "fit": lambda model, X, y: model.fit(X, y),
    "partial_fit": lambda model, X, y: model.partial_fit(X, y),
    "sparse partial_fit": lambda model, X, y: model.partial_fit(sp.csr_array(X), y),
    "predict": predict,
    "set_params": set_params,
    "put in": lambda model, X, y: put_in(model, model.coefs_, model.intercepts_),
    "pickle": lambda model, X, y: through_pickle(model).partial_fit(X, y),
} | ({"fork": fork} if hasattr(os, "fork") else {})


def at_once(names, seconds):
    """Do all of these to one estimator, each in a thread; return what was raised."""
    sys.setswitchinterval(1e-5)
    X, y = samples()
    X, y = X[:200], y[:200]
    model = network(max_iter=2, learning_rate_init=0.01).fit(X, y)
    end = time.monotonic() + seconds

    def work(name):
        raised = []
        while time.monotonic() < end:
            try:
                DONE_AT_ONCE[name](model, X, y)
            except Exception as error:
                raised.append(f"{name}: {error!r}")
        return raised

    with ThreadPoolExecutor(len(names)) as pool:
        raised = [text for texts in pool.map(work, names) for text in texts]
    model.set_params(**network(max_iter=2).get_params()).fit(X, y)
    assert bits(model) == bits(network(max_iter=2).fit(X, y))
    return raised


@pytest.mark.parametrize("seconds", [1.5, pytest.param(60, marks=pytest.mark.slow)])
def test_anything_done_at_once_does_no_harm(seconds, in_child):
    """Errors are fine, a crash is not; and all is well when it is over."""
    in_child(at_once, [*DONE_AT_ONCE, "partial_fit"], seconds)


@pytest.mark.parametrize("seconds", [0.5, pytest.param(30, marks=pytest.mark.slow)])
@pytest.mark.parametrize("method", ["fit", "partial_fit"])
def test_many_threads_predict_while_one_trains(method, seconds, in_child):
    assert not in_child(at_once, [method, *["predict"] * 4], seconds)


FITTED = network(warm_start=True).fit(*samples())


def gone_on(estimator):
    """Predict, go on in both ways, and tell all of it in bytes."""
    X, y = samples()
    predicted = estimator.predict_proba(X).tobytes()
    return predicted, bits(estimator.fit(X, y)), bits(estimator.partial_fit(X, y))


def gone_on_with_what_was_there():
    """The same with the estimator of this module: after a fork, the one that was fitted before."""
    return gone_on(through_pickle(FITTED))


@pytest.mark.parametrize("method", get_all_start_methods())
def test_processes(method):
    expected = gone_on_with_what_was_there()
    with ProcessPoolExecutor(2, mp_context=get_context(method)) as pool:
        given = [pool.submit(gone_on, FITTED) for _ in range(4)]
        there = [pool.submit(gone_on_with_what_was_there) for _ in range(4)]
        for future in given + there:
            assert future.result(timeout=SECONDS) == expected


def test_a_search_in_processes_finds_the_same():
    grid = {"learning_rate_init": [0.05, 0.3], "activation": ["tanh", "relu"]}
    searches = [GridSearchCV(network(), grid, cv=3, n_jobs=n_jobs) for n_jobs in (1, 2)]
    alone, together = (search.fit(*samples()) for search in searches)
    for name in (f"split{split}_test_score" for split in range(3)):
        assert np.array_equal(alone.cv_results_[name], together.cv_results_[name])
    assert bits(alone.best_estimator_) == bits(together.best_estimator_)
