// Plans for the sm100 family. What the choices rest on is explained in docs/planning.md.
#include "generator/planner_sm100.h"

#include <algorithm>

#include "generator/error.h"
#include "generator/tile_layouts.h"
#include "llvm/Support/FormatVariadic.h"

namespace attnjit {
namespace {

constexpr int kRows = 128;            // Of a q tile: lanes of tensor memory.
constexpr int kSmemAlignment = 1024;  // The period of the 128-byte swizzle.
constexpr int kBarrierBytes = 512;
constexpr int kTensorColumns = 512;  // Of an SM.
constexpr int kMaxStages = 4;
constexpr int kMaxOfOneTile = 128;  // Columns of O that leave room for two q tiles.
/// Queries few enough that tiles of 128 rows and more would be mostly empty: `mma` has 16.
constexpr int kFewTokens = 64;

// Registers of 512 for each four threads. A softmax thread holds a row of S and makes P of it 32
// at a time; correction holds 16 columns of O. Found by compiling: none of tests/golden's sweep
// spills.
constexpr int kSoftmaxRegisters = 192;
constexpr int kCorrectionRegisters = 80;
constexpr int kOtherRegisters = 48;
// NVRTC 13.0 spills 8 to 312 bytes of wider kernels for sm_103a, and none of the same for sm_100a.
constexpr int kMostQkOnSm103 = 128;

/// O leaves in chunks that hold no padding but the head dim's own.
TileLayout LayOutO(int columns) {
  const int chunk = columns % 64 == 0 ? 64 : columns % 32 == 0 ? 32 : 16;
  return {kRows, chunk, columns / chunk};
}

/// Of all that depends on the problem and the choices; no offsets yet.
Sm100Plan StartPlan(const KernelSpec& spec, const Sm100Choices& c) {
  Sm100Plan p = {};
  p.problem = spec.problem;
  p.head_dim_qk_padded = RoundUp(spec.problem.head_dim_qk, 16);
  p.head_dim_v_padded = RoundUp(spec.problem.head_dim_v, 16 * c.ctas);
  p.ctas = c.ctas;
  p.q_tiles = c.q_tiles;
  p.tile_m = kRows * c.q_tiles * c.ctas;
  p.tile_n = c.tile_n;
  p.k_stages = c.k_stages;
  p.v_stages = c.v_stages;
  p.o_stages = c.o_stages;
  p.p_first = c.p_first;
  p.rescale_threshold = c.rescale_threshold;
  p.exp_degree = c.exp_degree;
  p.exp_share = c.exp_share;
  p.softmax_registers = kSoftmaxRegisters;
  p.correction_registers = kCorrectionRegisters;
  p.other_registers = kOtherRegisters;
  p.check_q_rows = spec.seqlen_q_multiple_of % p.tile_m != 0;
  p.check_kv_rows = spec.seqlen_kv_multiple_of % p.tile_n != 0;
  p.guard_v = p.problem.masked() || (p.problem.packed && p.check_kv_rows);
  p.q = LayOutTile(kRows, p.head_dim_qk_padded);
  p.k = LayOutTile(c.tile_n / c.ctas, p.head_dim_qk_padded);
  p.v = LayOutTile(c.tile_n, p.head_dim_v_padded / c.ctas);
  p.o = LayOutO(p.head_dim_v_padded);
  return p;
}

/// A factor or sum and a maximum for each row of both score buffers; where warpgroups take turns,
/// the maximum that one passes to the other, too (templates/sm100/storage.h).
int StateBytes(const Sm100Plan& p) { return (p.q_tiles == 2 ? 2 : 3) * 2 * kRows * 4; }

void PlaceInSmem(Sm100Plan& p) {
  const auto after = [](int offset, int bytes) { return RoundUp(offset + bytes, kSmemAlignment); };
  p.q_offset = 0;
  p.k_offset = after(p.q_offset, p.q_tiles * p.q.bytes());
  p.v_offset = after(p.k_offset, p.k_stages * p.k.bytes());
  p.o_offset = after(p.v_offset, p.v_stages * p.v.bytes());
  p.state_offset = p.o_offset + p.o_stages * p.o.chunk_bytes();
  p.barrier_offset = p.state_offset + StateBytes(p);
  p.smem_bytes = p.barrier_offset + kBarrierBytes;
}

/// S of both buffers, P over the columns of its S, O of each q tile. Whole powers of two are
/// allocated.
void PlaceInTensorMemory(Sm100Plan& p) {
  p.s_column = 0;
  p.p_column = 0;
  p.s_stride = p.tile_n;
  p.o_column = 2 * p.tile_n;
  p.o_stride = p.head_dim_v_padded;
  p.tensor_columns = 32;
  while (p.tensor_columns < p.o_column + p.q_tiles * p.o_stride) p.tensor_columns *= 2;
}

Sm100Plan MakePlan(const KernelSpec& spec, const Sm100Choices& c) {
  Sm100Plan p = StartPlan(spec, c);
  PlaceInSmem(p);
  PlaceInTensorMemory(p);
  return p;
}

bool Fits(const KernelSpec& spec, Arch arch, const Sm100Choices& c) {
  const Sm100Plan p = MakePlan(spec, c);
  return p.smem_bytes <= GetArchInfo(arch).smem_per_block && p.tensor_columns <= kTensorColumns;
}

/// A second CTA halves what each reads of K and V from shared memory and doubles the blocks in
/// flight. That pays where shared memory is short, and costs tiles of 512 rows, which a mask cuts
/// unevenly: so for wide head dims, and with a mask for the widest only.
int ChooseCtas(const KernelSpec& spec) {
  if (spec.ctas != 0) return static_cast<int>(spec.ctas);
  if (spec.seqlen_q_at_most != 0 && spec.seqlen_q_at_most <= 256) return 1;
  const Problem& p = spec.problem;
  const bool widest = p.head_dim_v > kMaxOfOneTile;
  const bool wide = p.head_dim_qk >= 128 && p.head_dim_v >= 128;
  return widest || (wide && !p.masked()) ? 2 : 1;
}

/// How many of 32 exponentials the FMA units take over: the exponential unit and the matrix unit
/// take equally long at head dim 128, and a little help for the former suffices where a mask leaves
/// softmax more to do besides. sm_103a has twice the exponential rate and needs none.
int ChooseExpShare(const KernelSpec& spec, Arch arch) {
  if (GetArchInfo(arch).minor != 0) return 0;
  const Problem& p = spec.problem;
  if (p.head_dim_v > kMaxOfOneTile) return 8;
  return !p.masked() && p.head_dim_qk >= 128 ? 6 : 4;
}

/// As many stages as there is room for, K and V in turn.
void TakeStages(const KernelSpec& spec, Arch arch, Sm100Choices& c) {
  for (int* stages : {&c.k_stages, &c.v_stages, &c.o_stages, &c.k_stages, &c.v_stages, &c.k_stages,
                      &c.v_stages}) {
    if (*stages == kMaxStages) continue;
    ++*stages;
    if (!Fits(spec, arch, c)) --*stages;
  }
}

std::vector<SmemRegion> SmemMap(const Sm100Plan& p) {
  const Element e = p.problem.element;
  return {
      {"q", p.q_offset, p.q_tiles * p.q.bytes(), DescribeTiles(p.q_tiles, "tiles", p.q, e)},
      {"k", p.k_offset, p.k_stages * p.k.bytes(), DescribeTiles(p.k_stages, "stages", p.k, e)},
      {"v", p.v_offset, p.v_stages * p.v.bytes(), DescribeTiles(p.v_stages, "stages", p.v, e)},
      {"o", p.o_offset, p.o_stages * p.o.chunk_bytes(),
       DescribeTiles(p.o_stages, "pieces", {p.o.rows, p.o.chunk, 1}, p.problem.element_o)},
      {"state", p.state_offset, StateBytes(p), "factors, sums and maxima of rows, fp32"},
      {"barriers", p.barrier_offset, kBarrierBytes, "mbarriers, address of tensor memory, flags"},
  };
}

std::string TensorMemoryText(const Sm100Plan& p) {
  std::string text = llvm::formatv("tensor memory, {0} columns:", p.tensor_columns);
  for (int i = 0; i < 2; ++i) {
    const int s = p.s_column + i * p.s_stride;
    const int at = p.p_column + i * p.s_stride;
    text += llvm::formatv(" S{0} {1}..{2} with P{0} {3}..{4} over it;", i, s, s + p.tile_n - 1, at,
                          at + p.tile_n / 2 - 1);
  }
  for (int t = 0; t < p.q_tiles; ++t) {
    const int o = p.o_column + t * p.o_stride;
    text +=
        llvm::formatv(" O{0} {1}..{2}{3}", t, o, o + p.o_stride - 1, t + 1 == p.q_tiles ? "" : ";");
  }
  return text;
}

std::vector<std::string> Reasons(const Sm100Plan& p) {
  std::vector<std::string> reasons;
  reasons.push_back(
      llvm::formatv("tile_m {0}: {1} q tile{2} of 128 rows for each of {3} CTA{4}{5}", p.tile_m,
                    p.q_tiles, p.q_tiles == 1 ? "" : "s", p.ctas, p.ctas == 1 ? "" : "s",
                    p.ctas == 1 ? "" : ", which multiply together: each holds half of K and V"));
  if (p.q_tiles == 1) {
    reasons.push_back(
        "one q tile: O takes half of tensor memory or Q too much shared memory; two softmax "
        "warpgroups take turns at its blocks");
  }
  reasons.push_back(TensorMemoryText(p));
  reasons.push_back(
      llvm::formatv("head dims {0}/{1} cost {2}/{3}: tcgen05.mma takes k in 16s, n in "
                    "{4}s",
                    p.problem.head_dim_qk, p.problem.head_dim_v, p.head_dim_qk_padded,
                    p.head_dim_v_padded, 16 * p.ctas));
  reasons.push_back(
      llvm::formatv("P V begins when {0} of {1} columns of P are stored", p.p_first, p.tile_n));
  reasons.push_back(p.rescale_threshold != 0
                        ? llvm::formatv("O is rescaled when a row's maximum grows by more than "
                                        "2^{0}: 16-bit P bears that",
                                        p.rescale_threshold)
                              .str()
                        : "O is rescaled whenever a row's maximum grows");
  reasons.push_back(
      p.exp_share != 0
          ? llvm::formatv("{0} of 32 exponentials by a polynomial of degree {1} on the FMA units",
                          p.exp_share, p.exp_degree)
                .str()
          : "all exponentials on the exponential unit");
  if (p.guard_v) {
    reasons.push_back(
        "a warp looks for NaN and infinity in the V of boundary blocks, where 0 * NaN would reach "
        "rows that do not see it");
  }
  if (!p.check_kv_rows) reasons.push_back("seqlen_kv's promised multiple needs no tail mask");
  return reasons;
}

KernelPlan Assemble(const KernelSpec& spec, Arch arch, const Sm100Plan& p) {
  KernelPlan plan;
  plan.spec = spec;
  plan.arch = arch;
  plan.family = Family::kSm100;
  plan.name = KernelName(spec, arch);
  plan.plan = p;
  plan.threads = p.threads();
  plan.smem_bytes = p.smem_bytes;
  plan.tile_m = p.tile_m;
  plan.tile_n = p.tile_n;
  plan.cluster = p.ctas;
  plan.persistent = true;
  plan.smem_map = SmemMap(p);
  plan.reasons = Reasons(p);
  return plan;
}

std::vector<std::string> Unmet(const KernelSpec& spec, Arch arch) {
  std::vector<std::string> unmet;
  if (!GetArchInfo(arch).has_tcgen05) {
    unmet.push_back(llvm::formatv("sm100: needs tcgen05 and tensor memory of sm_100a, not {0}",
                                  GetArchInfo(arch).name));
  }
  if (spec.element_kv != spec.problem.element) {
    unmet.push_back("sm100: q and kv must have one dtype");
  }
  if (spec.seqlen_q_at_most != 0 && spec.seqlen_q_at_most <= kFewTokens) {
    unmet.push_back(
        llvm::formatv("sm100: tiles have 128 query rows and more, hints promise {0} at most",
                      spec.seqlen_q_at_most));
  }
  if (arch == Arch::kSm103a && spec.problem.head_dim_qk > kMostQkOnSm103) {
    unmet.push_back(llvm::formatv(
        "sm100: on sm_103a registers spill where head_dim.qk is above {0}", kMostQkOnSm103));
  }
  return unmet;
}

void CheckChoices(const Sm100Choices& c, std::vector<std::string>& unmet) {
  const auto require = [&](bool holds, const char* what) {
    if (!holds) unmet.push_back(what);
  };
  require(c.ctas == 1 || c.ctas == 2, "sm100: ctas must be 1 or 2");
  require(c.q_tiles == 1 || c.q_tiles == 2, "sm100: q_tiles must be 1 or 2");
  require(c.tile_n % 32 == 0 && c.tile_n >= 32 && c.tile_n <= 128,
          "sm100: tile_n must be 32, 64, 96 or 128");
  require(c.p_first % 32 == 0 && c.p_first >= 0 && c.p_first <= c.tile_n,
          "sm100: p_first must be a multiple of 32 up to tile_n");
  require(c.exp_degree >= 3 && c.exp_degree <= 5, "sm100: exp_degree must be 3, 4 or 5");
  require(c.exp_share >= 0 && c.exp_share <= 32 && c.exp_share % 2 == 0,
          "sm100: exp_share must be even, 0 to 32");
  require(c.rescale_threshold >= 0 && c.rescale_threshold <= 8,
          "sm100: rescale_threshold must be 0 to 8: fp16 P overflows not far above");
}

}  // namespace

Sm100Choices ChooseSm100(const KernelSpec& spec, Arch arch) {
  Sm100Choices c;
  c.ctas = ChooseCtas(spec);
  c.exp_share = ChooseExpShare(spec, arch);
  c.k_stages = c.v_stages = c.o_stages = 1;
  if (spec.problem.head_dim_v > kMaxOfOneTile || !Fits(spec, arch, c)) {
    // Softmax passes maxima on, too: a row of 128 columns leaves too few registers for that.
    c.q_tiles = 1;
    c.tile_n = 96;
    c.p_first = 64;
  }
  TakeStages(spec, arch, c);
  return c;
}

llvm::Expected<KernelPlan> PlanSm100With(const KernelSpec& spec, Arch arch,
                                         const Sm100Choices& choices) {
  std::vector<std::string> unmet = Unmet(spec, arch);
  CheckChoices(choices, unmet);
  if (!unmet.empty()) return llvm::make_error<PlanError>(std::move(unmet));
  const Sm100Plan p = MakePlan(spec, choices);
  const int limit = GetArchInfo(arch).smem_per_block;
  if (p.smem_bytes > limit) {
    unmet.push_back(llvm::formatv("sm100: {0} bytes of shared memory, {1} has {2}", p.smem_bytes,
                                  GetArchInfo(arch).name, limit));
  }
  if (p.tensor_columns > kTensorColumns) {
    unmet.push_back(llvm::formatv("sm100: {0} columns of tensor memory, there are {1}",
                                  p.o_column + p.q_tiles * p.o_stride, kTensorColumns));
  }
  if (!unmet.empty()) return llvm::make_error<PlanError>(std::move(unmet));
  return Assemble(spec, arch, p);
}

llvm::Expected<KernelPlan> PlanSm100(const KernelSpec& spec, Arch arch) {
  return PlanSm100With(spec, arch, ChooseSm100(spec, arch));
}

}  // namespace attnjit
