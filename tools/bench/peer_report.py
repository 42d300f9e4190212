"""peers.py's results as Markdown and as a chart."""

import math

OURS = "attnjit"
TITLES = {"attnjit": "attnjit", "cudnn": "cuDNN", "fa2": "FA2", "flex": "Flex"}


def title(backend):
    return TITLES.get(backend, backend.replace("attnjit:", "attnjit "))


def value(cell, backend):
    """TFLOP/s, or GB/s of K and V for decoding; None if it was not measured."""
    result = cell["results"].get(backend)
    if not result or "ms" not in result:
        return None
    return result["kv_gbytes" if cell["decode"] else "tflops"]


def ratio(cell, ours, peers):
    """ours / the best of the peers, or None."""
    mine = value(cell, ours)
    others = [value(cell, peer) for peer in peers if value(cell, peer) is not None]
    if mine is None or not others:
        return None
    return mine / max(others)


def geometric_mean(values):
    values = [v for v in values if v]
    return math.exp(sum(map(math.log, values)) / len(values)) if values else None


def _text(number, digits=0):
    return "–" if number is None else f"{number:.{digits}f}"


def _is_peer(backend):
    return not backend.startswith(OURS)


def _table(cells, backends, first_columns, row_of):
    peers = [b for b in backends if _is_peer(b)]
    heads = first_columns + [title(b) for b in backends] + ["÷ cuDNN", "÷ best"]
    lines = ["| " + " | ".join(heads) + " |", "|" + "---|" * len(heads)]
    for cell in cells:
        row = row_of(cell) + [_text(value(cell, b)) for b in backends]
        row += [_text(ratio(cell, OURS, ["cudnn"]), 2), _text(ratio(cell, OURS, peers), 2)]
        lines.append("| " + " | ".join(row) + " |")
    return lines


def _mask_text(mask):
    if mask == "none":
        return "full"
    return mask if isinstance(mask, str) else f"window {list(mask)}".replace("None", "∞")


def _means(cells, peers):
    def line(name, some):
        to_cudnn = geometric_mean([ratio(c, OURS, ["cudnn"]) for c in some])
        to_best = geometric_mean([ratio(c, OURS, peers) for c in some])
        return f"| {name} | {len(some)} | {_text(to_cudnn, 3)} | {_text(to_best, 3)} |"

    lines = ["| cells | number | ÷ cuDNN | ÷ best |", "|---|---|---|---|"]
    grid = [c for c in cells if c["group"] == "grid"]
    if grid:
        lines.append(line("grid", grid))
        for dim in sorted({c["head_dim_qk"] for c in grid}):
            lines.append(line(f"grid, head dim {dim}",
                              [c for c in grid if c["head_dim_qk"] == dim]))
        for mask in ("none", "causal"):
            some = [c for c in grid if c["mask"] == mask]
            if some:
                lines.append(line(f"grid, {_mask_text(mask)}", some))
    work = [c for c in cells if c["group"] == "workload"]
    decode = [c for c in cells if c["group"] == "decode"]
    if decode:
        lines.append(line("decode", decode))
    if work:
        lines.append(line("workloads", work))
    return lines


def _behind(cells, peers):
    lines = []
    for cell in cells:
        share = ratio(cell, OURS, peers)
        if share is not None and share < 1:
            best = max((p for p in peers if value(cell, p) is not None), key=lambda p: value(cell, p))
            lines.append((share, f"- {cell['name']}: {share:.2f} of {title(best)}"))
    return [line for _, line in sorted(lines)]


def _wrong(cells):
    return [f"- {cell['name']}, {title(b)}: {result['wrong']}" for cell in cells
            for b, result in cell["results"].items() if result.get("wrong")]


def _missing(cells):
    lines = []
    for cell in cells:
        for backend, result in cell["results"].items():
            if result.get("error"):
                lines.append(f"- {cell['name']}, {title(backend)}: {result['error']}")
    return lines


def markdown(results):
    """The report: facts, tables, means, the cells behind the best peer, what is n/a."""
    facts, cells, backends = results["facts"], results["cells"], results["backends"]
    peers = [b for b in backends if _is_peer(b)]
    lines = ["# attnjit and its peers", ""]
    lines.append(f"{facts['gpu']}, driver {facts['driver']}, PyTorch {facts['torch']}, cuDNN "
                 f"{facts['cudnn']}, attnjit {facts['attnjit']}, {facts['date']}. bf16, forward; "
                 "TFLOP/s from the median of event timings, the backends interleaved in one process "
                 "and the L2 cache overwritten before each run. FLOPs = 2·(qk+v)·b·h·visible pairs, "
                 "half of all pairs when causal.")
    if facts.get("matmul_tflops"):
        lines.append(f"An 8192³ bf16 matrix product ran at {facts['matmul_tflops']:.0f} TFLOP/s.")
    if facts.get("copy_gbytes"):
        lines.append(f"A copy on the device moved {facts['copy_gbytes']:.0f} GB/s, reads and writes.")
    lines += ["", f"    {facts['command']}", ""]
    grid = [c for c in cells if c["group"] == "grid"]
    if grid:
        lines += ["## Grid", "", "16,384 tokens, heads x head dim = 2,048.", ""]
        lines += _table(grid, backends, ["head dim", "mask", "seqlen"],
                        lambda c: [str(c["head_dim_qk"]), _mask_text(c["mask"]),
                                   str(c["seqlen_q"])])
        lines.append("")
    work = [c for c in cells if c["group"] == "workload" and not c["decode"]]
    if work:
        lines += ["## Workloads", ""]
        lines += _table(work, backends, ["workload"], lambda c: [c["name"]])
        lines.append("")
    decode = [c for c in cells if c["decode"]]
    if decode:
        lines += ["## Decode: GB/s of K and V", ""]
        lines += _table(decode, backends, ["workload"], lambda c: [c["name"]])
        lines.append("")
    lines += ["## Geometric means", ""] + _means(cells, peers) + [""]
    for heading, found in (("Behind the best peer", _behind(cells, peers)),
                           ("Wrong results", _wrong(cells)), ("Not measured", _missing(cells))):
        lines += [f"## {heading}", ""] + (found or ["None."]) + [""]
    return "\n".join(lines)


def chart(results, path):
    """TFLOP/s against sequence length, a panel for each head dim and mask; by the path's suffix an
    SVG or PNG."""
    import matplotlib
    matplotlib.use("Agg")
    from matplotlib import pyplot

    cells = [c for c in results["cells"] if c["group"] == "grid"]
    if not cells:
        return
    dims = sorted({c["head_dim_qk"] for c in cells})
    masks = [m for m in ("none", "causal") if any(c["mask"] == m for c in cells)]
    figure, axes = pyplot.subplots(len(masks), len(dims), squeeze=False, sharey=True,
                                   figsize=(4.2 * len(dims), 3.4 * len(masks)))
    for row, mask in enumerate(masks):
        for column, dim in enumerate(dims):
            panel = axes[row][column]
            some = sorted((c for c in cells if c["head_dim_qk"] == dim and c["mask"] == mask),
                          key=lambda c: c["seqlen_q"])
            for backend in results["backends"]:
                points = [(c["seqlen_q"], value(c, backend)) for c in some
                          if value(c, backend) is not None]
                if points:
                    ours = backend.startswith(OURS)
                    panel.plot(*zip(*points), marker="o", label=title(backend),
                               linewidth=2.4 if ours else 1.4, zorder=3 if ours else 2)
            panel.set_xscale("log", base=2)
            lengths = sorted({c["seqlen_q"] for c in some})
            panel.set_xticks(lengths, [f"{n // 1024}k" if n >= 1024 else str(n) for n in lengths])
            panel.set_title(f"head dim {dim}, {_mask_text(mask)}")
            panel.grid(alpha=0.3)
            if column == 0:
                panel.set_ylabel("TFLOP/s")
            if row == len(masks) - 1:
                panel.set_xlabel("sequence length")
    # The panels share their scale; set once all are drawn, as setting an end stops it from growing.
    axes[0][0].set_ylim(bottom=0)
    figure.legend(*axes[0][0].get_legend_handles_labels(), loc="upper right", ncol=5)
    figure.suptitle(f"Forward, bf16, {results['facts']['gpu']}", x=0.02, ha="left")
    figure.tight_layout()
    figure.savefig(path)
    pyplot.close(figure)
