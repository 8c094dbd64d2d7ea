"""Learning from a file larger than memory
=======================================

The script makes a file of about 300 MB: the handwritten digits of scikit-learn, four times as wide
and as high, shifted at random and with noise. Then it limits its own memory, so that reading the
whole file fails, and reads it in chunks, which `partial_fit` learns from one after the other. How
the file is cut into chunks makes no difference to the network.

The digits that it is scored on are not in the file, in any form. The file is temporary. Where the
system has no such limit, as on Windows and macOS, the script says so and continues without it.

The script prints the accuracy as learning proceeds, and draws it.
"""

import tempfile
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from skl_softmaxnet import SoftmaxMLPClassifier

try:
    import resource
except ImportError:  # Windows
    resource = None

PICTURE = Path(__file__).with_suffix(".png")
N_ROWS = 72_000
N_ROWS_IN_PIECE = 2_000  # 8 MB
WIDTH = 32  # pixels, and as many in height
N_SHOWN = 16
SHIFT = 3  # pixels at most, in each direction
ALLOWED = 128 * 1024**2  # bytes, beside what the process needs before it reads anything
GREYS = {"cmap": "gray_r", "vmin": -0.3, "vmax": 1.2}
ROW = np.dtype([("label", "i4"), ("pixels", "f4", WIDTH * WIDTH)])


def main():
    digits, labels = load_digits(return_X_y=True)
    enlarged = np.kron(digits.reshape(-1, 8, 8), np.ones((4, 4))).astype("f4") / 16
    train, test, y_train, y_test = train_test_split(
        enlarged, labels, test_size=0.2, stratify=labels, random_state=0
    )
    random = np.random.default_rng(0)
    X_test = varied(test, random)

    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "digits.bin"
        write(file, train, y_train, random)
        print(f"The file: {N_ROWS} rows of {WIDTH * WIDTH} pixels, {megabytes(file)} MB")
        with limited_memory(ALLOWED) as is_limited:
            if is_limited:
                print(f"Memory allowed for data: {ALLOWED // 1024**2} MB")
                show_that_whole_file_does_not_fit(file)
            some = read(file, 0)["pixels"][:N_SHOWN]
            curve = learn(file, X_test, y_test)

    figure = draw(curve, some, len(y_test))
    figure.savefig(PICTURE, dpi=150)
    print(f"Picture: {PICTURE}")


def varied(images, random):
    """Shift each image at random and add noise; return a row of pixels for each."""
    padded = np.pad(images, ((0, 0), (SHIFT, SHIFT), (SHIFT, SHIFT)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, (WIDTH, WIDTH), axis=(1, 2))
    down, right = random.integers(2 * SHIFT + 1, size=(2, len(images)))
    shifted = windows[np.arange(len(images)), down, right]
    noise = random.standard_normal(shifted.shape, dtype="f4")
    return (shifted + 0.2 * noise).reshape(len(images), -1)


def write(file, images, labels, random):
    """Write the file in pieces: it is never in memory as a whole."""
    with file.open("wb") as opened:
        for _ in range(N_ROWS // N_ROWS_IN_PIECE):
            chosen = random.integers(len(images), size=N_ROWS_IN_PIECE)
            piece = np.empty(N_ROWS_IN_PIECE, ROW)
            piece["label"] = labels[chosen]
            piece["pixels"] = varied(images[chosen], random)
            piece.tofile(opened)


def megabytes(file):
    return file.stat().st_size // 1024**2


@contextmanager
def limited_memory(n_bytes):
    """Allow this process so much more memory for data than it has; False where it cannot be."""
    status = Path("/proc/self/status")
    if resource is None or not status.exists():
        print("This system cannot limit the memory of a process; continuing without a limit.")
        yield False
        return
    (line,) = [line for line in status.read_text().splitlines() if line.startswith("VmData")]
    has = int(line.split()[1]) * 1024
    soft, hard = resource.getrlimit(resource.RLIMIT_DATA)
    resource.setrlimit(resource.RLIMIT_DATA, (has + n_bytes, hard))
    try:
        yield True
    finally:
        resource.setrlimit(resource.RLIMIT_DATA, (soft, hard))


def show_that_whole_file_does_not_fit(file):
    try:
        np.fromfile(file, ROW)
    except MemoryError as error:
        print(f"Reading the file whole: {type(error).__name__}")
    else:
        print("Reading the file whole: it could be read, the system does not keep the limit")


def read(file, first):
    """One piece of the file, from the row with this number."""
    return np.fromfile(file, ROW, count=N_ROWS_IN_PIECE, offset=first * ROW.itemsize)


def learn(file, X_test, y_test):
    """Learn from one piece after the other; return the rows read and the accuracy at each."""
    network = SoftmaxMLPClassifier(hidden_layer_sizes=30, random_state=0)
    print("\n rows read    accuracy on held-out digits")
    curve = []
    for first in range(0, N_ROWS, N_ROWS_IN_PIECE):
        piece = read(file, first)
        network.partial_fit(piece["pixels"], piece["label"], classes=range(10))
        n_read = first + len(piece)
        curve.append([n_read, network.score(X_test, y_test)])
        if n_read in (2_000, 8_000, 24_000, N_ROWS):
            print(f"{n_read:10d}{curve[-1][1]:12.3f}")
    return np.array(curve)


def draw(curve, images, n_test):
    figure = Figure(figsize=(11, 4.8), layout="constrained")
    left, right = figure.subplots(1, 2, width_ratios=[1, 1.6])
    tiles = images.reshape(4, 4, WIDTH, WIDTH)
    tiles = np.pad(tiles, ((0, 0), (0, 0), (1, 1), (1, 1)), constant_values=np.nan)
    left.imshow(np.concatenate(np.concatenate(tiles, axis=1), axis=1), **GREYS)
    left.set_title(f"The first {N_SHOWN} rows of the file")
    left.set_axis_off()

    right.plot(*curve.T, color="#0072B2", marker="o", markersize=4)
    right.set_title(f"Accuracy on {n_test} held-out digits")
    right.set(xlabel="rows read from the file", ylabel="accuracy", ylim=(0, 1), xlim=(0, None))
    right.xaxis.set_major_formatter("{x:,.0f}")
    right.grid(alpha=0.3)
    return figure


if __name__ == "__main__":
    main()
