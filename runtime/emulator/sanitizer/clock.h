// Vector clocks over agents: the warps of a cluster and its asynchronous operations.
//
// An agent has one counter (its tick) and up to 32 lanes. A clock says up to which tick an observer
// knows the accesses of each lane: one number for all lanes of an agent, and exceptions for single
// lanes that it knows more of (an elected lane that released alone).
#ifndef ATTNJIT_RUNTIME_EMULATOR_SANITIZER_CLOCK_H_
#define ATTNJIT_RUNTIME_EMULATOR_SANITIZER_CLOCK_H_

#include <cstdint>
#include <vector>

namespace attnjit::emulator {

using AgentId = uint16_t;

class Clock {
 public:
  /// Whether it knows what all `lanes` of the agent did up to `tick`. Tick 0 is always known.
  bool Covers(AgentId agent, uint32_t lanes, uint32_t tick) const {
    return All(agent) >= tick || (!extras_.empty() && LanesCover(agent, lanes, tick));
  }
  /// What is known of every lane of the agent.
  uint32_t All(AgentId agent) const { return agent < base_.size() ? base_[agent] : 0; }

  /// Learns of all lanes.
  void RaiseAll(AgentId agent, uint32_t tick);
  /// Learns of some lanes.
  void RaiseLanes(AgentId agent, uint32_t lanes, uint32_t tick);
  /// Learns what `other` knows of some lanes of one agent.
  void JoinLanes(const Clock& other, AgentId agent, uint32_t lanes);
  void Join(const Clock& other);
  /// Keeps what both know. What is known of single lanes by both in part only may be forgotten.
  void Meet(const Clock& other);
  void Clear();

  bool operator==(const Clock& other) const;

 private:
  struct Extra {
    AgentId agent;
    uint8_t lane;
    uint32_t tick;
    bool operator==(const Extra&) const = default;
    bool Before(const Extra& other) const {
      return agent != other.agent ? agent < other.agent : lane < other.lane;
    }
  };

  bool LanesCover(AgentId agent, uint32_t lanes, uint32_t tick) const;
  uint32_t Lane(AgentId agent, uint8_t lane) const;
  void DropKnown();

  std::vector<uint32_t> base_;  ///< By agent; 0 past its end.
  std::vector<Extra> extras_;   ///< Sorted by agent, then lane; each above the agent's base.
};

}  // namespace attnjit::emulator

#endif  // ATTNJIT_RUNTIME_EMULATOR_SANITIZER_CLOCK_H_
