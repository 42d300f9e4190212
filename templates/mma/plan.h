// The plan of an `mma` kernel: mma.sync, ldmatrix, cp.async; sm_80 and up.
#pragma once

#include "problem.h"

namespace attnjit {

struct MmaPlan {
  Problem problem;
  int head_dim_qk_padded;  ///< To 16, the k of m16n8k16.
  int warps;               ///< Each owns tile_m / warps query rows: 16 or 32.
  int tile_m;              ///< Query rows of a block.
  int tile_n;              ///< K/V rows of one step: a multiple of 16.
  int stages;              ///< Buffers for K, and for V: 1 or 2.
  bool q_in_registers;     ///< Else every step reads q's fragments from shared memory again.
  bool check_q_rows;       ///< False: seqlen_q is promised to be a multiple of tile_m.
  bool check_kv_rows;      ///< False: seqlen_kv is promised to be a multiple of tile_n.
  int min_blocks_per_sm;   ///< For __launch_bounds__.

  // Shared memory, in bytes from its start. Rows are swizzled (mma/smem_tile.h), not padded.
  int q_offset;      ///< [tile_m][head_dim_qk_padded]
  int k_offset;      ///< [stages][tile_n][head_dim_qk_padded]
  int v_offset;      ///< [stages][tile_n][head_dim_v]
  int o_offset;      ///< [tile_m][head_dim_v], over the others once they have been read
  int state_offset;  ///< mma/tile_state.h
  int smem_bytes;

  static constexpr int kStateBytes = 64;

  ATTNJIT_HOST_DEVICE constexpr int threads() const { return 32 * warps; }
  ATTNJIT_HOST_DEVICE constexpr int q_bytes() const { return tile_m * head_dim_qk_padded * 2; }
  ATTNJIT_HOST_DEVICE constexpr int k_stage_bytes() const {
    return tile_n * head_dim_qk_padded * 2;
  }
  ATTNJIT_HOST_DEVICE constexpr int v_stage_bytes() const {
    return tile_n * problem.head_dim_v * 2;
  }
  ATTNJIT_HOST_DEVICE constexpr int o_bytes() const { return tile_m * problem.head_dim_v * 2; }
  bool operator==(const MmaPlan&) const = default;
};

}  // namespace attnjit
