// What a planner was free to choose, as one line of text: for tables, and for a tuning record that
// gives the same plan again.
//
//   "sm90 w2 x1 n128 s2 q2 pack4 piece1024 pp peel"
//    family, consumer warpgroups, blocks on an SM, tile_n, stages; where they are not 1 or none:
//    places for Q, heads of a tile, keys of a piece, ping-pong, peel_first
#ifndef ATTNJIT_GENERATOR_PLAN_CHOICES_H_
#define ATTNJIT_GENERATOR_PLAN_CHOICES_H_

#include <optional>
#include <string>

#include "generator/planner_sm90.h"
#include "llvm/ADT/StringRef.h"

namespace attnjit {

std::string ChoicesText(const Sm90Choices& choices);

/// Exactly what ChoicesText writes, numbers within what a plan can have; else nullopt.
std::optional<Sm90Choices> ParseSm90Choices(llvm::StringRef text);

/// The plan of these choices. Errors: PlanError, where the text is none of a family of `arch`, or
/// they do not fit.
llvm::Expected<KernelPlan> PlanWithChoices(const KernelSpec& spec, Arch arch, llvm::StringRef text);

}  // namespace attnjit

#endif  // ATTNJIT_GENERATOR_PLAN_CHOICES_H_
