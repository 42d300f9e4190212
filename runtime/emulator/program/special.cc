#include "runtime/emulator/program/special.h"

#include <string>

namespace attnjit::emulator {
namespace {

struct Row {
  ptx::Special special;
  Special machine;  // Of .x, where it has components.
};

constexpr Row kRows[] = {
    {ptx::Special::kTid, Special::kTidX},
    {ptx::Special::kNtid, Special::kNtidX},
    {ptx::Special::kCtaid, Special::kCtaidX},
    {ptx::Special::kNctaid, Special::kNctaidX},
    {ptx::Special::kClusterid, Special::kClusteridX},
    {ptx::Special::kNclusterid, Special::kNclusteridX},
    {ptx::Special::kClusterCtaid, Special::kClusterCtaidX},
    {ptx::Special::kClusterNctaid, Special::kClusterNctaidX},
    {ptx::Special::kClusterCtarank, Special::kClusterCtarank},
    {ptx::Special::kClusterNctarank, Special::kClusterNctarank},
    {ptx::Special::kIsExplicitCluster, Special::kIsExplicitCluster},
    {ptx::Special::kLaneid, Special::kLaneid},
    {ptx::Special::kWarpid, Special::kWarpid},
    {ptx::Special::kNwarpid, Special::kNwarpid},
    {ptx::Special::kSmid, Special::kSmid},
    {ptx::Special::kNsmid, Special::kNsmid},
    {ptx::Special::kGridid, Special::kGridid},
    {ptx::Special::kLanemaskEq, Special::kLanemaskEq},
    {ptx::Special::kLanemaskLe, Special::kLanemaskLe},
    {ptx::Special::kLanemaskLt, Special::kLanemaskLt},
    {ptx::Special::kLanemaskGe, Special::kLanemaskGe},
    {ptx::Special::kLanemaskGt, Special::kLanemaskGt},
    {ptx::Special::kClock, Special::kClock},
    {ptx::Special::kClockHi, Special::kClockHi},
    {ptx::Special::kClock64, Special::kClock64},
    {ptx::Special::kGlobaltimer, Special::kGlobaltimer},
    {ptx::Special::kGlobaltimerLo, Special::kGlobaltimerLo},
    {ptx::Special::kGlobaltimerHi, Special::kGlobaltimerHi},
    {ptx::Special::kTotalSmemSize, Special::kTotalSmemSize},
    {ptx::Special::kAggrSmemSize, Special::kAggrSmemSize},
    {ptx::Special::kDynamicSmemSize, Special::kDynamicSmemSize},
};

}  // namespace

std::optional<Special> ToSpecial(const ptx::Operand& operand) {
  const bool components = ptx::HasComponents(operand.special);
  if (components && (operand.component < 0 || operand.component > 2)) return std::nullopt;
  for (const Row& row : kRows) {
    if (row.special != operand.special) continue;
    // .y and .z follow .x.
    return static_cast<Special>(static_cast<int>(row.machine) +
                                (components ? operand.component : 0));
  }
  return std::nullopt;
}

std::string SpecialName(Special special) {
  if (special == Special::kSharedWindow) return "(shared window)";
  for (const Row& row : kRows) {
    const int component = static_cast<int>(special) - static_cast<int>(row.machine);
    const std::string name = ptx::SpecialName(row.special).str();
    if (ptx::HasComponents(row.special)) {
      if (component >= 0 && component < 3) return name + "." + "xyz"[component];
    } else if (component == 0) {
      return name;
    }
  }
  return "?";
}

}  // namespace attnjit::emulator
