#!/usr/bin/env python3
"""Checks that the JSON Schema accepts what ParseSpec accepts, and nothing else.

Takes the hand-written corpus and random requests that mix valid and invalid values. What a schema
cannot express (heads.q a multiple of heads.kv) is left out of the comparison; the corpus lists
those cases as "beyond-schema". Exits with 77, a skip, where python3-jsonschema is not installed.
"""

import argparse
import json
import random
import subprocess
import sys

RANDOM_REQUESTS = 4000
SEED = 20261122

# For each field: valid values, then invalid ones.
FIELDS = {
    "version": ([1, 1.0], [0, 2, "1", None, True]),
    "op": (["attention_forward"], ["attention_backward", 1]),
    "arch": (["sm_80", "sm_90a", "sm_121a"], ["sm_70", "sm90a", 90, None]),
    "dtype": (
        ["bf16", "half", {"q": "bf16", "kv": "fp16", "o": "float16"}],
        ["fp8", 16, {"q": "bf16"}, {"q": "bf16", "kv": "bf16", "o": None}, []],
    ),
    "head_dim": (
        [8, 128, 256, 72.0, {"qk": 192, "v": 128}],
        [0, 7, 100, 264, 64.5, "64", {"qk": 64}, {"qk": 64, "v": 3}, [64]],
    ),
    "heads": (
        [{"q": 8, "kv": 2}, {"q": 1, "kv": 1, "x-note": 1}],
        [{"q": 8}, {"q": 0, "kv": 1}, {"q": 8, "kv": 1, "o": 8}, 8, {"q": 1.5, "kv": 1}],
    ),
    "layout": (["bshd", "bhsd", "thd", "thd"], ["bsdh", None]),
    "mask": (
        ["none", "causal", {"window": [None, None]}, {"window": [3, 0]}, {"window": [None, 0]}],
        ["full", None, {"window": [-1, 0]}, {"window": [1]}, {"window": [0.5, 0]}, {}],
    ),
    "align": (["top_left", "bottom_right"], ["center", None]),
    "softmax_scale": ([None, 1, 0.125, 1e-30], [0, -1, 1e31, "1", True]),
    "lse": ([True, False], [0, "yes"]),
    "hints": (
        [{}, {"seqlen_q_multiple_of": 128}, {"seqlen_kv_multiple_of": 3}, {"seqlen_q_at_most": 1},
         {"ctas": 2}],
        [None, {"seqlen_q_multiple_of": 0}, {"seqlen": 1}, {"ctas": 3}],
    ),
}


def random_request(rng):
    request = {}
    for name, (valid, invalid) in FIELDS.items():
        required = name in ("dtype", "head_dim")
        if rng.random() < (0.02 if required else 0.5):
            continue
        request[name] = rng.choice(invalid if rng.random() < 0.05 else valid)
    if rng.random() < 0.1:
        request["x-note"] = rng.choice([1, None, {"a": [1]}])
    if rng.random() < 0.03:
        request[rng.choice(["scale", "head_dims", "window"])] = 1
    return json.dumps(request)


def read_corpus(path):
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            line = line.strip()
            if line and not line.startswith("#"):
                yield line.split(" ", 1)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--classify", required=True)
    parser.add_argument("--corpus", required=True)
    parser.add_argument("--schema", required=True)
    args = parser.parse_args()
    try:
        import jsonschema
    except ImportError:
        print("skipped: python3-jsonschema is not installed")
        return 77

    with open(args.schema, encoding="utf-8") as file:
        schema = json.load(file)
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)

    rng = random.Random(SEED)
    cases = [(kind, text) for kind, text in read_corpus(args.corpus) if kind != "beyond-schema"]
    cases += [("random", random_request(rng)) for _ in range(RANDOM_REQUESTS)]
    result = subprocess.run(
        [args.classify],
        input="\n".join(text for _, text in cases) + "\n",
        capture_output=True,
        text=True,
        check=True,
    )
    verdicts = result.stdout.split()
    assert len(verdicts) == len(cases), "one verdict for each request"

    failures = 0
    accepted = 0
    for (kind, text), parser_says in zip(cases, verdicts):
        schema_says = "valid" if validator.is_valid(json.loads(text)) else "invalid"
        accepted += schema_says == "valid"
        if schema_says != parser_says or kind not in ("random", schema_says):
            failures += 1
            print(f"{kind}: ParseSpec says {parser_says}, the schema {schema_says}: {text}")
    print(f"{len(cases)} requests, {accepted} accepted, {failures} disagreements")
    return 1 if failures or accepted < len(cases) // 10 else 0


if __name__ == "__main__":
    sys.exit(main())
