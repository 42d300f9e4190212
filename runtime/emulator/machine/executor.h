// Runs the warps of a cluster in turns.
#ifndef ATTNJIT_RUNTIME_EMULATOR_MACHINE_EXECUTOR_H_
#define ATTNJIT_RUNTIME_EMULATOR_MACHINE_EXECUTOR_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "runtime/emulator/machine/cluster.h"

namespace attnjit::emulator {

/// The counters' class of each instruction of a program.
using ClassTable = std::vector<InstructionClass>;
std::shared_ptr<const ClassTable> MakeClassTable(const Program& program);

/// One cluster's scheduler. A turn runs one warp until it blocks, yields, exits, or has used its
/// share; seeded policies draw the order of warps and the length of turns. Inside a warp the split
/// in the deepest call runs first, then that with the lowest pc; splits that meet are merged. A
/// split that jumps back very often lets the others go first once, so that lanes that spin for
/// another lane of their warp get what they wait for.
class Executor {
 public:
  Executor(Cluster& cluster, std::shared_ptr<const ClassTable> classes);
  Cluster::Outcome Run(const std::function<bool()>& stop);
  /// What each live warp waits for, one line each, and what is pending.
  std::string DescribeWaits() const;

 private:
  /// kSelect: of a split, not of the turn: it jumped, waits, or met another.
  enum class TurnEnd : uint8_t { kShare, kYield, kBlocked, kExited, kTrap, kSelect };

  /// At most `share` instructions, all splits together.
  TurnEnd Turn(Warp& warp, uint64_t share);
  TurnEnd RunSplit(Warp& warp, uint32_t limit, uint64_t& share);
  TurnEnd Block(Warp& warp, uint32_t pc);
  TurnEnd Yield(Warp& warp, uint32_t pc);
  /// Chooses and merges; false: no split can run. `limit`: the pc where another split stands that
  /// the chosen one may reach.
  bool Select(Warp& warp, uint32_t& limit);
  void MergeSplits(Warp& warp);
  bool IsReady(const Split& split) const;
  /// For Inst::converged: kNext if all live lanes are here.
  Step Converge(Warp& warp, const Inst& inst, uint32_t lanes);
  Step TrapSplits(Warp& warp);
  uint64_t Share();
  void OrderWarps();

  /// One turn for each warp that can run. False: trapped.
  bool Round();
  /// Nothing happened in the last round.
  bool IsStuck();
  Cluster::Outcome Finish();
  Cluster::Outcome ReportDeadlock();

  Cluster& cluster_;
  std::shared_ptr<const ClassTable> classes_;
  std::vector<Warp*> warps_;
  uint64_t round_effects_ = 0;  ///< Cluster::effects() before the round.
  uint64_t round_time_ = 0;
  uint64_t quiet_since_ = 0;            ///< Cluster::time() when something last had an effect.
  bool used_share_ = false;             ///< A turn of the round ended for its length.
  bool polled_ = false;                 ///< A turn of the round ended in a yield.
  uint64_t expired_at_ = ~uint64_t{0};  ///< Cluster::effects() when waits last expired.
};

}  // namespace attnjit::emulator

#endif  // ATTNJIT_RUNTIME_EMULATOR_MACHINE_EXECUTOR_H_
