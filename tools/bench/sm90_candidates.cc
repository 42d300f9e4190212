#include "tools/bench/sm90_candidates.h"

#include <algorithm>
#include <set>

#include "generator/plan_choices.h"

namespace attnjit {
namespace {

class Collector {
 public:
  Collector(const KernelSpec& spec, Arch arch) : spec_(spec), arch_(arch) {}

  /// Takes the choices as they are, if they fit and are new.
  bool Add(const Sm90Choices& choices) {
    llvm::Expected<KernelPlan> plan = PlanSm90With(spec_, arch_, choices);
    if (!plan) {
      llvm::consumeError(plan.takeError());
      return false;
    }
    std::string label = ChoicesText(choices);
    if (!seen_.insert(label).second) return true;
    plan->name += "_c" + std::to_string(found_.size());
    found_.push_back({std::move(label), choices, std::move(*plan)});
    return true;
  }

  /// With two stages, and with as many as fit.
  void AddWithStages(Sm90Choices choices) {
    choices.stages = 2;
    Add(choices);
    choices.stages = 4;
    while (choices.stages > 2 && !Add(choices)) --choices.stages;
  }

  std::vector<Candidate> Take() { return std::move(found_); }

 private:
  const KernelSpec spec_;
  const Arch arch_;
  std::set<std::string> seen_;
  std::vector<Candidate> found_;
};

void AddForFew(const Sm90Choices& own, Collector& collector) {
  const int keys = own.split_blocks * own.tile_n;
  for (const int scale : {16, 8, 2}) {  // Quarters of the planner's own length.
    Sm90Choices c = own;
    c.split_blocks = std::max(1, keys * scale / 4 / c.tile_n);
    collector.Add(c);
  }
  for (const int blocks : {1, 2}) {
    for (const int tile_n : {32, 64, 128}) {
      Sm90Choices c = own;
      c.blocks_per_sm = blocks;
      c.tile_n = tile_n;
      c.split_blocks = std::max(1, keys / tile_n);
      for (const int q_stages : {1, 2}) {
        c.q_stages = q_stages;
        collector.AddWithStages(c);
      }
    }
  }
}

void AddForMany(const Sm90Choices& own, Collector& collector) {
  for (const int q_stages : {1, 2}) {
    int widths = 0;
    for (int tile_n = 176; tile_n >= 48 && widths < 2; tile_n -= 16) {
      Sm90Choices c = own;
      c.q_stages = q_stages;
      c.tile_n = tile_n;
      if (collector.Add(c)) ++widths;
    }
  }
  Sm90Choices other = own;
  other.q_stages = 3 - own.q_stages;
  collector.Add(other);
  other = own;
  other.tile_n = own.tile_n <= 96 ? 64 : 128;
  collector.Add(other);
  other.q_stages = 2;
  collector.Add(other);
  other = own;
  other.ping_pong = !own.ping_pong;
  collector.Add(other);
  for (const int tile_n : {own.tile_n, 128, 96, 64}) {
    other = own;
    other.tile_n = tile_n;
    for (const int q_stages : {1, 2}) {
      other.q_stages = q_stages;
      for (const bool peel : {false, true}) {
        other.peel_first = peel;
        for (const bool turns : {false, true}) {
          other.ping_pong = turns;
          collector.AddWithStages(other);
        }
      }
    }
  }
}

}  // namespace

std::vector<Candidate> Sm90Candidates(const KernelSpec& spec, Arch arch) {
  const Sm90Choices own = ChooseSm90(spec, arch);
  Collector collector(spec, arch);
  collector.Add(own);
  if (own.split_blocks != 0) {
    AddForFew(own, collector);
  } else {
    AddForMany(own, collector);
  }
  return collector.Take();
}

}  // namespace attnjit
