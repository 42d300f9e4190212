// Plans for the sm90 family. What the sizes rest on is explained in docs/planning.md.
#include "generator/planner_sm90.h"

#include <algorithm>
#include <limits>

#include "generator/error.h"
#include "generator/model/steady.h"
#include "generator/tile_layouts.h"
#include "llvm/Support/FormatVariadic.h"

namespace attnjit {
namespace {

constexpr int kRowsPerWarpgroup = 64;
constexpr int kMaxRegisters = 248;    // Of a thread's 255, what is safe to plan with.
constexpr int kSmemAlignment = 1024;  // The period of the 128-byte swizzle.
constexpr int kBarrierBytes = 384;
// A piece of K/V where queries are few (docs/adr/0009-pieces-of-kv.md).
constexpr int kPieceBytes = 1024 * 1024;
constexpr int kPieceKeys = 2048;
// Registers of a consumer thread that hold neither S, P nor O: addresses, row state, loop state;
// packed sequences and left bounds keep more of the tile's coordinates. Found by compiling: with
// these none of the sweep in tests/golden spills. With three warpgroups head dims are small, and so
// is what loops carry.
int OtherRegisters(const Problem& problem, int consumer_warpgroups) {
  if (consumer_warpgroups == 3) return 32;
  if (problem.packed) return 64;
  return problem.left != Bound::kNone ? 44 : 36;
}

struct Budget {
  int consumer_registers;
  int producer_registers;
};

/// setmaxnreg moves registers inside of what the block got at its launch, e.g. 168 for each of 384
/// threads, 128 for each of 512. More would wait for ever. The 256 threads of a block alone on its
/// SM have all that a thread can address: nothing is moved.
Budget RegisterBudget(const Sm90Choices& c) {
  const int warpgroups = c.consumer_warpgroups + 1;
  const int each = 65536 / (128 * warpgroups * c.blocks_per_sm) / 8 * 8;
  if (each > kMaxRegisters) return {0, 0};
  const int producer = c.split_blocks != 0                        ? 48
                       : c.consumer_warpgroups == 3 || each < 128 ? 32
                                                                  : 40;
  return {(each * warpgroups - producer) / c.consumer_warpgroups / 8 * 8, producer};
}

/// What a consumer thread may use.
int ConsumerRegisters(const Sm90Choices& c) {
  const int budget = RegisterBudget(c).consumer_registers;
  return budget == 0 ? kMaxRegisters : budget;
}

/// What there is to compute. One query at the bottom right sees every key: no mask is left.
Problem ProblemOf(const KernelSpec& spec) {
  Problem problem = spec.problem;
  if (spec.seqlen_q_at_most == 1 && problem.left == Bound::kNone &&
      problem.diagonal == Diagonal::kBottomRight) {
    problem.right = Bound::kNone;
    problem.diagonal = Diagonal::kTopLeft;
  }
  return problem;
}

/// Everything that depends on the problem alone.
Sm90Plan StartPlan(const KernelSpec& spec) {
  const Problem problem = ProblemOf(spec);
  Sm90Plan p = {};
  p.problem = problem;
  p.head_dim_qk_padded = RoundUp(problem.head_dim_qk, 16);
  p.head_dim_v_padded = RoundUp(problem.head_dim_v, 8);
  p.q = LayOutTile(kRowsPerWarpgroup, p.head_dim_qk_padded);
  return p;
}

int RegistersNeeded(const Sm90Plan& p, const Sm90Choices& c) {
  return c.tile_n / 2 + c.tile_n / 4 + p.head_dim_v_padded / 2 +
         OtherRegisters(p.problem, c.consumer_warpgroups);
}

int SmemNeeded(const Sm90Plan& p, const Sm90Choices& c) {
  const int kv = LayOutTile(c.tile_n, p.head_dim_qk_padded).bytes() +
                 LayOutTile(c.tile_n, p.head_dim_v_padded).bytes();
  return c.consumer_warpgroups * c.q_stages * p.q.bytes() + c.stages * kv + kBarrierBytes;
}

/// Of one block; several on an SM share what it has.
int SmemLimit(Arch arch, int blocks_per_sm) {
  const ArchInfo& info = GetArchInfo(arch);
  return std::min(info.smem_per_block, info.smem_per_sm / blocks_per_sm - kSmemReservedPerBlock);
}

bool Fits(const Sm90Plan& p, Arch arch, const Sm90Choices& c) {
  return RegistersNeeded(p, c) <= ConsumerRegisters(c) &&
         SmemNeeded(p, c) <= SmemLimit(arch, c.blocks_per_sm);
}

// A masked tile wastes work on its boundary blocks: smaller blocks waste less. With three
// warpgroups 128 was the fastest of 96, 112, 128 and 144 (docs/performance.md).
int TileNCap(const Problem& problem, int consumer_warpgroups) {
  return problem.masked() || consumer_warpgroups == 3 ? 128 : 176;
}

void TakeSizes(const Sm90Choices& c, Sm90Plan& p) {
  p.consumer_warpgroups = c.consumer_warpgroups;
  p.pack = c.pack;
  p.tile_m = kRowsPerWarpgroup / c.pack * c.consumer_warpgroups;
  p.tile_n = c.tile_n;
  p.stages = c.stages;
  p.q_stages = c.q_stages;
  p.split_blocks = c.split_blocks;
  p.blocks_per_sm = c.blocks_per_sm;
  p.k = LayOutTile(p.tile_n, p.head_dim_qk_padded);
  p.v = LayOutTile(p.tile_n, p.head_dim_v_padded);
}

/// What the resource model predicts for a key of a long problem.
double PredictedCycles(Sm90Plan p, const Sm90Choices& c) {
  TakeSizes(c, p);
  p.guard_v = p.problem.masked();
  return CyclesOfKey(TileWorkOf(p), {p.tile_m, p.tile_n, p.blocks_per_sm, p.problem.masked()},
                     *TypicalGpu(Arch::kSm90a));
}

void PlaceInSmem(Sm90Plan& p) {
  p.q_offset = 0;
  p.k_offset = RoundUp(p.consumer_warpgroups * p.q_stages * p.q.bytes(), kSmemAlignment);
  p.v_offset = RoundUp(p.k_offset + p.stages * p.k.bytes(), kSmemAlignment);
  p.barrier_offset = p.v_offset + p.stages * p.v.bytes();
  p.smem_bytes = p.barrier_offset + kBarrierBytes;
}

std::vector<SmemRegion> SmemMap(const Sm90Plan& p) {
  const Element e = p.problem.element;
  const int w = p.consumer_warpgroups;
  return {
      {"q", p.q_offset, p.k_offset - p.q_offset,
       DescribeTiles(w, "warpgroups", p.q, e) + (p.q_stages == 1 ? "" : ", two tiles")},
      {"k", p.k_offset, p.stages * p.k.bytes(), DescribeTiles(p.stages, "stages", p.k, e)},
      {"v", p.v_offset, p.stages * p.v.bytes(), DescribeTiles(p.stages, "stages", p.v, e)},
      {"barriers", p.barrier_offset, kBarrierBytes, "full and empty mbarriers, guard flags"},
  };
}

std::vector<std::string> Reasons(const Sm90Plan& p) {
  const Problem& q = p.problem;
  std::vector<std::string> reasons;
  reasons.push_back(
      llvm::formatv("tile_m {0}: {1} consumer warpgroups of 64 rows, {2} registers for each thread",
                    p.tile_m, p.consumer_warpgroups,
                    p.consumer_registers != 0 ? std::to_string(p.consumer_registers) : "all"));
  if (p.pack != 1) {
    reasons.push_back(llvm::formatv(
        "a tile takes {0} of a group's {1} query heads, which read the same K/V: few queries are "
        "promised",
        p.pack, q.group));
  }
  if (p.split_blocks != 0) {
    reasons.push_back(llvm::formatv(
        "K/V is cut into pieces of {0} blocks ({1} keys) for different thread blocks, of which {2} "
        "run on an SM: few queries make few tiles",
        p.split_blocks, p.split_blocks * p.tile_n, p.blocks_per_sm));
  }
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
  plan.tile_heads = p.pack;
  plan.split_blocks = p.split_blocks;
  plan.tile_counters = p.split_blocks != 0 ? p.consumer_warpgroups : 0;
  plan.blocks_per_sm = p.blocks_per_sm;
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
  if (spec.ctas == 2) unmet.push_back("sm90: no two CTAs compute a tile together");
  return unmet;
}

/// A place for the next tile's Q, where one is left.
void TakeSecondQ(const Sm90Plan& p, Arch arch, Sm90Choices& c) {
  c.q_stages = 2;
  if (!Fits(p, arch, c)) c.q_stages = 1;
}

/// Of the widths that fit, up to the cap, the one whose keys the model predicts to be cheapest.
int WidthOf(const Sm90Plan& p, Arch arch, Sm90Choices c) {
  int best = 16;
  double fewest = std::numeric_limits<double>::infinity();
  for (c.tile_n = TileNCap(p.problem, c.consumer_warpgroups); c.tile_n >= 16; c.tile_n -= 16) {
    if (!Fits(p, arch, c)) continue;
    const double cycles = PredictedCycles(p, c);
    if (cycles >= fewest) continue;
    fewest = cycles;
    best = c.tile_n;
  }
  return best;
}

/// Tiles of many queries: each visits all of its K/V.
Sm90Choices ChooseForMany(const Sm90Plan& p, Arch arch) {
  Sm90Choices c;
  c.consumer_warpgroups = std::max(p.head_dim_qk_padded, p.head_dim_v_padded) <= 64 ? 3 : 2;
  c.ping_pong = p.head_dim_v_padded <= 128;
  // 6 % faster at head dim 64, no faster at 128, and 0.15 s of compile time (docs/performance.md).
  c.peel_first = c.consumer_warpgroups == 3;
  c.tile_n = WidthOf(p, arch, c);
  TakeSecondQ(p, arch, c);
  return c;
}

/// The same where a tile has a handful of blocks and its ends are what counts: a first block of its
/// own, narrower blocks where the diagonal would waste much of a wide one, and as many loads under
/// way as fit.
Sm90Choices ChooseForShort(const Sm90Plan& p, Arch arch) {
  Sm90Choices c = ChooseForMany(p, arch);
  c.peel_first = true;
  c.ping_pong = true;
  c.q_stages = 1;
  if (c.tile_n > 128) c.tile_n = 128;
  if (c.tile_n < 128 && c.tile_n > 64) c.tile_n = 64;
  c.stages = 4;
  while (c.stages > 2 && !Fits(p, arch, c)) --c.stages;
  TakeSecondQ(p, arch, c);
  return c;
}

/// The most heads of a group that fill no more than a warpgroup's rows, in whole tiles.
int PackOf(int group) {
  int pack = std::min(group, kRowsPerWarpgroup);
  while (group % pack != 0) --pack;
  return pack;
}

/// Few queries read much K/V: bound by memory, not by products. Two blocks on an SM where both fit.
/// Two stages of 64 KiB on an SM are in flight: more of them gave no bandwidth, and every other
/// answer of the memory waits behind them (docs/performance.md).
Sm90Choices ChooseForFew(const Sm90Plan& p, Arch arch, int tokens) {
  const int head_dims = p.head_dim_qk_padded + p.head_dim_v_padded;
  Sm90Choices c;
  c.pack = PackOf(p.problem.group);
  c.consumer_warpgroups = tokens * c.pack > kRowsPerWarpgroup ? 2 : 1;
  // Two blocks leave 128 registers at launch, which a wide O does not fit into.
  const bool two_fit = head_dims <= 256 && p.head_dim_v_padded <= 128;
  c.blocks_per_sm = c.consumer_warpgroups == 1 && two_fit ? 2 : 1;
  c.ping_pong = false;
  c.split_blocks = 1;  // What fits depends on whether K/V is cut; where, on tile_n.
  c.tile_n = head_dims <= 128 ? 128 : 64;
  while (c.tile_n > 16 && !Fits(p, arch, c)) c.tile_n -= 16;
  TakeSecondQ(p, arch, c);
  const int keys = std::min(kPieceKeys, kPieceBytes / (2 * head_dims));
  c.split_blocks = std::max(1, keys / c.tile_n);
  return c;
}

}  // namespace

Sm90Choices ChooseSm90(const KernelSpec& spec, Arch arch) {
  const Sm90Plan p = StartPlan(spec);
  const int64_t tokens = spec.seqlen_q_at_most;
  if (tokens == 0) return ChooseForMany(p, arch);
  if (tokens > kFewQueries) return ChooseForShort(p, arch);
  return ChooseForFew(p, arch, static_cast<int>(tokens));
}

llvm::Expected<KernelPlan> PlanSm90With(const KernelSpec& spec, Arch arch,
                                        const Sm90Choices& choices) {
  std::vector<std::string> unmet = Unmet(spec, arch);
  Sm90Plan p = StartPlan(spec);
  const Budget budget = RegisterBudget(choices);
  TakeSizes(choices, p);
  p.consumer_registers = budget.consumer_registers;
  p.producer_registers = budget.producer_registers;
  p.ping_pong = choices.ping_pong;
  p.peel_first = choices.peel_first;
  p.check_q_rows = p.pack != 1 || spec.seqlen_q_multiple_of % p.tile_m != 0;
  p.check_kv_rows = spec.seqlen_kv_multiple_of % p.tile_n != 0;
  p.guard_v = p.problem.masked() || (p.problem.packed && p.check_kv_rows);
  PlaceInSmem(p);
  if (RegistersNeeded(p, choices) > ConsumerRegisters(choices)) {
    unmet.push_back(llvm::formatv("sm90: {0} registers for a consumer thread, which has {1}",
                                  RegistersNeeded(p, choices), ConsumerRegisters(choices)));
  }
  const int limit = SmemLimit(arch, p.blocks_per_sm);
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
