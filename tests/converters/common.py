"""What the converters share: reading packed files, tidying texts, writing JSON Lines."""

import csv
import gzip
import html
import io
import json
import re
import sys

csv.field_size_limit(1 << 24)


def text_file(path):
    """Opens a text file, packed with gzip or not."""
    if path.endswith(".gz"):
        return io.TextIOWrapper(gzip.open(path, "rb"), encoding="utf-8", newline="")
    return open(path, encoding="utf-8", newline="")


def json_lines(path):
    """The objects of a JSON Lines file."""
    with text_file(path) as file:
        for line in file:
            if line.strip():
                yield json.loads(line)


def csv_rows(path):
    """The rows of a CSV file as dictionaries."""
    with text_file(path) as file:
        yield from csv.DictReader(file)


def line(text, most):
    """A text on one line without control characters, entities resolved, at most so long."""
    tidy = html.unescape(str(text or ""))
    tidy = re.sub(r"[\s\x00-\x1f\x7f-\x9f]+", " ", tidy).strip()
    return tidy[:most].strip()


def prose(text):
    """A long text as it is, without the control characters that no page shows."""
    return re.sub(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]", " ", str(text or ""))[:50_000]


def cents(amount):
    """Hundredths as a decimal text."""
    return f"{amount // 100}.{amount % 100:02d}"


def write(product):
    """One line of the output."""
    sys.stdout.write(json.dumps(product, ensure_ascii=False, separators=(",", ":")) + "\n")
