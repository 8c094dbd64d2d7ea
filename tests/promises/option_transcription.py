"""Training with all its options once more: any depth, whole matrices, one presentation at a time.

This is the oracle of the options. It shares no code with the package and is written from formulas,
in NumPy and SciPy alone. With h the values below a layer, δ its delta, η the rate and f the
fraction of the presentation:

=================  =====================================================================
step               f η (h δᵀ − alpha W) for weights, f η δ for intercepts
velocity           v ← momentum v + step, zero at first
update             W ← W + v, or W ← W + momentum v + step with Nesterov's momentum
average            w̄ ← (1 − c) w̄ + c w with c = 4 / (k + 3), after presentation 64 k
"invscaling"       η₀ / (presentations + 1)^power_t in the next epoch
"inverse_time"     η₀ / (1 + decay · epochs) in the next epoch
"adaptive"         η / 5 after too many epochs in a row without improvement
=================  =====================================================================

Without momentum v is the step, so that both updates are W ← W + step. Presentations, epochs and
improvements are counted from the weights that training started with, or that were put in since. No
epoch is without improvement that ends within the first 9,999 presentations with a loss of 0.9 or
more of what constant outputs have, which are the shares of the classes.
"""

from types import SimpleNamespace

import numpy as np
from scipy.special import expit, log_expit, log_softmax

OPTIONS = {
    "activation": "logistic",
    "output_activation": "softmax",
    "loss": "squared_error",
    "backprop": "error",
    "fit_intercept": True,
    "alpha": 0.0,
    "momentum": 0.0,
    "nesterovs_momentum": False,
    "learning_rate": "constant",
    "learning_rate_init": 0.05,
    "power_t": 0.5,
    "decay": 0.1,
    "tol": None,
    "n_iter_no_change": 10,
    "average": False,
}
AVERAGED_EVERY = 64
N_TO_BEGIN, SHARE_TO_BEGIN = 10_000, 0.9


ACTIVATIONS = {
    "logistic": expit,
    "tanh": np.tanh,
    "relu": lambda z: np.where(z > 0, z, 0.0),
    "identity": lambda z: z,
}
DERIVATIVES = {  # by the sums, from the value h
    "logistic": lambda h: h - h**2,
    "tanh": lambda h: 1 - h**2,
    "relu": lambda h: np.where(h > 0, 1.0, 0.0),
    "identity": lambda h: np.ones(h.shape),
}


def network_output(z, output_activation):
    """The outputs o."""
    return np.exp(log_softmax(z)) if output_activation == "softmax" else expit(z)


def loss_of_one(t, z, output_activation, loss):
    """The loss of one sample: its target holds a 0 or 1 for each output."""
    if loss == "squared_error":
        return np.sum((t - network_output(z, output_activation)) ** 2) / 2
    if output_activation == "softmax":
        return -t @ log_softmax(z)
    return -np.sum(t * log_expit(z) + (1 - t) * log_expit(-z))


def output_delta(t, o, output_activation, loss):
    """Minus the derivative of the loss by the sums of the output layer."""
    if loss == "log_loss":
        return t - o
    if output_activation == "softmax":
        return (np.diag(o) - np.outer(o, o)) @ (t - o)
    return (t - o) * o * (1 - o)


def loss_of_shares(epoch, output_activation, loss):
    """The mean loss of an epoch where all outputs are the shares that its targets have."""
    targets, fractions = (np.array(part) for part in list(zip(*epoch, strict=True))[1:])
    shares = fractions @ targets / fractions.sum()
    z = np.log(shares) if output_activation == "softmax" else np.log(shares / (1 - shares))
    losses = [loss_of_one(t, z, output_activation, loss) for t in targets]
    return fractions @ losses / fractions.sum()


def presentations(X, targets, weights=None):
    """List (x, t, fraction): a row of weight w comes ⌊w⌋ times whole, then with what is left."""
    weights = np.ones(len(X)) if weights is None else weights
    listed = []
    for x, t, weight in zip(X, targets, weights, strict=True):
        whole = int(np.floor(weight))
        listed += [(x, t, 1.0)] * whole
        if weight > whole:
            listed.append((x, t, weight - whole))
    return listed


class Network:
    """A network in training. `coefs` and `intercepts` are copied, `options` as in OPTIONS."""

    def __init__(self, coefs, intercepts, **options):
        unknown = options.keys() - OPTIONS.keys()
        assert not unknown, f"the transcription knows no {unknown}"
        self.options = SimpleNamespace(**(OPTIONS | options))
        self.n_presented = self.n_epochs = 0
        self.loss_curve, self.rates = [], []
        self.start_from(coefs, intercepts)

    @property
    def parameters(self):
        """All weights, then all intercepts, as they stand in training."""
        return self.coefs + self.intercepts

    @property
    def shown(self):
        """What the estimator shows for them."""
        averaged = self.options.average and self.n_presented >= AVERAGED_EVERY
        return self.averages if averaged else self.parameters

    def start_from(self, coefs, intercepts):
        """Start the optimiser and the schedule anew at these weights."""
        self.coefs = [np.array(W, dtype=float) for W in coefs]
        self.intercepts = [np.array(b, dtype=float) for b in intercepts]
        self.velocities = [np.zeros(W.shape) for W in self.parameters]
        self.averages = [W.copy() for W in self.parameters]
        self.started_at = self.n_presented, self.n_epochs
        self.n_without_improvement, self.best_loss = 0, np.inf
        self.rate = self.options.learning_rate_init

    def train(self, epochs):
        """Run epochs, each a list of presentations, until they or the improvements end."""
        for epoch in epochs:
            if self.run_epoch(epoch):
                break
        return self

    def run_epoch(self, epoch):
        """Run one list of presentations. Return whether training has to stop."""
        self.rates.append(self.rate)
        total = sum(fraction * self.present(x, t, fraction) for x, t, fraction in epoch)
        self.n_epochs += 1
        self.loss_curve.append(total / sum(fraction for _, _, fraction in epoch))
        return self.set_rate(epoch, self.loss_curve[-1])

    def present(self, x, t, fraction):
        """Update all layers, the last one first. Return the loss from before."""
        options = self.options
        layers, z = self.forward(x)
        o = network_output(z, options.output_activation)
        delta = output_delta(t, o, options.output_activation, options.loss)
        signal = t - o
        for layer in reversed(range(len(self.coefs))):
            W_before = self.coefs[layer].copy()
            self.update(layer, layers[layer], delta, fraction)
            if layer > 0:
                if options.backprop == "error":
                    signal = self.coefs[layer] @ signal
                else:
                    signal = W_before @ delta
                delta = signal * DERIVATIVES[options.activation](layers[layer])
        self.n_presented += 1
        self.average()
        return loss_of_one(t, z, options.output_activation, options.loss)

    def forward(self, x):
        """The values below each layer, and the sums of the last layer."""
        layers = [x]
        for W, b in zip(self.coefs[:-1], self.intercepts[:-1], strict=True):
            layers.append(ACTIVATIONS[self.options.activation](layers[-1] @ W + b))
        return layers, layers[-1] @ self.coefs[-1] + self.intercepts[-1]

    def update(self, layer, h, delta, fraction):
        """Move the weights and the intercepts of one layer."""
        rate = fraction * self.rate
        step = rate * (np.outer(h, delta) - self.options.alpha * self.coefs[layer])
        self.move(layer, step)
        if self.options.fit_intercept:
            self.move(len(self.coefs) + layer, rate * delta)

    def move(self, index, step):
        """Move one of the parameters by its step, in place."""
        momentum = self.options.momentum
        velocity = self.velocities[index] = momentum * self.velocities[index] + step
        nesterov = self.options.nesterovs_momentum
        self.parameters[index] += momentum * velocity + step if nesterov else velocity

    def average(self):
        """Bring the averages up to date, after every 64th presentation."""
        k, rest = divmod(self.n_presented, AVERAGED_EVERY)
        if rest == 0:
            share = 4 / (k + 3)
            pairs = zip(self.averages, self.parameters, strict=True)
            self.averages = [(1 - share) * mean + share * W for mean, W in pairs]

    def set_rate(self, epoch, loss):
        """Set the rate of the epoch after this one. Return whether training has to stop."""
        options = self.options
        n_presented = self.n_presented - self.started_at[0]
        n_epochs = self.n_epochs - self.started_at[1]
        if options.learning_rate == "invscaling":
            self.rate = options.learning_rate_init / (n_presented + 1) ** options.power_t
        elif options.learning_rate == "inverse_time":
            self.rate = options.learning_rate_init / (1 + options.decay * n_epochs)
        if options.tol is None:
            return False
        to_begin = SHARE_TO_BEGIN * loss_of_shares(epoch, options.output_activation, options.loss)
        has_begun = n_presented >= N_TO_BEGIN or loss < to_begin
        failed = has_begun and loss > self.best_loss - options.tol
        self.n_without_improvement = self.n_without_improvement + 1 if failed else 0
        self.best_loss = min(self.best_loss, loss)
        if self.n_without_improvement <= options.n_iter_no_change:
            return False
        if options.learning_rate != "adaptive" or self.rate <= 1e-6:
            return True
        self.rate /= 5
        self.n_without_improvement = 0
        return False
