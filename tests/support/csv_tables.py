"""Small tables of text: of classes and of values, and other ways to write them."""

ROWS = [((i * 37 % 30) / 10, (i * 17 % 30) / 10) for i in range(30)]
CATS_AND_DOGS = "u,v,kind\n" + "".join(f"{i * 3 % 31},{i * 7 % 10},{'cat' if i % 3 else 'dog'}\n" for i in range(30))


def write_table(path, target, name):
    """Write the rows with a target of this name in the last column."""
    lines = [f"{a},{b},{y}" for (a, b), y in zip(ROWS, target, strict=True)]
    path.write_text("\n".join([f"u,v,{name}", *lines]) + "\n")


def rewrite(folder, how):
    """Write the rows of kinds.csv to other.csv, with semicolons and other columns."""
    text = [line.split(",") for line in (folder / "kinds.csv").read_text().splitlines()]
    table = {
        "reordered": [[kind, b, a] for a, b, kind in text],
        "without a header": text[1:],
        "without the target": [row[:2] for row in text],
        "neither": [row[:2] for row in text[1:]],
    }[how]
    (folder / "other.csv").write_text("\n".join(map(";".join, table)))
