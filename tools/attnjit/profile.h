// What one tile of a kernel costs each resource of its GPU, counted on an emulated one.
#ifndef ATTNJIT_TOOLS_ATTNJIT_PROFILE_H_
#define ATTNJIT_TOOLS_ATTNJIT_PROFILE_H_

#include <string>
#include <vector>

#include "generator/planner.h"
#include "generator/spec.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/raw_ostream.h"
#include "runtime/emulator/sanitizer/counters.h"
#include "runtime/engine.h"

namespace attnjit {

/// One launch of a few tiles. Cycles and counts are of all tiles together.
struct Profile {
  std::string kernel;
  std::string device;  ///< "emulated H100 (sm_90a)"
  std::string rates;   ///< Where the GPU's rates are from.
  int64_t tiles = 0;
  int64_t seqlen_q = 0;
  int64_t seqlen_kv = 0;
  double visible_share = 1;  ///< Of the pairs of queries and keys.
  emulator::Counters counters;
  std::vector<emulator::ResourceCost> costs;
};

/// Runs the kernel of `plan` on the emulated GPU of its arch. Errors: PlanError where there is
/// none, and those of building and running.
llvm::Expected<Profile> ProfileKernel(const AttentionSpec& spec, const KernelPlan& plan,
                                      const EngineOptions& options);

/// Cycles of one tile, most first, and the counts behind them.
void PrintProfile(const Profile& profile, llvm::raw_ostream& os);

/// One line.
std::string ProfileJson(const Profile& profile);

}  // namespace attnjit

#endif  // ATTNJIT_TOOLS_ATTNJIT_PROFILE_H_
