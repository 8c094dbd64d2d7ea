"""What options add to the time of a fit: averaging, and decay that rows of zeros wait for."""

import scipy.sparse as sp
from ours import fit
from shapes import noise
from tables import print_table
from timing import medians_of_calls

N_EPOCHS = 5
OPTIONS = {
    "none": {},
    "average=True": {"average": True},
    "alpha=1e-4": {"alpha": 1e-4},
}
# What we promise: averaging under 5 % on dense rows, decay that stays cheap on sparse ones.
TARGETS = {("dense", "average=True"): "≤ 1.05"}


def samples():
    """Yield the name, the rows and the targets of dense and of very sparse rows."""
    yield "dense", *noise(n_samples=2000)
    X, targets = noise(n_samples=2000, share_of_zeros=0.99)
    yield "CSR, 99 % zeros", sp.csr_array(X), targets


def print_options(effort):
    """Time fits with each option, on dense and on sparse rows.

    Parameters
    ----------
    effort : Effort
    """
    print("## What options cost, 784-100-10\n")
    lines = []
    for kind, X, targets in samples():
        seconds = medians_of_calls(
            {
                name: lambda X=X, targets=targets, options=options: fit(
                    X, targets, (100,), n_epochs=N_EPOCHS, **options
                )
                for name, options in OPTIONS.items()
            },
            effort,
        )
        for name, taken in seconds.items():
            ratio = f"{taken / seconds['none']:.3f}"
            microseconds = f"{1e6 * taken / N_EPOCHS / X.shape[0]:.2f}"
            lines.append([f"{kind}: {name}", microseconds, ratio, TARGETS.get((kind, name), "")])
    print_table(["", "µs per presentation", "ratio", "target"], lines)
