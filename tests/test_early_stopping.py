"""Early stopping: what is set aside, how it is scored, when training stops, what is restored."""

import copy
import io
import pickle
import warnings
from contextlib import redirect_stdout

import numpy as np
import pandas as pd
import pytest
import scipy.sparse
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.datasets import make_blobs
from sklearn.exceptions import ConvergenceWarning, NotFittedError

from skl_softmaxnet import SoftmaxMLPClassifier, _classifier, _engine
from skl_softmaxnet._early_stopping import split
from skl_softmaxnet._presentation import Presentations

COLORS = np.array(["blue", "green", "red"])


def network(**parameters):
    defaults = {"hidden_layer_sizes": (5,), "learning_rate_init": 0.5, "random_state": 0}
    defaults |= {"max_iter": 12, "tol": None, "early_stopping": True, "validation_fraction": 0.3}
    return SoftmaxMLPClassifier(**(defaults | parameters))


def samples(n_samples=40):
    """Three classes that overlap, so that scores go up and down."""
    return make_blobs(n_samples=n_samples, centers=3, cluster_std=4.0, random_state=1)


def labels(n_samples=40):
    """Three labels a sample, which the rows of `samples` tell of, but not all."""
    X, y = samples(n_samples)
    return X, np.column_stack([y == 0, X[:, 0] > 0, X[:, 1] > X[:, 0]]).astype(int)


def parameters_of(model):
    return [*model.coefs_, *model.intercepts_]


def have_same_bits(one, other):
    pairs = zip(parameters_of(one), parameters_of(other), strict=True)
    return all(left.tobytes() == right.tobytes() for left, right in pairs)


def assert_same_bits(one, other):
    assert all(np.isfinite(array).all() for array in parameters_of(one))
    assert have_same_bits(one, other)
    assert one.validation_scores_ == other.validation_scores_


@pytest.fixture
def splits(monkeypatch):
    """The (training weights, validation weights) of each split that a fit makes."""
    made = []

    def recording(*arguments):
        made.append(split(*arguments))
        return made[-1]

    monkeypatch.setattr(_classifier, "split", recording)
    return made


def interrupting(call):
    """The engine in use, with Ctrl-C in place of its run number `call`."""

    class Interrupting(_engine.Engine):
        n_calls = 0

        def run(self, *arguments):
            Interrupting.n_calls += 1
            if Interrupting.n_calls == call:
                raise KeyboardInterrupt
            return super().run(*arguments)

    return Interrupting


# --- The split ---


def split_of_sizes(sizes, validation_fraction, seed=0):
    """Split classes of these sizes; return how many of each are set aside."""
    targets = np.repeat(np.arange(len(sizes)), sizes)
    presentations = Presentations.from_weights(targets.size)
    random_state = np.random.RandomState(seed)
    training, validation = split(
        presentations, targets, targets.size, validation_fraction, random_state
    )
    assert_array_equal(training + validation, 1)
    assert set(validation) == {0, 1}
    return np.bincount(targets, validation)


@pytest.mark.parametrize(
    ("sizes", "validation_fraction", "expected"),
    [
        ([50, 30, 20], 0.1, [5, 3, 2]),
        ([7, 5, 3], 0.4, [3, 2, 1]),  # 2.8, 2 and 1.2 of 6
        ([900, 90, 10], 0.1, [90, 9, 1]),
        ([10, 10], 0.01, [1, 0]),  # ⌈0.2⌉ in all
        ([4, 1, 1], 0.5, [3, 0, 0]),  # every class keeps one
        ([2, 2, 2], 0.9, [1, 1, 1]),
    ],
)
def test_split_is_stratified(sizes, validation_fraction, expected):
    for seed in range(3):
        assert_array_equal(split_of_sizes(sizes, validation_fraction, seed), expected)


def test_split_of_any_sizes_is_in_proportion():
    rng = np.random.RandomState(0)
    for _ in range(200):
        sizes = rng.randint(1, 40, size=rng.randint(2, 6)) + 1
        fraction = rng.uniform(0.02, 0.6)
        wanted = np.ceil(fraction * sizes.sum())
        counts = split_of_sizes(sizes, fraction)
        assert counts.sum() == wanted
        quotas = wanted * sizes / sizes.sum()
        free = counts < sizes - 1  # the others keep one for training
        assert (counts < sizes).all()
        assert (counts[free] > quotas[free] - 1).all()


def test_split_is_random_inside_the_classes():
    targets = np.repeat([0, 1], 20)
    chosen = set()
    for seed in range(10):
        presentations = Presentations.from_weights(40)
        _, validation = split(presentations, targets, 40, 0.2, np.random.RandomState(seed))
        chosen.add(validation.tobytes())
    assert len(chosen) == 10


def test_fit_sets_a_stratified_part_aside(engine, splits):
    X, y = samples(50)
    y[:30] = 0
    model = network(max_iter=2).fit(X, y)
    ((training, validation),) = splits
    assert_array_equal(training + validation, 1)
    expected = 15 * np.bincount(y) / 50
    assert (np.abs(np.bincount(y, validation) - expected) < 1).all()
    assert model.t_ == 2 * training.sum() == 2 * 35


def test_only_what_is_not_set_aside_is_trained_on(engine, splits):
    """Without shuffling, the model is that of as many epochs over the training part alone."""
    X, y = samples()
    model = network(shuffle=False, random_state=6).fit(X, y)
    ((training, _),) = splits
    n_epochs = int(np.argmax(model.validation_scores_)) + 1
    assert n_epochs == 10
    alone = network(shuffle=False, random_state=6, early_stopping=False, max_iter=n_epochs)
    alone.fit(X[training > 0], y[training > 0])
    assert have_same_bits(model, alone)
    assert_array_equal(model.loss_curve_[:n_epochs], alone.loss_curve_)


@pytest.mark.parametrize("sample_weight", [None, "weights"])
def test_few_samples_of_a_class(sample_weight):
    X, y = samples(6)
    y = np.arange(6) % 3
    weights = None if sample_weight is None else np.array([1.0, 2, 3, 0.5, 1, 1.5])
    for fraction in (0.1, 0.5, 0.9):
        model = network(validation_fraction=fraction).fit(X, y, sample_weight=weights)
        assert_array_equal(model.classes_, [0, 1, 2])
        assert len(model.validation_scores_) == 12
        assert np.isfinite(model.predict_proba(X)).all()


@pytest.mark.parametrize(("n_samples", "n_trained"), [(3, 2), (4, 3), (5, 4)])
def test_two_classes_of_one_or_two_samples(n_samples, n_trained):
    X, _ = samples(n_samples)
    y = np.arange(n_samples) % 2
    model = network(validation_fraction=0.1, max_iter=1).fit(X, y)
    assert model.t_ == n_trained


def test_one_sample_of_each_class_cannot_be_split():
    X, _ = samples(3)
    with pytest.raises(ValueError, match=r"validation_fraction.*X_val"):
        network().fit(X, np.arange(3))


# --- The score, and the best weights ---

KINDS_OF_TRAINING = {
    "default": {},
    "average": {"average": True, "learning_rate_init": 1.0},
    "nesterov": {"momentum": 0.7, "nesterovs_momentum": True, "learning_rate_init": 0.2},
    "alpha": {"alpha": 0.01},
    "sigmoid": {"output_activation": "sigmoid"},
}
each_training = pytest.mark.parametrize("training", KINDS_OF_TRAINING)


@each_training
def test_the_best_weights_are_restored(training, engine, splits):
    X, y = samples()
    n_not_last = 0
    for seed in range(6):
        model = network(random_state=seed, **KINDS_OF_TRAINING[training]).fit(X, y)
        _, validation = splits[-1]
        scores = model.validation_scores_
        assert len(scores) == model.n_iter_ == 12
        assert model.best_validation_score_ == max(scores)
        assert model.score(X, y, sample_weight=validation) == max(scores)
        n_not_last += scores[-1] < max(scores)
    assert n_not_last > 0  # otherwise nothing had to be restored


@each_training
def test_the_best_weights_are_those_of_the_best_epoch(training, engine):
    X, y = samples()
    X_val, y_val = X[:15], y[:15]
    parameters = {"random_state": 2} | KINDS_OF_TRAINING[training]
    model = network(**parameters).fit(X[15:], y[15:], X_val=X_val, y_val=y_val)
    n_epochs = int(np.argmax(model.validation_scores_)) + 1  # the first of the best
    expected = network(early_stopping=False, **(parameters | {"max_iter": n_epochs}))
    assert have_same_bits(model, expected.fit(X[15:], y[15:]))


def test_each_score_is_that_of_the_network_after_the_epoch(engine):
    X, y = samples()
    model = network(max_iter=5).fit(X, y, X_val=X, y_val=y)
    for n_epochs, score in enumerate(model.validation_scores_, start=1):
        assert network(max_iter=n_epochs, early_stopping=False).fit(X, y).score(X, y) == score


def test_string_labels_are_as_good_as_numbers(engine):
    X, y = samples()
    named = network().fit(X, COLORS[y])
    assert_same_bits(named, network().fit(X, y))
    assert named.score(X, COLORS[y]) > 0.5
    assert set(named.predict(X)) <= set(COLORS)


def test_weights_of_validation_samples_count(engine, splits):
    X, y = samples()
    sample_weight = np.random.RandomState(0).uniform(0.2, 4, size=40)
    model = network().fit(X, y, sample_weight=sample_weight)
    ((training, validation),) = splits
    assert_allclose(training + validation, sample_weight, rtol=1e-12)
    score = model.score(X, y, sample_weight=validation)
    assert_allclose(model.best_validation_score_, score, rtol=1e-12)
    assert model.best_validation_score_ != model.score(X[validation > 0], y[validation > 0])


@pytest.mark.parametrize("class_weight", [{0: 5.0, 2: 0.5}, "balanced"])
def test_class_weights_count_in_the_score(class_weight, engine, splits):
    X, y = samples()
    y[:12] = 0
    model = network(class_weight=class_weight).fit(X, y)
    ((_, validation),) = splits
    balanced = 40 / (3 * np.bincount(y))
    of_class = balanced if class_weight == "balanced" else np.array([5.0, 1.0, 0.5])
    expected = model.score(X, y, sample_weight=validation * of_class[y])
    assert_allclose(model.best_validation_score_, expected, rtol=1e-12)


def test_a_score_of_samples_without_weight():
    """The only sample that is set aside is of a class that class_weight leaves out."""
    X, _ = samples(10)
    y = np.r_[np.zeros(8, dtype=int), 1, 1]
    model = network(class_weight={0: 0.0}, validation_fraction=0.1)
    try:
        model.fit(X, y)
    except ValueError as error:
        assert "class_weight" in str(error) or "validation" in str(error)  # noqa: PT017
    else:
        assert np.isfinite(model.validation_scores_).all()


# --- When training stops ---


def epochs_by_hand(scores, tol, n_iter_no_change):
    """After how many epochs training stops, given all scores that it would see."""
    best, n_failed = -np.inf, 0
    for n_epochs, score in enumerate(scores, start=1):
        n_failed = 0 if score >= best + tol else n_failed + 1
        best = max(best, score)
        if n_failed > n_iter_no_change:
            return n_epochs
    return len(scores)


@pytest.mark.parametrize("tol", [1e-4, 0.05])
@pytest.mark.parametrize("n_iter_no_change", [1, 3, 10])
def test_the_score_decides_when_to_stop(tol, n_iter_no_change):
    X, y = samples()
    stopping = {"learning_rate": "constant", "tol": tol, "n_iter_no_change": n_iter_no_change}
    stopped = []
    for seed in range(5):
        scores = network(random_state=seed, max_iter=60).fit(X, y).validation_scores_
        model = network(random_state=seed, max_iter=60, **stopping)
        expected = epochs_by_hand(scores, tol, n_iter_no_change)
        if expected < 60:
            stopped.append(expected)
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                model.fit(X, y)
            assert model.n_iter_ == expected
            assert model.validation_scores_ == scores[:expected]
    assert len(set(stopped)) > 1  # some stopped, at different epochs


@pytest.mark.parametrize("n_iter_no_change", [1, 4])
def test_scores_that_stay_stop_training(n_iter_no_change, engine):
    """The first epoch improves on nothing; that the loss keeps falling does not count."""
    X, y = samples()
    model = network(learning_rate_init=1e-7, tol=1e-12, n_iter_no_change=n_iter_no_change)
    model.fit(X, y)
    assert len(set(model.validation_scores_)) == 1
    assert (np.diff(model.loss_curve_) < -1e-12).all()
    assert model.n_iter_ == 2 + n_iter_no_change


def test_without_tol_every_epoch_is_run_without_a_warning():
    X, y = samples()
    model = network(learning_rate_init=1e-7, max_iter=30, n_iter_no_change=1)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model.fit(X, y)
    assert model.n_iter_ == len(model.validation_scores_) == 30


@pytest.mark.parametrize("stopping", [{"tol": 0.0}, {"tol": 1e-4, "n_iter_no_change": np.inf}])
def test_training_that_never_stops_to_improve_warns(stopping):
    X, y = samples()
    with pytest.warns(ConvergenceWarning, match="max_iter"):
        model = network(learning_rate_init=1e-7, max_iter=30, **stopping).fit(X, y)
    assert model.n_iter_ == 30


def test_adaptive_rate_follows_the_score(engine):
    """10⁻⁵ is divided after 3 epochs that fail, and again; 4·10⁻⁷ is the end: 1 + 3 + 3 + 3."""
    X, y = samples()
    stopping = {"tol": 0.1, "n_iter_no_change": 2, "max_iter": 50}
    model = network(learning_rate="adaptive", learning_rate_init=1e-5, **stopping).fit(X, y)
    assert len(set(model.validation_scores_)) == 1
    assert model.n_iter_ == 10


def test_interrupted_training_keeps_the_best(engine, monkeypatch):
    X, y = samples()
    chosen = _engine.Engine
    monkeypatch.setattr(_engine, "Engine", interrupting(call=7))
    with pytest.warns(UserWarning, match="interrupted"):
        model = network().fit(X, y)
    monkeypatch.setattr(_engine, "Engine", chosen)
    assert model.n_iter_ == len(model.validation_scores_) == 6
    assert_same_bits(model, network(max_iter=6).fit(X, y))


# --- Attributes ---


def test_attributes_with_and_without():
    X, y = samples()
    with_it, without = network().fit(X, y), network(early_stopping=False).fit(X, y)
    assert with_it.best_loss_ is None
    assert isinstance(with_it.validation_scores_, list)
    assert with_it.loss_ == with_it.loss_curve_[-1]
    assert len(with_it.loss_curve_) == len(with_it.validation_scores_) == 12
    assert without.validation_scores_ is None
    assert without.best_validation_score_ is None
    assert without.best_loss_ == min(without.loss_curve_)


def test_partial_fit_takes_no_notice():
    X, y = samples()
    model = network().partial_fit(X, y, classes=[0, 1, 2])
    assert_same_bits(model, network(early_stopping=False).partial_fit(X, y, classes=[0, 1, 2]))
    assert model.t_ == 40
    assert model.validation_scores_ is None
    assert model.best_validation_score_ is None
    assert model.best_loss_ == model.loss_


def test_partial_fit_goes_on_from_the_best():
    X, y = samples()
    model = network(random_state=2).fit(X, y, X_val=X[:15], y_val=y[:15])
    other = network(early_stopping=False).partial_fit(X, y, classes=[0, 1, 2])
    other.coefs_, other.intercepts_ = copy.deepcopy((model.coefs_, model.intercepts_))
    assert have_same_bits(model.partial_fit(X, y), other.partial_fit(X, y))


def test_verbose_prints_the_scores():
    X, y = samples()
    output = io.StringIO()
    with redirect_stdout(output):
        model = network(verbose=True, max_iter=3).fit(X, y)
    lines = output.getvalue().splitlines()
    assert len(lines) == model.n_iter_  # one an epoch
    for line, score in zip(lines, model.validation_scores_, strict=True):
        assert line.endswith(f", validation score = {score:f}")


# --- What must not matter ---


def weights_of_kind(kind, n_samples):
    rng = np.random.RandomState(1)
    return {
        "none": None,
        "integer": rng.randint(0, 4, size=n_samples),
        "fractional": np.round(rng.uniform(0.1, 3, size=n_samples), 1),
        "relative": rng.uniform(0, 1, size=n_samples) / n_samples,
    }[kind]


@pytest.mark.parametrize("kind", ["none", "integer", "fractional", "relative"])
@pytest.mark.parametrize("average", [False, True])
def test_row_order_does_not_matter(kind, average, engine):
    X, y = samples()
    X[3:6], y[3:6] = X[0], y[0]
    sample_weight = weights_of_kind(kind, 40)
    fitted = network(average=average).fit(X, y, sample_weight=sample_weight)
    for seed in range(3):
        order = np.random.RandomState(seed).permutation(40)
        permuted_weight = None if sample_weight is None else sample_weight[order]
        permuted = network(average=average).fit(X[order], y[order], sample_weight=permuted_weight)
        assert have_same_bits(fitted, permuted)
        assert_allclose(fitted.validation_scores_, permuted.validation_scores_, rtol=1e-12)


@pytest.mark.parametrize("kind", ["sample_weight", "balanced"])
def test_row_order_does_not_matter_where_scores_tie(kind, engine):
    """Two epochs with the same score in other samples: fractions added up in any order."""
    seed, parameters = {"sample_weight": (31, {}), "balanced": (11, {"class_weight": "balanced"})}[
        kind
    ]
    rng = np.random.RandomState(seed)
    X, y = rng.normal(size=(40, 3)), np.r_[0, 0, 1, 1, 2, 2, rng.randint(0, 3, size=34)]
    sample_weight = np.round(rng.uniform(0.1, 3, size=40), 1) if kind == "sample_weight" else None
    if kind == "balanced":
        y = np.where(rng.uniform(size=40) < 0.5, 0, y)
    model = network(validation_fraction=0.4, **parameters)
    fitted = copy.deepcopy(model.fit(X, y, sample_weight=sample_weight))
    for _ in range(10):
        order = rng.permutation(40)
        permuted_weight = None if sample_weight is None else sample_weight[order]
        assert have_same_bits(fitted, model.fit(X[order], y[order], sample_weight=permuted_weight))


@pytest.mark.parametrize("shuffle", [True, False])
@pytest.mark.parametrize("format", ["csr", "csc", "coo", "lil"])
def test_sparse_is_dense(format, shuffle, engine):
    X, y = samples()
    X[np.abs(X) < 2] = 0
    sparse = scipy.sparse.csr_array(X).asformat(format)
    assert_same_bits(network(shuffle=shuffle).fit(X, y), network(shuffle=shuffle).fit(sparse, y))


@pytest.mark.parametrize("shuffle", [True, False])
@pytest.mark.parametrize("validation_fraction", [0.1, 0.45])
def test_integer_weights_are_repetition(validation_fraction, shuffle, engine):
    X, y = samples()
    counts = np.random.RandomState(0).randint(0, 4, size=40)
    model = network(shuffle=shuffle, validation_fraction=validation_fraction)
    weighted = copy.deepcopy(model).fit(X, y, sample_weight=counts)
    repeated = model.fit(np.repeat(X, counts, axis=0), np.repeat(y, counts))
    assert_same_bits(weighted, repeated)
    assert weighted.t_ == repeated.t_


def test_a_repeated_sample_may_be_on_both_sides(splits):
    X, y = samples()
    counts = np.full(40, 3)
    network(validation_fraction=0.45).fit(X, y, sample_weight=counts)
    ((training, validation),) = splits
    assert_array_equal(training + validation, counts)
    assert ((training > 0) & (validation > 0)).any()


def test_weight_zero_is_removal(engine, splits):
    X, y = samples()
    kept = np.arange(40) % 4 != 0
    weighted = network().fit(X, y, sample_weight=kept.astype(float))
    assert_same_bits(weighted, network().fit(X[kept], y[kept]))
    assert all((part[~kept] == 0).all() for part in splits[0])


def test_equal_relative_weights_are_no_weights(engine):
    X, y = samples()
    assert_same_bits(network().fit(X, y), network().fit(X, y, sample_weight=np.full(40, 1 / 64)))


def test_float32_is_kept(engine):
    X, y = samples()
    model = network().fit(X.astype(np.float32), y, X_val=X, y_val=y)
    assert all(array.dtype == np.float32 for array in parameters_of(model))
    assert model.score(X.astype(np.float32), y) == model.best_validation_score_


# --- Warm starts ---


@pytest.mark.parametrize("keep", [lambda model: model, lambda m: pickle.loads(pickle.dumps(m))])
def test_a_warm_start_splits_as_before(keep, splits):
    X, y = samples()
    model = network(max_iter=2, warm_start=True).fit(X, y)
    for _ in range(3):
        model = keep(model).fit(X, y)
    for training, validation in splits[1:]:
        assert_array_equal(training, splits[0][0])
        assert_array_equal(validation, splits[0][1])
    assert len(model.validation_scores_) == model.n_iter_ == 8


def test_another_fit_splits_differently(splits):
    X, y = samples()
    random_state = np.random.RandomState(0)
    for _ in range(2):
        network(random_state=random_state).fit(X, y)
    assert not np.array_equal(splits[0][1], splits[1][1])


def test_a_warm_start_keeps_what_was_best_before(splits):
    X, y = samples()
    for seed in range(6):
        model = network(random_state=seed, warm_start=True).fit(X, y)
        before = copy.deepcopy(model)
        model.set_params(max_iter=3).fit(X, y)
        _, validation = splits[-1]
        assert model.best_validation_score_ == max(model.validation_scores_)
        assert model.score(X, y, sample_weight=validation) == model.best_validation_score_
        assert model.validation_scores_[:12] == before.validation_scores_


def spoil_by_partial_fit(model, X, y):
    for _ in range(20):
        model.partial_fit(X, (y + 1) % 3)


def spoil_in_place(model, X, y):
    for array in parameters_of(model):
        array[...] = -array


@pytest.mark.parametrize("spoil", [spoil_by_partial_fit, spoil_in_place])
def test_a_warm_start_returns_the_best_of_its_epochs(spoil):
    """The weights that scored best before are gone: those that are left must not pass for them."""
    X, y = make_blobs(n_samples=60, centers=3, cluster_std=2.0, random_state=1)
    X, X_val, y, y_val = X[20:], X[:20], y[20:], y[:20]
    model = network(warm_start=True).fit(X, y, X_val=X_val, y_val=y_val)
    best = model.best_validation_score_
    spoil(model, X, y)
    assert model.score(X_val, y_val) < best
    model.set_params(learning_rate_init=0.01, max_iter=8).fit(X, y, X_val=X_val, y_val=y_val)
    scores_since = model.validation_scores_[12:]
    assert max(scores_since) < best  # or else the new best is restored in any case
    assert model.score(X_val, y_val) == max(scores_since)


def test_a_warm_start_with_other_validation_samples_returns_the_best_on_them():
    X, y = samples()
    hard = (y + 1) % 3
    model = network(warm_start=True).fit(X, y, X_val=X, y_val=y)
    before = model.best_validation_score_
    model.fit(X, hard, X_val=X[:20], y_val=np.where(np.arange(20) % 2, y[:20], hard[:20]))
    since = model.validation_scores_[12:]
    assert max(since) < before
    y_val = np.where(np.arange(20) % 2, y[:20], hard[:20])
    assert model.score(X[:20], y_val) >= max(since)


# --- X_val and y_val ---

KINDS_OF_X = {
    "list": lambda X: X.tolist(),
    "Fortran": np.asfortranarray,
    "read-only": lambda X: np.frombuffer(X.tobytes()).reshape(X.shape),
    "CSR": scipy.sparse.csr_matrix,
    "CSC": scipy.sparse.csc_array,
    "COO": scipy.sparse.coo_array,
    "DataFrame": lambda X: pd.DataFrame(X, columns=["a", "b"]),
}
KINDS_OF_Y = {
    "list": lambda y: y.tolist(),
    "Series": pd.Series,
    "object": lambda y: y.astype(object),
    "column": lambda y: pd.DataFrame({"color": y})["color"],
}


@pytest.mark.parametrize("kind", KINDS_OF_X)
@pytest.mark.parametrize("kind_of_training", ["list", "CSR", "DataFrame"])
def test_kinds_of_X_val(kind, kind_of_training):
    X, y = samples()
    expected = network().fit(X[15:], y[15:], X_val=X[:15], y_val=y[:15])
    training = KINDS_OF_X[kind_of_training](X[15:])
    if kind_of_training == "DataFrame" and kind != "DataFrame":
        training = X[15:]  # names on one side only are another matter
    model = network().fit(training, y[15:], X_val=KINDS_OF_X[kind](X[:15]), y_val=y[:15])
    assert_same_bits(expected, model)
    assert model.score(X[:15], y[:15]) == model.best_validation_score_


@pytest.mark.parametrize("kind", KINDS_OF_Y)
def test_kinds_of_y_val(kind):
    X, y = samples()
    expected = network().fit(X[15:], y[15:], X_val=X[:15], y_val=y[:15])
    named = COLORS[y]
    model = network().fit(X[15:], named[15:], X_val=X[:15], y_val=KINDS_OF_Y[kind](named[:15]))
    assert_same_bits(expected, model)


def test_with_X_val_all_samples_are_trained_on(engine):
    X, y = samples()
    model = network(validation_fraction=0.9).fit(X, y, X_val=X[:5], y_val=y[:5])
    assert model.t_ == 12 * 40


def test_y_val_may_lack_classes():
    X, y = samples()
    model = network().fit(X, y, X_val=X[y == 1], y_val=y[y == 1])
    assert model.score(X[y == 1], y[y == 1]) == model.best_validation_score_


def test_order_of_X_val_does_not_matter(engine):
    X, y = samples()
    model = network().fit(X[15:], y[15:], X_val=X[:15], y_val=y[:15])
    reverse = network().fit(X[15:], y[15:], X_val=X[14::-1], y_val=y[14::-1])
    assert_same_bits(model, reverse)


KINDS_OF_LABELS = {
    "dense": np.asarray,
    "bool": lambda Y: Y.astype(bool),
    "CSR": scipy.sparse.csr_matrix,
    "CSC": scipy.sparse.csc_array,
    "DataFrame": pd.DataFrame,
    "list": lambda Y: Y.tolist(),
}


@pytest.mark.parametrize("kind", KINDS_OF_LABELS)
def test_multilabel_y_val(kind):
    X, Y = labels()
    multilabel = {"output_activation": "sigmoid", "random_state": 1}
    expected = network(**multilabel).fit(X[15:], Y[15:], X_val=X[:15], y_val=Y[:15])
    convert = KINDS_OF_LABELS[kind]
    model = network(**multilabel)
    model.fit(X[15:], convert(Y[15:]), X_val=X[:15], y_val=convert(Y[:15]))
    assert_same_bits(expected, model)
    assert len(set(model.validation_scores_)) > 1
    assert model.score(X[:15], Y[:15]) == model.best_validation_score_


def misplaced(y):
    return np.r_[y[:-1], 7]


frame = pd.DataFrame
X, y = samples()
X_val, y_val = X[:15], y[:15]
WRONG_VALIDATION = {
    "no y_val": (X, y, X_val, None, "X_val.*y_val"),
    "no X_val": (X, y, None, y_val, "y_val.*X_val"),
    "features": (X, y, np.column_stack([X_val, X_val]), y_val, "X_val.*4 features"),
    "sparse features": (X, y, scipy.sparse.csr_array(X_val[:, :1]), y_val, "X_val.*1 features"),
    "one-dimensional X_val": (X, y, X_val[0], y_val, "X_val"),
    "NaN": (X, y, np.where(X_val > 1, np.nan, X_val), y_val, "X_val contains NaN"),
    "infinity": (X, y, np.where(X_val > 1, np.inf, X_val), y_val, "X_val contains inf"),
    "names in another order": (
        frame(X, columns=["a", "b"]), y, frame(X_val[:, ::-1], columns=["b", "a"]), y_val,
        "(?i)X_val|feature names",
    ),
    "other names": (
        frame(X, columns=["a", "b"]), y, frame(X_val, columns=["c", "d"]), y_val,
        "(?i)X_val|feature names",
    ),
    "fewer labels": (X, y, X_val, y_val[:-1], "y_val has 14 samples"),
    "more labels": (X, y, X_val, y, "y_val has 40 samples"),
    "unknown": (X, y, X_val, misplaced(y_val), r"y_val.*not among.*7"),
    "unknown text": (X, COLORS[y], X_val, np.r_[COLORS[y_val[:-1]], ["pink"]], "y_val.*pink"),
    "text for numbers": (X, y, X_val, COLORS[y_val], "y_val"),
    "objects for numbers": (X, y, X_val, COLORS[y_val].astype(object), "y_val"),
    "numbers for objects": (X, COLORS[y].astype(object), X_val, y_val, "y_val"),
    "None": (X, COLORS[y].astype(object), X_val, np.full(15, None), "y_val"),
    "NaN in y_val": (X, y, X_val, np.where(y_val == 1, np.nan, y_val), "y_val"),
    "labels": (X, y, X_val, np.eye(3, dtype=int)[y_val], "y_val"),
    "sparse labels": (X, y, X_val, scipy.sparse.csr_array(np.eye(3)[y_val]), "y_val"),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG_VALIDATION)
def test_wrong_validation_samples(case):
    X, y, X_val, y_val, message = WRONG_VALIDATION[case]
    model = network()
    with pytest.raises(ValueError, match=message):
        model.fit(X, y, X_val=X_val, y_val=y_val)
    with pytest.raises(NotFittedError):
        model.predict(X)


_, Y = labels()
WRONG_LABELS = {
    "fewer columns": (Y[:15, :2], "y_val has 2 columns"),
    "sparse, fewer columns": (scipy.sparse.csr_array(Y[:15, :2]), "y_val has 2 columns"),
    "one-dimensional": (y_val, "y_val"),
    "fewer rows": (Y[:14], "y_val has 14 samples"),
    "counts": (Y[:15] * 2, "y_val.*0 and 1"),
    "text": (Y[:15].astype(str), "y_val.*0 and 1"),
    "NaN": (np.where(Y[:15], np.nan, 0), "y_val"),
}


@pytest.mark.parametrize("case", WRONG_LABELS)
def test_wrong_multilabel_validation_samples(case):
    y_val, message = WRONG_LABELS[case]
    with pytest.raises(ValueError, match=message):
        network(output_activation="sigmoid").fit(X, Y, X_val=X_val, y_val=y_val)


def test_X_val_without_early_stopping():
    with pytest.raises(ValueError, match=r"X_val.*early_stopping"):
        network(early_stopping=False).fit(X, y, X_val=X_val, y_val=y_val)


def test_wrong_validation_samples_spoil_no_model():
    X, y, X_val, y_val, _ = WRONG_VALIDATION["unknown"]
    model = network(warm_start=True).fit(X, y)
    kept = copy.deepcopy(model)
    with pytest.raises(ValueError, match="y_val"):
        model.fit(X, y, X_val=X_val, y_val=y_val)
    assert_same_bits(kept, model)
    assert_same_bits(kept.fit(X, y), model.fit(X, y))
