"""Turns icecat/products.jsonl.gz into our JSON Lines: icecat.py FILE"""

import re
import sys

from common import cents, json_lines, line, prose, write

# The catalogue has no categories, and guessed ones would add words that its raters never saw.
CATEGORY = "> Electronics"


def attribute(key, value):
    """`attr_t_color` becomes `color`; a number stays a number."""
    name = line(re.sub(r"^attr_[tnb]_", "", key), 100)
    if isinstance(value, str):
        value = line(value, 1000)
    return (name, value) if name and value not in ("", None) and not isinstance(value, (list, dict)) else None


def convert(record):
    title = line(record["title"], 200)
    attributes = {"part_number": line(record["name"], 1000)} if line(record["name"], 1000) else {}
    for key, value in record.items():
        pair = attribute(key, value) if key.startswith("attr_") else None
        if pair and len(attributes) < 250:
            attributes.setdefault(*pair)
    eans = record.get("ean") or []
    return {
        "name": title or f"Product {record['id']}",
        "sku": str(record["id"]),
        "barcode": line(eans[0], 64) if eans else None,
        "category": CATEGORY,
        "brand": line(record.get("supplier"), 100) or None,
        "description": prose(record.get("short_description")),
        "price": cents(int(record["price"])),
        "stock": 10,
        "attributes": attributes,
        "images": images(record),
    }


def images(record):
    urls = [record.get("img_high"), record.get("img_500x500")]
    return [{"url": url} for url in urls if url and url.startswith("http") and not re.search(r"\s", url)]


for record in json_lines(sys.argv[1]):
    write(convert(record))
