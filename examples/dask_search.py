"""A grid search on a Dask cluster
===============================

joblib hands the fits of a search to Dask instead of to processes of this machine; nothing else
changes, and the search finds what it finds on one machine. Here the cluster is two processes on
this machine; ``Client("address:port")`` is one of many machines.

This example needs Dask: ``pip install -e '.[dask]'``.
"""

import joblib
import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler

from skl_softmaxnet import SoftmaxMLPClassifier

try:
    from dask.distributed import Client, LocalCluster
except ImportError as error:
    raise SystemExit(
        f"This example needs the extra dask: pip install -e '.[dask]' ({error})."
    ) from None

GRID = {
    "softmaxmlpclassifier__hidden_layer_sizes": [(), (30,), (60, 30)],
    "softmaxmlpclassifier__learning_rate_init": [0.003, 0.01, 0.05],
}


def main():
    X, y = load_digits(return_X_y=True)
    with (
        LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster,
        Client(cluster),
        joblib.parallel_config(backend="dask"),
    ):
        print(f"Workers: {len(cluster.workers)}")
        on_cluster = search().fit(X, y)
    here = search().fit(X, y)

    print("hidden layers   rate   accuracy")
    results = on_cluster.cv_results_
    for parameters, score in zip(results["params"], results["mean_test_score"], strict=True):
        sizes, rate = (parameters[name] for name in GRID)
        print(f"{sizes!s:13}{rate:7g}{score:11.4f}")
    n_fits = len(results["params"]) * on_cluster.n_splits_
    equal = np.array_equal(scores(on_cluster), scores(here))
    print(f"All scores of {n_fits} fits are those of one machine: {equal}")


def scores(search):
    """The accuracy of each fit: one row for each fold, one column for each combination."""
    return [search.cv_results_[f"split{fold}_test_score"] for fold in range(search.n_splits_)]


def search():
    network = SoftmaxMLPClassifier(max_iter=15, tol=None, random_state=0)
    return GridSearchCV(make_pipeline(MinMaxScaler(), network), GRID, cv=3, error_score="raise")


if __name__ == "__main__":  # the processes of the cluster import this file too
    main()
