"""What peers.py times: attnjit and PyTorch's attentions, each as a function without arguments.

All get the same q, k, v: torch tensors [batch, heads, seq, dim], views of memory laid out
[batch, seq, heads, dim] unless asked otherwise. A backend that cannot do a problem raises.
"""

import functools

import torch
import torch.nn.functional as F
from torch.nn.attention import SDPBackend, sdpa_kernel


class NotSupported(Exception):
    """This backend does not do that problem."""


def make_inputs(problem, seed, layout):
    """Fresh normal q, k, v in bf16, and an o to write into."""
    generator = torch.Generator(device="cuda").manual_seed(seed)

    def tensor(heads, seqlen, dim, random):
        shape = ((problem.batch, seqlen, heads, dim) if layout == "bshd" else
                 (problem.batch, heads, seqlen, dim))
        make = functools.partial(torch.randn, generator=generator) if random else torch.empty
        data = make(shape, device="cuda", dtype=torch.bfloat16)
        return data.transpose(1, 2) if layout == "bshd" else data

    q = tensor(problem.heads_q, problem.seqlen_q, problem.head_dim_qk, True)
    k = tensor(problem.heads_kv, problem.seqlen_kv, problem.head_dim_qk, True)
    v = tensor(problem.heads_kv, problem.seqlen_kv, problem.head_dim_v, True)
    o = tensor(problem.heads_q, problem.seqlen_q, problem.head_dim_v, False)
    return q, k, v, o


def _is_causal(problem):
    """Whether is_causal says it: PyTorch's is aligned at the top left. One query at the bottom right
    sees everything."""
    if problem.windowed:
        raise NotSupported("no window")
    if problem.mask == "none" or problem.seqlen_q == 1:
        return False
    if problem.seqlen_q != problem.seqlen_kv:
        raise NotSupported("no bottom-right diagonal")
    return True


def _sdpa(backend, problem, q, k, v):
    causal = _is_causal(problem)

    def run():
        with sdpa_kernel(backend):
            return F.scaled_dot_product_attention(
                q, k, v, is_causal=causal, scale=problem.scale(),
                enable_gqa=problem.heads_q != problem.heads_kv)

    return run


def cudnn(problem, q, k, v, o):
    return _sdpa(SDPBackend.CUDNN_ATTENTION, problem, q, k, v)


def flash_attention_2(problem, q, k, v, o):
    if problem.head_dim_qk != problem.head_dim_v:
        raise NotSupported("head_dim.qk != head_dim.v")
    if not problem.windowed:
        return _sdpa(SDPBackend.FLASH_ATTENTION, problem, q, k, v)
    # SDPA has no window; the operator beneath it has, for queries at the bottom right.
    left, right = (-1 if bound is None else bound for bound in problem.mask)
    qt, kt, vt = (x.transpose(1, 2) for x in (q, k, v))

    def run():
        return torch.ops.aten._flash_attention_forward(
            qt, kt, vt, None, None, problem.seqlen_q, problem.seqlen_kv, 0.0, False, False,
            scale=problem.scale(), window_size_left=left, window_size_right=right)[0].transpose(1, 2)

    return run


@functools.lru_cache(maxsize=None)
def _compiled_flex():
    from torch.nn.attention.flex_attention import flex_attention
    return torch.compile(flex_attention, dynamic=False)


def flex_attention(problem, q, k, v, o):
    from torch.nn.attention.flex_attention import create_block_mask
    torch._dynamo.reset()
    offset = problem.seqlen_kv - problem.seqlen_q
    left, right = problem.mask if problem.windowed else (None, 0 if problem.mask == "causal" else None)
    block_mask = None
    if left is not None or right is not None:
        def mask_mod(b, h, q_index, kv_index):
            visible = kv_index >= 0
            if right is not None:
                visible = visible & (kv_index <= q_index + offset + right)
            if left is not None:
                visible = visible & (kv_index >= q_index + offset - left)
            return visible

        block_mask = create_block_mask(mask_mod, None, None, problem.seqlen_q, problem.seqlen_kv,
                                       device="cuda")
    flex = _compiled_flex()

    def run():
        return flex(q, k, v, block_mask=block_mask, scale=problem.scale(),
                    enable_gqa=problem.heads_q != problem.heads_kv)

    return run


class Attnjit:
    """attnjit's kernel for a problem; `arch` asks for another kernel family than the GPU's own."""

    def __init__(self, library, arch=None):
        self._library = library
        self._arch = arch
        self.kernels = {}  # Information by problem name.

    def __call__(self, problem, q, k, v, o):
        kernel = self._library.prepare(problem.spec(self._arch), torch.cuda.current_device())
        self.kernels[problem.name] = {
            key: kernel.info[key] for key in ("name", "registers", "spill_store_bytes", "origin")}
        lse = torch.empty(problem.batch, problem.heads_q, problem.seqlen_q, device="cuda",
                          dtype=torch.float32)
        launch = kernel.bind(q, k, v, o, lse, torch.cuda.current_stream().cuda_stream)

        def run():
            launch()
            return o

        run.keep = (q, k, v, lse)
        return run


def reference_rows(problem, q, k, v, b, h, dtype):
    """O of one sequence and query head by plain PyTorch: in float64 the truth, in bf16 the same
    mathematics with every intermediate rounded."""
    group = problem.heads_q // problem.heads_kv
    qh, kh, vh = (q[b, h].to(dtype), k[b, h // group].to(dtype), v[b, h // group].to(dtype))
    rows = []
    step = max(1, 2**25 // problem.seqlen_kv)
    j = torch.arange(problem.seqlen_kv, device=q.device)
    left, right = problem.mask if problem.windowed else (None, 0 if problem.mask == "causal" else None)
    for start in range(0, problem.seqlen_q, step):
        i = torch.arange(start, min(start + step, problem.seqlen_q), device=q.device)
        scores = (qh[i] @ kh.T) * problem.scale()
        diagonal = (i + problem.seqlen_kv - problem.seqlen_q)[:, None]
        hidden = torch.zeros_like(scores, dtype=torch.bool)
        if right is not None:
            hidden |= j[None, :] > diagonal + right
        if left is not None:
            hidden |= j[None, :] < diagonal - left
        scores.masked_fill_(hidden, float("-inf"))
        rows.append(torch.softmax(scores, dim=-1) @ vh)
    return torch.cat(rows)
