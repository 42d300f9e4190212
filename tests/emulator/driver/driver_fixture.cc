#include "tests/emulator/driver/driver_fixture.h"

namespace attnjit::emulator {

namespace {

EmulatorOptions OptionsFor(std::vector<std::string> names) {
  EmulatorOptions options;
  options.devices = std::move(names);
  return options;
}

}  // namespace

EmulatedDevices::EmulatedDevices(std::vector<std::string> names)
    : EmulatedDevices(OptionsFor(std::move(names))) {}

EmulatedDevices::EmulatedDevices(const EmulatorOptions& options) {
  emulator_ = llvm::cantFail(MakeDriver(options));
  table_ = emulator_->table();
  EXPECT_EQ(table_->device_primary_ctx_retain(&context_, 0), cu::kSuccess);
  EXPECT_EQ(table_->ctx_push_current(context_), cu::kSuccess);
}

EmulatedDevices::~EmulatedDevices() {
  cu::Context popped = nullptr;
  table_->ctx_pop_current(&popped);
  table_->device_primary_ctx_release(0);
}

cu::DevicePtr EmulatedDevices::Allocate(size_t bytes) const {
  cu::DevicePtr pointer = 0;
  EXPECT_EQ(table_->mem_alloc(&pointer, bytes), cu::kSuccess);
  return pointer;
}

void EmulatedDevices::Upload(cu::DevicePtr target, const std::vector<uint32_t>& words) const {
  EXPECT_EQ(table_->memcpy_htod_async(target, words.data(), words.size() * 4, nullptr),
            cu::kSuccess);
}

std::vector<uint32_t> EmulatedDevices::Download(cu::DevicePtr source, size_t words) const {
  std::vector<uint32_t> out(words);
  EXPECT_EQ(table_->memcpy_dtoh_async(out.data(), source, words * 4, nullptr), cu::kSuccess);
  EXPECT_EQ(table_->stream_synchronize(nullptr), cu::kSuccess);
  return out;
}

cu::Function EmulatedDevices::Load(const std::string& ptx, const char* name) const {
  cu::Module module = nullptr;
  cu::Function function = nullptr;
  EXPECT_EQ(table_->module_load_data(&module, ptx.c_str()), cu::kSuccess);
  EXPECT_EQ(table_->module_get_function(&function, module, name), cu::kSuccess);
  return function;
}

cu::Result EmulatedDevices::Launch(cu::Function function, unsigned threads,
                                   std::vector<void*> parameters, cu::Stream stream) const {
  cu::LaunchConfig config;
  config.block_x = threads;
  config.stream = stream;
  return table_->launch_kernel(&config, function, parameters.data(), nullptr);
}

std::string Ptx(const std::string& target, const std::string& text) {
  return ".version 9.0\n.target " + target + "\n.address_size 64\n" + text;
}

std::string ScalePtx(const std::string& target) {
  return Ptx(target, R"(
.visible .entry scale(.param .u64 data, .param .u32 factor)
{
  .reg .b32 %r<4>;
  .reg .b64 %rd<4>;
  ld.param.u64 %rd1, [data];
  ld.param.u32 %r1, [factor];
  cvta.to.global.u64 %rd2, %rd1;
  mov.u32 %r2, %tid.x;
  mul.wide.u32 %rd3, %r2, 4;
  add.s64 %rd2, %rd2, %rd3;
  ld.global.u32 %r3, [%rd2];
  mul.lo.s32 %r3, %r3, %r1;
  st.global.u32 [%rd2], %r3;
  ret;
}
)");
}

std::string StorePtx(const std::string& target) {
  return Ptx(target, R"(
.visible .entry store(.param .u64 to)
{
  .reg .b32 %r<2>;
  .reg .b64 %rd<2>;
  ld.param.u64 %rd1, [to];
  mov.u32 %r1, 1;
  st.global.u32 [%rd1], %r1;
  ret;
}
)");
}

}  // namespace attnjit::emulator
