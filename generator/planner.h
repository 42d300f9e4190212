// KernelSpec + Arch -> KernelPlan: every decision about a kernel, made once.
//
// Tile sizes, stages, warp roles, registers and the shared-memory map are decided here and nowhere
// else; the emitted source carries the same plan struct and static_asserts tie its storage to it.
#ifndef ATTNJIT_GENERATOR_PLANNER_H_
#define ATTNJIT_GENERATOR_PLANNER_H_

#include <string>
#include <variant>
#include <vector>

#include "generator/arch.h"
#include "generator/spec.h"
#include "llvm/Support/Error.h"
#include "templates/mma/plan.h"
#include "templates/sm100/plan.h"
#include "templates/sm90/plan.h"

namespace attnjit {

enum class Family { kMma, kSm90, kSm100 };
const char* FamilyName(
    Family family);  ///< "mma", "sm90", "sm100": also the folder under templates/.

/// One region of dynamic shared memory, for explain and for tests.
struct SmemRegion {
  std::string name;
  int offset = 0;  ///< Bytes from the (1024-byte aligned) start.
  int bytes = 0;
  std::string what;  ///< Shape and layout, e.g. "2 stages x [128 x 128] bf16, 128B swizzle".
};

struct KernelPlan {
  KernelSpec spec;
  Arch arch = Arch::kSm80;
  Family family = Family::kMma;
  std::string name;  ///< KernelName(spec, arch).
  std::variant<MmaPlan, Sm90Plan, Sm100Plan> plan;

  // What launching needs to know.
  int threads = 0;
  int smem_bytes = 0;     ///< Dynamic shared memory of a block, alignment slack included.
  int tile_m = 0;         ///< Query tokens of one tile.
  int tile_heads = 1;     ///< Query heads of one tile.
  int tile_n = 0;         ///< K/V rows of one block.
  int split_blocks = 0;   ///< K/V blocks that one piece of a tile takes; 0: tiles are not cut.
  int tile_counters = 0;  ///< Of a tile that is cut: counters in the workspace.
  int blocks_per_sm = 1;  ///< What the plan expects to be resident.
  int cluster = 1;        ///< Blocks that compute a tile together: a cluster.
  /// The grid is min(num_tiles, SMs * blocks_per_sm / cluster) clusters, else num_tiles blocks.
  bool persistent = false;

  /// Templates that the plan's sizes call for (e.g. "ptx/wgmma/n128.h"), before the entry point.
  std::vector<std::string> headers;
  std::vector<SmemRegion> smem_map;
  std::vector<std::string> reasons;  ///< Why it is this plan, a sentence each, for explain.
};

/// Plans with the best family for `arch`; if that one cannot, with the next. Errors: PlanError with
/// the unmet requirements of every family tried.
llvm::Expected<KernelPlan> PlanKernel(const KernelSpec& spec, Arch arch);

/// One family each; errors: PlanError. `arch` must be one the family generates for.
llvm::Expected<KernelPlan> PlanMma(const KernelSpec& spec, Arch arch);
llvm::Expected<KernelPlan> PlanSm90(const KernelSpec& spec, Arch arch);
llvm::Expected<KernelPlan> PlanSm100(const KernelSpec& spec, Arch arch);

}  // namespace attnjit

#endif  // ATTNJIT_GENERATOR_PLANNER_H_
