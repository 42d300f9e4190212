#!/usr/bin/env python3
"""Times attnjit beside PyTorch's cuDNN, FlashAttention-2 and FlexAttention on one GPU.

All run interleaved in one process on the same fresh random inputs; each timed run follows an
overwritten L2 cache; times are medians of CUDA events. attnjit's result is checked in the same run.

    tools/bench/peers.py --lib build/runtime/libattnjit.so --out build/peers
    tools/bench/peers.py --lib build/runtime/libattnjit.so --out build/peers --quick

Writes peers.json, peers.md and peers.svg into --out, and prints the table.
"""

import argparse
import datetime
import json
import os
import shlex
import statistics
import sys
import time

import bench_problems
import peer_report

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PEERS = ("cudnn", "fa2", "flex")
QUICK_SEQLENS = (1024, 4096, 16384)


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lib", default=os.path.join(ROOT, "build/runtime/libattnjit.so"),
                        help="libattnjit.so")
    parser.add_argument("--out", default=os.path.join(ROOT, "build/peers"), help="folder to write to")
    parser.add_argument("--cache-dir", help="attnjit's kernel cache")
    parser.add_argument("--backends", default="attnjit,cudnn,fa2,flex",
                        help="of attnjit, attnjit:ARCH, cudnn, fa2, flex")
    parser.add_argument("--grid", action="store_true", help="the grid only")
    parser.add_argument("--decode", action="store_true", help="decoding only")
    parser.add_argument("--workloads", action="store_true", help="the workloads only")
    parser.add_argument("--head-dims", default="64,128,256", help="of the grid")
    parser.add_argument("--seqlens", help="of the grid")
    parser.add_argument("--filter", help="only problems whose name contains this")
    parser.add_argument("--quick", action="store_true",
                        help="fewer lengths and runs, and no FlexAttention")
    parser.add_argument("--layout", choices=("bshd", "bhsd"), default="bshd", help="of all tensors")
    parser.add_argument("--iterations", type=int, default=30, help="timed runs of each backend")
    parser.add_argument("--repeat", type=int, default=1, help="passes, each with new inputs")
    parser.add_argument("--time-budget", type=float, default=0,
                        help="start no problem after so many seconds")
    return parser.parse_args()


def select_problems(arguments):
    problems = []
    everything = not (arguments.grid or arguments.decode or arguments.workloads)
    if everything or arguments.grid:
        seqlens = QUICK_SEQLENS if arguments.quick else (512, 1024, 2048, 4096, 8192, 16384)
        if arguments.seqlens:
            seqlens = tuple(int(n) for n in arguments.seqlens.split(","))
        dims = tuple(int(n) for n in arguments.head_dims.split(","))
        problems += bench_problems.grid(dims, seqlens=seqlens)
    if everything or arguments.decode:
        problems += bench_problems.decode()
    if everything or arguments.workloads:
        problems += bench_problems.workloads(os.path.join(ROOT, "tests/workloads/workloads.json"))
    if arguments.filter:
        problems = [p for p in problems if arguments.filter in p.name]
    return problems


class Bench:
    """The GPU, the backends, and how they are timed."""

    def __init__(self, arguments):
        import torch
        import attnjit_library
        import peer_backends
        self.torch = torch
        self.peer_backends = peer_backends
        self.arguments = arguments
        self.library = attnjit_library.Library(os.path.abspath(arguments.lib), arguments.cache_dir)
        table = {"cudnn": peer_backends.cudnn, "fa2": peer_backends.flash_attention_2,
                 "flex": peer_backends.flex_attention}
        self.backends = {}
        for name in arguments.backends.split(","):
            if arguments.quick and name == "flex":
                continue
            ours, _, arch = name.partition(":")
            self.backends[name] = (peer_backends.Attnjit(self.library, arch or None)
                                   if ours == "attnjit" else table[name])
        properties = torch.cuda.get_device_properties(0)
        self.flush_buffer = torch.empty(2 * properties.L2_cache_size // 4, dtype=torch.int32,
                                        device="cuda")
        torch.backends.cuda.matmul.allow_tf32 = False

    def facts(self):
        torch = self.torch
        return {
            "gpu": torch.cuda.get_device_name(0), "torch": torch.__version__,
            "cuda": torch.version.cuda, "cudnn": torch.backends.cudnn.version(),
            "driver": self._driver_version(), "attnjit": self.library.version(),
            "date": datetime.date.today().isoformat(),
            "command": " ".join(["tools/bench/peers.py"] + [shlex.quote(a) for a in sys.argv[1:]]),
            "iterations": self.arguments.iterations, "repeat": self.arguments.repeat,
            "layout": self.arguments.layout, "matmul_tflops": self._matmul_tflops(),
            "copy_gbytes": self._copy_gbytes(),
        }

    def _driver_version(self):
        try:
            import pynvml
            pynvml.nvmlInit()
            version = pynvml.nvmlSystemGetDriverVersion()
            return version.decode() if isinstance(version, bytes) else version
        except Exception:  # Only a fact for the record.
            return "unknown"

    def _matmul_tflops(self):
        torch = self.torch
        a = torch.randn(8192, 8192, device="cuda", dtype=torch.bfloat16)
        b = torch.randn(8192, 8192, device="cuda", dtype=torch.bfloat16)
        times = self._time({"matmul": lambda: a @ b}, 10)
        return 2 * 8192**3 / (statistics.median(times["matmul"]) * 1e-3) / 1e12

    def _copy_gbytes(self):
        torch = self.torch
        source = torch.ones(2**31, device="cuda", dtype=torch.uint8)
        target = torch.empty_like(source)
        times = self._time({"copy": lambda: target.copy_(source)}, 10)
        return 2 * source.numel() / (statistics.median(times["copy"]) * 1e-3) / 1e9

    def _time(self, runs, iterations):
        """Milliseconds of each run of each backend, interleaved."""
        torch = self.torch
        for _ in range(3):
            for run in runs.values():
                run()
        torch.cuda.synchronize()
        names = list(runs)
        events = {name: [] for name in names}
        for n in range(iterations):
            for name in names[n % len(names):] + names[:n % len(names)]:
                start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
                # While the GPU waits here the host gets ahead, so that what lies between the events
                # is the kernel and not the host's work for it.
                torch.cuda._sleep(300_000)
                self.flush_buffer.fill_(n)
                start.record()
                runs[name]()
                end.record()
                events[name].append((start, end))
        torch.cuda.synchronize()
        return {name: [s.elapsed_time(e) for s, e in pairs] for name, pairs in events.items()}

    def _bind(self, problem, inputs, results):
        """The backends that can do the problem; the others' reasons go into results."""
        runs, outputs = {}, {}
        for name, backend in self.backends.items():
            try:
                if name.startswith("attnjit"):
                    mine = inputs[3] if name == "attnjit" else self.torch.empty_like(inputs[3])
                    mine.fill_(float("nan"))
                    runs[name] = backend(problem, *inputs[:3], mine)
                else:
                    runs[name] = backend(problem, *inputs)
                outputs[name] = runs[name]()
                self.torch.cuda.synchronize()
            except Exception as error:  # Whatever a backend cannot do is a cell that says so.
                runs.pop(name, None)
                text = str(error).strip().splitlines() or [type(error).__name__]
                results[name] = {"error": text[0][:160]}
        return runs, outputs

    def _places(self, problem):
        """Sequences and heads to check: spread out, and enough for some thousand outputs."""
        count = max(2, -(-4096 // (problem.seqlen_q * problem.head_dim_v)))
        heads = problem.batch * problem.heads_q
        numbers = {n * (heads - 1) // max(1, count - 1) for n in range(count)}
        return sorted(divmod(n, problem.heads_q) for n in numbers)

    def _check(self, problem, inputs, outputs, results):
        """Every output against float64, ours by the bound that the tests use."""
        torch = self.torch
        bound = {"twin": 0.0, "rounding": 0.0}
        errors = {name: 0.0 for name in outputs}
        for b, h in self._places(problem):
            truth = self.peer_backends.reference_rows(problem, *inputs[:3], b, h, torch.float64)
            twin = self.peer_backends.reference_rows(problem, *inputs[:3], b, h, torch.bfloat16)
            rounded = truth.to(torch.bfloat16)
            rounding = (rounded + 0.3 - 0.3 - rounded).abs().max().item()
            bound["twin"] = max(bound["twin"], (twin.double() - truth).abs().max().item())
            bound["rounding"] = max(bound["rounding"], rounding)
            for name, output in outputs.items():
                error = (output[b, h].double() - truth).abs().nan_to_num(nan=float("inf")).max().item()
                errors[name] = max(errors[name], error)
        limit = 2 * bound["twin"] + 2 * bound["rounding"]
        for name, error in errors.items():
            entry = results.setdefault(name, {})
            entry.update(max_error=error if error != float("inf") else "inf", bound=limit)
            if name.startswith("attnjit") and error > limit:
                entry["wrong"] = f"error {error:.3g} beyond its bound {limit:.3g}"

    def measure(self, problem):
        """One cell: every backend's figures."""
        results = {}
        times = {}
        for n in range(self.arguments.repeat):
            inputs = self.peer_backends.make_inputs(problem, int(time.time_ns() % 2**31),
                                                    self.arguments.layout)
            runs, outputs = self._bind(problem, inputs, results)
            if n == 0:
                self._check(problem, inputs, outputs, results)
            for name, some in self._time(runs, self.arguments.iterations).items():
                times.setdefault(name, []).extend(some)
        for name, some in times.items():
            ms = statistics.median(some)
            entry = results.setdefault(name, {})
            entry.update(ms=ms, fastest_ms=min(some), runs=len(some),
                         tflops=problem.flop() / (ms * 1e-3) / 1e12,
                         kv_gbytes=problem.kv_bytes() / (ms * 1e-3) / 1e9)
            kernels = getattr(self.backends[name], "kernels", {})
            if problem.name in kernels:
                entry["kernel"] = kernels[problem.name]
        return results


def cell_of(problem, results):
    return {"name": problem.name, "group": problem.group, "decode": problem.decode,
            "head_dim_qk": problem.head_dim_qk, "head_dim_v": problem.head_dim_v,
            "heads_q": problem.heads_q, "heads_kv": problem.heads_kv, "batch": problem.batch,
            "seqlen_q": problem.seqlen_q, "seqlen_kv": problem.seqlen_kv,
            "mask": problem.mask if isinstance(problem.mask, str) else list(problem.mask),
            "results": results}


def write_report(results, out):
    os.makedirs(out, exist_ok=True)
    with open(os.path.join(out, "peers.json"), "w", encoding="utf-8") as file:
        json.dump(results, file, indent=1)
    text = peer_report.markdown(results)
    with open(os.path.join(out, "peers.md"), "w", encoding="utf-8") as file:
        file.write(text)
    try:
        peer_report.chart(results, os.path.join(out, "peers.svg"))
    except ImportError as error:
        print(f"no chart: {error}", file=sys.stderr)
    return text


def main():
    arguments = parse_arguments()
    if arguments.quick:
        arguments.iterations = min(arguments.iterations, 12)
    problems = select_problems(arguments)
    bench = Bench(arguments)
    start = time.monotonic()
    results = {"facts": bench.facts(), "backends": list(bench.backends), "cells": []}
    for problem in problems:
        if arguments.time_budget and time.monotonic() - start > arguments.time_budget:
            print(f"out of time: {len(problems) - len(results['cells'])} problems not measured",
                  file=sys.stderr)
            break
        cell = cell_of(problem, bench.measure(problem))
        results["cells"].append(cell)
        figures = "  ".join(
            f"{peer_report.title(name)} "
            f"{'n/a' if peer_report.value(cell, name) is None else format(peer_report.value(cell, name), '.0f')}"
            for name in results["backends"])
        print(f"{time.monotonic() - start:6.1f} s  {problem.name}: {figures}", file=sys.stderr,
              flush=True)
        write_report(results, arguments.out)  # What was measured so far survives a time limit.
    print(write_report(results, arguments.out))
    wrong = any(entry.get("wrong") for cell in results["cells"]
                for entry in cell["results"].values())
    return 4 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
