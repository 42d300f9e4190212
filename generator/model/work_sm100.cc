// A tile of the sm100 family (templates/sm100): products from shared and tensor memory by tcgen05,
// a row of S for each thread of a softmax warpgroup, exponentials on two units, O rescaled by
// another warpgroup where a maximum grew by much. Everything is counted for one SM: of a pair of
// CTAs each has its own rows and half of K and V.
#include <algorithm>

#include "generator/model/softmax_work.h"
#include "generator/model/work.h"

namespace attnjit {
namespace {

// Of the polynomial beside its degree's fused multiply-adds: split, subtract, put together.
constexpr double kPolynomialSteps = 3;

double Rows(const Sm100Plan& p) { return 128.0 * p.q_tiles; }

/// Products of all rows of the CTA with one block.
Amounts Products(const Sm100Plan& p) {
  const double n = p.tile_n;
  Amounts work;
  work[Resource::kMatrix] = 2 * Rows(p) * n * (p.head_dim_qk_padded + p.head_dim_v_padded);
  // Q and K are read from shared memory, P from tensor memory; V from shared memory.
  work[Resource::kShared] = 2 * (Rows(p) + p.q_tiles * n / p.ctas) * p.head_dim_qk_padded +
                            2 * p.q_tiles * n / p.ctas * p.head_dim_v_padded;
  work[Resource::kTensor] = 2 * Rows(p) * n;
  return work;
}

/// Softmax of one q tile's S: some exponentials are polynomials in packed f32.
Amounts Softmax(const Sm100Plan& p) {
  const Fragment one = {128, static_cast<double>(p.tile_n),
                        static_cast<double>(p.head_dim_v_padded), 1};
  Amounts work = SoftmaxWork(one, false);
  const double moved = one.rows * one.columns * p.exp_share / 32;
  work[Resource::kSpecial] -= moved;
  work[Resource::kFp32] += moved * (p.exp_degree + kPolynomialSteps);
  AddIssue(work);
  work[Resource::kIssue] -= work[Resource::kFp32] / 64;  // Two of them are one instruction.
  work[Resource::kTensor] = 4 * one.rows * one.columns;
  return work;
}

}  // namespace

TileWork TileWorkOf(const Sm100Plan& p) {
  const Fragment all = {Rows(p), static_cast<double>(p.tile_n),
                        static_cast<double>(p.head_dim_v_padded), 1};
  const Amounts softmax = Softmax(p);
  TileWork work;
  work.serial = Products(p) * (0.5 / p.q_tiles);  // Of one q tile, about half is Q K.
  work.serial += softmax;
  work.block = Products(p);
  work.block += softmax * p.q_tiles;
  const double kv = p.k.bytes() + p.v.bytes();
  work.block[Resource::kShared] += kv;
  AddGlobal(work.block, kv);

  const Problem& problem = p.problem;
  work.boundary = MaskWork(all, problem.left != Bound::kNone ? 2 : 1);
  AddIssue(work.boundary);
  if (p.guard_v) {
    work.boundary[Resource::kShared] += p.v.bytes();
    work.guard_bytes = static_cast<double>(p.v.bytes()) / std::max(1, p.v_stages - 1);
  }
  work.tile = FinishWork(all, problem.lse);
  AddIssue(work.tile);
  work.tile[Resource::kTensor] = 4 * all.rows * all.head_dim_v;
  const double q = static_cast<double>(p.q_tiles) * p.q.bytes();
  AddGlobal(work.tile, q);
  work.tile[Resource::kShared] = q + 2 * all.rows * all.head_dim_v;  // O leaves by TMA.
  AddGlobal(work.row, 2.0 * problem.head_dim_v + (problem.lse ? 4 : 0));
  return work;
}

}  // namespace attnjit
