"""Columns of numbers and of categories
====================================

Most tables have columns of both kinds. A ColumnTransformer scales the numbers, fills in what is
missing, and gives each category a column of its own, and the network learns from the result, which
is sparse if most of it is zero. The whole is one pipeline: it is fitted, searched and saved as one.

The script makes a table of bicycle trips: how far, how fast, by which weather, on which kind of day
and by whom, and whether the rider was late. Some speeds are missing, and one kind of weather is so
rare that it may be absent from what is trained on.

It prints how well the held-out trips are told apart, beside a network that sees the numbers only,
and draws how the probability to be late depends on the distance, for each kind of weather.
"""

import textwrap
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from sklearn.compose import make_column_transformer
from sklearn.impute import SimpleImputer
from sklearn.metrics import log_loss
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from skl_softmaxnet import SoftmaxMLPClassifier

PICTURE = Path(__file__).with_suffix(".png")
NUMBERS = ["distance", "speed"]
CATEGORIES = ["weather", "day", "rider"]
WEATHER = {"dry": 0.0, "rain": 1.2, "snow": 2.5, "fog": 0.4}  # what each adds to the delay
DAY = {"weekday": 0.8, "weekend": -0.4}
RIDER = {"commuter": -0.6, "tourist": 0.9, "courier": -1.0}

# Colours that differ for every kind of colour vision; the line styles differ too.
STYLES = {
    "dry": {"color": "#E69F00", "linestyle": "-"},
    "fog": {"color": "#666666", "linestyle": ":"},
    "rain": {"color": "#0072B2", "linestyle": "--"},
    "snow": {"color": "#D55E00", "linestyle": "-."},
}


def main():
    table, late = trips(3000, np.random.default_rng(0))
    train, test, y_train, y_test = train_test_split(table, late, random_state=0)
    print(train.head(4).to_string(), end="\n\n")

    print(f"{len(y_test)} held-out trips     accuracy    log loss")
    models = {"numbers alone": pipeline([]), "numbers and categories": pipeline(CATEGORIES)}
    for name, model in models.items():
        model.fit(train, y_train)
        loss = log_loss(y_test, model.predict_proba(test))
        print(f"{name:25}{model.score(test, y_test):9.3f}{loss:12.3f}")

    inputs = model[:-1].get_feature_names_out()
    print(
        "\n" + textwrap.fill(f"The network's {len(inputs)} inputs: {', '.join(inputs)}", width=80)
    )
    draw(model, test).savefig(PICTURE, dpi=150)
    print(f"Picture: {PICTURE}")


def trips(n_trips, random):
    """A table of trips, and whether each was late."""
    table = pd.DataFrame(
        {
            "distance": random.gamma(2.0, 2.5, n_trips).round(1),  # km
            "speed": random.normal(17, 3, n_trips).round(1),  # km/h
            "weather": random.choice(list(WEATHER), n_trips, p=[0.6, 0.3, 0.09, 0.01]),
            "day": random.choice(list(DAY), n_trips, p=[0.7, 0.3]),
            "rider": random.choice(list(RIDER), n_trips),
        }
    )
    delay = 1.6 * np.log(table["distance"] + 0.1) - 0.25 * (table["speed"] - 17) - 2.2
    for column, adds in (("weather", WEATHER), ("day", DAY), ("rider", RIDER)):
        delay += table[column].map(adds)
    late = np.where(delay + random.logistic(size=n_trips) > 0, "late", "in time")
    table.loc[random.uniform(size=n_trips) < 0.1, "speed"] = np.nan
    return table, late


def pipeline(categories):
    columns = make_column_transformer(
        (make_pipeline(SimpleImputer(), StandardScaler()), NUMBERS),
        # a category that training has not seen is all zeros
        (OneHotEncoder(handle_unknown="ignore"), categories),
        verbose_feature_names_out=False,
    )
    return make_pipeline(columns, SoftmaxMLPClassifier(20, random_state=0))


def draw(model, trips):
    """The probability to be late by distance, the mean over the other columns of these trips."""
    figure = Figure(figsize=(8, 5), layout="constrained")
    axes = figure.subplots()
    distances = np.linspace(0.5, 15, 30)
    for weather, style in STYLES.items():
        means = [
            model.predict_proba(trips.assign(weather=weather, distance=distance))[:, 1].mean()
            for distance in distances
        ]
        axes.plot(distances, means, linewidth=2, label=weather, **style)
    axes.set(title="How the distance and the weather make a trip late", ylim=(0, 1))
    axes.set(xlabel="distance (km)", ylabel='mean probability of "late"')
    axes.legend(title="weather", frameon=False)
    axes.spines[["top", "right"]].set_visible(False)
    return figure


if __name__ == "__main__":
    main()
