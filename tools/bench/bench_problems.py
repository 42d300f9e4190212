"""The problems that peers.py times: the grid of head dim x mask x length, decoding, the workloads."""

import dataclasses
import json
import math

TOKENS = 16384  # batch x seqlen of every grid cell.
WIDTH = 2048  # heads x head dim of every grid cell.


@dataclasses.dataclass(frozen=True)
class Problem:
    """One attention problem. mask is "none", "causal" or (left, right), None for unbounded."""

    name: str
    group: str  # "grid", "decode" or "workload".
    head_dim_qk: int
    head_dim_v: int
    heads_q: int
    heads_kv: int
    batch: int
    seqlen_q: int
    seqlen_kv: int
    mask: object
    decode: bool = False

    @property
    def windowed(self):
        return self.mask not in ("none", "causal")

    def visible_pairs(self):
        """Visible pairs of one query head, the diagonal at the bottom right."""
        if not self.windowed and self.seqlen_q == self.seqlen_kv and self.mask == "causal":
            return self.seqlen_q * self.seqlen_kv / 2  # The convention of flash-attention papers.
        left, right = {"none": (None, None), "causal": (None, 0)}.get(
            self.mask if isinstance(self.mask, str) else "", self.mask
        )
        pairs = 0
        for i in range(self.seqlen_q):
            diagonal = i + self.seqlen_kv - self.seqlen_q
            begin = 0 if left is None else max(0, diagonal - left)
            end = self.seqlen_kv if right is None else min(self.seqlen_kv, diagonal + right + 1)
            pairs += max(0, end - begin)
        return pairs

    def flop(self):
        """2 (head_dim.qk + head_dim.v) for each visible pair and query head."""
        dims = self.head_dim_qk + self.head_dim_v
        return 2 * dims * self.visible_pairs() * self.batch * self.heads_q

    def kv_bytes(self):
        """Bytes of K and V, 16-bit."""
        dims = self.head_dim_qk + self.head_dim_v
        return 2 * dims * self.batch * self.heads_kv * self.seqlen_kv

    def spec(self, arch=None):
        """The request for this problem."""
        spec = {
            "version": 1,
            "dtype": "bf16",
            "head_dim": {"qk": self.head_dim_qk, "v": self.head_dim_v},
            "heads": {"q": self.heads_q, "kv": self.heads_kv},
            "mask": {"window": list(self.mask)} if self.windowed else self.mask,
            "lse": True,
        }
        if self.mask != "none":
            spec["align"] = "bottom_right"
        if self.decode or self.seqlen_q <= 1024:
            spec["hints"] = {"seqlen_q_at_most": self.seqlen_q}
        if arch:
            spec["arch"] = arch
        return json.dumps(spec)

    def scale(self):
        return 1 / math.sqrt(self.head_dim_qk)


def grid(head_dims=(64, 128, 256), masks=("none", "causal"),
         seqlens=(512, 1024, 2048, 4096, 8192, 16384)):
    """Every cell of the forward table."""
    problems = []
    for dim in head_dims:
        for mask in masks:
            for seqlen in seqlens:
                heads = WIDTH // dim
                problems.append(Problem(
                    name=f"d{dim} {'full' if mask == 'none' else mask} {seqlen}", group="grid",
                    head_dim_qk=dim, head_dim_v=dim, heads_q=heads, heads_kv=heads,
                    batch=TOKENS // seqlen, seqlen_q=seqlen, seqlen_kv=seqlen, mask=mask))
    return problems


DECODE_HEADS = ((32, 8, 128), (64, 8, 128), (64, 8, 64), (16, 2, 256), (32, 32, 128))
DECODE_SIZES = ((1, 32768), (1, 131072), (32, 2048), (32, 8192), (128, 2048))


def decode(seqlen_q=1):
    """Every row of the decode table: few query tokens against long K and V."""
    problems = []
    for heads_q, heads_kv, dim in DECODE_HEADS:
        for batch, seqlen_kv in DECODE_SIZES:
            tokens = "" if seqlen_q == 1 else f" q{seqlen_q}"
            problems.append(Problem(
                name=f"{heads_q}/{heads_kv}/{dim} {batch}x{seqlen_kv}{tokens}", group="decode",
                head_dim_qk=dim, head_dim_v=dim, heads_q=heads_q, heads_kv=heads_kv, batch=batch,
                seqlen_q=seqlen_q, seqlen_kv=seqlen_kv, mask="none", decode=True))
    return problems


def parse_size(text):
    """batch, seqlen_q, seqlen_kv of "prefill 4x4096", "encode ..", "decode ..", "cross BxQxK"."""
    kind, _, sizes = text.partition(" ")
    numbers = [int(part) for part in sizes.split("x")]
    if kind == "cross" and len(numbers) == 3:
        return tuple(numbers)
    if kind in ("prefill", "encode", "decode") and len(numbers) == 2:
        batch, length = numbers
        return batch, 1 if kind == "decode" else length, length
    raise ValueError(f"no problem: {text!r}")


def _mask_of(spec):
    mask = spec.get("mask", "none")
    if not isinstance(mask, dict):
        return mask
    left, right = mask["window"]
    if left is None and right == 0:
        return "causal"
    return (left, right)


def workloads(path):
    """Every problem of a workloads file."""
    with open(path, encoding="utf-8") as file:
        items = json.load(file)["workloads"]
    problems = []
    for item in items:
        spec = item["spec"]
        dims = spec["head_dim"]
        qk, v = (dims["qk"], dims["v"]) if isinstance(dims, dict) else (dims, dims)
        for text in item["problems"]:
            batch, seqlen_q, seqlen_kv = parse_size(text)
            problems.append(Problem(
                name=f"{item['name']} {text}", group="workload", head_dim_qk=qk, head_dim_v=v,
                heads_q=spec["heads"]["q"], heads_kv=spec["heads"]["kv"], batch=batch,
                seqlen_q=seqlen_q, seqlen_kv=seqlen_kv, mask=_mask_of(spec),
                decode=text.startswith("decode")))
    return problems
