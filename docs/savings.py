#!/usr/bin/env python3
"""Recomputes `floopy savings` from an export:  floopy export --from 30d -o e.jsonl && python3 savings.py e.jsonl"""
import json, math, sys
from collections import defaultdict

rate, by = float(sys.argv[2]) if len(sys.argv) > 2 else 0.15, sys.argv[3] if len(sys.argv) > 3 else "route"
COLUMN = {"route": "route", "key": "key_id", "project": "project_id", "user": "user_id", "session": "session_id"}

def side():  # the calls of one side by class of input length: count, sum of costs, sum of their squares
    return [[0, 0.0, 0.0] for _ in range(6)]

def add(calls, tokens, cost):
    part = calls[sum((tokens or 0) >= bound for bound in (64, 256, 1024, 4096, 16384))]
    part[:] = part[0] + 1, part[1] + cost, part[2] + cost * cost

def mean(part):
    return part[1] / part[0] if part[0] else 0.0

def variance(part):
    return max(part[2] / part[0] - mean(part) ** 2, 0) * part[0] / (part[0] - 1) if part[0] > 1 else 0.0

def saving(routed, held, unit):  # -> (saved, half of its 95 % interval) in micro-USD; None: not measured
    r, h = ([sum(part[i] for part in calls) for i in range(3)] for calls in (routed, held))
    if r[0] < 10 or h[0] / unit < 10:
        return None
    base = doubt = 0.0
    for rc, hc in zip(routed, held):  # a class with few held-out calls borrows from all of them
        weight, lend = rc[0] / r[0], 3 / (hc[0] + 3)
        base += weight * ((1 - lend) * mean(hc) + lend * mean(h))
        doubt += weight**2 * max(variance(hc) if hc[0] > 2 else variance(h), 0.05 * variance(h)) / (hc[0] + 3)
    if base <= 0:
        return None
    n, log = h[0] / unit, -2 * math.log(0.05)
    rho = 60 / (log + math.log(log + 1))
    wide = math.sqrt((n + rho) / n * math.log((n + rho) / (rho * 0.0025)))
    return (base - mean(r)) * r[0], math.sqrt(unit * ((mean(r) / base) ** 2 * doubt + variance(r) / r[0])) * wide * r[0]

held, draws, calls, out_sessions = defaultdict(side), defaultdict(int), defaultdict(int), set()
parts = defaultdict(lambda: defaultdict(side))
for row in map(json.loads, open(sys.argv[1], encoding="utf-8")):
    if row.get("trailer") or row["routing_strategy"] != "feedback_driven" or row["outcome"]["cache_hit"]:
        continue
    cost, tokens, route = row["cost_micro_usd"], row["outcome"]["input_tokens"], row["route"]
    if row["status"] != "ok" or row["served"] is None or row["winner"] != row["served"] or cost is None:
        continue
    drawn, session = "trace" in row, (route, row["session_id"])
    if drawn and row["trace"]["why"] == "holdout":
        out_sessions.add(session)
    calls[route], draws[route] = calls[route] + 1, draws[route] + drawn
    if row["trace"]["why"] == "holdout" if drawn else session in out_sessions:
        add(held[route], tokens, cost)
        continue
    for name in ("/".join(row["served"].values()) if by == "model" else row[COLUMN[by]], "total"):
        add(parts[name][route], tokens, cost)
for name, routes in parts.items():
    found = [saving(part, held[route], max(calls[route] / max(draws[route], 1), 1)) for route, part in routes.items()]
    saved, margin = sum(one[0] for one in found if one), math.hypot(*(one[1] for one in found if one))
    told = {"saved": round(saved), "lower": round(saved - margin), "upper": round(saved + margin)}
    print(json.dumps({"group": name, "saved": told if any(found) else None, "invoice": round(max(0, saved * rate))}))
