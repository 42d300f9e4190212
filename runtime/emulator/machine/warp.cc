#include "runtime/emulator/machine/warp.h"

#include <sys/mman.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <new>

#include "llvm/Support/FormatVariadic.h"
#include "runtime/emulator/machine/cluster.h"

namespace attnjit::emulator {
namespace {

/// A NaN in fp32, fp16 and bf16, and in fp64 when repeated.
constexpr uint32_t kPoisonWord = 0x7fff7fff;

/// Zeroed pages; those that are never touched cost nothing.
uint32_t* MapWords(size_t words) {
  if (words == 0) return nullptr;
  void* memory =
      mmap(nullptr, words * 4, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) throw std::bad_alloc();
  return static_cast<uint32_t*>(memory);
}

/// x, y, z of a linear index.
Dim3 Unflatten(uint64_t linear, const Dim3& size) {
  return {static_cast<uint32_t>(linear % size[0]),
          static_cast<uint32_t>(linear / size[0] % size[1]),
          static_cast<uint32_t>(linear / size[0] / size[1])};
}

uint32_t LaneMaskOf(Special special, uint32_t lane) {
  const uint32_t self = 1u << lane;
  switch (special) {
    case Special::kLanemaskEq:
      return self;
    case Special::kLanemaskLe:
      return self | (self - 1);
    case Special::kLanemaskLt:
      return self - 1;
    case Special::kLanemaskGe:
      return ~(self - 1);
    default:
      return ~(self - 1) & ~self;
  }
}

/// The vector whose .x is `first`.
Dim3 SpecialVector(const Warp& warp, Special first, uint32_t lane) {
  const Cta& cta = warp.cta();
  const Launch& launch = cta.cluster().launch();
  switch (first) {
    case Special::kTidX:
      return Unflatten(static_cast<uint64_t>(warp.index()) * 32 + lane, launch.block);
    case Special::kNtidX:
      return launch.block;
    case Special::kCtaidX:
      return cta.index();
    case Special::kNctaidX:
      return launch.grid;
    case Special::kClusteridX:
      return cta.cluster().index();
    case Special::kClusterCtaidX:
      return Unflatten(cta.rank(), launch.cluster);
    case Special::kClusterNctaidX:
      return launch.cluster;
    default: {  // kNclusteridX
      Dim3 clusters;
      for (int i = 0; i < 3; ++i) clusters[i] = launch.grid[i] / launch.cluster[i];
      return clusters;
    }
  }
}

uint64_t SpecialScalar(const Warp& warp, Special special, uint32_t lane) {
  const Cta& cta = warp.cta();
  const Launch& launch = cta.cluster().launch();
  const uint32_t ctas = launch.cluster[0] * launch.cluster[1] * launch.cluster[2];
  switch (special) {
    case Special::kLaneid:
      return lane;
    case Special::kWarpid:
      return static_cast<uint64_t>(warp.index());
    case Special::kNwarpid:
      return static_cast<uint64_t>(launch.device->max_threads_per_sm / 32);
    case Special::kSmid:
      return cta.linear_index() % static_cast<uint32_t>(launch.device->sm_count);
    case Special::kNsmid:
      return static_cast<uint64_t>(launch.device->sm_count);
    case Special::kGridid:
      return 1;
    case Special::kClusterCtarank:
      return cta.rank();
    case Special::kClusterNctarank:
      return ctas;
    case Special::kIsExplicitCluster:
      return ctas > 1 || cta.cluster().launch().explicit_cluster ? 1 : 0;
    case Special::kSharedWindow:
      return cta.window();
    case Special::kDynamicSmemSize:
      return launch.dynamic_shared_bytes;
    case Special::kTotalSmemSize:
      return cta.shared_end() - kSharedReserved;
    case Special::kAggrSmemSize:
      return cta.shared_end();
    default:
      return LaneMaskOf(special, lane);
  }
}

/// Special registers of a thread (PTX ISA 10), but those that change.
uint64_t SpecialOf(const Warp& warp, Special special, uint32_t lane) {
  for (const Special first :
       {Special::kTidX, Special::kNtidX, Special::kCtaidX, Special::kNctaidX, Special::kClusteridX,
        Special::kNclusteridX, Special::kClusterCtaidX, Special::kClusterNctaidX}) {
    const auto component = static_cast<size_t>(special) - static_cast<size_t>(first);
    if (component < 3) return SpecialVector(warp, first, lane)[component];
  }
  return SpecialScalar(warp, special, lane);
}

}  // namespace

void Warp::Unmap::operator()(uint32_t* p) const { munmap(p, words * 4); }

Warp::Warp(Cta& cta, int index, const Program& program, uint32_t live_lanes)
    : cta_(&cta),
      cluster_(&cta.cluster()),
      index_(index),
      program_(&program),
      monitor_(cta.cluster().monitor()),
      counters_(&cta.cluster().counters()),
      live_(live_lanes),
      active_(live_lanes),
      register_file_(MapWords(size_t{program.register_slots} * 32),
                     Unmap{size_t{program.register_slots} * 32}),
      registers_(register_file_.get()),
      constants_(program.constants.data()),
      written_(program.register_count, monitor_ != nullptr ? 0 : kAllLanes),
      predicates_(program.register_count, 0),
      registers_per_thread_(program.registers_per_thread) {
  const Dim3& block = cluster_->launch().block;
  id_ = cta.rank() * ((block[0] * block[1] * block[2] + 31) / 32) + static_cast<uint32_t>(index);
  if (monitor_ != nullptr) {
    busy_.resize(program.register_count, Busy::kNone);
    last_write_.resize(program.register_count);
  }
  Split start;
  start.lanes = live_lanes;
  splits_.push_back(std::move(start));
  SetSpecials();
}

void Warp::SetSpecials() {
  for (const SpecialBinding& binding : program_->specials) {
    uint32_t* slot = registers_ + size_t{binding.value.slot} * 32;
    written_[binding.value.reg] = kAllLanes;
    for (uint32_t lane = 0; lane < 32; ++lane) {
      const uint64_t value = SpecialOf(*this, binding.special, lane) + binding.addend;
      if (binding.value.bytes == 8) {
        std::memcpy(slot + 2 * lane, &value, 8);
      } else {
        slot[lane] = static_cast<uint32_t>(value);
      }
    }
  }
}

uint32_t Warp::ReadConstantPredicate(const Value& value) const {
  if (value.kind != ValueKind::kConstant && value.kind != ValueKind::kRegister) return 0;
  const uint32_t* words = Place(value);
  uint32_t mask = 0;
  for (int l = 0; l < 32; ++l) mask |= static_cast<uint32_t>(words[l] != 0) << l;
  return value.negated ? ~mask : mask;
}

void Warp::ReadFault(const Value& value, uint32_t lanes) {
  const std::string& name = program_->register_names[value.reg];
  if (!busy_.empty() && busy_[value.reg] == Busy::kWrite) {
    Report(Rule::kWgmmaRegisterInFlight, *running_, -1,
           llvm::formatv("{0} is read while an operation in flight writes it", name));
    return;
  }
  const int lane = std::countr_zero(lanes & ~written_[value.reg]);
  Report(Rule::kUninitRegister, *running_, lane,
         llvm::formatv("{0} is read before it was written", name));
  written_[value.reg] |= lanes;
}

void Warp::WriteFault(const Value& value, uint32_t lanes) {
  const bool read = busy_[value.reg] == Busy::kRead;
  Report(Rule::kWgmmaRegisterInFlight, *running_, std::countr_zero(lanes),
         llvm::formatv("{0} is written while an operation in flight {1} it",
                       program_->register_names[value.reg], read ? "reads" : "writes"));
  if (!read) written_[value.reg] &= ~lanes;
}

void Warp::SetBusy(const Value& value, Busy busy) {
  if (busy_.empty() || value.kind != ValueKind::kRegister) return;
  if (busy == Busy::kWrite) written_[value.reg] = 0;
  if (busy == Busy::kNone && busy_[value.reg] == Busy::kWrite) written_[value.reg] = kAllLanes;
  busy_[value.reg] = busy;
}

void Warp::Poison(const Value& value, uint32_t lanes) {
  if (value.kind != ValueKind::kRegister) return;
  uint32_t* slot = registers_ + size_t{value.slot} * 32;
  const uint32_t words = std::max<uint32_t>(value.bytes / 4, 1);
  for (uint32_t lane = 0; lane < 32; ++lane) {
    if ((lanes >> lane & 1) != 0) std::fill_n(slot + lane * words, words, kPoisonWord);
  }
  if (monitor_ != nullptr) written_[value.reg] &= ~lanes;
}

void Warp::Report(Rule rule, const Inst& inst, int lane, std::string message, MemorySpace space,
                  uint64_t address, uint32_t size) {
  if (monitor_ == nullptr) return;
  File(rule, inst, lane, std::move(message), space, address, size);
}

Step Warp::Trap(Rule rule, const Inst& inst, int lane, std::string message, MemorySpace space,
                uint64_t address, uint32_t size) {
  File(rule, inst, lane, std::move(message), space, address, size);
  cluster_->SetTrapped();
  return Step::kTrap;
}

void Warp::File(Rule rule, const Inst& inst, int lane, std::string message, MemorySpace space,
                uint64_t address, uint32_t size) {
  emulator::Report report;
  report.rule = rule;
  report.message = std::move(message);
  report.actor.pc = inst.pc;
  report.actor.cta = static_cast<int32_t>(cta_->rank());
  report.actor.warp = index_;
  report.actor.lane = lane;
  report.space = space;
  report.address = address;
  report.size = size;
  cluster_->sink().Add(std::move(report));
}

Warp::State_ Warp::state() const {
  if (live_ == 0) return State_::kExited;
  for (const Split& split : splits_) {
    if (split.wait == Split::Wait::kNone) return State_::kRunnable;
    if (split.wait == Split::Wait::kBlocked && split.seen != cluster_->changes()) {
      return State_::kRunnable;
    }
  }
  return State_::kBlocked;
}

}  // namespace attnjit::emulator
