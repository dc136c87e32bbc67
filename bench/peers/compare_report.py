"""One page of all that bench/compare measured: medians, and ratios of paired rounds with their spread."""
from statistics import median

BASE = "fanfare-io_uring"
# What is told of a workload: the title, the place of the figure, how many digits after the point.
STAGE_FIGURES = [
    ("events/s", ("events_per_s",), 0),
    ("deliveries/s", ("deliveries_per_s",), 0),
    ("p50 ms", ("latency_ms", "p50"), 2),
    ("p99 ms", ("latency_ms", "p99"), 2),
    ("last p99 ms", ("to_last_ms", "p99"), 2),
    ("CPU us/delivery", ("server_cpu_us_per_delivery",), 2),
    ("CPU us/event", ("server_cpu_us_per_event",), 1),
]
# By which figure servers are put in relation, and whether more of it is better.
RATIO_OF_LOOP = {"closed": ("events_per_s",), "open": ("latency_ms", "p50")}


def figure(stage, path):
    for name in path:
        stage = stage.get(name, {}) if isinstance(stage, dict) else {}
    return stage if isinstance(stage, (int, float)) else None


def stage_of(result, name):
    return next((stage for stage in result["stages"] if stage["name"] == name), None)


def values(rounds, stage_name, path):
    found = [figure(stage_of(result, stage_name) or {}, path) for result in rounds]
    return [value for value in found if value is not None]


def number(value, digits):
    return "-" if value is None else f"{value:,.{digits}f}"


def ratio_text(base, own):
    """Of paired rounds: the median, and from the lowest to the highest."""
    pairs = [b / a for a, b in zip(base, own) if a]
    if not pairs:
        return "-"
    return f"{median(pairs):.2f} ({min(pairs):.2f} - {max(pairs):.2f})"


def faults_text(rounds):
    checks = [result["checks"] for result in rounds]
    said = []
    for name in ("lost", "twice", "out_of_order", "corrupt", "streams_cut", "events_refused",
                 "events_unanswered"):
        count = sum(check[name] for check in checks)
        if count:
            said.append(f"{count:,} {name.replace('_', ' ')}")
    missing = sum(result["opening"]["wanted"] - result["opening"]["opened"] for result in rounds)
    if missing:
        said.append(f"{missing:,} streams not opened")
    limited = sum(any("bottleneck" in sentence for sentence in result["verdict"]) for result in rounds)
    if limited:
        said.append(f"generator was the bottleneck in {limited} of {len(rounds)}")
    return "; ".join(said) or "all as it should"


def stage_table(results, workload, peers, name, loop):
    title = "events/s" if loop == "closed" else "p50"
    rows = [f"| server | {' | '.join(figure[0] for figure in STAGE_FIGURES)} | {title} : {BASE} |",
            "|---|" + "---:|" * (len(STAGE_FIGURES) + 1)]
    path = RATIO_OF_LOOP.get(loop, ("events_per_s",))
    base = values(results.get((workload, BASE), []), name, path)
    for peer in peers:
        rounds = results.get((workload, peer.name))
        if not rounds:
            continue
        cells = []
        for _, own_path, digits in STAGE_FIGURES:
            found = values(rounds, name, own_path)
            cells.append(number(median(found) if found else None, digits))
        rows.append(f"| {peer.name} | {' | '.join(cells)} | "
                    f"{ratio_text(base, values(rounds, name, path))} |")
    return rows


def extra_table(results, workload, peers, title, columns):
    """Of figures that are not a stage's: memory, storm."""
    rows = [f"\n{title}\n", "| server | " + " | ".join(column[0] for column in columns) +
            f" | {columns[-1][0]} : {BASE} |", "|---|" + "---:|" * (len(columns) + 1)]
    def found(rounds, path):
        return [value for value in (figure(result, path) for result in rounds) if value is not None]
    base = found(results.get((workload, BASE), []), columns[-1][1])
    any_row = False
    for peer in peers:
        rounds = results.get((workload, peer.name), [])
        cells = [found(rounds, path) for _, path, _ in columns]
        if not any(any(cell) for cell in cells):
            continue
        any_row = True
        shown = [number(median(cell) if cell else None, column[2])
                 for cell, column in zip(cells, columns)]
        rows.append(f"| {peer.name} | {' | '.join(shown)} | {ratio_text(base, cells[-1])} |")
    return rows if any_row else []


def workload_section(results, workload, peers, fits, sizes):
    measured = [rounds for peer in peers if (rounds := results.get((workload, peer.name)))]
    if not measured:
        return []
    first = measured[0][0]
    out = [f"\n## {workload}\n", first["what"] + ".\n"]
    for group in first["groups"]:
        out.append(f"- {group['name']}: {group['streams']:,} streams, {group['topics']:,} topics, "
                   f"{group['publishers']} publishers, {group['bytes']} bytes, "
                   f"{group['rate']:g} events/s in the open loop")
    if "search" in first:
        out += extra_table(results, workload, peers,
                           "The highest rate at which 99 % of the events reach their last subscriber in "
                           f"{first['search']['p99_under_ms']:g} ms",
                           [("p99 ms", ("search", "p99_ms"), 0),
                            ("deliveries/s", ("search", "deliveries_per_s"), 0),
                            ("events/s", ("search", "events_per_s"), 0)])
    for stage in first["stages"]:
        if stage["loop"] == "rest" or "search" in first:
            continue
        out += [f"\n### {workload}, {stage['name']} ({stage['loop']} loop)\n"]
        out += stage_table(results, workload, peers, stage["name"], stage["loop"])
    out += extra_table(results, workload, peers, "Memory",
                       [("MB before", ("memory", "before_mb"), 1),
                        ("MB with all streams", ("memory", "open_mb"), 1),
                        ("MB at the end", ("memory", "end_mb"), 1),
                        ("bytes a stream", ("memory", "bytes_per_stream"), 0)])
    out += extra_table(results, workload, peers, "Storm",
                       [("back after s", ("storm", "open_s"), 2),
                        ("caught up after s", ("storm", "caught_up_s"), 2),
                        ("CPU us/reconnect", ("storm", "server_cpu_us_per_reconnect"), 1)])
    out += ["\nChecks\n"]
    for peer in peers:
        rounds = results.get((workload, peer.name))
        if rounds:
            out.append(f"- {peer.name}: {faults_text(rounds)}")
        elif fits(peer, workload):
            out.append(f"- {peer.name}: not asked, it {fits(peer, workload)}")
    return out


def report_of(results, workloads, peers, missing, fits, sizes):
    some = next(iter(results.values()), [{}])[0]
    out = ["# Fanfare beside others\n",
           f"{some.get('when', '')}, {some.get('machine', '')}, {some.get('cores', '')} cores, "
           f"{some.get('kernel', '')}. Medians over {max(map(len, results.values()), default=0)} "
           "interleaved rounds; ratios are of paired rounds, with the lowest and the highest. Every "
           "server has core 0 and one worker or process, the generator the other cores. Latency is "
           "from the moment an event was due, at every receiver. CPU is of the server's processes "
           "and ksoftirqd.\n", "## Settings\n"]
    out += [f"- {peer.name}: {peer.settings}" for peer in peers]
    out += [f"- left out: {name}: {reason}" for name, reason in missing]
    for name, words in sizes.items():
        if name in workloads:
            out.append(f"- {name} runs with {' '.join(words)}, so that a server of one process fits "
                       "under 20,000 descriptors")
    for workload in workloads:
        out += workload_section(results, workload, peers, fits, sizes)
    return "\n".join(out) + "\n"
