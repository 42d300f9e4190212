#include "runtime/emulator/driver/table.h"

#include <array>
#include <atomic>
#include <new>
#include <utility>

#include "runtime/emulator/driver/driver.h"

namespace attnjit::emulator {
namespace {

constexpr int kPlaces = Emulator::kMaxEmulators;
/// The only state of the process: what a table's functions reach their driver through.
std::array<std::atomic<Driver*>, kPlaces> places;

template <auto kMethod>
struct Thunk;

template <class... Args, cu::Result (Driver::*kMethod)(Args...)>
struct Thunk<kMethod> {
  template <int kPlace>
  static cu::Result Call(Args... args) {
    Driver* driver = places[kPlace].load(std::memory_order_acquire);
    if (driver == nullptr) return cu::kErrorDeinitialized;
    try {  // A C caller cannot be thrown at.
      return (driver->*kMethod)(args...);
    } catch (const std::bad_alloc&) {
      return cu::kErrorOutOfMemory;
    }
  }
};

template <int kPlace>
void FillDevice(DriverTable& t) {
  t.init = Thunk<&Driver::Init>::Call<kPlace>;
  t.driver_get_version = Thunk<&Driver::DriverGetVersion>::Call<kPlace>;
  t.get_error_name = Thunk<&Driver::GetErrorName>::Call<kPlace>;
  t.get_error_string = Thunk<&Driver::GetErrorString>::Call<kPlace>;
  t.device_get_count = Thunk<&Driver::DeviceGetCount>::Call<kPlace>;
  t.device_get = Thunk<&Driver::DeviceGet>::Call<kPlace>;
  t.device_get_name = Thunk<&Driver::DeviceGetName>::Call<kPlace>;
  t.device_total_mem = Thunk<&Driver::DeviceTotalMem>::Call<kPlace>;
  t.device_get_attribute = Thunk<&Driver::DeviceGetAttribute>::Call<kPlace>;
  t.device_primary_ctx_retain = Thunk<&Driver::DevicePrimaryCtxRetain>::Call<kPlace>;
  t.device_primary_ctx_release = Thunk<&Driver::DevicePrimaryCtxRelease>::Call<kPlace>;
  t.ctx_push_current = Thunk<&Driver::CtxPushCurrent>::Call<kPlace>;
  t.ctx_pop_current = Thunk<&Driver::CtxPopCurrent>::Call<kPlace>;
  t.ctx_get_current = Thunk<&Driver::CtxGetCurrent>::Call<kPlace>;
  t.ctx_get_device = Thunk<&Driver::CtxGetDevice>::Call<kPlace>;
  t.ctx_synchronize = Thunk<&Driver::CtxSynchronize>::Call<kPlace>;
}

template <int kPlace>
void FillMemory(DriverTable& t) {
  t.mem_get_info = Thunk<&Driver::MemGetInfo>::Call<kPlace>;
  t.mem_alloc = Thunk<&Driver::MemAlloc>::Call<kPlace>;
  t.mem_free = Thunk<&Driver::MemFree>::Call<kPlace>;
  t.memcpy_htod_async = Thunk<&Driver::MemcpyHtoDAsync>::Call<kPlace>;
  t.memcpy_dtoh_async = Thunk<&Driver::MemcpyDtoHAsync>::Call<kPlace>;
  t.memcpy_dtod_async = Thunk<&Driver::MemcpyDtoDAsync>::Call<kPlace>;
  t.memset_d8_async = Thunk<&Driver::MemsetD8Async>::Call<kPlace>;
  t.memset_d16_async = Thunk<&Driver::MemsetD16Async>::Call<kPlace>;
  t.memset_d32_async = Thunk<&Driver::MemsetD32Async>::Call<kPlace>;
  t.pointer_get_attributes = Thunk<&Driver::PointerGetAttributes>::Call<kPlace>;
}

template <int kPlace>
void FillStreams(DriverTable& t) {
  t.stream_create = Thunk<&Driver::StreamCreate>::Call<kPlace>;
  t.stream_destroy = Thunk<&Driver::StreamDestroy>::Call<kPlace>;
  t.stream_synchronize = Thunk<&Driver::StreamSynchronize>::Call<kPlace>;
  t.stream_get_ctx = Thunk<&Driver::StreamGetCtx>::Call<kPlace>;
  t.stream_is_capturing = Thunk<&Driver::StreamIsCapturing>::Call<kPlace>;
  t.stream_begin_capture = Thunk<&Driver::StreamBeginCapture>::Call<kPlace>;
  t.stream_end_capture = Thunk<&Driver::StreamEndCapture>::Call<kPlace>;
  t.graph_instantiate = Thunk<&Driver::GraphInstantiate>::Call<kPlace>;
  t.graph_launch = Thunk<&Driver::GraphLaunch>::Call<kPlace>;
  t.graph_exec_destroy = Thunk<&Driver::GraphExecDestroy>::Call<kPlace>;
  t.graph_destroy = Thunk<&Driver::GraphDestroy>::Call<kPlace>;
  t.event_create = Thunk<&Driver::EventCreate>::Call<kPlace>;
  t.event_destroy = Thunk<&Driver::EventDestroy>::Call<kPlace>;
  t.event_record = Thunk<&Driver::EventRecord>::Call<kPlace>;
  t.event_synchronize = Thunk<&Driver::EventSynchronize>::Call<kPlace>;
  t.event_elapsed_time = Thunk<&Driver::EventElapsedTime>::Call<kPlace>;
}

template <int kPlace>
void FillCode(DriverTable& t) {
  t.library_load_data = Thunk<&Driver::LibraryLoadData>::Call<kPlace>;
  t.library_unload = Thunk<&Driver::LibraryUnload>::Call<kPlace>;
  t.library_get_kernel = Thunk<&Driver::LibraryGetKernel>::Call<kPlace>;
  t.kernel_get_function = Thunk<&Driver::KernelGetFunction>::Call<kPlace>;
  t.kernel_set_attribute = Thunk<&Driver::KernelSetAttribute>::Call<kPlace>;
  t.module_load_data = Thunk<&Driver::ModuleLoadData>::Call<kPlace>;
  t.module_unload = Thunk<&Driver::ModuleUnload>::Call<kPlace>;
  t.module_get_function = Thunk<&Driver::ModuleGetFunction>::Call<kPlace>;
  t.func_set_attribute = Thunk<&Driver::FuncSetAttribute>::Call<kPlace>;
  t.func_get_attribute = Thunk<&Driver::FuncGetAttribute>::Call<kPlace>;
  t.occupancy = Thunk<&Driver::Occupancy>::Call<kPlace>;
  t.launch_kernel = Thunk<&Driver::LaunchKernel>::Call<kPlace>;
  t.tensor_map_encode_tiled = Thunk<&Driver::TensorMapEncodeTiled>::Call<kPlace>;
  t.image_format = ImageFormat::kPtx;
}

template <int kPlace>
void Fill(DriverTable& table) {
  FillDevice<kPlace>(table);
  FillMemory<kPlace>(table);
  FillStreams<kPlace>(table);
  FillCode<kPlace>(table);
}

template <int... kPlace>
constexpr auto Fillers(std::integer_sequence<int, kPlace...>) {
  return std::array{&Fill<kPlace>...};
}

}  // namespace

int TakePlace(Driver& driver, DriverTable& table) {
  constexpr auto kFillers = Fillers(std::make_integer_sequence<int, kPlaces>());
  for (int place = 0; place < kPlaces; ++place) {
    Driver* free = nullptr;
    if (!places[place].compare_exchange_strong(free, &driver)) continue;
    kFillers[place](table);
    return place;
  }
  return -1;
}

void LeavePlace(int place) { places[place].store(nullptr, std::memory_order_release); }

}  // namespace attnjit::emulator
