"""Inside river
============

`river <https://riverml.xyz>`_ is a library for streams of dicts. Its `SKL2RiverClassifier` takes
any classifier with a `partial_fit` of scikit-learn into river's pipelines, and river's own
`progressive_val_score` predicts each row before it is learned. The rows describe patches of photos
of seven kinds, 2,310 of them, which come with river.

A network and river's softmax regression learn behind river's scaler, and a network that scales its
inputs itself stands alone. The script prints the accuracy and the log loss of each.

This example needs river: ``pip install -e '.[river]'``.
"""

from time import perf_counter

from skl_softmaxnet import SoftmaxMLPClassifier

try:
    from river import datasets, evaluate, linear_model, metrics, preprocessing
    from river.compat import SKL2RiverClassifier
except ImportError as error:
    raise SystemExit(
        f"This example needs the extra river: pip install -e '.[river]' ({error})."
    ) from None

# In this order, since river takes the columns of `predict_proba` to be these, one after the other.
CLASSES = sorted(["brickface", "cement", "foliage", "grass", "path", "sky", "window"])


def main():
    models = {
        "river's softmax regression": (
            preprocessing.StandardScaler() | linear_model.SoftmaxRegression()
        ),
        "river's scaler, a network": preprocessing.StandardScaler() | network(),
        "a network that scales": network(standardize=True),
    }
    print(f"{'':28}accuracy   log loss   seconds")
    for name, model in models.items():
        start = perf_counter()
        accuracy, loss = metrics.Accuracy(), metrics.CrossEntropy()
        evaluate.progressive_val_score(datasets.ImageSegments(), model, accuracy + loss)
        seconds = perf_counter() - start
        print(f"{name:28}{accuracy.get():8.3f}{loss.get():11.3f}{seconds:10.1f}")


def network(**parameters):
    return SKL2RiverClassifier(SoftmaxMLPClassifier(random_state=0, **parameters), CLASSES)


if __name__ == "__main__":
    main()
