#!/usr/bin/env python3
"""Nexus beside its peers, as Markdown: ratios.py RESULTS.jsonl [SINCE]

SINCE (2026-01-31T09:05:00): leave out what was measured before.  The latest
line of each kind counts.  Ratios are Nexus divided by the other: for requests a
second more than 1 is faster, for seconds and megabytes less than 1 is better.
"""
import json
import sys

# Nexus' operation, the peer, the peer's operation
THROUGHPUT = [
    ("O1", "rocket", "O1"), ("O1", "rocket", "O1piece"), ("O1", "pocketbase", "O1"),
    ("O2", "rocket", "O2"), ("O2", "pocketbase", "O2"), ("O2", "nexus", "O2first"),
    ("O3", "rocket", "O3"), ("O3", "pocketbase", "O3"),
    ("O4", "rocket", "O4"), ("O4", "pocketbase", "O4"),
    ("O1cached", "rocket", "json1"), ("O1cached", "rocket", "json"), ("O3cached", "rocket", "O3"),
    ("O6", "pocketbase", "O6"),
]
COSTS = [
    ("bulk load, s", "bulk", "seconds"),
    ("cold start, s", "cold", "median_s"),
    ("idle, RSS MB", "idle", "rss_mb"),
    ("after O1, RSS MB", "O1", "rss_mb"),
    ("after O4, RSS MB", "O4", "rss_mb"),
]


def read(path, since):
    latest = {}
    with open(path) as f:
        for line in f:
            r = json.loads(line)
            if r["at"] >= since:
                latest[r["peer"], r["op"], int(r["size"])] = r
    return latest


def number(x):
    return "–" if x is None else f"{x:,.0f}" if x >= 100 else f"{x:.3g}"


def ratio(a, b):
    return number(a / b) if a is not None and b else "–"


def rate(r):
    """Requests a second as text; what went wrong is said beside it."""
    if r.get("failed"):
        return "wrong answers"
    errors = f" ({r['errors']} errors)" if r.get("errors") else ""
    return number(r.get("rps")) + errors


def main():
    latest = read(sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else "")
    for size in sorted({k[2] for k in latest if k[0] == "nexus"}):
        def get(peer, op):
            return latest.get((peer, op, size), {})

        print(f"\n{size:,} products\n")
        print("| Nexus | req/s | other | req/s | ratio | p50 ms, 1 client: Nexus / other | p99 ms, 1 client |")
        print("|---|--:|---|--:|--:|--:|--:|")
        for op, peer, other in THROUGHPUT:
            a, b = get("nexus", op), get(peer, other)
            if a and b:
                pair = [f"{number(a.get(k))} / {number(b.get(k))}" for k in ("c1_p50_ms", "c1_p99_ms")]
                print(f"| {op} | {rate(a)} | {peer} {other} | {rate(b)} "
                      f"| {ratio(a.get('rps'), b.get('rps'))} | {pair[0]} | {pair[1]} |")
        print("\n| | Nexus | rocket | ratio | PocketBase | ratio |")
        print("|---|--:|--:|--:|--:|--:|")
        for label, op, key in COSTS:
            n, r, p = (get(peer, op).get(key) for peer in ("nexus", "rocket", "pocketbase"))
            if n is not None:
                print(f"| {label} | {number(n)} | {number(r)} | {ratio(n, r)} | {number(p)} | {ratio(n, p)} |")


main()
