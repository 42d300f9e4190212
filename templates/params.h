// What a launch passes: one struct, by value, the same bytes on host and device.
//
// Shapes, strides in elements (all 64-bit):
//   q    [batch, seqlen_q,  heads_q,  head_dim_qk]  element (b,i,h,d) at
//                                                   b*batch + i*seq + h*head + d
//   k    [batch, seqlen_kv, heads_kv, head_dim_qk]
//   v    [batch, seqlen_kv, heads_kv, head_dim_v]
//   o    [batch, seqlen_q,  heads_q,  head_dim_v]
//   lse  [batch, heads_q, seqlen_q] float           element (b,h,i) at b*batch + h*head + i
// Packed (thd): the batch stride is not used; row i of sequence b is token cu_seqlens[b] + i, for
// lse too: element (b,h,i) at h*head + cu_seqlens_q[b] + i.
#pragma once

#include "types.h"

namespace attnjit {

struct Strides {
  i64 batch;
  i64 seq;
  i64 head;
};

struct ForwardParams {
  const void* q;
  const void* k;
  const void* v;
  void* o;
  float* lse;                ///< Null where the kernel writes none.
  const i32* cu_seqlens_q;   ///< [batch + 1], packed only.
  const i32* cu_seqlens_kv;  ///< [batch + 1], packed only.
  Strides q_stride;
  Strides k_stride;
  Strides v_stride;
  Strides o_stride;
  Strides lse_stride;  ///< seq is 1.
  i32 batch;
  i32 heads_q;
  i32 heads_kv;
  i32 seqlen_q;              ///< Packed: the longest sequence's.
  i32 seqlen_kv;             ///< Packed: the longest sequence's.
  i32 window_left;           ///< Read where Problem::left is kRuntime.
  i32 window_right;          ///< Read where Problem::right is kRuntime.
  float softmax_scale;       ///< > 0.
  float softmax_scale_log2;  ///< softmax_scale * log2(e), rounded once.
  i32 tiles_q;               ///< ceil(seqlen_q / tile_m).
  i32 num_tiles;             ///< tiles_q * (heads_q / heads of a tile) * batch * splits.
  // The order of tiles (common/tile_scheduler.h); heads of tiles are counted through the batch.
  i32 num_slots;      ///< Turns to take, num_tiles of which have a tile.
  i32 sections;       ///< All of one length; the heads that are left make one more.
  i32 section_heads;  ///< Heads of a section.
  i32 section_slots;  ///< Turns of a section: at least tiles_q * section_heads.
  // What CTAs that share a tile pass to each other (common/split.h); 1, 0 and null without splits.
  i32 splits;            ///< The most pieces that a tile's K/V is cut into.
  i32 partial_rows;      ///< Rows of o of one piece: min(tile_m, seqlen_q) * heads of a tile.
  u32* split_counters;   ///< One for each warpgroup of each tile; 0 between launches.
  float* partial_o;      ///< [tile][splits][partial_rows][head_dim_v]
  float* partial_state;  ///< [tile][splits][partial_rows][2]: largest t and sum of 2^(t - largest).
};

}  // namespace attnjit
