// The sm100 family's planner in two steps, for tuning and for tests that force a choice.
#ifndef ATTNJIT_GENERATOR_PLANNER_SM100_H_
#define ATTNJIT_GENERATOR_PLANNER_SM100_H_

#include "generator/planner.h"

namespace attnjit {

/// What the planner is free to choose; everything else of a plan follows.
struct Sm100Choices {
  int ctas = 1;      ///< That multiply together: 1 or 2.
  int q_tiles = 2;   ///< 1, or 2 where head_dim_v is at most 128.
  int tile_n = 128;  ///< A multiple of 32 to 128.
  int k_stages = 2;
  int v_stages = 2;
  int o_stages = 2;
  int p_first = 96;  ///< A multiple of 32, below tile_n unless that is 32.
  int rescale_threshold = 8;
  int exp_degree = 3;  ///< 3, 4 or 5.
  int exp_share = 0;   ///< Of 32; even.
};

Sm100Choices ChooseSm100(const KernelSpec& spec, Arch arch);

/// Errors: PlanError, e.g. where the choices need more shared memory than there is.
llvm::Expected<KernelPlan> PlanSm100With(const KernelSpec& spec, Arch arch,
                                         const Sm100Choices& choices);

}  // namespace attnjit

#endif  // ATTNJIT_GENERATOR_PLANNER_SM100_H_
