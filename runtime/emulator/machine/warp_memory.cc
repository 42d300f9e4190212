// A warp's memory accesses: addresses, bounds, and who is told of them.
#include <algorithm>
#include <bit>

#include "llvm/Support/FormatVariadic.h"
#include "runtime/emulator/machine/cluster.h"
#include "runtime/emulator/machine/warp.h"

namespace attnjit::emulator {
namespace {

bool Writes(AccessKind kind) {
  return kind != AccessKind::kRead && kind != AccessKind::kStrongRead;
}

AccessMode ModeOf(AccessKind kind) {
  switch (kind) {
    case AccessKind::kRead:
      return AccessMode::kRead;
    case AccessKind::kWrite:
      return AccessMode::kWrite;
    case AccessKind::kStrongRead:
      return AccessMode::kAtomicRead;
    case AccessKind::kAtomic:
    case AccessKind::kStrongWrite:
      break;
  }
  return AccessMode::kAtomicWrite;
}

Traffic TrafficOf(Space space, AccessKind kind, bool remote) {
  if (space == Space::kShared) {
    if (remote) return Traffic::kRemoteShared;
    if (kind == AccessKind::kAtomic) return Traffic::kSharedAtomic;
    return Writes(kind) ? Traffic::kSharedStore : Traffic::kSharedLoad;
  }
  if (space == Space::kLocal) return Writes(kind) ? Traffic::kLocalStore : Traffic::kLocalLoad;
  if (kind == AccessKind::kAtomic) return Traffic::kGlobalAtomic;
  return Writes(kind) ? Traffic::kGlobalStore : Traffic::kGlobalLoad;
}

MemorySpace MonitorSpace(Space space) {
  switch (space) {
    case Space::kShared:
    case Space::kSharedCluster:
      return MemorySpace::kShared;
    case Space::kLocal:
      return MemorySpace::kLocal;
    default:
      return MemorySpace::kGlobal;
  }
}

/// The space that a generic address points to; `address` loses its tag.
Space Untag(uint64_t& address) {
  const uint64_t tag = address & kGenericMask;
  switch (tag) {
    case kGenericShared:
      address &= ~kGenericMask;
      return Space::kSharedCluster;
    case kGenericLocal:
      address &= ~kGenericMask;
      return Space::kLocal;
    case kGenericParam:
      address &= ~kGenericMask;
      return Space::kParam;
    default:
      return Space::kGlobal;
  }
}

struct Span {
  uint64_t low = ~uint64_t{0};
  uint64_t high = 0;
  uint64_t bits = 0;
};

/// Over all 32 addresses.
Span SpanOf(const uint64_t* addresses) {
  Span span;
  for (int l = 0; l < 32; ++l) {
    span.low = std::min(span.low, addresses[l]);
    span.high = std::max(span.high, addresses[l]);
    span.bits |= addresses[l];
  }
  return span;
}

}  // namespace

void Warp::Addresses(const Address& address, uint32_t lanes, uint64_t* out) {
  const auto offset = static_cast<uint64_t>(address.offset);
  if (address.base.kind == ValueKind::kNone) {
    std::fill_n(out, 32, offset);
    return;
  }
  if (address.base.bytes == 8) {
    const uint64_t* base = Read64(address.base, lanes);
    for (int l = 0; l < 32; ++l) out[l] = base[l] + offset;
  } else {
    const uint32_t* base = Read32(address.base, lanes);
    const auto offset32 = static_cast<uint32_t>(offset);
    for (int l = 0; l < 32; ++l) out[l] = static_cast<uint32_t>(base[l] + offset32);
  }
  if (lanes == kAllLanes) return;
  const uint64_t first = out[std::countr_zero(lanes)];
  for (int l = 0; l < 32; ++l) out[l] = (lanes >> l & 1) != 0 ? out[l] : first;
}

bool Warp::Locate(const Inst& inst, Space space, const uint64_t* addresses, uint32_t lanes,
                  uint32_t bytes, uint32_t align, AccessKind kind, uint8_t** host,
                  const uint8_t* values, uint32_t stride) {
  const Request request = {&inst, space, lanes, bytes, align, kind, values, stride};
  // Atomics note it themselves, where they change something.
  if (Writes(kind) && kind != AccessKind::kAtomic) cluster_->NoteEffect();
  if (lanes == kAllLanes) {
    return LocateTogether(request, addresses, host) || LocateApart(request, addresses, host);
  }
  uint64_t filled[32];
  const uint64_t first = addresses[std::countr_zero(lanes)];
  for (int l = 0; l < 32; ++l) filled[l] = (lanes >> l & 1) != 0 ? addresses[l] : first;
  return LocateTogether(request, filled, host) || LocateApart(request, filled, host);
}

/// The common case, all lanes in one allocation or one CTA's window: false, and nothing done, where
/// it is another or a fault.
bool Warp::LocateTogether(const Request& request, const uint64_t* addresses, uint8_t** host) {
  Span span = SpanOf(addresses);
  if ((span.bits & (request.align - 1)) != 0) return false;
  Space space = request.space;
  uint64_t tag = 0;
  if (space == Space::kGeneric) {
    tag = span.low & kGenericMask;
    if ((span.high & kGenericMask) != tag) return false;
    space = Untag(span.low);
    span.high &= ~tag;
  }
  const uint64_t end = span.high + request.bytes;
  const uint8_t* bias = nullptr;  // host = bias + address without its tag
  switch (space) {
    case Space::kGlobal:
    case Space::kConst: {
      const Cluster::BlockCache* block = cluster_->FindBlock(span.low, end - span.low);
      if (block == nullptr) return false;
      bias = block->host - block->begin;
      Watch(request, Space::kGlobal, request.lanes, addresses, false);
      break;
    }
    case Space::kShared:
    case Space::kSharedCluster: {
      const uint64_t window = cta_->window();
      if (span.low < window + kSharedReserved || end > window + cta_->shared_end()) return false;
      bias = cta_->shared(0) - window;
      Watch(request, Space::kShared, request.lanes, addresses, false);
      break;
    }
    default:
      return false;
  }
  for (int l = 0; l < 32; ++l) host[l] = const_cast<uint8_t*>(bias) + (addresses[l] & ~tag);
  return true;
}

/// Lane by lane.
bool Warp::LocateApart(const Request& request, const uint64_t* addresses, uint8_t** host) {
  struct Group {
    uint32_t lanes = 0;
    uint64_t addresses[32] = {};
  };
  Group global, shared, remote, local;
  for (uint32_t rest = request.lanes; rest != 0; rest &= rest - 1) {
    const int l = std::countr_zero(rest);
    const Resolved place = ResolveLane(request, addresses[l], l);
    if (place.host == nullptr) return false;
    host[l] = place.host;
    Group* group = nullptr;
    uint64_t address = place.address;
    if (place.space == Space::kShared) {
      group = place.owner == cta_ ? &shared : &remote;
      address |= place.owner->window();
    } else if (place.space == Space::kLocal) {
      group = &local;
    } else if (place.space == Space::kGlobal) {
      group = &global;
    }
    if (group == nullptr) continue;
    group->lanes |= 1u << l;
    group->addresses[l] = address;
  }
  uint8_t* const first = host[std::countr_zero(request.lanes)];
  for (int l = 0; l < 32; ++l) {
    if ((request.lanes >> l & 1) == 0) host[l] = first;
  }
  if (global.lanes != 0) Watch(request, Space::kGlobal, global.lanes, global.addresses, false);
  if (shared.lanes != 0) Watch(request, Space::kShared, shared.lanes, shared.addresses, false);
  if (remote.lanes != 0) Watch(request, Space::kShared, remote.lanes, remote.addresses, true);
  if (local.lanes != 0) Watch(request, Space::kLocal, local.lanes, local.addresses, false);
  return true;
}

void Warp::Watch(const Request& request, Space space, uint32_t lanes, const uint64_t* addresses,
                 bool remote) {
  counters_->AddBytes(TrafficOf(space, request.kind, remote),
                      uint64_t{request.bytes} * static_cast<uint32_t>(std::popcount(lanes)));
  if (monitor_ == nullptr) return;
  uint64_t untagged[32];
  const uint64_t* plain = addresses;
  if (request.space == Space::kGeneric) {
    for (int l = 0; l < 32; ++l) untagged[l] = addresses[l] & ~kGenericMask;
    plain = untagged;
  }
  if (space == Space::kShared) counters_->AddSharedAccess(plain, lanes, request.bytes);
  if (request.kind == AccessKind::kStrongWrite && space == Space::kShared) {
    // The monitor takes strong writes for atomics, which read; a store does not.
    for (uint32_t rest = lanes; rest != 0; rest &= rest - 1) {
      monitor_->SetInitialised(MemorySpace::kShared, plain[std::countr_zero(rest)], request.bytes);
    }
  }
  WarpAccess access;
  access.warp = id_;
  access.lanes = lanes;
  access.mode = ModeOf(request.kind);
  access.space = MonitorSpace(space);
  access.bytes = request.bytes;
  access.pc = request.inst->pc;
  access.addresses = plain;
  access.values = request.values;
  access.value_stride = request.stride;
  monitor_->OnAccess(access);
}

Resolved Warp::Resolve(const Inst& inst, Space space, uint64_t address, uint32_t bytes,
                       uint32_t align, AccessKind kind, int lane, bool watched) {
  const Request request = {&inst, space, 1u << lane, bytes, align, kind, nullptr, 0};
  // Atomics note it themselves, where they change something.
  if (Writes(kind) && kind != AccessKind::kAtomic) cluster_->NoteEffect();
  const Resolved place = ResolveLane(request, address, lane);
  if (place.host == nullptr || !watched) return place;
  uint64_t addresses[32] = {};
  addresses[lane] = place.address;
  if (place.space == Space::kShared) addresses[lane] |= place.owner->window();
  if (place.space == Space::kShared || place.space == Space::kGlobal ||
      place.space == Space::kLocal) {
    Watch(request, place.space, 1u << lane, addresses,
          place.owner != nullptr && place.owner != cta_);
  }
  return place;
}

Resolved Warp::ResolveLane(const Request& request, uint64_t address, int lane) {
  Space space = request.space;
  uint64_t plain = address;
  if (space == Space::kGeneric) space = Untag(plain);
  if ((plain & (request.align - 1)) != 0) {
    Trap(Rule::kMisaligned, *request.inst, lane,
         llvm::formatv("address {0:x} is not a multiple of {1}", address, request.align),
         MonitorSpace(space), plain, request.bytes);
    return {};
  }
  switch (space) {
    case Space::kShared:
    case Space::kSharedCluster:
      return ResolveShared(request, plain, lane);
    case Space::kLocal:
      return ResolveLocal(request, plain, lane);
    case Space::kParam:
      return ResolveParam(request, plain, lane);
    default:
      return ResolveGlobal(request, plain, lane);
  }
}

Resolved Warp::ResolveShared(const Request& request, uint64_t address, int lane) {
  const uint64_t rank = address >> kSharedRankShift;
  if (request.space == Space::kShared && rank != cta_->rank()) {
    Trap(Rule::kOutOfBounds, *request.inst, lane,
         llvm::formatv("shared::cta address {0:x} is not in this CTA's window", address),
         MemorySpace::kShared, address, request.bytes);
    return {};
  }
  if (address >> 32 != 0) {
    Trap(Rule::kOutOfBounds, *request.inst, lane,
         llvm::formatv("shared address {0:x} has more than 32 bits", address), MemorySpace::kShared,
         address, request.bytes);
    return {};
  }
  Resolved place;
  place.host = cluster_->SharedRange(static_cast<uint32_t>(address), request.bytes, this,
                                     request.inst, lane);
  if (place.host == nullptr) return place;
  place.space = Space::kShared;
  place.owner = &cluster_->cta(static_cast<uint32_t>(rank));
  place.address = address & kSharedOffsetMask;
  return place;
}

Resolved Warp::ResolveGlobal(const Request& request, uint64_t address, int lane) {
  const Cluster::BlockCache* block = cluster_->FindBlock(address, request.bytes);
  if (block != nullptr) {
    return {block->host + (address - block->begin), Space::kGlobal, nullptr, address};
  }
  std::string message;
  const auto near = cluster_->memory().BlockNear(address);
  if (!near || address - near->address >= near->bytes + (uint64_t{1} << 32)) {
    message = llvm::formatv("global address {0:x} is in no allocation", address);
  } else if (address < near->address + near->bytes) {
    message = llvm::formatv("{0} bytes at {1:x} leave the allocation of {2} bytes at {3:x}",
                            request.bytes, address, near->bytes, near->address);
  } else {
    message = llvm::formatv(
        "global address {0:x} is {1} bytes past the allocation of {2} bytes at "
        "{3:x}",
        address, address - near->address - near->bytes, near->bytes, near->address);
  }
  Trap(Rule::kOutOfBounds, *request.inst, lane, std::move(message), MemorySpace::kGlobal, address,
       request.bytes);
  return {};
}

Resolved Warp::ResolveLocal(const Request& request, uint64_t address, int lane) {
  const uint64_t size = program_->local_bytes;
  if (address > size || size - address < request.bytes) {
    Trap(Rule::kOutOfBounds, *request.inst, lane,
         llvm::formatv("{0} bytes at local address {1:x} leave the thread's {2} bytes",
                       request.bytes, address, size),
         MemorySpace::kLocal, address, request.bytes);
    return {};
  }
  return {LocalFrame(lane) + address, Space::kLocal, nullptr, address};
}

Resolved Warp::ResolveParam(const Request& request, uint64_t address, int lane) {
  if ((address & kParamInFrame) != 0) {
    return ResolveLocal(request, address & ~kParamInFrame, lane);
  }
  const std::vector<uint8_t>& params = cluster_->launch().params;
  if (Writes(request.kind)) {
    Trap(Rule::kOutOfBounds, *request.inst, lane, "the kernel's parameters are read-only");
    return {};
  }
  if (address > params.size() || params.size() - address < request.bytes) {
    Trap(Rule::kOutOfBounds, *request.inst, lane,
         llvm::formatv("{0} bytes at parameter offset {1} leave the {2} bytes of parameters",
                       request.bytes, address, params.size()));
    return {};
  }
  // Read only: checked above.
  return {const_cast<uint8_t*>(params.data()) + address, Space::kParam, nullptr, address};
}

uint8_t* Warp::LocalFrame(int lane) {
  if (local_ == nullptr) local_ = std::make_unique<uint8_t[]>(size_t{program_->local_bytes} * 32);
  return local_.get() + size_t{program_->local_bytes} * static_cast<size_t>(lane);
}

}  // namespace attnjit::emulator
