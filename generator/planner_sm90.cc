// Plans for the sm90 family. What the sizes rest on is explained in docs/planning.md.
#include "generator/planner_sm90.h"

#include <algorithm>

#include "generator/error.h"
#include "llvm/Support/FormatVariadic.h"

namespace attnjit {
namespace {

constexpr int kRowsPerWarpgroup = 64;
constexpr int kSmemAlignment = 1024;  // The period of the 128-byte swizzle.
constexpr int kBarrierBytes = 256;
// Registers of a consumer thread that hold neither S, P nor O: addresses, row state, loop state;
// packed sequences and left bounds keep more of the tile's coordinates. Found by compiling: with
// these none of the sweep in tests/golden spills. With three warpgroups head dims are small, and so
// is what loops carry.
int OtherRegisters(const Problem& problem, int consumer_warpgroups) {
  if (consumer_warpgroups == 3) return 32;
  if (problem.packed) return 64;
  return problem.left != Bound::kNone ? 44 : 36;
}

/// The chunk that wastes the fewest columns; among equals the widest. Narrow chunks only where the
/// head dim is narrow: 32-byte TMA boxes move half of what the engine could.
TileLayout LayOut(int rows, int columns) {
  if (columns <= 16) return {rows, 16, 1};
  if (columns <= 32) return {rows, 32, 1};
  const int chunk = RoundUp(columns, 32) < RoundUp(columns, 64) ? 32 : 64;
  return {rows, chunk, CeilDiv(columns, chunk)};
}

struct Budget {
  int consumer_registers;
  int producer_registers;
};

/// setmaxnreg moves registers inside of what the block got at its launch: 168 for each of 384
/// threads, 128 for each of 512. More would wait for ever.
Budget RegisterBudget(int consumer_warpgroups) {
  return consumer_warpgroups == 2 ? Budget{232, 40} : Budget{160, 32};
}

/// Everything that depends on the problem alone.
Sm90Plan StartPlan(const Problem& problem) {
  Sm90Plan p = {};
  p.problem = problem;
  p.head_dim_qk_padded = RoundUp(problem.head_dim_qk, 16);
  p.head_dim_v_padded = RoundUp(problem.head_dim_v, 8);
  p.q = LayOut(kRowsPerWarpgroup, p.head_dim_qk_padded);
  p.o = LayOut(kRowsPerWarpgroup, p.head_dim_v_padded);
  return p;
}

int RegistersNeeded(const Sm90Plan& p, const Sm90Choices& c) {
  return c.tile_n / 2 + c.tile_n / 4 + p.head_dim_v_padded / 2 +
         OtherRegisters(p.problem, c.consumer_warpgroups);
}

int SmemNeeded(const Sm90Plan& p, const Sm90Choices& c) {
  const int qo = std::max(p.q.bytes(), p.o.bytes());
  const int kv = LayOut(c.tile_n, p.head_dim_qk_padded).bytes() +
                 LayOut(c.tile_n, p.head_dim_v_padded).bytes();
  return c.consumer_warpgroups * qo + c.stages * kv + kBarrierBytes;
}

// A masked tile wastes work on its boundary blocks: smaller blocks waste less. With three
// warpgroups 128 was the fastest of 96, 112, 128 and 144 (docs/performance.md).
int TileNCap(const Problem& problem, int consumer_warpgroups) {
  return problem.masked() || consumer_warpgroups == 3 ? 128 : 176;
}

void PlaceInSmem(Sm90Plan& p) {
  p.q_offset = 0;
  p.qo_stride = RoundUp(std::max(p.q.bytes(), p.o.bytes()), kSmemAlignment);
  p.k_offset = p.q_offset + p.consumer_warpgroups * p.qo_stride;
  p.v_offset = RoundUp(p.k_offset + p.stages * p.k.bytes(), kSmemAlignment);
  p.barrier_offset = p.v_offset + p.stages * p.v.bytes();
  p.smem_bytes = p.barrier_offset + kBarrierBytes;
}

std::string Describe(int count, const char* of, const TileLayout& t, Element element) {
  return llvm::formatv("{0} {1} x [{2} x {3}] {4}, {5}-byte swizzle in {6} chunk{7}", count, of,
                       t.rows, t.chunk * t.chunks, element == Element::kBf16 ? "bf16" : "fp16",
                       t.swizzle_bytes(), t.chunks, t.chunks == 1 ? "" : "s");
}

std::vector<SmemRegion> SmemMap(const Sm90Plan& p) {
  const Element e = p.problem.element;
  const int w = p.consumer_warpgroups;
  return {
      {"q", p.q_offset, w * p.qo_stride,
       Describe(w, "warpgroups", p.q, e) +
           "; then o: " + Describe(w, "warpgroups", p.o, p.problem.element_o)},
      {"k", p.k_offset, p.stages * p.k.bytes(), Describe(p.stages, "stages", p.k, e)},
      {"v", p.v_offset, p.stages * p.v.bytes(), Describe(p.stages, "stages", p.v, e)},
      {"barriers", p.barrier_offset, kBarrierBytes, "full and empty mbarriers, guard flags"},
  };
}

std::vector<std::string> Reasons(const Sm90Plan& p) {
  const Problem& q = p.problem;
  std::vector<std::string> reasons;
  reasons.push_back(
      llvm::formatv("tile_m {0}: {1} consumer warpgroups of 64 rows, {2} registers for each thread",
                    p.tile_m, p.consumer_warpgroups, p.consumer_registers));
  reasons.push_back(llvm::formatv(
      "tile_n {0}: registers for S {1} + P {2} + O {3} + {4} others; {5} stages in shared memory; "
      "at "
      "most {6} for this mask and number of warpgroups",
      p.tile_n, p.tile_n / 2, p.tile_n / 4, p.head_dim_v_padded / 2,
      OtherRegisters(p.problem, p.consumer_warpgroups), p.stages,
      TileNCap(q, p.consumer_warpgroups)));
  reasons.push_back(llvm::formatv("head dims {0}/{1} cost {2}/{3}: wgmma takes k in 16s, n in 8s",
                                  q.head_dim_qk, q.head_dim_v, p.head_dim_qk_padded,
                                  p.head_dim_v_padded));
  if (p.guard_v) {
    reasons.push_back(
        "two warps look for NaN and infinity in the V of boundary blocks, where 0 * NaN would "
        "reach "
        "rows that do not see it");
  }
  if (!p.check_kv_rows) reasons.push_back("seqlen_kv's promised multiple needs no tail mask");
  return reasons;
}

std::string WgmmaHeader(int n) {
  const std::string digits = std::to_string(n);
  return "ptx/wgmma/n" + std::string(3 - digits.size(), '0') + digits + ".h";
}

KernelPlan Assemble(const KernelSpec& spec, Arch arch, const Sm90Plan& p) {
  KernelPlan plan;
  plan.spec = spec;
  plan.arch = arch;
  plan.family = Family::kSm90;
  plan.name = KernelName(spec, arch);
  plan.plan = p;
  plan.threads = p.threads();
  plan.smem_bytes = p.smem_bytes;
  plan.tile_m = p.tile_m;
  plan.tile_n = p.tile_n;
  plan.persistent = true;
  plan.headers = {WgmmaHeader(p.tile_n), WgmmaHeader(p.head_dim_v_padded)};
  plan.smem_map = SmemMap(p);
  plan.reasons = Reasons(p);
  return plan;
}

std::vector<std::string> Unmet(const KernelSpec& spec, Arch arch) {
  std::vector<std::string> unmet;
  if (!GetArchInfo(arch).has_wgmma) {
    unmet.push_back(
        llvm::formatv("sm90: needs wgmma and TMA of sm_90a, not {0}", GetArchInfo(arch).name));
  }
  if (spec.element_kv != spec.problem.element) {
    unmet.push_back("sm90: q and kv must have one dtype: wgmma multiplies operands of one type");
  }
  return unmet;
}

}  // namespace

Sm90Choices ChooseSm90(const KernelSpec& spec, Arch arch) {
  const Sm90Plan p = StartPlan(spec.problem);
  Sm90Choices c;
  c.consumer_warpgroups = std::max(p.head_dim_qk_padded, p.head_dim_v_padded) <= 64 ? 3 : 2;
  c.ping_pong = p.head_dim_v_padded <= 128;
  // 6 % faster at head dim 64, no faster at 128, and 0.15 s of compile time (docs/performance.md).
  c.peel_first = c.consumer_warpgroups == 3;
  const int registers = RegisterBudget(c.consumer_warpgroups).consumer_registers;
  c.tile_n = TileNCap(spec.problem, c.consumer_warpgroups);
  while (c.tile_n > 16 && (RegistersNeeded(p, c) > registers ||
                           SmemNeeded(p, c) > GetArchInfo(arch).smem_per_block)) {
    c.tile_n -= 16;
  }
  return c;
}

llvm::Expected<KernelPlan> PlanSm90With(const KernelSpec& spec, Arch arch,
                                        const Sm90Choices& choices) {
  std::vector<std::string> unmet = Unmet(spec, arch);
  Sm90Plan p = StartPlan(spec.problem);
  const Budget budget = RegisterBudget(choices.consumer_warpgroups);
  p.consumer_warpgroups = choices.consumer_warpgroups;
  p.consumer_registers = budget.consumer_registers;
  p.producer_registers = budget.producer_registers;
  p.tile_m = kRowsPerWarpgroup * choices.consumer_warpgroups;
  p.tile_n = choices.tile_n;
  p.stages = choices.stages;
  p.k = LayOut(p.tile_n, p.head_dim_qk_padded);
  p.v = LayOut(p.tile_n, p.head_dim_v_padded);
  p.ping_pong = choices.ping_pong;
  p.peel_first = choices.peel_first;
  p.check_q_rows = spec.seqlen_q_multiple_of % p.tile_m != 0;
  p.check_kv_rows = spec.seqlen_kv_multiple_of % p.tile_n != 0;
  p.guard_v = p.problem.masked() || (p.problem.packed && p.check_kv_rows);
  PlaceInSmem(p);
  const int limit = GetArchInfo(arch).smem_per_block;
  if (p.smem_bytes > limit) {
    unmet.push_back(llvm::formatv("sm90: {0} bytes of shared memory, {1} has {2}", p.smem_bytes,
                                  GetArchInfo(arch).name, limit));
  }
  if (!unmet.empty()) return llvm::make_error<PlanError>(std::move(unmet));
  return Assemble(spec, arch, p);
}

llvm::Expected<KernelPlan> PlanSm90(const KernelSpec& spec, Arch arch) {
  return PlanSm90With(spec, arch, ChooseSm90(spec, arch));
}

}  // namespace attnjit
