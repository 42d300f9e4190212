"""Tests of what peers.py does without a GPU: problems, ratios, tables."""

import json
import os
import tempfile
import unittest

import bench_problems
import peer_report

WORKLOADS = os.path.join(os.path.dirname(os.path.abspath(__file__)),
                         "../../tests/workloads/workloads.json")


def cell(name="d64 full 1024", group="grid", decode=False, mask="none", dim=64, seqlen=1024,
         **speeds):
    results = {}
    for backend, speed in speeds.items():
        results[backend] = ({"error": "no window"} if speed is None else
                            {"ms": 1.0, "tflops": speed, "kv_gbytes": 10 * speed})
    return {"name": name, "group": group, "decode": decode, "head_dim_qk": dim, "mask": mask,
            "seqlen_q": seqlen, "results": results}


FACTS = {"gpu": "GPU", "driver": "1", "torch": "2", "cudnn": 9, "attnjit": "0.1.0",
         "date": "2026-01-01", "matmul_tflops": 700.0, "command": "peers.py"}


class ProblemsTest(unittest.TestCase):

    def test_grid_has_the_cells_of_the_table(self):
        grid = bench_problems.grid()
        self.assertEqual(len(grid), 36)
        for problem in grid:
            self.assertEqual(problem.batch * problem.seqlen_q, 16384)
            self.assertEqual(problem.heads_q * problem.head_dim_qk, 2048)

    def test_flop_counts_half_when_causal(self):
        full, causal = (bench_problems.grid((128,), (mask,), (4096,))[0]
                        for mask in ("none", "causal"))
        self.assertEqual(full.flop(), 4 * 4 * 16 * 4096 * 4096 * 128)
        self.assertEqual(causal.flop(), full.flop() / 2)

    def test_window_counts_visible_pairs(self):
        problem = bench_problems.Problem("w", "workload", 64, 64, 1, 1, 1, 100, 100, (9, 0))
        self.assertEqual(problem.visible_pairs(), sum(min(i + 1, 10) for i in range(100)))
        self.assertEqual(json.loads(problem.spec())["mask"], {"window": [9, 0]})

    def test_one_decoded_query_sees_every_key(self):
        problem = bench_problems.Problem("d", "workload", 128, 128, 32, 8, 4, 1, 500, "causal")
        self.assertEqual(problem.visible_pairs(), 500)
        self.assertEqual(problem.kv_bytes(), 2 * 256 * 4 * 8 * 500)

    def test_workloads_file_is_understood(self):
        problems = bench_problems.workloads(WORKLOADS)
        self.assertGreaterEqual(len(problems), 20)
        names = [p.name for p in problems]
        self.assertEqual(len(names), len(set(names)))
        decode = [p for p in problems if p.decode]
        self.assertTrue(all(p.seqlen_q == 1 for p in decode))

    def test_sizes(self):
        self.assertEqual(bench_problems.parse_size("cross 16x448x1500"), (16, 448, 1500))
        with self.assertRaises(ValueError):
            bench_problems.parse_size("train 4x4")


class ReportTest(unittest.TestCase):

    def results(self, cells):
        return {"facts": FACTS, "backends": ["attnjit", "cudnn", "fa2"], "cells": cells}

    def test_ratio_is_to_the_best_peer(self):
        one = cell(attnjit=300.0, cudnn=400.0, fa2=200.0)
        self.assertEqual(peer_report.ratio(one, "attnjit", ["cudnn", "fa2"]), 0.75)
        self.assertIsNone(peer_report.ratio(cell(cudnn=1.0), "attnjit", ["cudnn"]))

    def test_geometric_mean(self):
        self.assertAlmostEqual(peer_report.geometric_mean([2, 8, None]), 4)
        self.assertIsNone(peer_report.geometric_mean([None]))

    def test_markdown_names_the_cells_behind_and_what_is_missing(self):
        text = peer_report.markdown(self.results([
            cell("slow", attnjit=90.0, cudnn=100.0, fa2=50.0),
            cell("fast", attnjit=110.0, cudnn=100.0, fa2=None, dim=128),
            cell("decode", "workload", True, attnjit=20.0, cudnn=10.0, fa2=10.0),
        ]))
        self.assertIn("- slow: 0.90 of cuDNN", text)
        self.assertNotIn("- fast: ", text.split("## Not measured")[0])
        self.assertIn("- fast, FA2: no window", text)
        self.assertIn("| grid | 2 | 0.995 | 0.995 |", text)
        self.assertIn("| decode | 200 | 100 | 100 | 2.00 | 2.00 |", text)

    def test_chart(self):
        try:
            import matplotlib  # noqa: F401
        except ImportError:
            self.skipTest("no matplotlib")
        cells = [cell(attnjit=float(n), cudnn=2.0 * n, seqlen=n, mask=mask)
                 for n in (512, 1024) for mask in ("none", "causal")]
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "peers.svg")
            peer_report.chart(self.results(cells), path)
            with open(path, encoding="utf-8") as file:
                self.assertIn("<svg", file.read())


if __name__ == "__main__":
    unittest.main()
