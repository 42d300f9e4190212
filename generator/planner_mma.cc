// Plans for the mma family.
//
// A tile of S = Q K^T feeds 32 rows of a warp better than 16: every K and V fragment read from
// shared memory then serves two products, and one ldmatrix takes shared memory as long as the two
// products it feeds take the matrix unit of an A100. But 32 rows need twice the accumulators. So
// tilings are tried in this order, and the first that fits the GPU is taken:
//
//   wide     4 warps x 32 rows, two blocks on an SM
//   twin     4 warps x 16 rows, two blocks on an SM   (each hides the other's softmax and barriers)
//   tall     8 warps x 16 rows, one block on an SM    (half of twin's reads from L2)
//   narrow   4 warps x 16 rows, one block on an SM    (fits everything)
#include <algorithm>
#include <optional>

#include "generator/error.h"
#include "generator/planner.h"
#include "llvm/Support/FormatVariadic.h"

namespace attnjit {
namespace {

constexpr int kMaxRegisters = 255;  // Of a thread; two blocks of 128 threads may have them.
// Registers of a thread beyond O, S and kept Q: fragments of K, V and P, addresses, row state.
constexpr int kOtherRegisters = 60;
constexpr int kMaxTileN = 128;
constexpr int kGoodTileN = 64;
// Shared memory of an SM from sm_90's data centre GPUs on, bytes.
constexpr int kFastL2SmemPerSm = 228 * 1024;

struct Tiling {
  const char* name;
  int warps;
  int rows_per_warp;
  int blocks_per_sm;
  int min_tile_n;
  const char* why;
};

constexpr Tiling kWide = {"wide", 4,  32,
                          2,      64, "each K and V fragment feeds two products of a warp"};
constexpr Tiling kWideShort = {"wide", 4, 32, 2, 32, kWide.why};
constexpr Tiling kTwin = {"twin", 4,  16,
                          2,      64, "two blocks on an SM hide each other's softmax and barriers"};
constexpr Tiling kTall = {"tall", 8, 16, 1, 64, "128 rows share each K and V tile read from L2"};
constexpr Tiling kNarrow = {"narrow", 4, 16, 1, 16, "what fits this GPU's shared memory"};

/// 32-bit registers of a thread for all else. Both ends of a window in packed sequences take more:
/// with 60 the sweep found a spill.
int OtherRegisters(const Problem& problem) {
  return kOtherRegisters + (problem.packed && problem.left != Bound::kNone ? 12 : 0);
}

/// 32-bit registers of a thread that the products' operands take.
int OperandRegisters(const MmaPlan& p, bool q_in_registers) {
  const int row_tiles = p.tile_m / p.warps / 16;
  const int q = q_in_registers ? p.head_dim_qk_padded / 4 : 0;
  return row_tiles * (p.problem.head_dim_v / 2 + p.tile_n / 2 + q);
}

void PlaceInSmem(MmaPlan& p) {
  p.q_offset = 0;
  p.k_offset = p.q_offset + p.q_bytes();
  p.v_offset = p.k_offset + p.stages * p.k_stage_bytes();
  p.o_offset = 0;
  p.state_offset = std::max(p.v_offset + p.stages * p.v_stage_bytes(), p.o_offset + p.o_bytes());
  p.smem_bytes = p.state_offset + MmaPlan::kStateBytes;
}

bool FitsSmem(const MmaPlan& p, const ArchInfo& gpu) {
  return p.smem_bytes <= gpu.smem_per_block &&
         p.min_blocks_per_sm * (p.smem_bytes + kSmemReservedPerBlock) <= gpu.smem_per_sm;
}

/// The tiling with `stages` and the largest tile_n of at least `min_tile_n` that fits.
std::optional<MmaPlan> TryTiling(MmaPlan p, const Tiling& tiling, int stages, int min_tile_n,
                                 const ArchInfo& gpu) {
  p.warps = tiling.warps;
  p.tile_m = tiling.warps * tiling.rows_per_warp;
  p.min_blocks_per_sm = tiling.blocks_per_sm;
  p.stages = stages;
  for (p.tile_n = kMaxTileN; p.tile_n >= min_tile_n; p.tile_n /= 2) {
    p.q_in_registers = OperandRegisters(p, true) + OtherRegisters(p.problem) <= kMaxRegisters;
    PlaceInSmem(p);
    if (OperandRegisters(p, false) + OtherRegisters(p.problem) <= kMaxRegisters && FitsSmem(p, gpu))
      return p;
  }
  return std::nullopt;
}

/// Two buffers are worth more than a tile_n above kGoodTileN, and less than one up to it.
std::optional<MmaPlan> TryTiling(const MmaPlan& p, const Tiling& tiling, const ArchInfo& gpu) {
  const auto two = TryTiling(p, tiling, 2, std::max(tiling.min_tile_n, kGoodTileN), gpu);
  return two ? two : TryTiling(p, tiling, 1, tiling.min_tile_n, gpu);
}

/// The tilings to try on a GPU, best first.
std::vector<Tiling> Preferences(const Problem& problem, const ArchInfo& gpu) {
  std::vector<Tiling> tilings = {kWide};
  // Short K/V tiles keep 32 rows; under a mask square tiles waste less of the diagonal blocks.
  if (!problem.masked() || problem.head_dim_v > 128) tilings.push_back(kWideShort);
  // Twin's K and V reads need an L2 that is fast for each SM's matrix rate.
  const bool wants_tall =
      std::max(problem.head_dim_qk, problem.head_dim_v) > 160 && gpu.smem_per_sm < kFastL2SmemPerSm;
  if (wants_tall) tilings.push_back(kTall);
  tilings.insert(tilings.end(), {kTwin, kTall, kNarrow});
  return tilings;
}

const char* ElementName(Element e) { return e == Element::kBf16 ? "bf16" : "fp16"; }

std::vector<SmemRegion> SmemMap(const MmaPlan& p) {
  const char* e = ElementName(p.problem.element);
  const auto tile = [](int count, int rows, int columns, const char* element) -> std::string {
    return llvm::formatv("{0} x [{1} x {2}] {3}, 16-byte chunks XOR-swizzled", count, rows, columns,
                         element);
  };
  return {
      {"q", p.q_offset, p.q_bytes(), tile(1, p.tile_m, p.head_dim_qk_padded, e)},
      {"k", p.k_offset, p.stages * p.k_stage_bytes(),
       tile(p.stages, p.tile_n, p.head_dim_qk_padded, e)},
      {"v", p.v_offset, p.stages * p.v_stage_bytes(),
       tile(p.stages, p.tile_n, p.problem.head_dim_v, e)},
      {"o", p.o_offset, p.o_bytes(),
       tile(1, p.tile_m, p.problem.head_dim_v, ElementName(p.problem.element_o)) +
           ", over the others at the end"},
      {"state", p.state_offset, MmaPlan::kStateBytes,
       "what a step reads rarely: sources, mask, block range"},
  };
}

std::vector<std::string> Reasons(const MmaPlan& p, const Tiling& tiling) {
  std::vector<std::string> reasons;
  reasons.push_back(llvm::formatv("{0}: {1} warps of {2} rows, {3} block{4} on an SM: {5}",
                                  tiling.name, p.warps, tiling.rows_per_warp, p.min_blocks_per_sm,
                                  p.min_blocks_per_sm == 1 ? "" : "s", tiling.why));
  reasons.push_back(llvm::formatv(
      "tile_n {0}: the largest whose registers ({1} for O, S and kept Q, about {2} others) and "
      "buffers in shared memory fit",
      p.tile_n, OperandRegisters(p, p.q_in_registers), OtherRegisters(p.problem)));
  reasons.push_back(
      p.stages == 2 ? "2 buffers for K and V: each copy has a whole step to land"
                    : "1 buffer for K and V, as two would not fit: V lands under S, K under P V");
  reasons.push_back(p.q_in_registers ? "Q's fragments stay in registers"
                                     : "Q's fragments are read each step: registers are full");
  reasons.push_back(llvm::formatv("head dims {0}/{1} cost {2}/{1}: mma takes k in 16s, n in 8s",
                                  p.problem.head_dim_qk, p.problem.head_dim_v,
                                  p.head_dim_qk_padded));
  if (!p.check_q_rows) reasons.push_back("seqlen_q's promised multiple needs no row checks");
  if (!p.check_kv_rows) reasons.push_back("seqlen_kv's promised multiple needs no tail mask");
  return reasons;
}

KernelPlan Finish(const KernelSpec& spec, Arch arch, const MmaPlan& p, const Tiling& tiling) {
  KernelPlan plan;
  plan.spec = spec;
  plan.arch = arch;
  plan.family = Family::kMma;
  plan.name = KernelName(spec, arch);
  plan.plan = p;
  plan.threads = p.threads();
  plan.smem_bytes = p.smem_bytes;
  plan.tile_m = p.tile_m;
  plan.tile_n = p.tile_n;
  plan.blocks_per_sm = p.min_blocks_per_sm;
  plan.persistent = false;
  plan.smem_map = SmemMap(p);
  plan.reasons = Reasons(p, tiling);
  return plan;
}

}  // namespace

llvm::Expected<KernelPlan> PlanMma(const KernelSpec& spec, Arch arch) {
  const ArchInfo& gpu = GetArchInfo(arch);
  std::vector<std::string> unmet;
  if (spec.ctas == 2) unmet.push_back("mma: no two CTAs compute a tile together");
  if (spec.element_kv != spec.problem.element) {
    unmet.push_back(llvm::formatv(
        "mma: q and kv must have one dtype (mma.sync multiplies operands of one type), got {0} and "
        "{1}",
        ElementName(spec.problem.element), ElementName(spec.element_kv)));
  }
  MmaPlan empty = {};
  empty.problem = spec.problem;
  empty.head_dim_qk_padded = RoundUp(spec.problem.head_dim_qk, 16);
  std::optional<MmaPlan> p;
  Tiling tiling = {};
  for (const Tiling& candidate : Preferences(spec.problem, gpu)) {
    tiling = candidate;
    p = TryTiling(empty, tiling, gpu);
    if (p) break;
  }
  if (!p) {
    unmet.push_back(llvm::formatv("mma: no tile of head dims {0}/{1} fits {2}'s shared memory",
                                  spec.problem.head_dim_qk, spec.problem.head_dim_v, gpu.name));
  }
  if (!unmet.empty()) return llvm::make_error<PlanError>(std::move(unmet));
  p->check_q_rows = spec.seqlen_q_multiple_of % p->tile_m != 0;
  p->check_kv_rows = spec.seqlen_kv_multiple_of % p->tile_n != 0;
  return Finish(spec, arch, *p, tiling);
}

}  // namespace attnjit
