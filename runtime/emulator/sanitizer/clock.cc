#include "runtime/emulator/sanitizer/clock.h"

#include <algorithm>

namespace attnjit::emulator {

bool Clock::LanesCover(AgentId agent, uint32_t lanes, uint32_t tick) const {
  for (const Extra& extra : extras_) {
    if (extra.agent == agent && extra.tick >= tick) lanes &= ~(1u << extra.lane);
  }
  return lanes == 0;
}

uint32_t Clock::Lane(AgentId agent, uint8_t lane) const {
  for (const Extra& extra : extras_) {
    if (extra.agent == agent && extra.lane == lane) return extra.tick;
  }
  return All(agent);
}

void Clock::RaiseAll(AgentId agent, uint32_t tick) {
  if (agent >= base_.size()) base_.resize(agent + 1);
  if (base_[agent] >= tick) return;
  base_[agent] = tick;
  if (!extras_.empty()) DropKnown();
}

void Clock::RaiseLanes(AgentId agent, uint32_t lanes, uint32_t tick) {
  if (lanes == ~0u) return RaiseAll(agent, tick);
  if (All(agent) >= tick) return;
  for (; lanes != 0; lanes &= lanes - 1) {
    const Extra added = {agent, static_cast<uint8_t>(__builtin_ctz(lanes)), tick};
    auto at = std::lower_bound(extras_.begin(), extras_.end(), added,
                               [](const Extra& a, const Extra& b) { return a.Before(b); });
    if (at != extras_.end() && at->agent == agent && at->lane == added.lane) {
      at->tick = std::max(at->tick, tick);
    } else {
      extras_.insert(at, added);
    }
  }
}

void Clock::JoinLanes(const Clock& other, AgentId agent, uint32_t lanes) {
  if (lanes == ~0u && other.extras_.empty()) return RaiseAll(agent, other.All(agent));
  for (; lanes != 0; lanes &= lanes - 1) {
    const auto lane = static_cast<uint8_t>(__builtin_ctz(lanes));
    const uint32_t tick = other.Lane(agent, lane);
    if (tick != 0) RaiseLanes(agent, 1u << lane, tick);
  }
}

void Clock::Join(const Clock& other) {
  if (&other == this) return;
  if (base_.size() < other.base_.size()) base_.resize(other.base_.size());
  uint32_t* mine = base_.data();
  const uint32_t* theirs = other.base_.data();
  for (size_t i = 0, n = other.base_.size(); i < n; ++i) mine[i] = std::max(mine[i], theirs[i]);
  for (const Extra& extra : other.extras_) RaiseLanes(extra.agent, 1u << extra.lane, extra.tick);
  if (!extras_.empty()) DropKnown();
}

void Clock::Meet(const Clock& other) {
  std::vector<Extra> kept;
  for (const Extra& extra : extras_) {
    const uint32_t tick = std::min(extra.tick, other.Lane(extra.agent, extra.lane));
    kept.push_back({extra.agent, extra.lane, tick});
  }
  for (const Extra& extra : other.extras_) {
    if (Lane(extra.agent, extra.lane) == All(extra.agent)) {
      kept.push_back({extra.agent, extra.lane, std::min(extra.tick, All(extra.agent))});
    }
  }
  if (base_.size() > other.base_.size()) base_.resize(other.base_.size());
  for (size_t i = 0; i < base_.size(); ++i) base_[i] = std::min(base_[i], other.base_[i]);
  std::sort(kept.begin(), kept.end(), [](const Extra& a, const Extra& b) { return a.Before(b); });
  extras_ = std::move(kept);
  DropKnown();
}

void Clock::Clear() {
  base_.clear();
  extras_.clear();
}

bool Clock::operator==(const Clock& other) const {
  const size_t common = std::min(base_.size(), other.base_.size());
  if (!std::equal(base_.begin(), base_.begin() + common, other.base_.begin())) return false;
  const std::vector<uint32_t>& longer = base_.size() > common ? base_ : other.base_;
  const auto is_zero = [](uint32_t tick) { return tick == 0; };
  return std::all_of(longer.begin() + common, longer.end(), is_zero) && extras_ == other.extras_;
}

void Clock::DropKnown() {
  std::erase_if(extras_, [this](const Extra& extra) { return extra.tick <= All(extra.agent); });
}

}  // namespace attnjit::emulator
