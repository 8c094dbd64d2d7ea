"""A grid search that shows how far it has come.

scikit-learn has callbacks since its version 1.9, and among them a progress bar, which is drawn by
the package rich. `set_callbacks` gives it to the search. With `max_propagation_depth=0` there is a
bar for the search alone; with 1 every network that it trains has one more, of its epochs. Where
scikit-learn is older or rich is missing, the search runs without a bar.

Prints the best parameters, and the accuracy on samples which the search never saw.
"""

from sklearn.datasets import load_digits
from sklearn.model_selection import GridSearchCV, train_test_split

from skl_softmaxnet import SoftmaxMLPClassifier

GRID = {"hidden_layer_sizes": [10, 40], "learning_rate_init": [0.03, 0.3]}


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


def add_progress_bar(search):
    """Give the search a progress bar, or say why it has none."""
    try:
        from sklearn.callback import ProgressBar

        search.set_callbacks(ProgressBar(max_propagation_depth=0))
    except ImportError:
        print("No progress bar: it needs scikit-learn 1.9 or later and the package rich.")


if __name__ == "__main__":
    main()
