#!/usr/bin/env python3
"""Recomputes `floopy savings` from an export:  floopy export --from 30d -o e.jsonl && python3 savings.py e.jsonl"""
import json, math, sys
from collections import defaultdict

rate, by = float(sys.argv[2]) if len(sys.argv) > 2 else 0.15, sys.argv[3] if len(sys.argv) > 3 else "route"
COLUMN = {"route": "route", "key": "key_id", "project": "project_id", "user": "user_id", "session": "session_id"}


class Side:  # cost of calls by class of input length: count, sum, sum of squares
    def __init__(self):
        self.classes = [[0, 0.0, 0.0] for _ in range(6)]

    def add(self, tokens, cost):
        side = self.classes[sum(tokens >= bound for bound in (64, 256, 1024, 4096, 16384))]
        side[0], side[1], side[2] = side[0] + 1, side[1] + cost, side[2] + cost * cost

    def all(self):
        return [sum(side[i] for side in self.classes) for i in range(3)]


def mean(side):
    return side[1] / side[0] if side[0] else 0.0


def variance(side):
    return max(side[2] / side[0] - mean(side) ** 2, 0) * side[0] / (side[0] - 1) if side[0] > 1 else 0.0


def saving(routed, held, unit):  # -> (saved, half of its 95 % interval) in micro-USD; None: not measured
    r, h = routed.all(), held.all()
    if r[0] < 10 or h[0] / unit < 10:
        return None
    base = doubt = 0.0
    for rc, hc in zip(routed.classes, held.classes):  # a class with few held-out calls borrows from all of them
        weight, lend = rc[0] / r[0], 3 / (hc[0] + 3)
        base += weight * ((1 - lend) * mean(hc) + lend * mean(h))
        doubt += weight**2 * max(variance(hc) if hc[0] > 2 else variance(h), 0.05 * variance(h)) / (hc[0] + 3)
    if base <= 0:
        return None
    n, log = h[0] / unit, -2 * math.log(0.05)
    rho = 60 / (log + math.log(log + 1))
    wide = math.sqrt((n + rho) / n * math.log((n + rho) / (rho * 0.0025)))
    error = math.sqrt(unit * ((mean(r) / base) ** 2 * doubt + variance(r) / r[0]))
    return (base - mean(r)) * r[0], error * wide * r[0]


held, draws, calls = defaultdict(Side), defaultdict(int), defaultdict(int)
parts, out_sessions = defaultdict(lambda: defaultdict(Side)), set()
for line in open(sys.argv[1], encoding="utf-8"):
    row = json.loads(line)
    if row.get("trailer") or row["routing_strategy"] != "feedback_driven" or row["outcome"]["cache_hit"]:
        continue
    cost, route, session = row["cost_micro_usd"], row["route"], (row["route"], row["session_id"])
    if row["status"] != "ok" or row["served"] is None or row["winner"] != row["served"] or cost is None:
        continue
    drawn, why = "trace" in row, row.get("trace", {}).get("why")
    if why == "holdout":
        out_sessions.add(session)
    calls[route], draws[route] = calls[route] + 1, draws[route] + drawn
    if why == "holdout" or (not drawn and session in out_sessions):
        held[route].add(row["outcome"]["input_tokens"] or 0, cost)
    else:
        name = "/".join(row["served"].values()) if by == "model" else row[COLUMN[by]]
        parts[name][route].add(row["outcome"]["input_tokens"] or 0, cost)
        parts["total"][route].add(row["outcome"]["input_tokens"] or 0, cost)
for name, routes in parts.items():
    units = {route: max(calls[route] / draws[route], 1) if draws[route] else 1 for route in routes}
    found = [s for s in (saving(side, held[route], units[route]) for route, side in routes.items()) if s]
    saved, margin = sum(s for s, _ in found), math.sqrt(sum(m * m for _, m in found))
    told = {"saved": round(saved), "lower": round(saved - margin), "upper": round(saved + margin)} if found else None
    print(json.dumps({"group": name, "saved": told, "invoice": round(max(0, saved * rate))}))
