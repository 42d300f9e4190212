// Every field of a plan, once: what the emitter prints as CUDA, and explain as text and JSON.
//
// A visitor is called as visitor(name, value) with an int, a bool, an enum of templates/problem.h,
// or a nested struct that has a ForEachField of its own.
#ifndef ATTNJIT_GENERATOR_PLAN_FIELDS_H_
#define ATTNJIT_GENERATOR_PLAN_FIELDS_H_

#include "templates/mma/plan.h"
#include "templates/sm100/plan.h"
#include "templates/sm90/plan.h"

namespace attnjit {

template <class Visitor>
void ForEachField(const Problem& p, Visitor&& visit) {
  visit("element", p.element);
  visit("element_o", p.element_o);
  visit("head_dim_qk", p.head_dim_qk);
  visit("head_dim_v", p.head_dim_v);
  visit("group", p.group);
  visit("left", p.left);
  visit("right", p.right);
  visit("diagonal", p.diagonal);
  visit("packed", p.packed);
  visit("lse", p.lse);
}

template <class Visitor>
void ForEachField(const TileLayout& t, Visitor&& visit) {
  visit("rows", t.rows);
  visit("chunk", t.chunk);
  visit("chunks", t.chunks);
}

template <class Visitor>
void ForEachField(const Sm90Plan& p, Visitor&& visit) {
  visit("problem", p.problem);
  visit("head_dim_qk_padded", p.head_dim_qk_padded);
  visit("head_dim_v_padded", p.head_dim_v_padded);
  visit("consumer_warpgroups", p.consumer_warpgroups);
  visit("pack", p.pack);
  visit("tile_m", p.tile_m);
  visit("tile_n", p.tile_n);
  visit("stages", p.stages);
  visit("q_stages", p.q_stages);
  visit("split_blocks", p.split_blocks);
  visit("blocks_per_sm", p.blocks_per_sm);
  visit("consumer_registers", p.consumer_registers);
  visit("producer_registers", p.producer_registers);
  visit("ping_pong", p.ping_pong);
  visit("peel_first", p.peel_first);
  visit("check_q_rows", p.check_q_rows);
  visit("check_kv_rows", p.check_kv_rows);
  visit("guard_v", p.guard_v);
  visit("q", p.q);
  visit("k", p.k);
  visit("v", p.v);
  visit("q_offset", p.q_offset);
  visit("k_offset", p.k_offset);
  visit("v_offset", p.v_offset);
  visit("barrier_offset", p.barrier_offset);
  visit("smem_bytes", p.smem_bytes);
}

template <class Visitor>
void ForEachField(const Sm100Plan& p, Visitor&& visit) {
  visit("problem", p.problem);
  visit("head_dim_qk_padded", p.head_dim_qk_padded);
  visit("head_dim_v_padded", p.head_dim_v_padded);
  visit("ctas", p.ctas);
  visit("q_tiles", p.q_tiles);
  visit("tile_m", p.tile_m);
  visit("tile_n", p.tile_n);
  visit("k_stages", p.k_stages);
  visit("v_stages", p.v_stages);
  visit("o_stages", p.o_stages);
  visit("p_first", p.p_first);
  visit("rescale_threshold", p.rescale_threshold);
  visit("exp_degree", p.exp_degree);
  visit("exp_share", p.exp_share);
  visit("softmax_registers", p.softmax_registers);
  visit("correction_registers", p.correction_registers);
  visit("other_registers", p.other_registers);
  visit("check_q_rows", p.check_q_rows);
  visit("check_kv_rows", p.check_kv_rows);
  visit("guard_v", p.guard_v);
  visit("q", p.q);
  visit("k", p.k);
  visit("v", p.v);
  visit("o", p.o);
  visit("tensor_columns", p.tensor_columns);
  visit("s_column", p.s_column);
  visit("p_column", p.p_column);
  visit("s_stride", p.s_stride);
  visit("o_column", p.o_column);
  visit("o_stride", p.o_stride);
  visit("q_offset", p.q_offset);
  visit("k_offset", p.k_offset);
  visit("v_offset", p.v_offset);
  visit("o_offset", p.o_offset);
  visit("state_offset", p.state_offset);
  visit("barrier_offset", p.barrier_offset);
  visit("smem_bytes", p.smem_bytes);
}

template <class Visitor>
void ForEachField(const MmaPlan& p, Visitor&& visit) {
  visit("problem", p.problem);
  visit("head_dim_qk_padded", p.head_dim_qk_padded);
  visit("warps", p.warps);
  visit("tile_m", p.tile_m);
  visit("tile_n", p.tile_n);
  visit("stages", p.stages);
  visit("q_in_registers", p.q_in_registers);
  visit("check_q_rows", p.check_q_rows);
  visit("check_kv_rows", p.check_kv_rows);
  visit("min_blocks_per_sm", p.min_blocks_per_sm);
  visit("q_offset", p.q_offset);
  visit("k_offset", p.k_offset);
  visit("v_offset", p.v_offset);
  visit("o_offset", p.o_offset);
  visit("state_offset", p.state_offset);
  visit("smem_bytes", p.smem_bytes);
}

}  // namespace attnjit

#endif  // ATTNJIT_GENERATOR_PLAN_FIELDS_H_
