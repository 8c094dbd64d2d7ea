"""`predict_proba` of many rows: its time, and the memory it takes beyond its output."""

import tracemalloc

import numpy as np
from ours import fit
from peers import fit_mlp_classifier
from shapes import noise
from tables import print_table
from timing import QUICK, medians_of_calls

N_ROWS, N_ROWS_QUICK = 200_000, 20_000
MEBIBYTE = 2**20


def peak_beyond_output(predict):
    """Return the peak of allocations during a call, less the output, in bytes.

    NumPy reports its arrays to :mod:`tracemalloc`; what a BLAS library takes itself is not seen.
    """
    tracemalloc.start()
    try:
        output = predict()
        return tracemalloc.get_traced_memory()[1] - output.nbytes
    finally:
        tracemalloc.stop()


def print_large_predictions(effort):
    """Time and weigh `predict_proba` of 200,000 × 784, beside MLPClassifier's."""
    n_rows = N_ROWS_QUICK if effort is QUICK else N_ROWS
    small = noise(n_samples=500)
    models = {
        "skl_softmaxnet": fit(*small, (100,), n_epochs=1),
        "MLPClassifier": fit_mlp_classifier(*small, (100,), n_epochs=1, batch_size="auto"),
    }
    X = np.tile(small[0], (n_rows // 500, 1))
    predictions = {
        name: lambda model=model: model.predict_proba(X) for name, model in models.items()
    }
    seconds = medians_of_calls(predictions, effort)
    promises = {"skl_softmaxnet": "no slower; < 64 MiB"}
    lines = [
        [
            name,
            f"{1e3 * seconds[name]:,.0f}",
            f"{peak_beyond_output(predict) / MEBIBYTE:.1f}",
            promises.get(name, ""),
        ]
        for name, predict in predictions.items()
    ]
    print(f"## `predict_proba` of {n_rows:,} × 784, 100 hidden units\n")
    print_table(["", "ms", "peak MiB beyond the output", "target"], lines)
