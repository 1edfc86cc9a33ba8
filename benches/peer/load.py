"""Fill a new Nexus data folder: load.py SIZE NEXUS DATA_DIR

The catalog becomes JSON Lines first; only `nexus import` itself is timed.
"""
import json
import os
import subprocess
import sys
import time

import workload as w

size, nexus, data_dir = int(sys.argv[1]), sys.argv[2], sys.argv[3]
out = os.environ["PEERS_DIR"]
catalog = w.Catalog(os.path.join(out, "data"), size)
names = dict(catalog.categories)


def run(*args, stdin=None):
    subprocess.run([nexus, *args, "--data-dir", data_dir], input=stdin, text=True, check=True)


lines = os.path.join(out, "data", f"products-{size}.jsonl")
with open(lines, "w") as f:
    for r in catalog.rows:
        f.write(json.dumps({
            "name": r["name"], "slug": r["slug"], "sku": f"P{r['id']:08d}",
            "description": r["description"], "price": f"{r['price'] // 100}.{r['price'] % 100:02d}",
            "stock": r["stock"], "category": names[r["category_slug"]],
            "created_at": r["created_at"]}) + "\n")

t0 = time.perf_counter()
run("import", lines)
seconds = time.perf_counter() - t0

for role, email, password in [("admin", *w.ADMIN)] + [
        ("customer", w.user_email(i), w.PASSWORD) for i in range(w.USERS)]:
    run("user", "create", "--role", role, "--email", email, "--password-stdin", stdin=password + "\n")

with open(os.path.join(out, "run", f"nexus-{size}.load"), "w") as f:
    json.dump({"seconds": round(seconds, 2), "way": "nexus import, JSON Lines"}, f)
print(f"loaded {size} in {seconds:.1f} s")
