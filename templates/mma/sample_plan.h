// A plan for compiling the templates by themselves: bf16, head dim 128, causal, sm_80.
#pragma once

#include "mma/plan.h"

namespace attnjit {

constexpr MmaPlan kPlan{
    .problem = {.element = Element::kBf16,
                .element_o = Element::kBf16,
                .head_dim_qk = 128,
                .head_dim_v = 128,
                .group = 4,
                .left = Bound::kNone,
                .right = Bound::kZero,
                .diagonal = Diagonal::kBottomRight,
                .packed = false,
                .lse = true},
    .head_dim_qk_padded = 128,
    .warps = 4,
    .tile_m = 128,
    .tile_n = 64,
    .stages = 1,
    .q_in_registers = false,
    .check_q_rows = true,
    .check_kv_rows = true,
    .min_blocks_per_sm = 2,
    .q_offset = 0,
    .k_offset = 128 * 128 * 2,
    .v_offset = (128 + 64) * 128 * 2,
    .o_offset = 0,
    .state_offset = (128 + 2 * 64) * 128 * 2,
    .smem_bytes = (128 + 2 * 64) * 128 * 2 + MmaPlan::kStateBytes,
};

}  // namespace attnjit
