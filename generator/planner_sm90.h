// The sm90 family's planner in two steps, for tuning and for tests that force a choice.
#ifndef ATTNJIT_GENERATOR_PLANNER_SM90_H_
#define ATTNJIT_GENERATOR_PLANNER_SM90_H_

#include "generator/planner.h"

namespace attnjit {

/// What the planner is free to choose; everything else of a plan follows.
struct Sm90Choices {
  int consumer_warpgroups = 2;  ///< 1, 2 or 3.
  int pack = 1;                 ///< Query heads of one tile: a divisor of the group, to 64.
  int tile_n = 128;             ///< A multiple of 16 to 256.
  int stages = 2;               ///< To 4.
  int q_stages = 1;             ///< 1 or 2.
  int split_blocks = 0;         ///< K/V blocks of a piece; 0: tiles are not cut.
  int blocks_per_sm = 1;
  bool ping_pong = true;  ///< Needs two warpgroups or three.
  bool peel_first = false;
};

Sm90Choices ChooseSm90(const KernelSpec& spec, Arch arch);

/// Errors: PlanError, e.g. where the choices need more shared memory than there is.
llvm::Expected<KernelPlan> PlanSm90With(const KernelSpec& spec, Arch arch,
                                        const Sm90Choices& choices);

}  // namespace attnjit

#endif  // ATTNJIT_GENERATOR_PLANNER_SM90_H_
