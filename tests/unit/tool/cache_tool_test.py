#!/usr/bin/env python3
"""Fills, keeps and moves caches with the command line, with a compiler that takes no time.

  cache_tool_test.py PATH_OF_ATTNJIT DIRECTORY_OF_FAKE_NVRTCS [SEED]

The rounds that end processes by SIGKILL draw their moments from SEED, which is printed.
"""

import fcntl
import json
import os
import pathlib
import random
import signal
import subprocess
import sys
import time
import unittest

import cli_test
from cli_test import ToolTest

NVRTC = None
SEED = 0
SPEC = '{"head_dim":64,"dtype":"fp16"}'


class CacheToolTest(ToolTest):
    def setUp(self):
        super().setUp()
        self.environment = {"ATTNJIT_NVRTC": str(NVRTC / "13.0")}

    def run_tool(self, *args, **kwargs):
        # The parent's environment is what the base class starts from.
        saved = {name: os.environ.get(name) for name in self.environment}
        os.environ.update(self.environment)
        try:
            return super().run_tool(*args, **kwargs)
        finally:
            for name, value in saved.items():
                if value is None:
                    del os.environ[name]
                else:
                    os.environ[name] = value

    def json_of(self, code, *args, **kwargs):
        result = self.run_tool(*args, "--json", **kwargs)
        self.assertEqual(result.returncode, code, result.stdout + result.stderr)
        return json.loads(result.stdout)

    def manifest(self, name="manifest.json", count=6, **fields):
        specs = [{"head_dim": 16 * (i + 1), "dtype": "bf16"} for i in range(count)]
        return self.write(name, json.dumps({"version": 1, "specs": specs, **fields}))


class PrewarmTest(CacheToolTest):
    def test_fills_the_cache_then_finds_everything_there(self):
        manifest = self.manifest(archs=["sm_80", "sm_90a"])
        first = self.json_of(0, "prewarm", manifest, "-j", 3)
        self.assertEqual((first["kernels"], first["compiled"]), (12, 12))
        again = self.json_of(0, "prewarm", manifest, "-j", 3)
        self.assertEqual((again["compiled"], again["hit"]), (0, 12))
        self.assertEqual(len(self.json_of(0, "cache", "ls")), 12)
        self.check_exit(0, "cache", "verify")

    def test_needs_neither_terminal_nor_bar(self):
        result = self.run_tool("prewarm", self.manifest(), "--arch", "sm_80", "-j", 1)
        self.assertEqual(len(result.stderr.splitlines()), 6)
        self.assertIn("[6/6] compiled fwd_sm80_bf16_d96", result.stderr)
        self.assertNotIn("\r", result.stderr)
        self.assertIn("6 kernels", result.stdout)
        self.assertIn("6 compiled, 0 already there, 0 unsupported, 0 failed", result.stdout)

    def test_hints_multiply_specs(self):
        manifest = self.manifest(count=2, hints=[{}, {"seqlen_q_multiple_of": 128,
                                                      "seqlen_kv_multiple_of": 128}])
        done = self.json_of(0, "prewarm", manifest, "--arch", "sm_80,sm_86")
        self.assertEqual(done["kernels"], 8)

    def test_shards_are_disjoint_and_whole(self):
        manifest = self.manifest(count=7, archs=["sm_80"])
        parts = [self.json_of(0, "prewarm", manifest, "--shard", f"{i}/3") for i in (1, 2, 3)]
        self.assertEqual(sorted(part["kernels"] for part in parts), [2, 2, 3])
        self.assertEqual([part["hit"] for part in parts], [0, 0, 0])
        self.assertEqual(self.json_of(0, "prewarm", manifest)["hit"], 7)

    def test_failed_and_unsupported_are_told_apart(self):
        mixed = {"head_dim": 64, "dtype": {"q": "bf16", "kv": "fp16", "o": "bf16"}}
        manifest = self.write("m", json.dumps({"specs": [{"head_dim": 32, "dtype": "bf16"}, mixed]}))
        done = self.json_of(3, "prewarm", manifest, "--arch", "sm_80")
        self.assertEqual((done["compiled"], done["unsupported"], done["failed"]), (1, 1, 0))
        self.environment["FAKE_NVRTC_FAIL"] = "d96"
        specs = [{"head_dim": d, "dtype": "bf16"} for d in (64, 96, 128)]
        manifest = self.write("n", json.dumps({"specs": specs + [mixed]}))
        done = self.json_of(1, "prewarm", manifest, "--arch", "sm_80", "-j", 1)
        self.assertEqual((done["compiled"], done["unsupported"], done["failed"]), (2, 1, 1))
        problem = next(p for p in done["problems"] if p["outcome"] == "failed")
        self.assertIn("refused as told", problem["message"])
        self.assertEqual(problem["spec"]["head_dim"], 96)

    def test_a_worker_that_crashes_costs_its_kernel_alone(self):
        self.environment["FAKE_NVRTC_CRASH"] = "d96"
        done = self.json_of(1, "prewarm", self.manifest(count=8), "--arch", "sm_80", "-j", 2)
        self.assertEqual((done["compiled"], done["failed"]), (7, 1))
        self.assertIn("signal 6", done["problems"][0]["message"])

    def test_reads_every_form_of_manifest(self):
        for text in (SPEC, SPEC + "\n\n" + SPEC.replace("64", "32") + "\n",
                     json.dumps({"workloads": [{"spec": json.loads(SPEC)}]})):
            with self.subTest(text):
                done = self.json_of(0, "prewarm", "-", "--arch", "sm_80", stdin=text.encode())
                self.assertGreater(done["kernels"], 0)
        self.assertGreaterEqual(
            self.json_of(0, "prewarm", "workloads", "--arch", "sm_90a")["kernels"], 10)

    def test_what_is_wrong_with_a_manifest_is_located(self):
        for text, part in (
            ('{"specs": [{"head_dim": 3}]}', "/specs/0"),
            ('{"spec": []}', "line 1"),
            ('{"specs": {}}', "/specs"),
            ('{"specs": [], "arch": ["sm_80"]}', "did you mean archs"),
            ('{"specs": [], "version": 2}', "/version"),
            ('{"specs": [%s], "archs": ["sm_9"]}' % SPEC, "/archs/0"),
            ('{"specs": [%s]}' % SPEC, "no arch"),
            (SPEC[:-1] + ',"arch":"sm_80"}\n{\n', "line 2"),
            ("[]", "specs"),
        ):
            with self.subTest(text):
                self.assertIn(part, self.check_exit(2, "prewarm", self.write("m", text)))
        for args in (("--shard", "0/2"), ("--shard", "3/2"), ("--shard", "x"), ("--arch", "sm_1")):
            self.check_exit(2, "prewarm", "workloads", *args)
        self.check_exit(2, "prewarm", self.dir / "nowhere")
        self.check_exit(2, "prewarm")

    def test_a_cache_that_keeps_nothing_is_a_failure(self):
        file = self.write("file", "")
        done = self.json_of(1, "prewarm", "-", "--arch", "sm_80", "--cache-dir", file,
                            stdin=SPEC.encode())
        self.assertEqual(done["failed"], 1)


class PolicyTest(CacheToolTest):
    def test_never_names_the_command_that_then_builds_it(self):
        self.environment["ATTNJIT_JIT"] = "never"
        message = self.check_exit(1, "build", SPEC, "--arch", "sm_80")
        line = next(x for x in message.splitlines() if "attnjit build '" in x)
        spec = line.split("'")[1]
        self.environment["ATTNJIT_JIT"] = "allow"
        self.check_exit(0, "build", spec, "--arch", "sm_80")
        self.environment["ATTNJIT_JIT"] = "never"
        self.assertEqual(self.json_of(0, "build", SPEC, "--arch", "sm_80")[0]["origin"], "disk")

    def test_a_record_of_a_run_prewarms_the_next(self):
        record = self.dir / "record.jsonl"
        self.environment["ATTNJIT_RECORD"] = str(record)
        self.check_exit(0, "build", SPEC, SPEC, SPEC.replace("64", "32"), "--arch", "sm_80,sm_90a")
        del self.environment["ATTNJIT_RECORD"]
        self.assertEqual(len(record.read_text().splitlines()), 4)
        self.check_exit(0, "cache", "clear")
        self.assertEqual(self.json_of(0, "prewarm", record)["compiled"], 4)
        self.environment["ATTNJIT_JIT"] = "never"
        self.check_exit(0, "build", SPEC, "--arch", "sm_80,sm_90a")

    def test_two_compilers_side_by_side_share_nothing(self):
        for version in ("13.0", "13.1", "13.0"):
            built = self.json_of(0, "build", SPEC, "--arch", "sm_80", "--nvrtc", NVRTC / version)[0]
            self.assertEqual(built["nvrtc_version"], version)
        self.assertEqual(len(self.json_of(0, "cache", "ls")), 2)

    def test_a_setting_that_cannot_be_is_a_usage_error(self):
        self.environment["ATTNJIT_JIT"] = "sometimes"
        self.assertIn("never or allow", self.check_exit(2, "build", SPEC, "--arch", "sm_80"))

    def test_without_a_home_it_goes_on_in_memory(self):
        environment = {k: v for k, v in os.environ.items()
                       if k not in ("HOME", "XDG_CACHE_HOME", "ATTNJIT_CACHE_DIR")}
        if os.geteuid() == 0:
            environment["HOME"] = "/nowhere/at/all"
        result = subprocess.run([cli_test.ATTNJIT, "build", SPEC, "--arch", "sm_80", "--nvrtc",
                                 str(NVRTC / "13.0"), "--cache-dir", "/proc/nowhere"],
                                env=environment, capture_output=True, text=True, check=False)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(result.stderr.count("warning"), 1, result.stderr)


class UpkeepTest(CacheToolTest):
    def setUp(self):
        super().setUp()
        self.json_of(0, "prewarm", self.manifest(), "--arch", "sm_80")

    def entries(self):
        return self.json_of(0, "cache", "ls")

    def age(self, entry, hours):
        then = time.time() - hours * 3600
        os.utime(entry["path"], (then, then))

    def test_stats_count_hits_and_misses_of_all_processes(self):
        self.json_of(0, "prewarm", self.manifest(), "--arch", "sm_80")
        stats = self.json_of(0, "cache", "stats")
        self.assertEqual((stats["entries"], stats["hits"], stats["misses"]), (6, 6, 6))
        self.assertIn("saved_compile_seconds", stats)
        text = self.check_exit(0, "cache", "stats")
        self.assertRegex(text, r"hits +6\n")

    def test_prune_by_bytes_removes_what_was_used_least_recently(self):
        entries = self.entries()
        for i, entry in enumerate(entries):
            self.age(entry, i + 1)
        most = sum(entry["bytes"] for entry in entries[:3])
        done = self.json_of(0, "cache", "prune", "--max-bytes", most)
        self.assertEqual(done["removed"]["entries"], 3)
        self.assertEqual([e["path"] for e in self.entries()], [e["path"] for e in entries[:3]])

    def test_prune_by_age(self):
        self.age(self.entries()[0], 49)
        self.age(self.entries()[1], 47)
        self.assertEqual(self.json_of(0, "cache", "prune", "--max-age", "2d")["removed"]["entries"], 1)
        self.assertIn("removed 1", self.check_exit(0, "cache", "prune", "--max-age", "40h"))

    def test_prune_needs_limits_that_make_sense(self):
        self.check_exit(2, "cache", "prune", "--max-bytes", "many")
        self.check_exit(2, "cache", "prune", "--max-age", "2 weeks")
        self.check_exit(2, "cache", "prune")
        self.check_exit(2, "cache", "stats", "--max-bytes", "1G")

    def test_a_cap_holds(self):
        size = self.entries()[0]["bytes"]
        self.environment["ATTNJIT_CACHE_MAX_BYTES"] = str(4 * size)
        self.check_exit(0, "build", SPEC, "--arch", "sm_90a")
        self.assertLessEqual(sum(e["bytes"] for e in self.entries()), 4 * size)


class DoctorTest(CacheToolTest):
    def notes(self):
        report = json.loads(self.run_tool("doctor", "--json").stdout)
        cache = [f for f in report["findings"] if f["topic"] == "cache" and f["state"] != "ok"]
        for finding in cache:
            self.assertIn(finding["advice"], report["to_do"])
        return [finding["text"] for finding in cache]

    def test_a_lock_that_is_held_too_long(self):
        self.json_of(0, "prewarm", self.manifest(count=1), "--arch", "sm_80")
        lock = next(self.cache.glob("v1/*/.lock"))
        with lock.open("r+") as file:
            fcntl.lockf(file, fcntl.LOCK_EX)
            self.assertFalse(any("lock" in text for text in self.notes()), "A compilation.")
            os.utime(lock, (0, time.time() - 100))
            self.assertTrue(any("held a lock" in text for text in self.notes()))
        self.assertFalse(any("held a lock" in text for text in self.notes()))

    def test_a_tmpfs_and_a_full_disk(self):
        if os.geteuid() != 0:
            self.skipTest("mounting needs the root user")
        self.cache.mkdir()
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", self.cache],
                                 capture_output=True, check=False)
        if mounted.returncode != 0:
            self.skipTest("mounting is not allowed")
        self.addCleanup(subprocess.run, ["umount", self.cache], check=True)
        self.cache.chmod(0o700)
        self.assertTrue(any("tmpfs" in text for text in self.notes()))
        (self.cache / "filler").write_bytes(bytes((1 << 20) - 4096))
        self.assertTrue(any("nearly full" in text for text in self.notes()))

    def test_unsafe_permissions(self):
        self.cache.mkdir()
        self.cache.chmod(0o777)
        self.assertTrue(any("anyone may write" in text for text in self.notes()))

    def test_a_damaged_entry(self):
        self.json_of(0, "prewarm", self.manifest(count=1), "--arch", "sm_80")
        next(self.cache.glob("v1/*/*.attnjit")).write_text("nonsense")
        self.assertTrue(any("damaged" in text for text in self.notes()))

    def test_ends_with_what_to_do(self):
        self.assertRegex(self.run_tool("doctor").stdout, r"(To do:\n  - |Nothing to do)")


class BundleTest(CacheToolTest):
    def setUp(self):
        super().setUp()
        self.json_of(0, "prewarm", self.manifest(count=4), "--arch", "sm_80,sm_90a")
        self.bundle = self.dir / "kernels.tar.zst"
        self.other = self.dir / "other"

    def names(self, cache):
        return [entry["name"] for entry in self.json_of(0, "cache", "ls", "--cache-dir", cache)]

    def import_(self, code, *args):
        return self.json_of(code, "cache", "import", *args, "--cache-dir", self.other)

    def test_carries_a_cache_to_a_server_that_may_not_compile(self):
        exported = self.json_of(0, "cache", "export", self.bundle)
        self.assertEqual(exported["files"][0]["entries"], 8)
        imported = self.import_(0, self.bundle)
        self.assertEqual(imported["files"][0]["entries"], 8)
        self.assertEqual(self.names(self.other), self.names(self.cache))
        self.check_exit(0, "cache", "verify", "--cache-dir", self.other)
        self.environment["ATTNJIT_JIT"] = "never"
        self.environment["ATTNJIT_NVRTC"] = "/nowhere"
        spec = '{"head_dim":16,"dtype":"bf16"}'
        result = self.run_tool("build", spec, "--arch", "sm_80", "--cache-dir", self.other, "--json")
        self.assertEqual(json.loads(result.stdout)[0]["origin"], "disk")
        self.environment["ATTNJIT_CACHE_LAYERS"] = str(self.other)
        result = self.run_tool("build", spec, "--arch", "sm_80", "--cache-dir", self.dir / "new",
                               "--json")
        self.assertEqual(json.loads(result.stdout)[0]["origin"], "layer")

    def test_equal_caches_give_equal_bundles(self):
        self.check_exit(0, "cache", "export", self.bundle)
        self.import_(0, self.bundle)
        again = self.dir / "again.tar.zst"
        self.check_exit(0, "cache", "export", again, "--cache-dir", self.other)
        self.assertEqual(again.read_bytes(), self.bundle.read_bytes())

    def test_one_file_for_each_arch(self):
        exported = self.json_of(0, "cache", "export", self.bundle, "--split-by-arch")
        self.assertEqual([pathlib.Path(f["path"]).name for f in exported["files"]],
                         ["kernels-sm_80.tar.zst", "kernels-sm_90a.tar.zst"])
        self.import_(0, self.dir / "kernels-sm_90a.tar.zst")
        self.assertEqual(len(self.names(self.other)), 4)
        self.assertTrue(all("sm90a" in name for name in self.names(self.other)))
        self.json_of(0, "cache", "export", self.bundle, "--arch", "sm_80")
        self.import_(0, self.bundle)
        self.assertEqual(len(self.names(self.other)), 8)

    def test_other_programs_read_it(self):
        if not cli_test.shutil.which("zstd"):
            self.skipTest("no zstd to unpack it with")
        self.check_exit(0, "cache", "export", self.bundle)
        tar = subprocess.run(["zstd", "-dc", self.bundle], check=True, capture_output=True).stdout
        listed = subprocess.run(["tar", "-t"], input=tar, check=True, capture_output=True).stdout
        self.assertEqual(listed.split()[0], b"manifest.json")

    def test_signatures(self):
        key, wrong = self.dir / "key", self.dir / "wrong"
        for path in (key, wrong):
            self.check_exit(0, "cache", "keygen", path)
        self.check_exit(1, "cache", "keygen", key)
        self.check_exit(0, "cache", "export", self.bundle)
        args = ("cache", "import", self.bundle, "--cache-dir", self.other)
        self.assertIn("not signed", self.check_exit(1, *args, "--verify-key", f"{key}.pub"))
        self.check_exit(0, "cache", "export", self.bundle, "--sign", key)
        self.assertIn("signature", self.check_exit(1, *args, "--verify-key", f"{wrong}.pub"))
        self.assertFalse(self.other.exists())
        self.check_exit(1, *args, "--verify-key", key)
        self.assertTrue(self.import_(0, self.bundle)["files"][0]["signed"])
        self.assertTrue(self.import_(0, self.bundle, "--verify-key", f"{key}.pub")
                        ["files"][0]["signature_checked"])
        key.chmod(0o644)
        self.assertIn("others may read", self.check_exit(
            1, "cache", "export", self.bundle, "--sign", key))

    def test_partial_bundles_are_refused_whole(self):
        self.check_exit(0, "cache", "export", self.bundle)
        whole = self.bundle.read_bytes()
        cut = self.dir / "cut"
        for size in [0, 1, 47, 48, 49, len(whole) - 1, *range(100, len(whole), len(whole) // 20)]:
            cut.write_bytes(whole[:size])
            self.check_exit(1, "cache", "import", cut, "--cache-dir", self.other)
        cut.write_bytes(whole + b"x")
        self.check_exit(1, "cache", "import", self.bundle, cut, "--cache-dir", self.other)
        self.assertFalse(self.other.exists())

    def test_any_changed_byte_of_a_bundle_or_an_entry_is_found(self):
        self.check_exit(0, "cache", "export", self.bundle)
        whole = bytearray(self.bundle.read_bytes())
        changed = self.dir / "changed"
        step = len(whole) // 60
        for at in [*range(0, len(whole), step), *range(len(whole) - 50, len(whole), 7)]:
            whole[at] ^= 0x10
            changed.write_bytes(whole)
            whole[at] ^= 0x10
            self.check_exit(1, "cache", "import", changed, "--cache-dir", self.other)
        self.assertFalse(self.other.exists())

    def test_options_of_other_actions_are_mistakes(self):
        self.check_exit(2, "cache", "ls", "file")
        self.check_exit(2, "cache", "export")
        self.check_exit(2, "cache", "import")
        self.check_exit(2, "cache", "export", self.bundle, "--verify-key", "k")

    def test_a_full_disk_leaves_no_bundle(self):
        self.check_exit(1, "cache", "export", "/dev/full/bundle")
        self.check_exit(1, "cache", "export", self.dir / "nowhere" / "bundle")


def tool_environment(cache):
    return {**os.environ, "ATTNJIT_CACHE_DIR": str(cache), "ATTNJIT_NVRTC": str(NVRTC / "13.0")}


class KillTest(CacheToolTest):
    """Processes ended by SIGKILL at random moments lose nothing and leave nothing broken."""

    ROUNDS = 100  # Of each command.

    def setUp(self):
        super().setUp()
        self.random = random.Random(SEED)

    def kill_somewhere(self, longest, *args):
        """Starts a command, and ends it and its workers within `longest` seconds."""
        process = subprocess.Popen([cli_test.ATTNJIT, *map(str, args)],
                                   env=tool_environment(self.cache), stdout=subprocess.DEVNULL,
                                   stderr=subprocess.DEVNULL, start_new_session=True)
        try:
            process.wait(self.random.uniform(0, longest))
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def duration(self, *args):
        begin = time.monotonic()
        self.check_exit(0, *args)
        return time.monotonic() - begin

    def test_prewarm(self):
        manifest = self.manifest(count=8)
        args = ("prewarm", manifest, "--arch", "sm_80,sm_90a", "-j", "2")
        longest = self.duration(*args)
        for round_number in range(self.ROUNDS):
            if round_number % 10 == 0:
                self.check_exit(0, "cache", "clear")
            self.kill_somewhere(longest, *args)
            if round_number % 10 == 9:
                self.check_exit(0, "cache", "verify")
        done = self.json_of(0, *args)
        self.assertEqual(done["compiled"] + done["hit"], 16)
        self.check_exit(0, "cache", "verify")
        self.assertEqual(len(self.json_of(0, "cache", "ls")), 16)

    def test_prune(self):
        manifest = self.manifest(count=8)
        args = ("prewarm", manifest, "--arch", "sm_80", "-j", "1")
        self.check_exit(0, *args)
        longest = self.duration("cache", "prune", "--max-bytes", "1T")
        for round_number in range(self.ROUNDS):
            if round_number % 5 == 0:
                self.json_of(0, *args)
            self.kill_somewhere(2 * longest, "cache", "prune", "--max-bytes",
                                self.random.choice(("0", "20K", "100K")))
            if round_number % 10 == 9:
                self.check_exit(0, "cache", "verify")
        self.assertEqual(self.json_of(0, *args)["failed"], 0)
        self.check_exit(0, "cache", "verify")

    def test_export_and_import(self):
        self.check_exit(0, "prewarm", self.manifest(count=8), "--arch", "sm_80,sm_90a")
        bundle, other = self.dir / "kernels.tar.zst", self.dir / "other"
        longest = self.duration("cache", "export", bundle)
        whole = bundle.read_bytes()
        for round_number in range(self.ROUNDS):
            if round_number % 4 == 0:
                bundle.unlink(missing_ok=True)
            self.kill_somewhere(longest, "cache", "export", bundle)
            if bundle.exists():
                self.assertEqual(bundle.read_bytes(), whole, "whole, or not there")
        self.check_exit(0, "cache", "export", bundle)
        for _ in range(self.ROUNDS // 4):
            self.kill_somewhere(longest, "cache", "import", bundle, "--cache-dir", other)
            self.check_exit(0, "cache", "verify", "--cache-dir", other)
        self.check_exit(0, "cache", "import", bundle, "--cache-dir", other)
        self.assertEqual(len(self.json_of(0, "cache", "ls", "--cache-dir", other)), 16)
        self.check_exit(0, "cache", "verify")


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    cli_test.ATTNJIT = os.path.abspath(sys.argv.pop(1))
    NVRTC = pathlib.Path(sys.argv.pop(1)).absolute()
    SEED = int(sys.argv.pop(1)) if len(sys.argv) > 1 and sys.argv[1].isdigit() else random.randrange(2**32)
    print(f"seed {SEED}", file=sys.stderr)
    unittest.main()
