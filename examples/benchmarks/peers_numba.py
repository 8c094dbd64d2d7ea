"""Both rules in numba, as fast as they could be made: the strictest of the peers.

The update of a sample is fused with the forward pass of the next, so that the first layer is read
and written once a sample, two rows at a time; where most inputs are zero, both run along the rest,
listed beforehand. Arrays start at multiples of 64 bytes. Inner loops run along hidden units: the
first layer is kept as (input, unit), each later one as (unit, input). L2 decay of the first layer
costs one multiplication: its weights are kept divided by `scale`. Literals would widen float32, so
a `one` in the dtype of the weights is handed in. No loss is kept, a little less than a fit does.
"""

import math
from functools import cache

import numpy as np
import scipy.sparse as sp
from numba import njit

SETTINGS = {"fastmath": True, "error_model": "numpy"}
inlined = njit(inline="always", **SETTINGS)  # calls would cost a fifth on small networks


@inlined
def update_and_sum(weights, X, previous, step, current, scale, sums):
    """W ← W + x stepᵀ of the previous sample and z ← z + scale Wᵀ x of the current."""
    for i in range(0, weights.shape[0], 2):  # all shapes have even numbers of inputs
        row, next_row = weights[i], weights[i + 1]
        old, next_old = X[previous, i], X[previous, i + 1]
        new, next_new = scale * X[current, i], scale * X[current, i + 1]
        for j in range(weights.shape[1]):
            weight = row[j] + old * step[j]
            next_weight = next_row[j] + next_old * step[j]
            row[j] = weight
            next_row[j] = next_weight
            sums[j] += new * weight + next_new * next_weight


@inlined
def update_and_sum_nonzero(weights, X, previous, step, current, scale, sums):
    """Do the same with the non-zero inputs alone: two short passes, since few rows are in both."""
    values, columns, starts = X
    for place in range(starts[previous], starts[previous + 1]):
        row, value = weights[columns[place]], values[place]
        for j in range(weights.shape[1]):
            row[j] += value * step[j]
    for place in range(starts[current], starts[current + 1]):
        row, value = weights[columns[place]], scale * values[place]
        for j in range(weights.shape[1]):
            sums[j] += value * row[j]


@inlined
def go_forward(i, coefs, intercepts, outputs, one, tutorial):
    """H ← 1 / (1 + exp(−h)), or for ReLU max(h, 0), then z ← W h + b above."""
    weights, inputs = coefs[i], outputs[i - 1]
    for j in range(inputs.shape[0]):
        inputs[j] = one / (one + math.exp(-inputs[j])) if tutorial else max(inputs[j], one - one)
    for k in range(weights.shape[0]):
        total = intercepts[i][k]
        for j in range(weights.shape[1]):
            total += weights[k, j] * inputs[j]
        outputs[i][k] = total


@inlined
def turn_back(outputs, target, signal, step, rate, one, tutorial):
    """O ← softmax(o), s = e = t − o, and step = η J e = η o ∘ (e − oᵀe), or for ReLU η e."""
    largest = outputs[0]
    for k in range(1, outputs.shape[0]):
        largest = max(largest, outputs[k])
    total = one - one
    for k in range(outputs.shape[0]):
        outputs[k] = math.exp(outputs[k] - largest)
        total += outputs[k]
    mean_error = outputs[target] / total  # oᵀe = o_t − oᵀo
    for k in range(outputs.shape[0]):
        outputs[k] /= total
        signal[k] = -outputs[k]
        mean_error -= outputs[k] * outputs[k]
    signal[target] += one
    for k in range(outputs.shape[0]):
        step[k] = rate * (outputs[k] * (signal[k] - mean_error) if tutorial else signal[k])


@inlined
def go_back(i, coefs, outputs, signals, steps, rate, keep, one, tutorial):
    """W ← keep W + step hᵀ and s ← Wᵀ s below, through the updated W in the tutorial's rule.

    Then step = η s ∘ h ∘ (1 − h) below, or for ReLU s ← s where h > 0, else 0, and step = η s.
    """
    weights, inputs, signal, step = coefs[i], outputs[i - 1], signals[i], steps[i]
    signal_below, step_below = signals[i - 1], steps[i - 1]
    signal_below[:] = 0
    for k in range(weights.shape[0]):
        for j in range(weights.shape[1]):
            updated = keep * weights[k, j] + step[k] * inputs[j]
            signal_below[j] += signal[k] * (updated if tutorial else weights[k, j])
            weights[k, j] = updated
    for j in range(inputs.shape[0]):
        if not tutorial:
            signal_below[j] = signal_below[j] if inputs[j] > 0 else one - one
        slope = inputs[j] * (one - inputs[j]) if tutorial else one
        step_below[j] = rate * signal_below[j] * slope


@cache
def compile_training(rule, zeros, n_layers):
    """Return the training loop of a rule, for samples of many zeros or few, for a depth."""
    pass_first_layer = update_and_sum_nonzero if zeros else update_and_sum
    tutorial, last = rule == "tutorial", n_layers - 1

    @njit(**SETTINGS)
    def train(X, targets, coefs, intercepts, outputs, signals, steps, rate, keep, one, n_epochs):
        for _ in range(n_epochs):
            scale, previous = one, 0
            for sample in range(targets.shape[0]):
                z = outputs[0]
                for j in range(z.shape[0]):
                    z[j] = intercepts[0][j]
                pass_first_layer(coefs[0], X, previous, steps[0], sample, scale, z)
                for i in range(1, last + 1):
                    go_forward(i, coefs, intercepts, outputs, one, tutorial)
                target = targets[sample]
                turn_back(outputs[last], target, signals[last], steps[last], rate, one, tutorial)
                for i in range(last, 0, -1):
                    go_back(i, coefs, outputs, signals, steps, rate, keep, one, tutorial)
                scale *= keep
                for i in range(last + 1):
                    for j in range(steps[i].shape[0]):
                        intercepts[i][j] += steps[i][j]
                for j in range(steps[0].shape[0]):
                    steps[0][j] *= one / scale
                previous = sample
            pass_first_layer(coefs[0], X, previous, steps[0], previous, scale, outputs[0])
            steps[0][:] = 0
            coefs[0][:] *= scale

    return train


@njit(fastmath={"contract"})
def multiply_and_add(values, factor, summand, n_times):
    """Make 8 fused operations on each value, with more under way at once than they take cycles."""
    for _ in range(n_times):
        for i in range(values.shape[0]):
            value = values[i]
            for _ in range(8):
                value = value * factor + summand
            values[i] = value


@njit(**SETTINGS)
def predict_row(values, columns, coefs, intercepts):
    """o = softmax(W₂ᵀ h + b₂), with h = max(W₁ᵀ x + b₁, 0) and x given by its non-zero columns."""
    hidden, output = intercepts[0].copy(), intercepts[1].copy()
    for i in range(values.shape[0]):
        row, value = coefs[0][columns[i]], values[i]
        for j in range(hidden.shape[0]):
            hidden[j] += value * row[j]
    for j in range(hidden.shape[0]):
        hidden[j] = max(hidden[j], 0.0)
        for k in range(output.shape[0]):
            output[k] += hidden[j] * coefs[1][j, k]
    output = np.exp(output - output.max())
    return hidden, output / output.sum()


@njit(**SETTINGS)
def learn_row(values, columns, target, coefs, intercepts, rate):
    """W ← W + η δ hᵀ in both layers, by the gradient of the log loss."""
    hidden, output = predict_row(values, columns, coefs, intercepts)
    steps, steps_below = -rate * output, np.zeros_like(hidden)
    steps[target] += rate
    for j in range(hidden.shape[0]):
        for k in range(steps.shape[0]):
            steps_below[j] += coefs[1][j, k] * steps[k] * (hidden[j] > 0)
            coefs[1][j, k] += hidden[j] * steps[k]
    for i in range(values.shape[0]):
        row, value = coefs[0][columns[i]], values[i]
        for j in range(hidden.shape[0]):
            row[j] += value * steps_below[j]
    intercepts[0][:] += steps_below
    intercepts[1][:] += steps


def align(array):
    """Copy an array to where a multiple of 64 bytes begins."""
    memory = np.empty(array.nbytes + 64, np.uint8)
    start = -memory.ctypes.data % 64
    copy = memory[start : start + array.nbytes].view(array.dtype).reshape(array.shape)
    copy[...] = array
    return copy


def prepare(shape, X, targets, coefs, intercepts, rule, options):
    """Return a function that trains for a number of epochs and returns the weights."""
    rate = options["learning_rate_init"]
    constants = [X.dtype.type(value) for value in (rate, 1 - rate * options["alpha"], 1)]
    train = compile_training(rule, shape.zeros > 0, len(coefs))
    if shape.zeros:
        sparse = sp.csr_array(X)
        X = sparse.data, sparse.indices, sparse.indptr

    def run(n_epochs):
        weights = (align(coefs[0]), *(align(layer.T) for layer in coefs[1:]))
        values = tuple(align(layer) for layer in intercepts)
        work = [tuple(align(np.zeros_like(layer)) for layer in intercepts) for _ in range(3)]
        train(X, targets, weights, values, *work, *constants, n_epochs)
        return [weights[0], *(layer.T for layer in weights[1:])], list(values)

    return run
