// The order in which a launch's thread blocks take their tiles (templates/common/tile_scheduler.h).
#ifndef ATTNJIT_RUNTIME_SCHEDULE_H_
#define ATTNJIT_RUNTIME_SCHEDULE_H_

#include <cstdint>

#include "generator/planner.h"
#include "templates/params.h"

namespace attnjit {

/// What of a GPU the order depends on.
struct ScheduleLimits {
  int64_t clusters = 0;  ///< Clusters (or thread blocks without one) that run at once.
  int64_t l2_bytes = 0;  ///< Of its L2 cache.
};

/// Clusters to launch: one for each tile, or as many as run at once where they are persistent.
int64_t GridClusters(const KernelPlan& plan, const ScheduleLimits& limits,
                     const ForwardParams& params);

/// Sets num_slots and the sections of params, whose tiles are set (num_tiles > 0). Results do not
/// depend on it: it says what runs when. docs/adr/0010-sections-of-heads.md.
void SetSchedule(const KernelPlan& plan, const ScheduleLimits& limits, ForwardParams& params);

}  // namespace attnjit

#endif  // ATTNJIT_RUNTIME_SCHEDULE_H_
