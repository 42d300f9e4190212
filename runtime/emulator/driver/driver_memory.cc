// Memory of the emulated driver.
#include <algorithm>
#include <cstring>

#include "runtime/emulator/driver/driver.h"

namespace attnjit::emulator {
cu::Result Driver::MemGetInfo(size_t* free, size_t* total) {
  if (free == nullptr || total == nullptr) return cu::kErrorInvalidValue;
  Lock lock(mutex_);
  ContextPtr context;
  if (cu::Result result = Current(context)) return result;
  *total = context->memory->capacity();
  *free = *total - context->memory->used();
  return cu::kSuccess;
}

cu::Result Driver::MemAlloc(cu::DevicePtr* pointer, size_t bytes) {
  if (pointer == nullptr || bytes == 0) return cu::kErrorInvalidValue;
  ContextPtr context;
  {
    Lock lock(mutex_);
    if (cu::Result result = Current(context)) return result;
    if (cu::Result result = RefuseInCapture()) return result;
  }
  const std::optional<uint64_t> address = context->memory->Allocate(bytes);
  if (!address) return cu::kErrorOutOfMemory;
  *pointer = *address;
  return cu::kSuccess;
}

cu::Result Driver::MemFree(cu::DevicePtr pointer) {
  if (pointer == 0) return cu::kSuccess;
  ContextPtr context;
  {
    Lock lock(mutex_);
    if (cu::Result result = Current(context)) return result;
    if (cu::Result result = RefuseInCapture()) return result;
  }
  std::lock_guard<std::shared_mutex> idle(context->order);
  return context->memory->Free(pointer) ? cu::kSuccess : cu::kErrorInvalidValue;
}

cu::Result Driver::MemcpyHtoDAsync(cu::DevicePtr target, const void* source, size_t bytes,
                                   cu::Stream stream) {
  if (bytes > 0 && source == nullptr) return cu::kErrorInvalidValue;
  return Submit(stream, [=](Context& context) {
    if (bytes == 0) return cu::kSuccess;
    uint8_t* host = context.memory->Host(target, bytes);
    if (host == nullptr) return cu::kErrorInvalidValue;
    std::memcpy(host, source, bytes);
    return cu::kSuccess;
  });
}

cu::Result Driver::MemcpyDtoHAsync(void* target, cu::DevicePtr source, size_t bytes,
                                   cu::Stream stream) {
  if (bytes > 0 && target == nullptr) return cu::kErrorInvalidValue;
  return Submit(stream, [=](Context& context) {
    if (bytes == 0) return cu::kSuccess;
    const uint8_t* host = context.memory->Host(source, bytes);
    if (host == nullptr) return cu::kErrorInvalidValue;
    std::memcpy(target, host, bytes);
    return cu::kSuccess;
  });
}

cu::Result Driver::MemcpyDtoDAsync(cu::DevicePtr target, cu::DevicePtr source, size_t bytes,
                                   cu::Stream stream) {
  return Submit(stream, [=](Context& context) {
    if (bytes == 0) return cu::kSuccess;
    uint8_t* to = context.memory->Host(target, bytes);
    const uint8_t* from = context.memory->Host(source, bytes);
    if (to == nullptr || from == nullptr) return cu::kErrorInvalidValue;
    std::memmove(to, from, bytes);
    return cu::kSuccess;
  });
}

template <class T>
cu::Result Driver::Fill(cu::DevicePtr target, T value, size_t count, cu::Stream stream) {
  if (target % sizeof(T) != 0 || count > SIZE_MAX / sizeof(T)) return cu::kErrorInvalidValue;
  return Submit(stream, [=](Context& context) {
    if (count == 0) return cu::kSuccess;
    uint8_t* host = context.memory->Host(target, count * sizeof(T));
    if (host == nullptr) return cu::kErrorInvalidValue;
    std::fill_n(reinterpret_cast<T*>(host), count, value);
    return cu::kSuccess;
  });
}

cu::Result Driver::MemsetD8Async(cu::DevicePtr target, unsigned char value, size_t count,
                                 cu::Stream stream) {
  return Fill<uint8_t>(target, value, count, stream);
}

cu::Result Driver::MemsetD16Async(cu::DevicePtr target, unsigned short value, size_t count,
                                  cu::Stream stream) {
  return Fill<uint16_t>(target, value, count, stream);
}

cu::Result Driver::MemsetD32Async(cu::DevicePtr target, unsigned value, size_t count,
                                  cu::Stream stream) {
  return Fill<uint32_t>(target, value, count, stream);
}

cu::Result Driver::PointerGetAttributes(unsigned count, cu::PointerAttribute* attributes,
                                        void** values, cu::DevicePtr pointer) {
  if (attributes == nullptr || values == nullptr) return cu::kErrorInvalidValue;
  // Addresses of several devices are the same numbers: the current one's come first.
  ContextPtr owner;
  {
    Lock lock(mutex_);
    ContextPtr context;
    if (cu::Result result = Current(context)) return result;
    std::vector<ContextPtr> places = contexts_;
    places.insert(places.begin(), context);
    const auto holds = [&](const ContextPtr& place) {
      return place != nullptr && place->memory->Host(pointer, 1) != nullptr;
    };
    const auto found = std::find_if(places.begin(), places.end(), holds);
    if (found != places.end()) owner = *found;
  }
  for (unsigned i = 0; i < count; ++i) {
    switch (attributes[i]) {
      case cu::kPointerMemoryType:
        *static_cast<unsigned*>(values[i]) =
            owner != nullptr ? unsigned{cu::kMemoryTypeDevice} : 0u;
        break;
      case cu::kPointerIsManaged:
        *static_cast<unsigned*>(values[i]) = 0;
        break;
      case cu::kPointerDeviceOrdinal:
        *static_cast<int*>(values[i]) = owner != nullptr ? owner->ordinal : -2;
        break;
      default:
        return cu::kErrorInvalidValue;
    }
  }
  return cu::kSuccess;
}

}  // namespace attnjit::emulator
