// The plan of an `sm100` kernel: tcgen05, tensor memory, TMA; sm_100a and sm_103a.
#pragma once

#include "problem.h"
#include "tile_layout.h"

namespace attnjit {

struct Sm100Plan {
  Problem problem;
  int head_dim_qk_padded;  ///< To 16, the k of tcgen05.mma.
  int head_dim_v_padded;   ///< To 16 * ctas, the step of its n.
  int ctas;                ///< That multiply together: 1, or 2 which each hold half of K and V.
  int q_tiles;  ///< Of 128 rows that a CTA has in flight: 2, or 1 whose blocks take turns.
  int tile_m;   ///< Query tokens of one tile: 128 * q_tiles * ctas.
  int tile_n;   ///< K/V rows of one block, a multiple of 32.
  int k_stages;
  int v_stages;
  int o_stages;           ///< Pieces of O on their way to global memory.
  int p_first;            ///< Columns of P, a multiple of 32, that P V begins with.
  int rescale_threshold;  ///< Log2 units that a row's maximum may lag behind; 0: never.
  int exp_degree;         ///< Of the polynomial that stands in for exponentials.
  int exp_share;          ///< How many of 32 exponentials it computes: even, 0 .. 32.
  int softmax_registers;  ///< For setmaxnreg: of two warpgroups,
  int correction_registers;
  int other_registers;  ///< ... and of the one that multiplies, loads, stores and guards.
  int check_q_rows;     ///< 0: seqlen_q is promised to be a multiple of tile_m.
  int check_kv_rows;    ///< 0: seqlen_kv is promised to be a multiple of tile_n.
  int guard_v;          ///< Boundary blocks of V may hold non-finite values that no row may see.
  TileLayout q;         ///< 128 rows.
  TileLayout k;         ///< One stage: tile_n / ctas rows.
  TileLayout v;         ///< One stage: tile_n rows of head_dim_v_padded / ctas columns.
  TileLayout o;         ///< 128 rows; a stage holds one chunk.
  int tensor_columns;   ///< Of tensor memory, allocated by each CTA.
  int s_column;         ///< Scores of q tile 0; with one q tile, of every second block.
  int p_column;         ///< P, two elements in a column; over its S.
  int s_stride;         ///< Columns to the S and P of tile 1, or of the other blocks.
  int o_column;         ///< O of tile 0.
  int o_stride;         ///< Columns to O of tile 1.
  int q_offset;         ///< Bytes from the 1024-byte aligned start of shared memory.
  int k_offset;
  int v_offset;
  int o_offset;
  int state_offset;  ///< What softmax and correction tell each other.
  int barrier_offset;
  int smem_bytes;  ///< All of it.

  ATTNJIT_HOST_DEVICE constexpr int threads() const { return 512; }
  /// Rows of one q tile over all CTAs: M of the products.
  ATTNJIT_HOST_DEVICE constexpr int part_m() const { return 128 * ctas; }
  /// Blocks of one q tile whose scores are computed ahead of their P V.
  ATTNJIT_HOST_DEVICE constexpr int lead() const { return q_tiles == 2 ? 1 : 2; }
  bool operator==(const Sm100Plan&) const = default;
};

}  // namespace attnjit
