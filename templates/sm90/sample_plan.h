// A plan to compile the sm90 templates with when they are compiled alone: head dim 128, bf16,
// causal.
#pragma once

#include "ptx/wgmma/n128.h"
#include "sm90/plan.h"

#define ATTNJIT_KERNEL_NAME attnjit_sample_sm90

namespace attnjit {

constexpr Sm90Plan kPlan = {
    .problem = {.element = Element::kBf16,
                .element_o = Element::kBf16,
                .head_dim_qk = 128,
                .head_dim_v = 128,
                .group = 1,
                .left = Bound::kNone,
                .right = Bound::kZero,
                .diagonal = Diagonal::kTopLeft,
                .packed = false,
                .lse = true},
    .head_dim_qk_padded = 128,
    .head_dim_v_padded = 128,
    .consumer_warpgroups = 2,
    .pack = 1,
    .tile_m = 128,
    .tile_n = 128,
    .stages = 2,
    .q_stages = 2,
    .split_blocks = 0,
    .blocks_per_sm = 1,
    .consumer_registers = 232,
    .producer_registers = 40,
    .ping_pong = 1,
    .peel_first = 0,
    .check_q_rows = 1,
    .check_kv_rows = 1,
    .guard_v = 1,
    .q = {64, 64, 2},
    .k = {128, 64, 2},
    .v = {128, 64, 2},
    .q_offset = 0,
    .k_offset = 65536,
    .v_offset = 131072,
    .barrier_offset = 196608,
    .smem_bytes = 196864,
};

}  // namespace attnjit
