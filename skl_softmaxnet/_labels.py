"""From y as it is given to classes and targets.

Targets are the index of each sample's class, int32 of shape (n_samples,), or, where a sample may
have several labels, a CSR array of bool of shape (n_samples, n_labels) whose row i lists the labels
of sample i, sorted. They are never expanded to one-hot vectors.
"""

import numpy as np
import scipy.sparse as sp
from sklearn.utils import column_or_1d
from sklearn.utils.multiclass import check_classification_targets, unique_labels

from ._warnings import warn

# Labels that are looked up at a time.
_LABELS_AT_ONCE = 1 << 16

# Floats beyond as many are more likely numbers to be predicted than classes.
_MOST_FLOAT_CLASSES = 100

# Labels that a message shows.
_LABELS_SHOWN = 10


def format_labels(labels):
    """Return labels as Python prints them, ten at most."""
    labels = np.asarray(labels)
    shown = [repr(label) for label in labels[:_LABELS_SHOWN].tolist()]
    return f"[{', '.join(shown)}{', …' if len(labels) > len(shown) else ''}]"


def has_columns(y):
    """Tell whether y is a matrix with several columns, so that it holds several labels."""
    try:
        shape = y.shape if hasattr(y, "shape") else np.asarray(y).shape
    except ValueError:  # ragged
        return False
    return len(shape) == 2 and shape[1] > 1


def with_exact_labels(y):
    """Return labels of pandas's whole numbers or bools as those of NumPy.

    scikit-learn makes floats of them, which are not the same labels beyond 2**53. Whatever else y
    is, and where labels are missing, it is returned as it is.
    """
    dtypes = getattr(y, "dtypes", getattr(y, "dtype", None))
    dtypes = list(dtypes) if np.iterable(dtypes) else [dtypes]
    kinds = {getattr(dtype, "kind", None) for dtype in dtypes}
    is_of_numpy = all(isinstance(dtype, np.dtype) for dtype in dtypes)
    if is_of_numpy or kinds not in ({"b"}, {"i"}, {"u"}) or np.any(y.isna()):
        return y
    return y.to_numpy(dtype={"b": bool, "i": np.int64, "u": np.uint64}[kinds.pop()])


def check_column(y, name):
    """Return one label a sample as a vector."""
    if sp.issparse(y):
        raise ValueError(f"{name} is sparse, which only a matrix of labels may be.")
    return column_or_1d(y, warn=True)


def check_labels(y, name="y"):
    """Raise a ValueError or TypeError unless y holds labels of classes, and say what to pass."""
    if y.dtype.kind == "f" and not (y == np.floor(y)).all():
        example = y[y != np.floor(y)][0]
        raise ValueError(
            f"Unknown label type: {name} holds numbers that are not whole, such as {example}. A "
            "classifier learns classes: pass labels, or use a regressor."
        )
    if y.dtype.kind == "O" and any(label is None for label in y):
        raise ValueError(f"{name} holds missing labels (None): leave these samples out.")
    if y.dtype.kind == "O" and not isinstance(y[0], str):
        kind = type(y[0]).__name__
        advice = (
            "For several labels a sample, pass a matrix of 0 and 1 (MultiLabelBinarizer makes "
            "one); for classes that are pairs, number them."
            if isinstance(y[0], list | tuple | set | frozenset | np.ndarray)
            else f"Pass strings or numbers, such as {name}.astype(str) or {name}.astype(int)."
        )
        raise ValueError(
            f"Unknown label type: {name} holds objects, the first of type {kind}. {advice}"
        )


def as_label_lists(y, output_activation, name="y"):
    """Return an indicator matrix as multilabel targets, with nothing stored for absent labels.

    A ValueError if it holds anything but 0 and 1, or the outputs are softmax.
    """
    y = without_duplicates(y) if sp.issparse(y) else y
    values = y.data if sp.issparse(y) else y
    is_number = values.dtype.kind in "biuf" or values.dtype == object
    if not is_number or not np.isin(values, [0, 1]).all():
        raise ValueError(
            f"{name} has several columns, so it must be an indicator matrix of 0 and 1 with a "
            "column for each label (multilabel). For one class a sample, give a column of labels."
        )
    if output_activation != "sigmoid":
        raise ValueError(
            f"{name} has several columns (multilabel), but softmax outputs are one distribution "
            'over classes of which each sample has one: use output_activation="sigmoid". If it is '
            f"one-hot, give the labels themselves, {name}.argmax(axis=1)."
        )
    targets = sp.csr_array(y if sp.issparse(y) else y != 0).astype(bool)
    # a copy, of which it is looked at once more that another thread had not changed y meanwhile
    if not ((targets.indices >= 0) & (targets.indices < y.shape[1])).all():
        raise ValueError(f"{name} is a sparse matrix whose indices lead out of its columns.")
    targets.eliminate_zeros()
    return targets


def without_duplicates(matrix):
    """Return a CSR matrix, or a copy of it, sorted and with duplicates added up."""
    if matrix.has_canonical_format:
        return matrix
    matrix = matrix.copy()
    matrix.sum_duplicates()
    return matrix


def sorted_labels(y):
    """Return the different labels in y, sorted; a TypeError if they are strings among numbers."""
    try:
        return np.unique(y)
    except TypeError as error:
        raise TypeError(
            "y must hold labels of one kind, all strings or all numbers, and leave out samples "
            f"whose label is missing: {error}."
        ) from error


def check_classes(classes):
    """Return the different labels in the argument `classes`, sorted; an error if fewer than two."""
    if sp.issparse(classes):
        raise TypeError("classes must be a list or an array of labels, got a sparse matrix.")
    classes = unique_labels(with_exact_labels(classes))
    if len(classes) < 2:
        raise ValueError(f"classes must hold at least 2 labels, got {format_labels(classes)}.")
    return classes


def check_same_classes(estimator, classes, multilabel, what):
    """Raise a ValueError unless labels are those that the estimator was trained on."""
    if multilabel != estimator._multilabel:
        kinds = {True: "several labels a sample (multilabel)", False: "one class a sample"}
        raise ValueError(
            f"y holds {kinds[multilabel]}, but the model was trained on {kinds[not multilabel]}."
        )
    if not np.array_equal(classes, estimator.classes_):
        raise ValueError(
            f"{what} {format_labels(classes)}, not the same as on the last call to fit or "
            f"partial_fit, which was {format_labels(estimator.classes_)}."
        )


def encode_targets(y, classes, weights=None, name="y"):
    """Return the index in `classes` of each label, 0 for a sample of weight 0.

    A ValueError if a label of a sample that counts is not among them.
    """
    is_text = [labels.dtype.kind in "US" for labels in (y, classes)]
    if "O" not in (y.dtype.kind, classes.dtype.kind) and is_text[0] != is_text[1]:
        raise ValueError(
            f"{name} holds labels of type {y.dtype}, but the classes are {format_labels(classes)}."
        )
    indices = np.empty(y.shape, dtype=np.int32)
    unknown = np.empty(y.shape, dtype=bool)
    try:
        for start in range(0, y.size, _LABELS_AT_ONCE):  # for the sake of memory
            part = slice(start, start + _LABELS_AT_ONCE)
            found = np.minimum(np.searchsorted(classes, y[part]), len(classes) - 1)
            indices[part], unknown[part] = found, classes[found] != y[part]
    except TypeError as error:
        raise ValueError(
            f"{name} holds labels of another kind than the classes {format_labels(classes)}: "
            f"{error}."
        ) from error
    if weights is not None:
        unknown &= weights > 0
        indices[weights == 0] = 0
    if unknown.any():
        raise ValueError(
            f"{name} holds labels that are not among the classes {format_labels(classes)}: "
            f"{format_labels(np.unique(y[unknown]))}."
        )
    return indices


# ----------------------------------------------------------------------------------------------
# How both ways of learning read y


def learn_labels(model, y, *, is_new):
    """Set the classes of a model from the y of `fit`, or compare them if it is not new.

    Returns the targets.
    """
    multilabel = y.ndim == 2
    if multilabel:
        targets, classes = as_label_lists(y, model.output_activation), np.arange(y.shape[1])
    else:
        check_labels(y)
        classes = sorted_labels(y)
        if y.dtype.kind == "f" and len(classes) > _MOST_FLOAT_CLASSES:
            warn(
                f"y holds {len(classes)} different floats, and each becomes a class. This is a "
                "classifier: use a regressor to predict numbers, or whole numbers as labels."
            )
        # scikit-learn's look at the type of y takes longer than a short training, so it is left out
        # where it has nothing to say: of numbers and strings it only warns, of many classes
        if y.dtype.kind not in "biufU" or 2 * len(classes) >= len(y):
            check_classification_targets(y)
        if len(classes) < 2:
            raise ValueError(
                f"y must hold at least 2 classes, got {len(classes)} class: "
                f"{format_labels(classes)}."
            )
        targets = encode_targets(y, classes)
    if not is_new:
        check_same_classes(model, classes, multilabel, "y holds")
    model.classes_, model._multilabel = classes, multilabel
    return targets


def learn_labels_of_stream(model, y, classes, weights):
    """The same for `partial_fit`, whose first call names the classes."""
    multilabel = y.ndim == 2
    if multilabel:
        targets = as_label_lists(y, getattr(model, "out_activation_", model.output_activation))
        classes = np.arange(y.shape[1]) if classes is None else classes
    else:
        check_labels(y)
    if classes is not None:
        classes = check_classes(classes)
        if multilabel and not np.array_equal(classes, np.arange(y.shape[1])):
            raise ValueError(
                f"classes={format_labels(classes)} must be the numbers of the {y.shape[1]} columns "
                "of y, or None."
            )
    elif not hasattr(model, "classes_"):
        raise ValueError("classes must be passed on the first call to partial_fit.")
    if hasattr(model, "classes_"):
        known = model.classes_ if classes is None else classes
        check_same_classes(model, known, multilabel, "classes are")
    else:
        model.classes_, model._multilabel = classes, multilabel
    return targets if multilabel else encode_targets(y, model.classes_, weights)
