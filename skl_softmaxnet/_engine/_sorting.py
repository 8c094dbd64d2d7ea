"""Rows in content order, and shuffles, in NumPy; the compiled module does the same faster."""

import numpy as np
import scipy.sparse as sp

# Beyond as many rows their numbers take eight bytes.
MOST_ROWS_OF_INT32 = 2**31

# Random numbers drawn at a time.
_DRAWN_AT_ONCE = 1 << 16

_GOLDEN = 0x9E3779B97F4A7C15  # 2**64 over the golden ratio, odd
_MASK = 2**64 - 1


def index_dtype(n):
    """Return the smallest type of number for indices below n."""
    return np.int32 if n <= MOST_ROWS_OF_INT32 else np.int64


def shuffle(values, seed, epoch):
    """Shuffle a vector in place, in a way that depends on nothing but (seed, epoch).

    The shuffle of Fisher and Yates [1]_: for i = n − 1 … 1, v[i] is swapped with v[⌊uᵢ (i + 1)⌋].
    The numbers uᵢ in [0, 1) are the upper 53 bits of mix(key + (i + 1) · golden), where
    key = mix(mix(seed) + epoch), all modulo 2⁶⁴: SplitMix64 [2]_ started from the key.

    Parameters
    ----------
    values : ndarray of int32 or int64 of shape (n_values,)
        Changed in place.
    seed : int in [0, 2**64)
    epoch : int in [-1, 2**63)

    References
    ----------
    .. [1] D. E. Knuth, "The Art of Computer Programming", volume 2, section 3.4.2, algorithm P.
    .. [2] G. L. Steele, D. Lea and C. H. Flood, "Fast splittable pseudorandom number generators",
       OOPSLA 2014.
    """
    if not 0 <= seed <= _MASK:  # before NumPy 2, −1 is taken for 2**64 − 1
        raise OverflowError(f"seed must be in [0, 2**64), got {seed}")
    (seed_key,) = _mix([seed])
    (key,) = _mix([(int(seed_key) + epoch) & _MASK])
    for stop in range(values.size, 1, -_DRAWN_AT_ONCE):
        places = np.arange(max(stop - _DRAWN_AT_ONCE, 1), stop, dtype=np.uint64)
        numbers = _mix(key + (places + np.uint64(1)) * np.uint64(_GOLDEN))
        uniforms = (numbers >> np.uint64(11)) * 2.0**-53
        partners = (uniforms * (places + np.uint64(1))).astype(np.intp)
        for i, j in zip(places[::-1].tolist(), partners[::-1].tolist(), strict=True):
            values[i], values[j] = values[j], values[i]


def _mix(numbers):
    """Make every bit of each number depend on all its bits, one to one."""
    bits = np.array(numbers, np.uint64)
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        bits ^= bits >> np.uint64(shift)
        bits *= np.uint64(factor)
    return bits ^ (bits >> np.uint64(31))


def sort_rows(X, targets):
    """List the rows in content order: by what they hold, then by their target.

    Rows are compared column by column, first by their values rounded to float32, so that the order
    does not change when last digits do; then, where all these tie, by the values as they are; then
    by the index of the class or, one by one, the labels. Rows that are equal in everything, zeros
    of either sign being equal, keep the order they have in X.

    Zeros need not be looked at. With m columns, let the p-th non-zero entry of a row be the value x
    in column c. It has the key

        (s, x)  with  s = m − c for x > 0 and s = −(m − c) for x < 0,

    and (0, 0) is the key of every p past the row's end. Of two rows whose first keys tie, the first
    that differ decide as the columns would: if they lie in one column, x decides; if not, the row
    with the earlier column c holds x there and the other 0, so it is the larger if x > 0 and the
    smaller if x < 0; and |s| is the larger for the earlier column. So rows are sorted by their
    first keys, those that tie by the second ones, and so on.

    Parameters
    ----------
    X : ndarray or CSR of float32 or float64 of shape (n_samples, n_features)
        Finite; CSR with sorted indices and no duplicates.

    targets : ndarray of int32 of shape (n_samples,) or CSR array of shape (n_samples, n_outputs)
        The index of each row's class; or the labels that each row has.

    Returns
    -------
    order : ndarray of int32, or of int64 beyond 2**31 rows, of shape (n_samples,)
        The rows in content order.

    is_first : ndarray of bool of shape (n_samples,)
        False where a row has the content and the target of the one before it in this order.
    """
    n_rows = X.shape[0]
    rank = np.zeros(n_rows, np.intp)  # the place in the order where the ties of each row begin
    tied = np.arange(n_rows)
    for lists in _lists_of_keys(X, targets):
        tied = _refine(rank, tied, *lists)
    order = np.argsort(rank, kind="stable")
    is_first = rank[order] == np.arange(n_rows)
    return order.astype(index_dtype(n_rows)), is_first


def _lists_of_keys(X, targets):
    """Yield the keys by which rows are compared, each time a list of pairs for each row."""
    if X.dtype != np.float32:
        with np.errstate(over="ignore"):  # to infinity
            rounded = X.astype(np.float32)
        yield _keys_of_values(rounded)
    yield _keys_of_values(X)
    if sp.issparse(targets):
        starts, labels = targets.indptr.astype(np.intp), targets.indices
    else:
        starts, labels = np.arange(len(targets) + 1), targets
    yield starts, labels.astype(np.int64) + 1, np.zeros(len(labels))


def _keys_of_values(X):
    """Return where the keys of each row begin, and all s and x, of the non-zero entries."""
    X = sp.csr_array(X, copy=True)
    X.eliminate_zeros()
    distances = X.shape[1] - X.indices.astype(np.int64)
    return X.indptr.astype(np.intp), np.where(X.data > 0, distances, -distances), X.data


def _refine(rank, tied, starts, s, x):
    """Sort the tied rows by their lists of keys, in `rank`; return those that tie in all keys."""
    done = [tied[:0]]
    p = 0
    while tied.size:
        entries = starts[tied] + p
        has_key = np.flatnonzero(entries < starts[tied + 1])
        keys = np.zeros((2, tied.size))
        keys[0, has_key], keys[1, has_key] = s[entries[has_key]], x[entries[has_key]]
        order = np.lexsort((keys[1], keys[0], rank[tied]))
        tied, keys, ranks = tied[order], keys[:, order], rank[tied[order]]
        starts_anew = np.append(True, ranks[1:] != ranks[:-1])
        differs = starts_anew.copy()
        differs[1:] |= (keys[:, 1:] != keys[:, :-1]).any(axis=0)
        rank[tied] = ranks + _run_starts(differs) - _run_starts(starts_anew)
        is_alone = differs & np.append(differs[1:], True)
        at_end = keys[0] == 0
        done.append(tied[~is_alone & at_end])
        tied = tied[~is_alone & ~at_end]
        p += 1
    return np.concatenate(done)


def _run_starts(is_start):
    """For each place, the last place up to it where a run starts."""
    return np.maximum.accumulate(np.where(is_start, np.arange(is_start.size), 0))
