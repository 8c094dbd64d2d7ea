"""Texts as a stream of sparse rows
================================

The script makes short texts about four topics from lists of words. Most words of a text say nothing
about its topic, some come from the list of its topic, and some from that of another. A
HashingVectorizer turns texts into sparse rows of a fixed width without having seen any before, so
that texts can come as a stream, and `partial_fit` learns from one batch after the other. Without a
hidden layer the network is softmax regression, which for texts is often enough, and `alpha` keeps
its weights small.

Hashed columns have no names, but the network can predict a text of one word, and a text of none:
the difference is what the word adds for each topic.

The script prints the accuracy on other texts and the most telling words of each topic, and draws
them. Words that belong to two topics add less for either.
"""

from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from sklearn.feature_extraction.text import HashingVectorizer

from skl_softmaxnet import SoftmaxMLPClassifier

PICTURE = Path(__file__).with_suffix(".png")
N_BATCHES = 40
BATCH = 50
WORDS_IN_TEXT = 14
N_TELLING = 12
TOPICS = {
    "weather": "rain cloud storm sunny wind frost snow thunder fog drizzle warm breeze",
    "cooking": "oven salt onion boil flour recipe butter simmer garlic dough spoon warm",
    "football": "goal keeper penalty league striker match referee storm coach stadium season kick",
    "music": "violin melody concert drum choir rhythm piano season song orchestra tune key",
}
COMMON = """the a and then with some after before about today again people many often they we it was
is said saw came went made little great early late every same first last near house town day"""

# Colours that differ for every kind of colour vision.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7")


def main():
    random = np.random.default_rng(0)
    vectorizer = HashingVectorizer(n_features=2**12, alternate_sign=False)
    network = SoftmaxMLPClassifier(
        hidden_layer_sizes=(),
        learning_rate_init=0.5,
        alpha=1e-4,
        random_state=0,
    )
    unseen, topics_of_unseen = texts(1000, random)
    X_unseen = vectorizer.transform(unseen)
    print(f"A text about {topics_of_unseen[0]}: {unseen[0]}\n")

    share = X_unseen.nnz / np.prod(X_unseen.shape)
    print(f"{X_unseen.shape[1]} columns, of which {share:.2%} are not zero\n")
    print("texts learned from    accuracy on 1000 others")
    for batch in range(1, N_BATCHES + 1):
        written, topics = texts(BATCH, random)
        network.partial_fit(vectorizer.transform(written), topics, classes=list(TOPICS))
        if batch in (1, 5, 10, 20, N_BATCHES):
            print(f"{batch * BATCH:18d}{network.score(X_unseen, topics_of_unseen):19.3f}")

    telling = telling_words(network, vectorizer)
    print("\nThe most telling words")
    for topic, words in telling.items():
        print(f"{topic:10}" + ", ".join(list(words)[:6]))
    draw(telling).savefig(PICTURE, dpi=150)
    print(f"\nPicture: {PICTURE}")


def texts(count, random):
    """Texts of many common words, with three words of the topic and one of any topic."""
    topics = random.choice(list(TOPICS), size=count)
    written = []
    for topic in topics:
        own = random.choice(TOPICS[topic].split(), size=3)
        stray = random.choice(TOPICS[random.choice(list(TOPICS))].split(), size=1)
        common = random.choice(COMMON.split(), size=WORDS_IN_TEXT - 4)
        written.append(" ".join(random.permutation([*own, *stray, *common])))
    return written, topics


def telling_words(network, vectorizer):
    """For each topic the words that add most to its sum, and how much they add."""
    words = np.unique(" ".join([*TOPICS.values(), COMMON]).split())
    sums = network.decision_function(vectorizer.transform([*words, ""]))
    added = sums[:-1] - sums[-1]
    telling = {}
    for topic, column in zip(network.classes_, added.T, strict=True):
        best = np.argsort(column)[::-1][:N_TELLING]
        telling[str(topic)] = {str(words[number]): column[number] for number in best}
    return {topic: telling[topic] for topic in TOPICS}


def in_two_topics(word):
    return sum(word in words.split() for words in TOPICS.values()) == 2


def draw(telling):
    figure = Figure(figsize=(12, 4.8), layout="constrained")
    figure.get_layout_engine().set(w_pad=0.1)
    panels = figure.subplots(1, len(telling), sharex=True)
    for axes, colour, (topic, words) in zip(panels, COLOURS, telling.items(), strict=True):
        bars = axes.barh(list(words), list(words.values()), color=colour)
        for bar, word in zip(bars, words, strict=True):
            if in_two_topics(word):
                bar.set(facecolor="white", edgecolor=colour, hatch="///")
        axes.invert_yaxis()  # the most telling word above
        axes.set_title(topic)
        axes.tick_params(axis="y", length=0)
        axes.spines[["top", "right"]].set_visible(False)
    figure.supxlabel(
        "what the word adds to the sum of the topic (hatched: it belongs to two topics)"
    )
    return figure


if __name__ == "__main__":
    main()
