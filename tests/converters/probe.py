"""Asks a running shop for what its file says it must hold: probe.py NAME FILE.jsonl BASE_URL

Expected numbers are counted from the file, not from the shop. Prints a line `ok …` or `FAIL …` for each check.
"""

import json
import re
import sys
import urllib.error
import urllib.parse
import urllib.request
from collections import Counter

from common import json_lines

NAME, FILE, BASE = sys.argv[1:4]
products = list(json_lines(FILE))


def get(**query):
    url = f"{BASE}/api/v1/products?" + urllib.parse.urlencode(query, doseq=True)
    try:
        with urllib.request.urlopen(url, timeout=60) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as error:
        return {"count": f"HTTP {error.code}: {error.read()[:200]}", "results": []}


def report(good, what, detail=""):
    print(f"ok {NAME}: {what}" if good else f"FAIL {NAME}: {what}{': ' + str(detail) if detail else ''}", flush=True)


def counted(what, expected, **query):
    found = get(include="count", page_size=1, **query)["count"]
    report(found == expected, f"{what}: {expected}", f"the shop says {found}")


def status(product):
    return product.get("status") or "active"


def skus(product):
    return [product["sku"]] if product.get("sku") else [v.get("sku") for v in product.get("variants", [])]


def prices(product):
    return [float(v["price"]) for v in product.get("variants") or [product]]


def found(product):
    """Whether a search for the whole name brings the product up on the first page."""
    page = get(search=product["name"], page_size=100)
    names = [result["name"] for result in page["results"]]
    report(product["name"] in names, f"search finds {product['name'][:60]!r}", f"not among {len(names)} results")


public = [p for p in products if status(p) == "active"]
counted("products on sale", len(public))

brands = Counter(p["brand"].lower() for p in public if p.get("brand"))
for brand, count in brands.most_common(3):
    counted(f"brand {brand}", count, brand=brand)

roots = Counter((p["category"].lstrip("> ").split(" > ")[0]) for p in public)
root, count = roots.most_common(1)[0]
with urllib.request.urlopen(f"{BASE}/api/v1/categories?tree=true", timeout=60) as answer:
    tree = json.load(answer)
tree = tree["results"] if isinstance(tree, dict) else tree
slug = next((node["slug"] for node in tree if node["name"].lower() == root.lower()), "?")
counted(f"category {root} and below", count, category=slug)

terms = Counter()
for product in public:
    terms.update({(k, v) for k, v in (product.get("attributes") or {}).items() if isinstance(v, str) and 0 < len(v) <= 60})
for (name, value), _ in terms.most_common(2):
    same = lambda v: any(isinstance(i, str) and i.lower() == value.lower() for i in (v if isinstance(v, list) else [v]))
    count = sum(any(k.lower() == name.lower() and same(v) for k, v in (p.get("attributes") or {}).items()) for p in public)
    counted(f"attribute {name}={value}", count, **{f"attr.{name}": value})

middle = sorted(min(prices(p)) for p in public)[len(public) // 2]
counted(f"price up to {middle}", sum(min(prices(p)) <= middle for p in public), max_price=f"{middle:.2f}")

once = Counter(p["name"] for p in public)
plain = [p for p in public if once[p["name"]] == 1 and len(p["name"].split()) >= 2]
for product in (plain[len(plain) // 7], plain[len(plain) // 2]):
    found(product)
scripts = {"Cyrillic": "[а-я]{4}", "Arabic": "[\u0620-\u064a]{3}", "Chinese": "[\u4e00-\u9fff]{2}", "Greek": "[α-ω]{4}", "Hebrew": "[א-ת]{3}", "Thai": "[\u0e00-\u0e7f]{4}"}
for script, letters in scripts.items():
    named = next((p for p in public if once[p["name"]] == 1 and re.search(letters, p["name"].lower())), None)
    if named:
        found(named)

coded = next((p for p in public if any(skus(p))), None)
if coded:
    code = next(s for s in skus(coded) if s)
    page = get(search=code, page_size=5)
    names = [r["name"] for r in page["results"]]
    report(coded["name"] in names, f"search finds SKU {code}", names)

walked, cursor, ids = 0, f"{BASE}/api/v1/products?page_size=100", set()
while cursor and walked < 3_000:
    with urllib.request.urlopen(cursor, timeout=60) as answer:
        page = json.load(answer)
    walked += len(page["results"])
    ids.update(result["id"] for result in page["results"])
    cursor = page["next"] and urllib.parse.urljoin(BASE, page["next"])
expected = min(len(public), 3_000)
report(walked == len(ids) and walked >= expected, f"paging gives {expected} different products", f"{walked}, {len(ids)} different")
