"""The tutorial network once more, in lists and ``math`` only.

This is the oracle: it shares no code with the package, and its arithmetic uses no NumPy.
Vectors are lists, a matrix is a list of its rows: W1 is hidden x in, W2 is out x hidden.
Every function is one row of the table.
"""

import math


def sigmoid(s):
    """1 / (1 + exp(-s)), in the form that does not overflow for s < 0."""
    return 1 / (1 + math.exp(-s)) if s >= 0 else math.exp(s) / (1 + math.exp(s))


def softmax(z):
    """exp(z_i) / sum_j exp(z_j), after taking the largest z away from all."""
    powers = [math.exp(z_i - max(z)) for z_i in z]
    return [power / sum(powers) for power in powers]


def softmax_jacobian(o):
    """J = diag(o) - o o^T."""
    n = len(o)
    return [[o[i] * ((i == j) - o[j]) for j in range(n)] for i in range(n)]


def times(W, x):
    """W x."""
    return [sum(w * x_j for w, x_j in zip(row, x, strict=True)) for row in W]


def transposed_times(W, e):
    """W^T e."""
    return times(list(zip(*W, strict=True)), e)


def add_outer(W, rate, delta, x):
    """W + rate delta x^T."""
    return [
        [w + rate * d * x_j for w, x_j in zip(row, x, strict=True)]
        for row, d in zip(W, delta, strict=True)
    ]


def forward(W1, W2, x, output_activation):
    """h = sigmoid(W1 x); o = softmax(W2 h), or o = sigmoid(W2 h)."""
    h = [sigmoid(s) for s in times(W1, x)]
    z = times(W2, h)
    o = softmax(z) if output_activation == "softmax" else [sigmoid(z_i) for z_i in z]
    return h, o


def output_delta(e, o, output_activation):
    """delta = J e for softmax, e o (1 - o) for sigmoid."""
    if output_activation == "softmax":
        return times(softmax_jacobian(o), e)
    return [e_i * o_i * (1 - o_i) for e_i, o_i in zip(e, o, strict=True)]


def train_one_sample(W1, W2, x, target, rate, output_activation):
    """One presentation; returns the new W1 and W2. ``target`` is the index of the class."""
    h, o = forward(W1, W2, x, output_activation)
    e = [(i == target) - o_i for i, o_i in enumerate(o)]
    W2 = add_outer(W2, rate, output_delta(e, o, output_activation), h)
    e_h = transposed_times(W2, e)  # the raw error, through the updated W2
    delta_h = [e_i * h_i * (1 - h_i) for e_i, h_i in zip(e_h, h, strict=True)]
    W1 = add_outer(W1, rate, delta_h, x)
    return W1, W2


def train_one_pass(W1, W2, X, y, rate, output_activation):
    """Every sample once, in the order given; returns the new W1 and W2."""
    for x, target in zip(X, y, strict=True):
        W1, W2 = train_one_sample(W1, W2, x, target, rate, output_activation)
    return W1, W2


def squared_error(o, target):
    """Half the squared length of t - o."""
    return sum(((i == target) - o_i) ** 2 for i, o_i in enumerate(o)) / 2
