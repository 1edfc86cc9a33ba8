"""Turns import-samples/spree_products.csv into our JSON Lines: spree.py FILE

Rows that repeat a slug are variants; the first row of a slug that has some is the product itself. Rows that
repeat a SKU say its price in another currency and are passed over.
"""

import sys
from decimal import Decimal

from common import csv_rows, line, prose, write

# Stock that the sample does not count.
UNCOUNTED = 100
GRAMS = {"lb": Decimal("453.59237"), "oz": Decimal("28.349523125"), "kg": Decimal(1000), "g": Decimal(1)}


def sale(row):
    weight = Decimal(row["weight"]) * GRAMS.get(row["weight_unit"] or "lb", Decimal(1)) if row["weight"] else None
    was = Decimal(row["compare_at_price"] or "0")
    return {
        "sku": line(row["sku"], 100) or None,
        "price": f"{Decimal(row['price'] or '0'):.2f}",
        "compare_at_price": f"{was:.2f}" if was else None,
        "stock": int(row["inventory_count"] or UNCOUNTED),
        "weight_grams": None if weight is None else int(weight.to_integral_value()),
    }


def convert(rows):
    first, variants = rows[0], rows[1:]
    images = [row[key] for row in rows for key in row if key.startswith("image") and (row[key] or "").startswith("http")]
    fields = {k.removeprefix("custom_field.custom."): line(v, 1000) for k, v in first.items() if k.startswith("custom_field.")}
    path = [line(part, 200) for part in (first["category1"] or "Other").split("->")]
    product = {
        "name": line(first["name"], 200),
        "slug": first["slug"],
        "status": first["status"] or "active",
        "category": "> " + " > ".join(path),
        "description": prose(first["description"]),
        "tags": [line(tag, 50) for tag in (first["tags"] or "").split(",") if tag.strip()],
        "attributes": {k: v for k, v in fields.items() if v},
        "images": [{"url": url} for url in dict.fromkeys(images)],
        "seo": {"title": line(first["meta_title"], 200) or None, "description": line(first["meta_description"], 500) or None},
    }
    if not variants:
        return product | sale(first)
    names = [key for key in ("option1", "option2", "option3") if any(row.get(f"{key}_value") for row in variants)]
    title = {key: next(line(row[f"{key}_name"], 100) for row in variants if row[f"{key}_name"]) for key in names}
    choose = lambda row: {title[key]: line(row[f"{key}_value"], 200) or "-" for key in names}
    product["options"] = [{"name": title[key], "values": list(dict.fromkeys(choose(row)[title[key]] for row in variants))} for key in names]
    product["variants"] = [sale(row) | {"options": choose(row)} for row in variants]
    return product


groups = {}
for row in csv_rows(sys.argv[1]):
    group = groups.setdefault(row["slug"], [])
    if all(row["sku"] != other["sku"] for other in group):
        group.append(row)
for rows in groups.values():
    write(convert(rows))
