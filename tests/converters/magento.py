"""Turns magento/products.csv.gz and products_gear_*.csv into our JSON Lines: magento.py FOLDER

A `configurable` row becomes a product, the `simple` rows it names in `configurable_variations` its variants.
"""

import glob
import os
import sys
from decimal import Decimal

from common import csv_rows, line, prose, write


def pairs(text):
    """`a=1,b=2,c=x|y` as a dictionary; commas within values do not occur."""
    found = (part.split("=", 1) for part in (text or "").split(",") if "=" in part)
    return {key.strip(): value.strip() for key, value in found}


def price(text):
    return f"{Decimal(text or '0'):.2f}"


def category(text):
    """The deepest path, without the root all of them share."""
    paths = [[line(name, 200) for name in path.split("/")][1:] for path in (text or "").split(",")]
    return "> " + " > ".join(max(paths, key=len) or ["Other"])


def typed(value):
    values = [line(part, 1000) for part in value.split("|") if line(part, 1000)]
    if value in ("Yes", "No"):
        return value == "Yes"
    return values[0] if len(values) == 1 else values


def images(row):
    paths = [row["base_image"]] + (row.get("additional_images") or "").split(",")
    return [{"url": "/media" + path} for path in dict.fromkeys(paths) if path.startswith("/")]


def configurable(row, simple):
    chosen = [pairs(part) for part in row["configurable_variations"].split("|") if part]
    chosen = [one for one in chosen if one["sku"] in simple]
    names = [name for name in chosen[0] if name != "sku"]
    attributes = {k: typed(v) for k, v in pairs(row["additional_attributes"]).items() if not k.endswith("_options")}
    variants = []
    for one in chosen:
        stock = simple[one["sku"]]
        variants.append({
            "sku": one["sku"],
            "options": {name.capitalize(): one[name] for name in names},
            "price": price(stock["price"]),
            "stock": int(Decimal(stock["qty"] or "0")),
            "weight_grams": int(Decimal(stock["weight"] or "0") * 1000),
        })
    return {
        "name": line(row["name"], 200),
        "category": category(row["categories"]),
        "description": prose(row["description"]),
        "attributes": {k: v for k, v in attributes.items() if v not in ("", [])},
        "options": [{"name": n.capitalize(), "values": list(dict.fromkeys(one[n] for one in chosen))} for n in names],
        "variants": variants,
        "images": images(row),
    }


def gear(row):
    skip = {"category", "name", "sku", "price", "qty", "description", "attribute_set", "visibility", "url_key", "image"}
    attributes = {}
    for key, value in row.items():
        values = [line(part, 1000) for part in (value or "").split("\n") if line(part, 1000)]
        if key and key not in skip and values:
            attributes[key] = values[0] if len(values) == 1 else values[:50]
    return {
        "name": line(row["name"], 200),
        "sku": line(row["sku"], 100),
        "category": "> " + " > ".join(line(part, 200) for part in row["category"].split("\n") if part.strip()),
        "description": prose(row["description"]),
        "price": price(row["price"]),
        "stock": int(row["qty"] or "0"),
        "attributes": attributes,
    }


folder = sys.argv[1]
rows = list(csv_rows(os.path.join(folder, "products.csv.gz")))
simple = {row["sku"]: row for row in rows if row["product_type"] == "simple"}
for row in rows:
    if row["product_type"] == "configurable":
        write(configurable(row, simple))
for path in sorted(glob.glob(os.path.join(folder, "products_gear_*.csv"))):
    for row in csv_rows(path):
        write(gear(row))
