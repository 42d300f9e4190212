// A plan to compile the sm100 templates with when they are compiled alone: head dim 128, bf16,
// causal.
#pragma once

#include "sm100/plan.h"

#define ATTNJIT_KERNEL_NAME attnjit_sample_sm100

namespace attnjit {

constexpr Sm100Plan kPlan = {
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
    .ctas = 1,
    .q_tiles = 2,
    .tile_m = 256,
    .tile_n = 128,
    .k_stages = 2,
    .v_stages = 2,
    .o_stages = 2,
    .p_first = 96,
    .rescale_threshold = 8,
    .exp_degree = 3,
    .exp_share = 4,
    .softmax_registers = 192,
    .correction_registers = 80,
    .other_registers = 48,
    .check_q_rows = 1,
    .check_kv_rows = 1,
    .guard_v = 1,
    .q = {128, 64, 2},
    .k = {128, 64, 2},
    .v = {128, 64, 2},
    .o = {128, 64, 2},
    .tensor_columns = 512,
    .s_column = 0,
    .p_column = 0,
    .s_stride = 128,
    .o_column = 256,
    .o_stride = 128,
    .q_offset = 0,
    .k_offset = 65536,
    .v_offset = 131072,
    .o_offset = 196608,
    .state_offset = 229376,
    .barrier_offset = 231424,
    .smem_bytes = 231936,
};

}  // namespace attnjit
