// The plan of an `sm90` kernel: wgmma, TMA, setmaxnreg; sm_90a.
#pragma once

#include "problem.h"
#include "tile_layout.h"

namespace attnjit {

struct Sm90Plan {
  Problem problem;
  int head_dim_qk_padded;   ///< To 16, the k of wgmma.
  int head_dim_v_padded;    ///< To 8, the n of wgmma.
  int consumer_warpgroups;  ///< Each owns 64 query rows; one more warpgroup loads.
  int pack;      ///< Query heads of a tile: row r of a warpgroup is token r / pack, head r % pack.
  int tile_m;    ///< Query tokens of one tile: consumer_warpgroups * (64 / pack).
  int tile_n;    ///< K/V rows of one block, a multiple of 16.
  int stages;    ///< K and V blocks in flight, each.
  int q_stages;  ///< Tiles whose Q has a place: 1, or 2 to load the next one's under this one.
  int split_blocks;  ///< K/V blocks of a piece (common/split.h); 0: tiles are not cut.
  int blocks_per_sm;
  int consumer_registers;  ///< For setmaxnreg; 0: all threads keep what they were launched with.
  int producer_registers;
  int ping_pong;      ///< Warpgroups take turns at issuing their matrix products.
  int peel_first;     ///< The first K/V block has its own copy of the loop's code.
  int check_q_rows;   ///< 0: seqlen_q is promised to be a multiple of tile_m.
  int check_kv_rows;  ///< 0: seqlen_kv is promised to be a multiple of tile_n.
  int guard_v;        ///< Boundary blocks of V may hold non-finite values that no row may see.
  TileLayout q;       ///< One warpgroup's 64 rows, one stage.
  TileLayout k;       ///< One stage.
  TileLayout v;       ///< One stage.
  int q_offset;       ///< Bytes from the 1024-byte aligned start of shared memory.
  int k_offset;
  int v_offset;
  int barrier_offset;
  int smem_bytes;  ///< All of it, without the slack for alignment.

  ATTNJIT_HOST_DEVICE constexpr int threads() const { return 128 * (consumer_warpgroups + 1); }
  /// Tokens, and rows that hold one, of a warpgroup's 64 rows: what pack does not divide is left.
  ATTNJIT_HOST_DEVICE constexpr int warpgroup_tokens() const { return 64 / pack; }
  ATTNJIT_HOST_DEVICE constexpr int warpgroup_rows() const { return warpgroup_tokens() * pack; }
  bool operator==(const Sm90Plan&) const = default;
};

}  // namespace attnjit
