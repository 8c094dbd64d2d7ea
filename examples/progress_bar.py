"""A grid search with a progress bar
=================================

scikit-learn has callbacks since version 1.9, and among them a progress bar, which is drawn by the
package rich. `set_callbacks` gives it to the search. With `max_propagation_depth=0` there is a bar
for the search alone; with 1 every network that it trains has one more, of its epochs. Where
scikit-learn is older or rich is missing, the search runs without a bar.

The script prints the best parameters and the accuracy on samples that the search never saw, and
draws the accuracy of every combination, fold by fold.
"""

from pathlib import Path

from matplotlib.figure import Figure
from sklearn.datasets import load_digits
from sklearn.model_selection import GridSearchCV, train_test_split

from skl_softmaxnet import SoftmaxMLPClassifier

PICTURE = Path(__file__).with_suffix(".png")
HIDDEN_UNITS = [5, 20, 80]
RATES = [0.001, 0.003, 0.01, 0.03, 0.1]
GRID = {"hidden_layer_sizes": HIDDEN_UNITS, "learning_rate_init": RATES}

# Colours that differ for every kind of colour vision; the markers differ too.
COLOURS = ("#E69F00", "#009E73", "#0072B2")
MARKERS = ("s", "^", "o")


def main():
    X, y = load_digits(return_X_y=True)
    X_train, X_test, y_train, y_test = train_test_split(
        X / 16, y, test_size=0.25, stratify=y, random_state=0
    )
    network = SoftmaxMLPClassifier(max_iter=10, tol=None, random_state=0)
    search = GridSearchCV(network, GRID, cv=3, error_score="raise")
    add_progress_bar(search)
    search.fit(X_train, y_train)

    print(f"Best of {len(search.cv_results_['params'])}: {search.best_params_}")
    print(f"Mean accuracy over {search.n_splits_} folds: {search.best_score_:.3f}")
    print(f"Accuracy on {len(y_test)} held-out digits: {search.score(X_test, y_test):.3f}")
    draw(search).savefig(PICTURE, dpi=150)
    print(f"Picture: {PICTURE}")


def add_progress_bar(search):
    """Give the search a progress bar, or say why it has none."""
    try:
        from sklearn.callback import ProgressBar

        search.set_callbacks(ProgressBar(max_propagation_depth=0))
    except ImportError:
        print("No progress bar: it needs scikit-learn 1.9 or later and the package rich.")


def draw(search):
    """A line for each number of hidden units, through the means over the folds."""
    figure = Figure(figsize=(8, 5.4), layout="constrained")
    axes = figure.subplots()
    for hidden, colour, marker in zip(HIDDEN_UNITS, COLOURS, MARKERS, strict=True):
        means, of_folds = scores(search, hidden)
        look = {"color": colour, "marker": marker}
        axes.plot(RATES, means, linewidth=2, markersize=7, label=f"{hidden} hidden units", **look)
        for one_fold in of_folds:
            axes.plot(RATES, one_fold, linestyle="none", markersize=4, alpha=0.4, **look)
    ring = {"s": 260, "facecolors": "none", "edgecolors": "black", "linewidths": 1.5}
    best = search.best_params_
    name = f"the best: {best['hidden_layer_sizes']} hidden units"
    axes.scatter(best["learning_rate_init"], search.best_score_, label=name, zorder=3, **ring)
    axes.set_xscale("log")
    axes.set_xticks(RATES, [f"{rate:g}" for rate in RATES])
    axes.minorticks_off()
    axes.set_title(f"The search on digits: {search.n_splits_} folds (faint) and their means")
    axes.set(xlabel="learning_rate_init", ylabel="accuracy")
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, loc="lower right")
    return figure


def scores(search, hidden):
    """The means over the folds, one for each rate, and the scores of each fold."""
    results = search.cv_results_
    chosen = [parameters["hidden_layer_sizes"] == hidden for parameters in results["params"]]
    of_folds = [results[f"split{fold}_test_score"][chosen] for fold in range(search.n_splits_)]
    return results["mean_test_score"][chosen], of_folds


if __name__ == "__main__":
    main()
