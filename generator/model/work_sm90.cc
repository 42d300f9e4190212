// A tile of the sm90 family (templates/sm90/consume.h): products from shared memory through
// descriptors, K, V and Q by TMA, softmax and O in registers, one warpgroup's softmax beside
// another's products.
#include <algorithm>

#include "generator/model/softmax_work.h"
#include "generator/model/work.h"

namespace attnjit {
namespace {

/// Both products of one warpgroup with one block.
struct Products {
  Amounts qk;
  Amounts pv;
};

Products ProductsOf(const Sm90Plan& p) {
  Products products;
  const double n = p.tile_n;
  products.qk[Resource::kMatrix] = 2.0 * 64 * n * p.head_dim_qk_padded;
  products.pv[Resource::kMatrix] = 2.0 * 64 * n * p.head_dim_v_padded;
  // Q and K are read from shared memory; P comes from registers.
  products.qk[Resource::kShared] = 2.0 * (64 + n) * p.head_dim_qk_padded;
  products.pv[Resource::kShared] = 2.0 * n * p.head_dim_v_padded;
  // One instruction for each k of 16, by each of four warps.
  products.qk[Resource::kIssue] = 4.0 * p.head_dim_qk_padded / 16;
  products.pv[Resource::kIssue] = 4.0 * n / 16;
  return products;
}

Amounts Once(const Sm90Plan& p, const Fragment& all) {
  Amounts work = FinishWork(all, p.problem.lse);
  AddIssue(work);
  const double q =
      p.pack == 1 ? p.q.bytes() : p.q.chunks * p.warpgroup_rows() * p.q.swizzle_bytes();
  AddGlobal(work, p.consumer_warpgroups * q);
  work[Resource::kShared] += p.consumer_warpgroups * q;
  return work;
}

/// The guards' look through V (templates/sm90/guard.h): eight elements a thread and step.
Amounts GuardWork(const Sm90Plan& p) {
  Amounts work;
  if (!p.guard_v) return work;
  constexpr double kInstructionsOfVector = 40;
  work[Resource::kShared] = p.v.bytes();
  work[Resource::kIssue] = kInstructionsOfVector * p.v.bytes() / 16 / 32;
  return work;
}

}  // namespace

TileWork TileWorkOf(const Sm90Plan& p) {
  const double warpgroups = p.consumer_warpgroups;
  const Fragment one = {64, static_cast<double>(p.tile_n),
                        static_cast<double>(p.head_dim_v_padded)};
  const Fragment all = {64 * warpgroups, one.columns, one.head_dim_v};
  const Products products = ProductsOf(p);
  Amounts softmax = SoftmaxWork(one, true);
  AddIssue(softmax);

  TileWork work;
  work.serial = products.qk;
  work.serial += softmax;
  work.block = products.qk;
  work.block += products.pv;
  work.block += softmax;
  work.block = work.block * warpgroups;
  const double kv = p.k.bytes() + p.v.bytes();
  work.block[Resource::kShared] += kv;
  AddGlobal(work.block, kv);

  const Problem& problem = p.problem;
  work.boundary = MaskWork(all, problem.left != Bound::kNone ? 2 : 1);
  AddIssue(work.boundary);
  work.boundary += GuardWork(p);
  if (p.guard_v) work.guard_bytes = static_cast<double>(p.v.bytes()) / std::max(1, p.stages - 1);
  work.tile = Once(p, all);
  AddGlobal(work.row, 2.0 * problem.head_dim_v + (problem.lse ? 4 : 0));
  if (p.split_blocks != 0) AddGlobal(work.partial, 2 * (4.0 * problem.head_dim_v + 8));
  return work;
}

}  // namespace attnjit
