"""What the gateway benchmark found, as a table for people and as JSON for programs."""

import json
import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

from bench.measure import Figures

OURS = "yiwang"
TARGETS = {"small": 5.0, "large": 7.0, "aggregate": 5.0}
"""How many times Hive's requests per CPU-second this gateway must reach."""
MEMORY_TARGET = 0.25
"""How much of Hive's resident memory it may have."""

Rounds = Mapping[str, Mapping[str, Sequence[Figures]]]


def summary(rounds: Rounds, versions: Mapping[str, str], plan: Mapping[str, Any]) -> dict[str, Any]:
    """Take medians, and ratios of this gateway's medians to every other's."""
    return {
        "conditions": conditions(plan),
        "versions": dict(versions),
        "workloads": {workload: _workload(peers) for workload, peers in rounds.items()},
    }


def conditions(plan: Mapping[str, Any]) -> dict[str, Any]:
    """Say where and when a benchmark ran."""
    return {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, {platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "load_average_at_end": os.getloadavg(),
        **plan,
    }


def _workload(peers: Mapping[str, Sequence[Figures]]) -> dict[str, Any]:
    found: dict[str, Any] = {name: _median(figures) for name, figures in peers.items()}
    others = [name for name in peers if name != OURS]
    if OURS in peers:
        ours = found[OURS]
        for title, figure in (("ratio", "requests_per_cpu_second"), ("memory_ratio", "rss_mib")):
            found[title] = {name: round(ours[figure] / found[name][figure], 3) for name in others}
    return found


def _median(figures: Sequence[Figures]) -> dict[str, Any]:
    rows = [asdict(row) for row in figures]
    medians: dict[str, Any] = {name: round(median(row[name] for row in rows), 3) for name in rows[0]}
    medians["rounds"] = [round(row["requests_per_cpu_second"], 1) for row in rows]
    return medians


def table(found: Mapping[str, Any]) -> str:
    """Write the summary as a Markdown table."""
    lines = [
        "| workload | gateway | req / CPU-s | CPU ms | req / s | busy | p50 ms | p99 ms | RSS MiB | PSS MiB | ratio |",
        "|---|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|",
    ]
    for workload, peers in found["workloads"].items():
        ratios = peers.get("ratio", {})
        for name in found["versions"]:
            row = peers[name]
            ratio = f"{ratios[name]:.2f}" if name in ratios else ""
            lines.append(
                f"| {workload} | {name} | {row['requests_per_cpu_second']:.0f} | {row['cpu_ms_per_request']:.3f} "
                f"| {row['requests_per_second']:.0f} | {row['busy']:.2f} | {row['p50_ms']:.1f} | {row['p99_ms']:.1f} "
                f"| {row['rss_mib']:.0f} | {row['pss_mib']:.0f} | {ratio} |"
            )
    return "\n".join(lines)


def verdict(found: Mapping[str, Any]) -> str:
    """Say whether the targets are reached, as far as both gateways ran."""
    lines = []
    for workload, peers in found["workloads"].items():
        if "hive" in peers.get("ratio", {}):
            ratio, memory = peers["ratio"]["hive"], peers["memory_ratio"]["hive"]
            lines.append(
                f"{workload:9} {ratio:5.2f} x hive (target >= {TARGETS[workload]:.0f}), "
                f"{memory:.2f} of its memory (target <= {MEMORY_TARGET})"
            )
    return "\n".join(["", *lines, ""])


def write(found: Mapping[str, Any], file: Path) -> None:
    """Write the summary as JSON."""
    file.write_text(json.dumps(found, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
