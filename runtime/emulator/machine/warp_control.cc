// Splits of a warp: branches, calls, exits, and gathering lanes that stand apart.
#include <bit>

#include "runtime/emulator/machine/cluster.h"
#include "runtime/emulator/machine/warp.h"

namespace attnjit::emulator {

void Warp::RemoveLanes(const Inst& inst, uint32_t lanes, Split* taken) {
  Split& split = splits_[current_];
  *taken = split;
  taken->lanes = lanes;
  split.lanes &= ~lanes;
  split.pc = inst.pc + 1;
}

void Warp::Jump(const Inst& inst, uint32_t lanes, uint32_t target) {
  Split& split = splits_[current_];
  if (lanes == split.lanes) {
    if (target <= inst.pc) ++split.backward;
    split.pc = target;
    return;
  }
  Split taken;
  RemoveLanes(inst, lanes, &taken);
  taken.pc = target;
  if (target <= inst.pc) ++taken.backward;
  splits_.push_back(std::move(taken));
}

void Warp::Scatter(const Inst& inst, uint32_t lanes, const uint32_t* targets) {
  while (lanes != 0) {
    const uint32_t target = targets[std::countr_zero(lanes)];
    uint32_t same = 0;
    for (uint32_t l = 0; l < 32; ++l) {
      if ((lanes >> l & 1) != 0 && targets[l] == target) same |= 1u << l;
    }
    lanes &= ~same;
    Jump(inst, same, target);
  }
}

void Warp::Call(const Inst& inst, uint32_t lanes, uint32_t target) {
  Split* split = &splits_[current_];
  if (lanes != split->lanes) {
    Split taken;
    RemoveLanes(inst, lanes, &taken);
    splits_.push_back(std::move(taken));
    split = &splits_.back();
  }
  split->returns.push_back(inst.pc + 1);
  split->pc = target;
}

void Warp::Return(const Inst& inst, uint32_t lanes) {
  if (splits_[current_].returns.empty()) {
    Exit(inst, lanes);
    return;
  }
  Split* split = &splits_[current_];
  if (lanes != split->lanes) {
    Split taken;
    RemoveLanes(inst, lanes, &taken);
    splits_.push_back(std::move(taken));
    split = &splits_.back();
  }
  split->pc = split->returns.back();
  split->returns.pop_back();
}

void Warp::Exit(const Inst& inst, uint32_t lanes) {
  Split taken;
  RemoveLanes(inst, lanes, &taken);
  live_ &= ~lanes;
  if (splits_[current_].lanes == 0) splits_.erase(splits_.begin() + current_);
  // Lanes that exited are no longer waited for.
  for (Split& split : splits_) {
    if (split.wait == Split::Wait::kGather) split.wait = Split::Wait::kNone;
  }
  current_ = 0;
  if (live_ == 0) cta_->WarpExited(inst);
}

bool Warp::Gather(const Inst& inst, uint32_t members) {
  if ((members & live_ & ~active_) == 0) return true;
  Split& split = splits_[current_];
  split.wait = Split::Wait::kGather;
  split.members = members;
  split.anywhere = false;
  return false;
}

bool Warp::GatherAnywhere(const Inst& inst, uint32_t members) {
  const uint32_t needed = members & live_;
  uint32_t here = active_;
  for (const Split& split : splits_) {
    if (split.wait == Split::Wait::kGather && split.anywhere && split.members == members) {
      here |= split.lanes;
    }
  }
  if ((needed & ~here) != 0) {
    Split& split = splits_[current_];
    split.wait = Split::Wait::kGather;
    split.members = members;
    split.anywhere = true;
    return false;
  }
  for (size_t i = 0; i < splits_.size(); ++i) {
    Split& split = splits_[i];
    if (i == current_ || split.wait != Split::Wait::kGather || !split.anywhere ||
        split.members != members) {
      continue;
    }
    split.wait = Split::Wait::kNone;
    ++split.pc;
  }
  return true;
}

}  // namespace attnjit::emulator
