#include "tools/bench/null_driver.h"

namespace attnjit {
namespace {

template <typename... Arguments>
cu::Result Succeed(Arguments...) {
  return cu::kSuccess;
}

template <typename... Arguments>
void SetNull(cu::Result (*&function)(Arguments...)) {
  function = &Succeed<Arguments...>;
}

cu::Context OneContext() { return reinterpret_cast<cu::Context>(0x1000); }

cu::Result Context(cu::Context* context) {
  *context = OneContext();
  return cu::kSuccess;
}

cu::Result RetainContext(cu::Context* context, cu::Device) { return Context(context); }

cu::Result DeviceCount(int* count) {
  *count = 1;
  return cu::kSuccess;
}

cu::Result DeviceAttribute(int* value, cu::DeviceAttribute attribute, cu::Device) {
  switch (attribute) {
    case cu::kComputeCapabilityMajor:
      *value = 9;
      break;
    case cu::kMultiprocessorCount:
      *value = 132;
      break;
    case cu::kL2CacheBytes:
      *value = 50 << 20;
      break;
    default:
      *value = 0;
  }
  return cu::kSuccess;
}

cu::Result PointerAttributes(unsigned count, cu::PointerAttribute* attributes, void** values,
                             cu::DevicePtr) {
  for (unsigned i = 0; i < count; ++i) {
    if (attributes[i] == cu::kPointerMemoryType) {
      *static_cast<unsigned*>(values[i]) = cu::kMemoryTypeDevice;
    }
  }
  return cu::kSuccess;
}

}  // namespace

std::shared_ptr<const DriverTable> NullDriver() {
  auto table = std::make_shared<DriverTable>();
#define ATTNJIT_SET_NULL(need, field, symbol, parameters) SetNull(table->field);
  ATTNJIT_DRIVER_FUNCTIONS(ATTNJIT_SET_NULL)
#undef ATTNJIT_SET_NULL
  table->ctx_get_current = Context;
  table->device_primary_ctx_retain = RetainContext;
  table->device_get_count = DeviceCount;
  table->device_get_attribute = DeviceAttribute;
  table->pointer_get_attributes = PointerAttributes;
  return table;
}

}  // namespace attnjit
