"""The weights of a network: how they begin, where they lie, and how to go back to what they were.

The weights that training moves are not always those that the estimator shows: with averaging
`coefs_` are the average. Training that is continued, by `partial_fit` or a warm start, continues
from the former.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from functools import partial
from itertools import chain, pairwise
from numbers import Integral, Real
from operator import getitem, is_, setitem

import numpy as np
from scipy import special
from sklearn.utils import check_random_state

from . import _engine
from ._typing import FloatArray, RandomStateLike


def truncated_normal(
    size: int | tuple[int, ...], *, bound: float, random_state: RandomStateLike = None
) -> FloatArray:
    """Draw from the standard normal distribution, cut on both sides.

    By inversion: with Φ the normal distribution function, Φ⁻¹(u) for u uniform on
    [Φ(−bound), Φ(bound)] has this distribution. It takes two calls of :mod:`scipy.special`;
    `scipy.stats.truncnorm.rvs` takes longer for a small network than its training.

    Parameters
    ----------
    size : int or tuple of int
        The shape to draw.

    bound : float
        Where the distribution is cut, at ±`bound`; above 0.

    random_state : int, RandomState instance or None, default=None
        The generator, or its seed.

    Returns
    -------
    values : ndarray of float64 of shape `size`
        Values in [−bound, bound], with mean 0.

    Raises
    ------
    ValueError
        If `bound` is not a number above 0.

    See Also
    --------
    scipy.stats.truncnorm : The distribution, with its density and moments.

    References
    ----------
    .. [1] L. Devroye, "Non-Uniform Random Variate Generation", Springer, 1986, chapter II.2.

    Examples
    --------
    >>> from skl_softmaxnet import truncated_normal
    >>> weights = truncated_normal((1000, 4), bound=0.5, random_state=0)
    >>> weights.shape, bool(abs(weights).max() <= 0.5)
    ((1000, 4), True)
    """
    if not isinstance(bound, Real) or not bound > 0:
        raise ValueError(f"bound must be above 0, got {bound!r}.")
    generator = check_random_state(random_state)
    values = special.ndtri(generator.uniform(special.ndtr(-bound), special.ndtr(bound), size))
    # the round trip through Φ may step over the edge by a rounding error
    return np.clip(values, -bound, bound)


def initial_weights(layer_sizes, random_state):
    """Weights and intercepts of a network before its first presentation.

    Weights are truncated normal, with mean 0 and standard deviation 1, cut at ±1/√fan_in, and drawn
    from the inputs on; intercepts are zero.
    """
    shapes = list(pairwise(layer_sizes))
    coefs = [
        truncated_normal(shape, bound=1 / np.sqrt(shape[0]), random_state=random_state)
        for shape in shapes
    ]
    return coefs, [np.zeros(fan_out) for _, fan_out in shapes]


@dataclass
class Network:
    """Everything that presentations change, laid out for the engines.

    Each is a pair of lists of arrays, shaped like `coefs_` and `intercepts_`.
    """

    weights: tuple
    velocities: tuple | None = None  # without momentum
    averages: tuple | None = None  # without averaging

    @property
    def shown(self):
        """The weights that a user of the network sees."""
        return self.weights if self.averages is None else self.averages

    def copy(self):
        """Copy all arrays."""
        pairs = (self.weights, self.velocities, self.averages)
        dtype = self.weights[0][0].dtype
        return Network(*(pair and _engine.as_blocks(*pair, dtype) for pair in pairs))

    def snapshot(self, inputs=None):
        """Copy the values of all arrays; of the first layer, of the given inputs, None for all."""
        first_layers, others = self._arrays()
        inputs = slice(None) if inputs is None else inputs
        places = [inputs] * len(first_layers) + [...] * len(others)
        return places, [*map(np.copy, map(getitem, [*first_layers, *others], places))]

    def steps_back(self, snapshot):
        """Return an iterator that gives an array the values of a snapshot at each step."""
        first_layers, others = self._arrays()
        return map(setitem, [*first_layers, *others], *snapshot)

    def rollback(self, snapshot):
        """Give all arrays the values of a snapshot."""
        deque(self.steps_back(snapshot), 0)

    def _arrays(self):
        """What is in memory: of the first layers row by row, and of all the others.

        The padding is included, since training that diverges leaves NaN there.
        """
        pairs = [pair for pair in (self.weights, self.velocities, self.averages) if pair]
        first_layers = [_engine.with_padding(c[0]).reshape(len(c[0]), -1) for c, _ in pairs]
        others = chain.from_iterable((*coefs[1:], *intercepts) for coefs, intercepts in pairs)
        return first_layers, [*map(_engine.with_padding, others)]


def zeros_like(pair):
    """Return zeros in the shapes of a pair of lists of arrays."""
    return tuple([np.zeros(array.shape) for array in part] for part in pair)


# ----------------------------------------------------------------------------------------------
# The network of a model


def initialize(model, X):
    """Set up a model that has not seen a sample."""
    model.n_outputs_ = len(model.classes_)
    layer_sizes = [X.shape[1], *as_sizes(model.hidden_layer_sizes), model.n_outputs_]
    model.n_layers_ = len(layer_sizes)
    model.out_activation_ = model.output_activation
    random_state = check_random_state(model.random_state)
    weights = initial_weights(layer_sizes, random_state)
    show_network(model, Network(_engine.as_blocks(*weights, X.dtype)))
    model._seed = int(random_state.randint(np.iinfo(np.int64).max, dtype=np.int64)) % 2**64
    model.n_iter_ = model.t_ = 0
    model.loss_ = model.best_loss_ = np.inf
    model.loss_curve_ = []
    model.validation_loss_curve_ = model.validation_scores_ = None
    model.best_validation_score_ = None
    model._validation_epochs = []
    restart_schedule(model)
    model._class_totals = np.zeros(model.n_outputs_ + 1)  # of the samples of a stream, and of all


def restart_schedule(model):
    """Start the learning rate and the patience of a model again from here."""
    model._schedule_start = model.t_, len(model.loss_curve_)
    model._n_lowered = model._no_improvement_count = 0
    model._reference = np.inf  # the loss that the next is to be better than
    model._has_converged = False


def as_sizes(hidden_layer_sizes):
    """Return `hidden_layer_sizes` as a list of int."""
    sizes = list(hidden_layer_sizes) if np.iterable(hidden_layer_sizes) else [hidden_layer_sizes]
    for size in sizes:
        is_whole = isinstance(size, Integral) and not isinstance(size, bool | np.bool_)
        if not is_whole or size < 1:
            raise ValueError(
                "hidden_layer_sizes must be an int or a sequence of ints, each at least 1, "
                f"got {hidden_layer_sizes!r}."
            )
    return [int(size) for size in sizes]


def open_network(model, *, in_place):
    """Lay out what training works on: as it was left, or from weights that a user put in."""
    if model.t_ < 0:
        raise ValueError(f"t_ counts the updates so far, and cannot be {model.t_}.")
    if has_new_weights(model):
        in_place = False  # they may be another model's too
        model._weights = model._velocities = None
        restart_schedule(model)
    shown = shown_weights(model)
    for pair in filter(None, (model._weights, model._velocities)):
        check_network(*pair, model.n_features_in_, len(model.classes_))
    lay_out = partial(_engine.as_blocks, dtype=model._dtype)
    becomes_average = model.average and model._weights is None
    weights = model._weights or shown
    network = Network(lay_out(*weights, in_place=in_place and not becomes_average))
    if model.momentum:
        network.velocities = lay_out(*(model._velocities or zeros_like(shown)), in_place=in_place)
    if model.average:
        network.averages = lay_out(*shown, in_place=in_place)
    return network


def open_forward_pass(model):
    """Open a forward pass on the weights of a fitted model, and copy as few as can be."""
    in_place = not has_new_weights(model)
    coefs, intercepts = _engine.as_blocks(
        *shown_weights(model), model._dtype, in_place=in_place, only_to_read=True
    )
    return _engine.Engine.forward_pass(coefs, intercepts, model.activation)


def lay_out_loaded(model):
    """Lay out the weights of a copied or loaded model, so that predictions find them in place.

    But those that are mapped from a file, which other processes may share.
    """
    shown = [*model.coefs_, *model.intercepts_]
    if not any(isinstance(array, np.memmap) for array in shown):
        model.coefs_, model.intercepts_ = _engine.as_blocks(
            model.coefs_, model.intercepts_, model._dtype, in_place=True
        )
    model._learned = [*model.coefs_, *model.intercepts_]


def lies_in_blocks(model):
    """Tell whether the weights that a model shows are laid out for the engines."""
    rows = [model.coefs_[0], *(weights.T for weights in model.coefs_[1:])]
    rows += [intercept[np.newaxis] for intercept in model.intercepts_]
    return all(_engine.is_aligned(array, model._dtype) for array in rows)


def shown_weights(model):
    """The weights that a model shows, which a user may have put in, once they are checked."""
    shown = tuple([np.asarray(a) for a in part] for part in (model.coefs_, model.intercepts_))
    check_network(*shown, model.n_features_in_, len(model.classes_))
    return shown


def check_network(coefs, intercepts, n_features, n_outputs):
    """Raise a ValueError unless weights, which a user may have put in, belong to one network."""
    shapes = [np.shape(weights) for weights in coefs]
    lengths = [np.shape(intercept) for intercept in intercepts]
    sizes = [n_features, *(shape[-1] if shape else 0 for shape in shapes)]
    fits = shapes == list(pairwise(sizes)) and lengths == [(size,) for size in sizes[1:]]
    if not fits or sizes[-1] != n_outputs:
        raise ValueError(
            f"coefs_ of shapes {shapes} and intercepts_ of shapes {lengths} do not make a network "
            f"of {n_features} inputs and {n_outputs} outputs."
        )


def check_same_network(model, X):
    """Raise a ValueError if a warm start asks for another network than there is."""
    sizes = [X.shape[1], *as_sizes(model.hidden_layer_sizes), model.n_outputs_]
    shapes = [np.shape(weights) for weights in model.coefs_]
    if shapes != list(pairwise(sizes)):
        raise ValueError(
            f"warm_start cannot continue with hidden_layer_sizes={model.hidden_layer_sizes!r}: "
            f"coefs_ have the shapes {shapes}."
        )
    if model.output_activation != model.out_activation_:
        raise ValueError(
            f"warm_start cannot continue with output_activation={model.output_activation!r}: "
            f"the network was trained with {model.out_activation_!r}."
        )


def show_network(model, network):
    """Set the attributes of a model that hold its network."""
    model.coefs_, model.intercepts_ = network.shown
    model._weights = network.weights if network.averages else None
    model._velocities = network.velocities
    model._learned = [*model.coefs_, *model.intercepts_]


def has_new_weights(model):
    """Tell whether a user has put other arrays into `coefs_` or `intercepts_`."""
    shown = [*model.coefs_, *model.intercepts_]
    return len(shown) != len(model._learned) or not all(map(is_, shown, model._learned))
