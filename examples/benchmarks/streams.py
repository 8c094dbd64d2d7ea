"""What a call for one row of a stream costs, or for ten, beside others that learn by such calls."""

from importlib import import_module
from importlib.util import find_spec

import numpy as np
import scipy.sparse as sp
from ours import RELU, SHAPES, cut, our_tasks, present_in_order, samples
from peers import initial_weights
from sklearn.linear_model import SGDClassifier
from sklearn.naive_bayes import GaussianNB
from sklearn.neural_network import MLPClassifier
from timing import MLP, RIVER, STEP, print_medians, repeat, task

STREAMS = ("64-32-10", "784-100-10", "2^18-20-7, CSR, 26 a row")
PLAIN = RELU | {"alpha": 0}
OPTIONS = {"sample_weight": 1.5, "standardize": True, "momentum": 0.9, "average": True}


def print_streams(effort, workers, arguments):
    """Time `partial_fit` and `predict_proba` of one row and of ten."""
    for call in ("partial_fit", "predict_proba"):
        columns = {name: stream_tasks(name, call, workers) for name in STREAMS}
        print_medians(f"`{call}`, µs a call", columns, effort, 1e-6)


def stream_tasks(name, call, workers):
    """Return a call for chunks of a shape as tasks, by the names of their rows."""
    X, targets = samples(name, "float64")
    models, tasks = scikit_learn_models(name, X, targets), {}
    for n_rows, label in ((1, "1 row"), (10, "10 rows")):
        rows = {label: PLAIN}
        if call == "partial_fit" and n_rows == 1:
            rows[f"{label}, alpha"] = RELU
            rows |= {f"{label}, alpha, {key}": RELU | {key: OPTIONS[key]} for key in OPTIONS}
        for row, options in rows.items():
            tasks |= our_tasks(workers, row, "float64", call, name, options, n_rows=n_rows)
        chunks = cut(X, targets if call == "partial_fit" else None, n_rows)
        for who, model in models.items():
            tasks[who, label, "float64"] = task(repeat(getattr(model, call), chunks))
    return tasks | step_task(name, call, X, targets) | river_task(call, X, targets)


def scikit_learn_models(name, X, targets):
    """Return classifiers of scikit-learn that have seen all samples once."""
    hidden = SHAPES[name].layer_sizes[1:-1]
    models = {MLP: MLPClassifier(hidden, solver="sgd", momentum=0, learning_rate_init=0.01)}
    models["SGDClassifier"] = SGDClassifier(loss="log_loss")
    models |= {} if sp.issparse(X) else {"GaussianNB": GaussianNB()}
    for model in models.values():
        model.partial_fit(X, targets, classes=np.unique(targets))
    return models


def list_nonzero(X):
    """List of each row the values that are not zero and their columns."""
    X = sp.csr_array(X)
    return [(X.data[i:j], X.indices[i:j]) for i, j in zip(X.indptr, X.indptr[1:], strict=False)]


def step_task(name, call, X, targets):
    """Return the call written by hand in numba as a task, after a check against ours."""
    if not find_spec("numba"):
        return {}
    peer, rate = import_module("peers_numba"), PLAIN["learning_rate_init"]
    start = [tuple(arrays) for arrays in initial_weights(SHAPES[name].layer_sizes, X.dtype)]
    coefs, intercepts = (tuple(array.copy() for array in arrays) for arrays in start)
    rows = list_nonzero(X)
    for row, target in zip(rows[:100], targets, strict=False):
        peer.learn_row(*row, target, coefs, intercepts, rate)
    ours = present_in_order(X[:100], targets[:100], *start, **PLAIN)
    np.testing.assert_allclose(coefs[0], ours[0][0], rtol=1e-6, atol=1e-10)
    run = repeat(peer.predict_row, [(*row, coefs, intercepts) for row in rows])
    if call == "partial_fit":
        pairs = zip(rows, targets, strict=True)
        run = repeat(peer.learn_row, [(*row, y, coefs, intercepts, rate) for row, y in pairs])
    return {(STEP, "1 row", "float64"): task(run)}


def river_task(call, X, targets):
    """Return the call of river's softmax regression as a task; its dicts are made beforehand."""
    if not find_spec("river"):
        return {}
    model = import_module("river.linear_model").SoftmaxRegression()
    rows = [(columns.tolist(), values.tolist()) for values, columns in list_nonzero(X)]
    dicts = [dict(zip(*row, strict=True)) for row in rows]
    chunks = list(zip(dicts, targets.tolist(), strict=True))
    learn, predict = repeat(model.learn_one, chunks), repeat(model.predict_proba_one, zip(dicts))
    learn(len(chunks))
    return {(RIVER, "1 row", "float64"): task(learn if call == "partial_fit" else predict)}
