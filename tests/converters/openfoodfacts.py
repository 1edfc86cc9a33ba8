"""Turns openfoodfacts/products.csv.gz into our JSON Lines: openfoodfacts.py FILE

The data knows no price, so every product costs 1.00. Of a barcode that occurs twice the first row counts.
"""

import sys

from common import csv_rows, line, prose, write

seen = set()
for row in csv_rows(sys.argv[1]):
    barcode = line(row["barcode"], 64)
    name = line(row["product_name"], 200)
    if not barcode or not name or barcode in seen:
        continue
    seen.add(barcode)
    image = row.get("image_url") or ""
    usable = image.startswith("http") and not any(c.isspace() for c in image)
    write({
        "name": name,
        "sku": barcode,
        "barcode": barcode,
        "category": "> Food",
        "description": prose(row["ingredients"]),
        "price": "1.00",
        "stock": 1,
        "images": [{"url": image}] if usable else [],
    })
