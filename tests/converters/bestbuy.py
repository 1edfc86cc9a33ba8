"""Turns bestbuy/products.jsonl.gz into our JSON Lines; the line number is the SKU: bestbuy.py FILE"""

import sys
from decimal import Decimal

from common import json_lines, line, prose, write


def convert(number, record):
    path = [line(name, 200).replace(">", "/") for name in record["categories"]]
    image = record.get("image") or ""
    return {
        "name": line(record["name"], 200),
        "sku": f"BB-{number}",
        "category": "> " + " > ".join(name for name in path if name),
        "brand": line(record.get("brand"), 100) or None,
        "description": prose(record.get("description")),
        "price": f"{Decimal(str(record['price'])):.2f}",
        "stock": 5,
        "attributes": {"popularity": record["popularity"]},
        "images": [{"url": image}] if image.startswith("http") else [],
    }


for number, record in enumerate(json_lines(sys.argv[1]), 1):
    write(convert(number, record))
