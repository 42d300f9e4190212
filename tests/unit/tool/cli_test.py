#!/usr/bin/env python3
"""Runs the attnjit command line and checks exit codes, messages and results.

  cli_test.py PATH_OF_ATTNJIT

Tests that compile are skipped where there is no NVRTC.
"""

import hashlib
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

ATTNJIT = ""
CAUSAL = '{"head_dim":128,"dtype":"bf16","mask":"causal"}'
SMALL = '{"head_dim":16,"dtype":"fp16"}'
MIXED = '{"head_dim":64,"dtype":{"q":"bf16","kv":"fp16","o":"bf16"}}'
COMMANDS = ["emit", "explain", "build", "prewarm", "check", "bench", "tune", "cache", "doctor",
            "completion"]


class ToolTest(unittest.TestCase):
    def setUp(self):
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="attnjit-cli-test-"))
        self.addCleanup(shutil.rmtree, self.dir, ignore_errors=True)
        self.cache = self.dir / "cache"

    def run_tool(self, *args, stdin=b"", stdout=subprocess.PIPE):
        """The finished process; its output as text."""
        environment = {**os.environ, "ATTNJIT_CACHE_DIR": str(self.cache)}
        result = subprocess.run(
            [ATTNJIT, *map(str, args)],
            input=stdin,
            stdout=stdout,
            stderr=subprocess.PIPE,
            env=environment,
            check=False,
        )
        self.assertGreaterEqual(result.returncode, 0, f"killed by a signal: {args}")
        result.stdout = (result.stdout or b"").decode()
        result.stderr = result.stderr.decode()
        return result

    def check_exit(self, code, *args, **kwargs):
        result = self.run_tool(*args, **kwargs)
        self.assertEqual(result.returncode, code, result.stdout + result.stderr)
        if code == 0:
            return result.stdout
        if code in (2, 3):
            self.assertEqual(result.stdout, "", "an error is no result")
        self.assertNotEqual(result.stderr, "")
        return result.stderr

    def write(self, name, text):
        path = self.dir / name
        path.write_text(text)
        return path

    def needs_nvrtc(self):
        findings = json.loads(self.run_tool("doctor", "--json").stdout)["findings"]
        wrong = [f["text"] for f in findings if f["topic"] == "NVRTC" and f["state"] == "wrong"]
        if wrong:
            self.skipTest("no NVRTC: " + wrong[0])


class UsageTest(ToolTest):
    def test_version(self):
        self.assertRegex(self.check_exit(0, "--version"), r"^attnjit \d+\.\d+\.\d+\n$")

    def test_help_lists_every_command(self):
        text = self.check_exit(0, "--help")
        for command in COMMANDS:
            self.assertIn(f"\n  {command} ", text)

    def test_every_command_has_help_with_an_example(self):
        for command in COMMANDS:
            with self.subTest(command):
                text = self.check_exit(0, command, "--help")
                self.assertIn("Example", text)
                self.assertIn("attnjit " + command, text)

    def test_no_command_is_a_usage_error(self):
        self.assertIn("Usage", self.check_exit(2))

    def test_mistyped_command_gets_the_nearest(self):
        self.assertIn("did you mean explain?", self.check_exit(2, "explian"))

    def test_mistyped_option_gets_the_nearest(self):
        self.assertIn("did you mean --arch?", self.check_exit(2, "explain", CAUSAL, "--arhc", "x"))

    def test_mistyped_arch_gets_the_nearest(self):
        self.assertIn("did you mean sm_90a?", self.check_exit(2, "emit", CAUSAL, "--arch", "sm90a"))
        self.assertIn("did you mean sm_80?", self.check_exit(2, "build", CAUSAL, "--arch", "sm80"))

    def test_mistyped_workload_gets_the_nearest(self):
        self.assertIn("did you mean bert_base?", self.check_exit(2, "emit", "workload:bertbase"))

    def test_mistyped_cache_action_gets_the_nearest(self):
        self.assertIn("did you mean stats?", self.check_exit(2, "cache", "stat"))

    def test_missing_and_extra_arguments(self):
        for args in (["emit"], ["explain"], ["build"], ["cache"], ["completion"],
                     ["emit", CAUSAL, "extra"], ["emit", CAUSAL, "--arch"]):
            with self.subTest(args):
                self.check_exit(2, *args)

    def test_full_disk_on_standard_output_is_reported(self):
        if not os.path.exists("/dev/full"):
            self.skipTest("no /dev/full")
        with open("/dev/full", "wb") as full:
            result = self.run_tool("emit", CAUSAL, "--arch", "sm_80", stdout=full)
        self.assertEqual(result.returncode, 1)
        self.assertIn("cannot write", result.stderr)


class BadRequestTest(ToolTest):
    def test_every_error_at_once(self):
        message = self.check_exit(
            2, "explain", '{"headdim":100,"dtype":"bf17","mask":{"window":[-1,NaN]}}')
        for text in ("/headdim", "/dtype", "/mask/window/0", "/mask/window/1", "/head_dim",
                     'did you mean "head_dim"?', 'did you mean "bf16"?'):
            self.assertIn(text, message)

    def test_empty_file(self):
        self.assertIn("is empty", self.check_exit(2, "explain", self.write("empty.json", "")))

    def test_empty_standard_input(self):
        self.assertIn("is empty", self.check_exit(2, "explain", "-"))

    def test_empty_argument(self):
        self.check_exit(2, "explain", "")

    def test_directory(self):
        self.assertIn("is a directory", self.check_exit(2, "explain", self.dir))

    def test_missing_file(self):
        self.assertIn("cannot read", self.check_exit(2, "explain", self.dir / "missing.json"))

    def test_unreadable_file(self):
        path = self.write("secret.json", CAUSAL)
        path.chmod(0)
        if os.access(path, os.R_OK):
            self.skipTest("this user may read every file")
        self.assertIn("cannot read", self.check_exit(2, "explain", path))

    def test_ten_megabytes(self):
        path = self.write("big.json", " " * 10_000_000 + CAUSAL)
        self.assertIn("too large", self.check_exit(2, "explain", path))
        self.assertIn("too large", self.check_exit(2, "explain", "-", stdin=path.read_bytes()))

    def test_endless_device(self):
        if not os.path.exists("/dev/zero"):
            self.skipTest("no /dev/zero")
        self.assertIn("too large", self.check_exit(2, "explain", "/dev/zero"))

    def test_deep_nesting(self):
        for opening in ("[", '{"a":'):
            path = self.write("deep.json", opening * 10_000)
            self.assertIn("nested too deeply", self.check_exit(2, "explain", path))

    def test_not_json(self):
        path = self.write("program.json", "int main() {}")
        self.assertIn("not valid JSON", self.check_exit(2, "explain", path))

    def test_build_builds_nothing_if_one_request_is_wrong(self):
        self.check_exit(2, "build", SMALL, '{"head_dim":3}', "--arch", "sm_80")
        self.assertFalse(self.cache.exists())


class UnsupportedTest(ToolTest):
    def test_names_what_every_family_needs(self):
        message = self.check_exit(3, "explain", MIXED, "--arch", "sm_90a")
        self.assertIn("sm90:", message)
        self.assertIn("mma:", message)

    def test_build_and_emit_agree(self):
        self.check_exit(3, "emit", MIXED, "--arch", "sm_80")
        self.needs_nvrtc()
        result = self.run_tool("build", MIXED, "--arch", "sm_80")
        self.assertEqual(result.returncode, 3)


class TuneTest(ToolTest):
    def test_ranks_by_prediction_without_a_gpu_and_records_nothing(self):
        text = self.check_exit(0, "tune", CAUSAL, "--device", "emulator:sm_90a",
                               "--problem", "prefill 4x4096", "--cache-dir", self.dir)
        self.assertIn("prediction: nothing was measured, nothing is recorded", text)
        self.assertEqual(list(self.dir.iterdir()), [])
        report = json.loads(self.check_exit(0, "tune", CAUSAL, "--device", "emulator:sm_90a",
                                            "--json"))
        self.assertFalse(report["measured"])
        self.assertEqual(report["record"], "")
        times = {row["candidate"]: row["predicted_ms"] for row in report["candidates"]}
        self.assertEqual(times[report["winner"]], min(times.values()))
        self.assertTrue(all(row["measured_ms"] == 0 for row in report["candidates"]))

    def test_a_family_without_choices_has_one_row(self):
        report = json.loads(self.check_exit(0, "tune", CAUSAL, "--device", "emulator:sm_80",
                                            "--json"))
        self.assertEqual([row["candidate"] for row in report["candidates"]], ["mma"])

    def test_without_a_gpu_it_says_what_there_is(self):
        result = self.run_tool("tune", CAUSAL, "--device", "cuda:1000")
        self.assertEqual(result.returncode, 1)
        self.assertIn("emulator", result.stderr)

    def test_mistakes(self):
        self.check_exit(2, "tune")
        self.check_exit(2, "tune", CAUSAL, "--problem", "prefill")
        self.check_exit(2, "tune", CAUSAL, "--device", "gpu")
        self.check_exit(2, "tune", CAUSAL, "--device", "emulator:sm_75")


class TuningRecordTest(ToolTest):
    def write_record(self):
        """A record as the tool writes it, for a kernel that no GPU here runs."""
        fields = {"canonical_spec": "{}", "gpu": "NVIDIA H200", "attnjit": "0.1.0",
                  "choices": "sm90 w2 x1 n128 s2", "own_choices": "sm90 w2 x1 n176 s2",
                  "problem": "prefill 4x4096 1/1", "milliseconds": 1.0, "own_milliseconds": 2.5,
                  "created_unix": 1}
        body = (json.dumps(fields, separators=(",", ":")) + "\n").encode()
        first = f"attnjit-tuning 1 {len(body):08d} {hashlib.sha256(body).hexdigest()}\n".encode()
        name = hashlib.sha256(b"attnjit tuning 1\n11\nNVIDIA H200{}").hexdigest()
        directory = self.dir / "tuning-v1"
        directory.mkdir(mode=0o700)
        path = directory / (name + ".tuning")
        path.write_bytes(first + body)
        path.chmod(0o600)
        return path

    def run_cache(self, code, action, *args):
        return self.check_exit(code, "cache", action, "--cache-dir", self.dir, *args)

    def test_cache_lists_counts_verifies_and_clears_records(self):
        path = self.write_record()
        listed = self.run_cache(0, "ls")
        for part in ("NVIDIA H200", "sm90 w2 x1 n128 s2", "2.500"):
            self.assertIn(part, listed)
        self.assertEqual(json.loads(self.run_cache(0, "ls", "--json"))[0]["gpu"], "NVIDIA H200")
        self.assertEqual(json.loads(self.run_cache(0, "stats", "--json"))["tuning_records"], 1)
        self.run_cache(0, "verify")
        path.write_bytes(path.read_bytes() + b"x")
        result = self.run_tool("cache", "verify", "--cache-dir", self.dir)
        self.assertEqual(result.returncode, 1)
        self.assertIn(str(path), result.stdout)
        self.assertIn("tune", result.stderr)
        self.assertIn("1 tuning record", self.run_cache(0, "clear"))
        self.assertFalse(path.exists())


class ExplainTest(ToolTest):
    def test_shows_plan_memory_limits_and_reasons(self):
        text = self.check_exit(0, "explain", CAUSAL, "--arch", "sm_90a")
        for heading in ("Kernel   fwd_sm90a_bf16_d128_causal\n", "Family   sm90", "\nPlan\n",
                        "\nShared memory\n", "\nRegisters", "\nLimits of sm_90a\n", "\nWhy\n",
                        "| offset |", "%"):
            self.assertIn(heading, text)

    def test_balance_and_predicted_times(self):
        text = self.check_exit(0, "explain", CAUSAL, "--arch", "sm_90a",
                               "--problem", "prefill 4x4096", "--problem", "decode 2x100")
        for part in ("| matrix ", "| exponential ", "| shared ", "A block is bound by matrix",
                     "no speed was measured", "| prefill 4x4096 |", "| decode 2x100 "):
            self.assertIn(part, text)
        for arch in ("sm_80", "sm_90a", "sm_100a", "sm_103a"):
            model = json.loads(self.check_exit(0, "explain", CAUSAL, "--arch", arch, "--json"))["model"]
            self.assertGreater(model["block_cycles"][model["bottleneck"]], 0)
            self.assertGreater(model["predictions"][0]["predicted_ms"], 0)
        self.check_exit(2, "explain", CAUSAL, "--problem", "prefill")

    def test_json_holds_request_kernel_and_plan(self):
        explained = json.loads(self.check_exit(0, "explain", CAUSAL, "--arch", "sm_80", "--json"))
        self.assertEqual(explained["request"]["head_dim"], 128)
        self.assertEqual(explained["kernel"]["arch"], "sm_80")
        self.assertEqual(explained["plan"]["name"], "fwd_sm80_bf16_d128_causal")
        self.assertTrue(explained["plan"]["smem_map"])
        for limit in explained["limits"]:
            self.assertLessEqual(limit["used"], limit["limit"], limit)

    def test_every_workload_fits_every_gpu(self):
        completion = self.check_exit(0, "completion", "fish")
        workloads = sorted({w for w in completion.replace("'", " ").split()
                            if w.startswith("workload:")})
        self.assertGreaterEqual(len(workloads), 18)
        for arch in ("sm_80", "sm_86", "sm_90a", "sm_120"):
            for workload in workloads:
                explained = json.loads(
                    self.check_exit(0, "explain", workload, "--arch", arch, "--json"))
                for limit in explained["limits"]:
                    self.assertLessEqual(limit["used"], limit["limit"], (workload, arch, limit))

    def test_arch_of_the_request_is_the_default(self):
        text = self.check_exit(
            0, "explain", '{"head_dim":64,"dtype":"bf16","arch":"sm_86"}')
        self.assertIn("sm_86, from the request", text)

    def test_request_from_file_standard_input_and_argument_are_one(self):
        path = self.write("request.json", CAUSAL)
        args = ("--arch", "sm_80", "--json")
        inline = self.check_exit(0, "explain", CAUSAL, *args)
        self.assertEqual(self.check_exit(0, "explain", path, *args), inline)
        self.assertEqual(self.check_exit(0, "explain", "-", *args, stdin=CAUSAL.encode()), inline)

    def test_support_is_a_markdown_table_of_every_gpu(self):
        lines = self.check_exit(0, "explain", "--support").splitlines()
        self.assertTrue(lines[0].startswith("| GPU | family |"))
        self.assertTrue(any(line.startswith("| sm_90a | sm90 |") for line in lines))
        self.assertTrue(any(line.startswith("| sm_80 | mma |") for line in lines))
        self.assertEqual({line.count("|") for line in lines}, {lines[0].count("|")})


class EmitTest(ToolTest):
    def test_file_and_standard_output_are_the_same_bytes(self):
        path = self.dir / "kernel.cu"
        self.check_exit(0, "emit", CAUSAL, "--arch", "sm_80", "-o", path)
        source = path.read_text()
        self.assertEqual(source, self.check_exit(0, "emit", CAUSAL, "--arch", "sm_80"))
        self.assertIn("fwd_sm80_bf16_d128_causal", source)
        self.assertNotIn("#include \"", source)

    def test_output_that_cannot_be_written(self):
        message = self.check_exit(
            1, "emit", CAUSAL, "--arch", "sm_80", "-o", self.dir / "missing" / "kernel.cu")
        self.assertIn("cannot write", message)


class BuildTest(ToolTest):
    def setUp(self):
        super().setUp()
        self.needs_nvrtc()

    def build(self, *args):
        return json.loads(self.check_exit(0, "build", SMALL, "--arch", "sm_80", "--json", *args))

    def test_first_compiles_then_hits(self):
        first = self.build()[0]
        self.assertEqual(first["origin"], "compiled")
        self.assertGreater(first["registers"], 0)
        self.assertTrue(os.path.exists(first["path"]))
        second = self.build()[0]
        self.assertEqual(second["origin"], "disk")
        self.assertEqual(second["key"], first["key"])

    def test_table_for_people(self):
        text = self.check_exit(0, "build", SMALL, SMALL, "--arch", "sm_80")
        self.assertIn("compiled", text)
        self.assertIn("hit (memory)", text)
        self.assertIn("fwd_sm80_fp16_d16", text)

    def test_cache_that_cannot_be_written_warns_and_goes_on(self):
        file = self.write("file", "")
        result = self.run_tool(
            "build", SMALL, "--arch", "sm_80", "--json", "--cache-dir", file / "cache")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn("warning", result.stderr)
        self.assertEqual(json.loads(result.stdout)[0]["path"], "")

    def test_read_only_cache_warns_and_goes_on(self):
        self.cache.mkdir(mode=0o500)
        if os.access(self.cache, os.W_OK):
            self.skipTest("this user may write everywhere")
        result = self.run_tool("build", SMALL, "--arch", "sm_80")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn("warning", result.stderr)

    def test_cache_lists_counts_verifies_and_clears(self):
        built = self.build()[0]
        listed = json.loads(self.check_exit(0, "cache", "ls", "--json"))
        self.assertEqual([entry["name"] for entry in listed], [built["name"]])
        self.assertIn(built["name"], self.check_exit(0, "cache", "ls"))
        self.assertEqual(json.loads(self.check_exit(0, "cache", "stats", "--json"))["entries"], 1)
        self.assertIn("1 of 1", self.check_exit(0, "cache", "verify"))
        self.assertIn("removed 1", self.check_exit(0, "cache", "clear"))
        self.assertEqual(json.loads(self.check_exit(0, "cache", "stats", "--json"))["entries"], 0)

    def test_damaged_entry_is_found_and_rebuilt(self):
        path = pathlib.Path(self.build()[0]["path"])
        data = bytearray(path.read_bytes())
        data[-1] ^= 1
        path.write_bytes(data)
        result = self.run_tool("cache", "verify")
        self.assertEqual(result.returncode, 1)
        self.assertIn(str(path), result.stdout)
        result = self.run_tool("build", SMALL, "--arch", "sm_80", "--json")
        self.assertEqual(json.loads(result.stdout)[0]["origin"], "compiled")
        self.assertIn("warning", result.stderr)
        self.check_exit(0, "cache", "verify")


class CheckTest(ToolTest):
    """On the emulator, which every machine has."""

    SIZES = ("--seqlen-q", "70", "--seqlen-kv", "90", "--batch", "2", "--seed", "1")

    def check(self, *args):
        return json.loads(self.check_exit(0, "check", SMALL, "--json", *self.SIZES, *args))

    def test_numbers_are_right_and_the_sanitizer_is_silent(self):
        self.needs_nvrtc()
        for device in ("sm_80", "sm_90a", "sm_120a"):
            with self.subTest(device):
                result = self.check("--device", f"emulator:{device}")
                self.assertEqual(result["status"], "passed")
                self.assertIn(f"({device})", result["device"])
                self.assertEqual(result["seqlen_kv"], 90)
                self.assertEqual(result["emulation"]["async"], "eager")
                self.assertEqual(result["emulation"]["sanitizer"]["total"], 0)

    def test_policies_and_no_sanitizer(self):
        self.needs_nvrtc()
        result = self.check("--device", "emulator:80", "--async", "seed=3", "--no-sanitizer")
        self.assertEqual(result["emulation"], {"async": "seed=3", "sanitizer": None})
        text = self.check_exit(0, "check", SMALL, *self.SIZES, "--device", "emulator", "--async", "late")
        self.assertIn("asynchronous operations late, sanitizer found nothing", text)
        self.assertIn("result      passed", text)

    def test_the_default_problem_is_small(self):
        self.needs_nvrtc()
        result = json.loads(self.check_exit(0, "check", SMALL, "--device", "emulator", "--json"))
        self.assertEqual((result["batch"], result["heads_q"], result["seqlen_q"]), (1, 1, 256))

    def test_bad_devices_and_policies(self):
        for option, value, text in (
            ("--device", "emulator:sm_75", "sm_100a"),
            ("--device", "emulator:", "sm_100a"),
            ("--device", "tpu", "emulator:ARCH"),
            ("--device", "cuda:-1", "cuda:N"),
            ("--async", "sometimes", "seed=N"),
        ):
            with self.subTest(value):
                args = [option, value] + (["--device", "emulator"] if option == "--async" else [])
                self.assertIn(text, self.check_exit(2, "check", SMALL, *args))

    def test_options_of_the_emulator_are_no_gpus(self):
        message = self.check_exit(2, "check", SMALL, "--device", "cuda", "--no-sanitizer")
        self.assertIn("--device emulator", message)

    def test_a_gpu_that_is_not_emulated(self):
        spec = '{"head_dim":16,"dtype":"fp16","arch":"sm_121a"}'
        self.assertIn("sm_121a", self.check_exit(3, "check", spec, "--device", "emulator"))
        self.check_exit(3, "check", spec, "--device", "emulator:sm_90a")

    def test_profile(self):
        self.needs_nvrtc()
        args = ("explain", SMALL, "--arch", "sm_80", "--profile")
        profile = json.loads(self.check_exit(0, *args, "--json"))
        self.assertGreater(profile["tiles"], 0)
        self.assertIn("matrix-f16", [cost["resource"] for cost in profile["costs"]])
        self.assertIn("cycles of an SM", self.check_exit(0, *args))


class CacheTest(ToolTest):
    def test_path_is_where_the_environment_says(self):
        self.assertEqual(self.check_exit(0, "cache", "path"), f"{self.cache}\n")
        other = self.check_exit(0, "cache", "path", "--cache-dir", "/elsewhere", "--json")
        self.assertEqual(json.loads(other), {"path": "/elsewhere"})

    def test_a_cache_that_is_not_there_is_empty(self):
        self.assertEqual(json.loads(self.check_exit(0, "cache", "ls", "--json")), [])
        self.check_exit(0, "cache", "verify")
        self.check_exit(0, "cache", "clear")
        self.assertFalse(self.cache.exists())


class DoctorTest(ToolTest):
    def test_reports_every_topic(self):
        result = self.run_tool("doctor", "--json")
        self.assertIn(result.returncode, (0, 1))
        topics = {finding["topic"] for finding in json.loads(result.stdout)["findings"]}
        self.assertLessEqual({"NVRTC", "driver", "emulator", "cache"}, topics)

    def test_says_what_to_do_without_nvrtc(self):
        result = self.run_tool("doctor", "--nvrtc", self.dir / "nowhere")
        self.assertEqual(result.returncode, 1)
        self.assertIn("ATTNJIT_NVRTC", result.stdout)

    def test_says_that_the_cache_cannot_be_used(self):
        result = self.run_tool("doctor", "--cache-dir", self.write("file", ""))
        self.assertEqual(result.returncode, 1)
        self.assertRegex(result.stdout, r"wrong +cache")


class CompletionTest(ToolTest):
    def test_scripts_are_valid(self):
        for shell in ("bash", "zsh", "fish"):
            script = self.write("script", self.check_exit(0, "completion", shell))
            if shutil.which(shell):
                subprocess.run([shell, "-n", script], check=True)

    def complete(self, *words):
        script = self.write("script", self.check_exit(0, "completion", "bash"))
        quoted = " ".join(f"'{word}'" for word in (ATTNJIT, *words))
        command = (f"source '{script}'; COMP_WORDS=({quoted}); COMP_CWORD={len(words)}; "
                   "_attnjit; printf '%s\\n' \"${COMPREPLY[@]}\"")
        return subprocess.run(["bash", "-c", command], check=True, capture_output=True,
                              text=True).stdout.split()

    def test_bash_completes_commands_options_and_archs(self):
        self.assertEqual(self.complete("exp"), ["explain"])
        self.assertIn("--arch", self.complete("explain", "--a"))
        self.assertEqual(self.complete("build", "--arch", "sm_90"), ["sm_90", "sm_90a"])
        self.assertEqual(self.complete("cache", "ver"), ["verify"])
        self.assertEqual(self.complete("check", "--device", "e"), ["emulator"])


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    ATTNJIT = os.path.abspath(sys.argv.pop(1))
    unittest.main()
