// What loads, what does not, and why.
#include "runtime/emulator/driver/image.h"

#include <gmock/gmock.h>

#include <cstring>

#include "runtime/emulator/machine/device_model.h"
#include "runtime/module.h"
#include "tests/emulator/driver/driver_fixture.h"

namespace attnjit::emulator {
namespace {

using testing::HasSubstr;

cu::Result LoadModule(const EmulatedDevices& devices, const std::string& image) {
  cu::Module module = nullptr;
  return devices->module_load_data(&module, image.c_str());
}

TEST(EmulatedImage, BadImagesHaveTheDriversCodesAndAReason) {
  struct Case {
    std::string image;
    cu::Result result;
    const char* reason;
  };
  const Case cases[] = {
      {"", cu::kErrorInvalidImage, ".version"},
      {"no code at all", cu::kErrorInvalidImage, ".version"},
      {"\x7f"
       "ELF\x02\x01",
       cu::kErrorNoBinaryForGpu, "machine code"},
      {".version 99.0\n.target sm_80\n.address_size 64\n", cu::kErrorUnsupportedPtxVersion, "99.0"},
      {Ptx("sm_80", ".visible .entry k() { frob.u32 %r1; }"), cu::kErrorInvalidPtx, "ptx:4:"},
      {Ptx("sm_80", ".visible .entry k() { ret;"), cu::kErrorInvalidPtx, "ptx:"},
      {Ptx("sm_100a", ".visible .entry k() { ret; }"), cu::kErrorNoBinaryForGpu, "sm_100a"},
  };
  for (const Case& c : cases) {
    EmulatedDevices devices;
    EXPECT_EQ(LoadModule(devices, c.image), c.result) << c.image;
    const std::vector<std::string> log = devices.emulator().TakeLog();
    ASSERT_EQ(log.size(), 1u) << c.image;
    EXPECT_THAT(log[0], HasSubstr(c.reason));
    EXPECT_TRUE(devices.emulator().TakeLog().empty());
    EXPECT_EQ(devices->ctx_synchronize(), cu::kSuccess) << "a bad image breaks nothing";
  }
}

TEST(EmulatedImage, RunsWhereItsTargetSays) {
  struct Case {
    const char* target;
    const char* device;
    bool runs;
  };
  const Case cases[] = {
      {"sm_80", "sm_80", true},     {"sm_80", "sm_120a", true},     {"sm_90", "sm_80", false},
      {"sm_90a", "sm_90a", true},   {"sm_90a", "sm_100a", false},   {"sm_100a", "sm_103a", false},
      {"sm_100f", "sm_103a", true}, {"sm_103f", "sm_100a", false},  {"sm_100f", "sm_120a", false},
      {"sm_75", "sm_80", true},     {"compute_80", "sm_80", false}, {"sm_", "sm_80", false},
      {"sm_90b", "sm_90a", false},
  };
  for (const Case& c : cases) {
    EXPECT_EQ(RunsOn(c.target, *FindDeviceModel(c.device)), c.runs) << c.target << c.device;
  }
}

TEST(EmulatedImage, TheLogReachesTheCallersBuffer) {
  EmulatedDevices devices;
  const std::string image = Ptx("sm_80", ".visible .entry k() {\n frob.u32 %r1;\n ret; }");
  char log[64];
  std::memset(log, 'x', sizeof(log));
  cu::JitOption options[] = {cu::kJitErrorLogBufferSizeBytes, cu::kJitErrorLogBuffer};
  void* values[] = {reinterpret_cast<void*>(uintptr_t{16}), log};
  cu::Library library = nullptr;
  EXPECT_EQ(
      devices->library_load_data(&library, image.c_str(), options, values, 2, nullptr, nullptr, 0),
      cu::kErrorInvalidPtx);
  EXPECT_EQ(std::strlen(log), 15u) << "cut to the buffer";
  EXPECT_THAT(std::string(log), testing::StartsWith("ptx:5:"));
  EXPECT_EQ(log[16], 'x');
}

TEST(EmulatedImage, TheRuntimesErrorSaysWhatIsWrongWithThePtx) {
  EmulatedDevices devices;
  llvm::Expected<std::shared_ptr<attnjit::Module>> module =
      attnjit::Module::Load(devices.emulator().table(),
                            Ptx("sm_80", ".visible .entry k() {\n frob.u32 %r1;\n ret; }"), "k");
  ASSERT_FALSE(static_cast<bool>(module));
  EXPECT_THAT(llvm::toString(module.takeError()), HasSubstr("ptx:5:"));
}

TEST(EmulatedImage, NamesThatAreNotThereAreNotFound) {
  EmulatedDevices devices;
  const std::string image = ScalePtx();
  cu::Module module = nullptr;
  cu::Function function = nullptr;
  ASSERT_EQ(devices->module_load_data(&module, image.c_str()), cu::kSuccess);
  EXPECT_EQ(devices->module_get_function(&function, module, "other"), cu::kErrorNotFound);
  EXPECT_EQ(devices->module_get_function(&function, module, "scale"), cu::kSuccess);
  EXPECT_EQ(devices->module_unload(module), cu::kSuccess);
  int value = 0;
  EXPECT_EQ(devices->func_get_attribute(&value, cu::kFunctionRegisters, function),
            cu::kErrorInvalidHandle);
  EXPECT_EQ(devices->module_unload(module), cu::kErrorInvalidHandle);
}

TEST(EmulatedImage, ALibraryServesEveryDeviceThatRunsIt) {
  EmulatedDevices devices({"sm_80", "sm_90a"});
  const std::string image = ScalePtx("sm_90");
  cu::Library library = nullptr;
  cu::Kernel kernel = nullptr;
  cu::Function function = nullptr;
  ASSERT_EQ(
      devices->library_load_data(&library, image.c_str(), nullptr, nullptr, 0, nullptr, nullptr, 0),
      cu::kSuccess);
  ASSERT_EQ(devices->library_get_kernel(&kernel, library, "scale"), cu::kSuccess);
  EXPECT_EQ(devices->kernel_get_function(&function, kernel), cu::kErrorNoBinaryForGpu);
  cu::Context second = nullptr, popped = nullptr;
  ASSERT_EQ(devices->device_primary_ctx_retain(&second, 1), cu::kSuccess);
  ASSERT_EQ(devices->ctx_push_current(second), cu::kSuccess);
  EXPECT_EQ(devices->kernel_get_function(&function, kernel), cu::kSuccess);
  // The kernel itself launches, too, as its function in the current context.
  cu::DevicePtr data = devices.Allocate(8);
  devices.Upload(data, {3, 4});
  unsigned factor = 5;
  EXPECT_EQ(devices.Launch(reinterpret_cast<cu::Function>(kernel), 2, {&data, &factor}),
            cu::kSuccess);
  EXPECT_EQ(devices.Download(data, 2), (std::vector<uint32_t>{15, 20}));
  EXPECT_EQ(devices->library_unload(library), cu::kSuccess);
  EXPECT_EQ(devices->kernel_get_function(&function, kernel), cu::kErrorInvalidHandle);
  EXPECT_EQ(devices->ctx_pop_current(&popped), cu::kSuccess);
  EXPECT_EQ(devices->device_primary_ctx_release(1), cu::kSuccess);
}

TEST(EmulatedImage, EachModuleHasVariablesOfItsOwn) {
  EmulatedDevices devices;
  const std::string image = Ptx("sm_80", R"(
.visible .global .align 4 .u32 counter = 7;
.visible .const .align 4 .u32 step = 10;
.visible .entry count(.param .u64 to)
{
  .reg .b32 %r<4>;
  .reg .b64 %rd<2>;
  ld.param.u64 %rd1, [to];
  ld.const.u32 %r1, [step];
  ld.global.u32 %r2, [counter];
  add.s32 %r3, %r2, %r1;
  st.global.u32 [counter], %r3;
  st.global.u32 [%rd1], %r3;
  ret;
}
)");
  cu::DevicePtr to = devices.Allocate(4);
  const cu::Function first = devices.Load(image, "count"), second = devices.Load(image, "count");
  for (const uint32_t expected : {17u, 27u}) {
    EXPECT_EQ(devices.Launch(first, 1, {&to}), cu::kSuccess);
    EXPECT_EQ(devices.Download(to, 1), std::vector<uint32_t>{expected});
  }
  EXPECT_EQ(devices.Launch(second, 1, {&to}), cu::kSuccess);
  EXPECT_EQ(devices.Download(to, 1), std::vector<uint32_t>{17});
}

}  // namespace
}  // namespace attnjit::emulator
