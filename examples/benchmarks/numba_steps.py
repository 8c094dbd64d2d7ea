"""The steps of one presentation in numba, each a loop or two along contiguous hidden units.

The first layer is kept as (input, unit), each later one as (unit, input). numba puts each step into
the function that calls it: on small networks calls cost a fifth of the time. Literals of the
language are float64 or int64 and would widen float32, so a `one` in the dtype of the weights is
handed in where a constant is needed.
"""

import math

import numpy as np
from numba import njit

SETTINGS = {"fastmath": True, "error_model": "numpy", "cache": False}
inlined = njit(inline="always", **SETTINGS)


@inlined
def update_and_sum(weights, X, previous, previous_delta, current, sums):
    """W ← W + x δᵀ of the previous sample and z ← z + Wᵀ x of the current, in one pass over W."""
    for i in range(weights.shape[0]):
        old, new = X[previous, i], X[current, i]
        for j in range(weights.shape[1]):
            weights[i, j] += old * previous_delta[j]
            sums[j] += new * weights[i, j]


@inlined
def update_and_sum_in_pairs(weights, X, previous, previous_delta, current, sums):
    """Do the same with two rows at a time, which share the loads of δ and of z."""
    n_inputs, n_units = weights.shape
    for i in range(0, n_inputs - 1, 2):
        row, next_row = weights[i], weights[i + 1]
        old, next_old = X[previous, i], X[previous, i + 1]
        new, next_new = X[current, i], X[current, i + 1]
        for j in range(n_units):
            weight = row[j] + old * previous_delta[j]
            next_weight = next_row[j] + next_old * previous_delta[j]
            row[j] = weight
            next_row[j] = next_weight
            sums[j] += new * weight + next_new * next_weight
    if n_inputs % 2:
        last = n_inputs - 1
        for j in range(n_units):
            weights[last, j] += X[previous, last] * previous_delta[j]
            sums[j] += X[current, last] * weights[last, j]


@inlined
def update_and_sum_nonzero(weights, X, previous, previous_delta, current, sums):
    """Do the same with the non-zero inputs alone: two short passes, since few rows are in both."""
    columns = np.empty(weights.shape[0], np.int64)
    for position in range(list_nonzero(X, previous, columns)):
        i = columns[position]
        for j in range(weights.shape[1]):
            weights[i, j] += X[previous, i] * previous_delta[j]
    for position in range(list_nonzero(X, current, columns)):
        i = columns[position]
        for j in range(weights.shape[1]):
            sums[j] += X[current, i] * weights[i, j]


@inlined
def list_nonzero(X, sample, columns):
    """Write the columns where the sample is not zero, return how many there are; no branch."""
    n_found = 0
    for i in range(X.shape[1]):
        columns[n_found] = i
        n_found += X[sample, i] != 0
    return n_found


@inlined
def logistic_in_place(sums, one):
    """Z ← 1 / (1 + exp(−z)). `one` has the dtype of the sums, to which no literal would keep."""
    for j in range(sums.shape[0]):
        sums[j] = one / (one + math.exp(-sums[j]))


@inlined
def softmax_in_place(sums):
    """Z ← exp(z − max z) / Σ exp(z − max z)."""
    largest = sums[0]
    for k in range(1, sums.shape[0]):
        largest = max(largest, sums[k])
    total = sums[0] - sums[0]
    for k in range(sums.shape[0]):
        sums[k] = math.exp(sums[k] - largest)
        total += sums[k]
    for k in range(sums.shape[0]):
        sums[k] /= total


@inlined
def sum_rows(weights, intercepts, inputs, sums):
    """Z ← W h + b for a later layer, W being (units, inputs)."""
    for k in range(weights.shape[0]):
        total = intercepts[k]
        for j in range(weights.shape[1]):
            total += weights[k, j] * inputs[j]
        sums[k] = total


@inlined
def update_and_send_back(weights, inputs, scaled_delta, error, error_below):
    """W ← W + δ hᵀ, then e_below ← Wᵀ e through the updated W, in one pass over W."""
    for j in range(error_below.shape[0]):
        error_below[j] = 0
    for k in range(weights.shape[0]):
        for j in range(weights.shape[1]):
            weights[k, j] += scaled_delta[k] * inputs[j]
            error_below[j] += error[k] * weights[k, j]


@inlined
def output_error_and_delta(outputs, target, rate, one, error, scaled_delta):
    """e = t − o and η δ = η J e = η o ∘ (e − oᵀe)."""
    mean_error = outputs[target]  # oᵀe = o_t − oᵀo
    for k in range(outputs.shape[0]):
        error[k] = -outputs[k]
        mean_error -= outputs[k] * outputs[k]
    error[target] += one
    for k in range(outputs.shape[0]):
        scaled_delta[k] = rate * outputs[k] * (error[k] - mean_error)


@inlined
def hidden_delta(outputs, error, rate, one, scaled_delta):
    """Η δ = η e ∘ h ∘ (1 − h)."""
    for j in range(outputs.shape[0]):
        scaled_delta[j] = rate * error[j] * outputs[j] * (one - outputs[j])


@inlined
def copy(source, destination):
    """Copy a short vector: less than a call to the library for as few values as these."""
    for j in range(source.shape[0]):
        destination[j] = source[j]


@inlined
def add(steps, values):
    """B ← b + η δ."""
    for j in range(values.shape[0]):
        values[j] += steps[j]
