// A tile of the mma family (templates/mma/forward.h): every warp reads K and V through ldmatrix,
// and all warps of a block are in the same phase, so that what a block does is one sequence.
#include "generator/model/softmax_work.h"
#include "generator/model/work.h"

namespace attnjit {
namespace {

Amounts ProductsOf(const MmaPlan& p) {
  const double n = p.tile_n, qk = p.head_dim_qk_padded, v = p.problem.head_dim_v;
  Amounts work;
  work[Resource::kMatrix] = 2.0 * p.tile_m * n * (qk + v);
  const double fragments = p.warps * n * (qk + v) + (p.q_in_registers ? 0 : p.tile_m * qk);
  work[Resource::kShared] = 2 * fragments;
  // ldmatrix takes 512 bytes, an mma 16 x 8 x 16.
  work[Resource::kIssue] = 2 * fragments / 512 + work[Resource::kMatrix] / (2.0 * 16 * 8 * 16);
  return work;
}

/// K and V of a block by cp.async of 16 bytes.
Amounts CopyWork(const MmaPlan& p) {
  const double bytes = 2.0 * p.tile_n * (p.problem.head_dim_qk + p.problem.head_dim_v);
  Amounts work;
  AddGlobal(work, bytes);
  work[Resource::kShared] = bytes;
  work[Resource::kIssue] = bytes / 16 / 32;
  return work;
}

Amounts Once(const MmaPlan& p, const Fragment& all) {
  Amounts work = FinishWork(all, p.problem.lse);
  work[Resource::kFp32] += all.rows * all.head_dim_v;  // The first block's maximum shrinks O.
  AddIssue(work);
  const double q = 2.0 * p.tile_m * p.problem.head_dim_qk;
  const double o = 2.0 * p.tile_m * p.problem.head_dim_v;
  AddGlobal(work, q);
  work[Resource::kShared] += q + (p.q_in_registers ? q : 0) + 2 * o;
  return work;
}

}  // namespace

TileWork TileWorkOf(const MmaPlan& p) {
  const Fragment all = {static_cast<double>(p.tile_m), static_cast<double>(p.tile_n),
                        static_cast<double>(p.problem.head_dim_v)};
  TileWork work;
  work.mma_sync = true;
  work.block = SoftmaxWork(all, false);
  AddIssue(work.block);
  work.block += ProductsOf(p);
  work.serial = work.block;
  work.block += CopyWork(p);
  work.boundary = MaskWork(all, p.problem.left != Bound::kNone ? 2 : 1);
  AddIssue(work.boundary);
  work.tile = Once(p, all);
  AddGlobal(work.row, 2.0 * p.problem.head_dim_v + (p.problem.lse ? 4 : 0));
  return work;
}

}  // namespace attnjit
