"""Nexus: the workload as HTTP requests, and the reading of its answers.

Two operations beyond the harness' own: O2first, the first page of what O2 pages
through; O3cached, O3 with the response cache on.  With NEXUS_PEER_CACHE=1 the
server runs with that cache, and only the cached operations are written; without,
only the others, so that no figure can go by the wrong name.
"""
import glob
import http.client
import json
import os
import sys
from urllib.parse import parse_qs, urlencode, urlsplit

sys.path.insert(0, os.environ["BENCH"])
import workload as w

PORT = 8077
HEALTH = "/health/live"
READY = "/api/v1/products/1"
PRODUCTS = "/api/v1/products"
JSON = {"content-type": "application/json"}


def money(cents):
    return f"{cents // 100}.{cents % 100:02d}"


def category(slug):
    """Import makes the slug from the name: "Category 005" is category-005."""
    return "category-" + slug.removeprefix("cat-")


def listing(**query):
    return PRODUCTS + "?" + urlencode({**query, "page_size": query.get("page_size", w.PAGE)})


def ask(conn, path, method="GET", body=None):
    conn.request(method, path, body, JSON if body else {})
    answer = conn.getresponse()
    data = answer.read()
    if answer.status >= 300:
        raise RuntimeError(f"{method} {path}: {answer.status} {data[:300]!r}")
    return json.loads(data)


def cursors(conn, size, targets):
    """The cursor that continues after each of the positions in `targets` (ascending).

    Cursors come from the server only, so walk there; keep them for the next run.
    """
    kept = os.path.join(os.environ["PEERS_DIR"], "run", f"nexus-{size}.cursors")
    if os.path.exists(kept):
        with open(kept) as f:
            found = json.load(f)
        if len(found) == len(targets):
            return found
    found, at, cursor = [], 0, None
    for target in targets:
        while at < target:
            step = min(100, target - at)
            query = {"ordering": "-created_at", "page_size": step}
            if cursor:
                query["cursor"] = cursor
            page = ask(conn, listing(**query))
            if len(page["results"]) != step or not page["next"]:
                raise RuntimeError(f"page at {at}: {len(page['results'])} of {step} products")
            cursor = parse_qs(urlsplit(page["next"]).query)["cursor"][0]
            at += step
        found.append(cursor)
    with open(kept, "w") as f:
        json.dump(found, f)
    return found


def generate(size, directory):
    c = w.Catalog(os.path.join(os.environ["PEERS_DIR"], "data"), size)
    for old in glob.glob(os.path.join(directory, "O*")):
        os.remove(old)
    conn = http.client.HTTPConnection("127.0.0.1", PORT, timeout=60)

    def put(op, reqs):
        w.write_requests(directory, op, reqs)

    def o1(**extra):
        for q in c.lists():
            count = sum(q["min"] <= r["price"] <= q["max"] for r in c.by_category[q["category"]])
            yield {"path": listing(category=category(q["category"]), min_price=money(q["min"]),
                                   max_price=money(q["max"]), ordering="price", **extra),
                   "check": {"prices": q["answer"], "count": count}}

    o3 = [{"path": f"{PRODUCTS}/{r['id']}", "check": r["slug"]} for r in c.details()]
    if os.environ.get("NEXUS_PEER_CACHE") == "1":
        put("O1cached", list(o1()))
        put("O3cached", o3)
        return
    put("O1", list(o1()))
    put("O1total", list(o1(include="count")))
    place = {r["id"]: i + 1 for i, r in enumerate(c.newest)}
    deep = c.deep_pages()
    places = cursors(conn, size, [place[q["after"]["id"]] for q in deep])
    put("O2", [{"path": listing(ordering="-created_at", cursor=cursor), "check": q["answer"]}
               for q, cursor in zip(deep, places)])
    put("O2first", [{"path": listing(ordering="-created_at"),
                     "check": [r["created_at"] for r in c.newest[:w.PAGE]]}])
    put("O3", o3)
    put("O4", [{"path": listing(search=q["q"]), "check": q} for q in c.searches()])

    def login(email, password):
        return {"path": "/api/v1/auth/login", "method": "POST", "headers": JSON,
                "body": json.dumps({"email": email, "password": password}), "check": None}

    put("O5", [login(w.user_email(i), w.PASSWORD) for i in range(w.USERS)])
    admin = login(*w.ADMIN)
    token = ask(conn, admin["path"], "POST", admin["body"])["access"]  # lives 10 minutes
    p = w.new_product()
    put("O6", [{"path": PRODUCTS, "method": "POST",
                "headers": {**JSON, "authorization": "Bearer " + token},
                "body": json.dumps({**p, "price": money(p["price"]), "sku": "BENCH-{{N}}",
                                    "category": category(p["category"])}),
                "check": money(p["price"])}])


def check(op, data, want):
    if op in ("O1", "O1total", "O1cached"):
        got, prices = [r["price"] for r in data["results"]], [money(x) for x in want["prices"]]
        if any(not r["category"]["name"] for r in data["results"]):
            return "no category"
        if op == "O1total" and data["count"] != want["count"]:
            return f"count {data['count']} not {want['count']}"
        return None if got == prices else f"prices {got} not {prices}"
    if op in ("O2", "O2first"):
        got = [r["created_at"].replace(".000Z", "Z") for r in data["results"]]
        return None if got == want else f"dates {got[:3]} not {want[:3]}"
    if op in ("O3", "O3cached"):
        if not data["category"]["name"]:
            return "no category"
        return None if data["slug"] == want else "wrong product"
    if op == "O4":
        # what matches every word comes first; a page may go on with weaker matches
        full = min(w.PAGE, want["hits"])
        texts = [r["name"] + " " + r["description"] for r in data["results"]]
        if len(texts) < full:
            return f"{len(texts)} hits, expected {full} for {want['q']!r}"
        return next((f"a hit lacks {x!r}" for t in texts[:full] for x in want["words"]
                     if x not in t.lower()), None)
    if op == "O5":
        return None if data.get("access") else "no token"
    if op == "O6":
        return None if data["price"] == want else "wrong price"


if __name__ == "__main__":
    generate(int(sys.argv[1]), sys.argv[2])
