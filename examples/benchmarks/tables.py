"""Tables in Markdown."""


def print_table(header, lines):
    """Print a table with its first column to the left and its figures to the right.

    Parameters
    ----------
    header : list of str
    lines : list of list of str
    """
    print("| " + " | ".join(header) + " |")
    print("|---|" + "---:|" * (len(header) - 1))
    for line in lines:
        print("| " + " | ".join(map(str, line)) + " |")
    print(flush=True)
