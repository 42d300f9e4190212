#include "runtime/module.h"

#include "fake_driver.h"
#include "gtest/gtest.h"

namespace attnjit {
namespace {

constexpr char kCubin[] = "a cubin";

std::string Message(llvm::Error error) { return llvm::toString(std::move(error)); }

std::shared_ptr<const Device> OpenDevice(std::shared_ptr<const DriverTable> table, int ordinal) {
  return llvm::cantFail(Device::Open(std::move(table), ordinal));
}

std::shared_ptr<const DriverTable> TableWithoutLibraries() {
  auto table = std::make_shared<DriverTable>(FakeDriver::Table());
  table->library_load_data = nullptr;
  table->library_unload = nullptr;
  table->library_get_kernel = nullptr;
  table->kernel_get_function = nullptr;
  table->kernel_set_attribute = nullptr;
  return table;
}

TEST(Module, LoadsALibraryOnceForAllDevices) {
  FakeDriver fake;
  const auto table = FakeDriver::SharedTable();
  const auto first = OpenDevice(table, 0);
  const auto second = OpenDevice(table, 1);
  {
    const auto module = llvm::cantFail(Module::Load(table, kCubin, "kernel"));
    const DeviceFunction a = llvm::cantFail(module->FunctionOn(first, 128, 65536));
    const DeviceFunction b = llvm::cantFail(module->FunctionOn(second, 128, 65536));
    EXPECT_NE(a.function, b.function) << "A function belongs to one context.";
    EXPECT_EQ(a.kernel, b.kernel);
    EXPECT_EQ(a.registers, 168);
    EXPECT_EQ(a.blocks_per_sm, 1);
    EXPECT_EQ(fake.CountOf("cuLibraryUnload"), 0);
  }
  EXPECT_EQ(fake.CountOf("cuLibraryLoadData"), 1);
  EXPECT_EQ(fake.CountOf("cuLibraryUnload"), 1);
  EXPECT_EQ(fake.CountOf("cuModuleLoadData"), 0);
  EXPECT_EQ(fake.loaded_images(), std::vector<std::string>{kCubin});
  EXPECT_EQ(FakeDriver::CurrentContext(), nullptr) << "The caller's context is back.";
}

TEST(Module, LoadsAModuleForEachDeviceWhereTheDriverHasNoLibraries) {
  FakeDriver fake;
  const auto table = TableWithoutLibraries();
  const auto first = OpenDevice(table, 0);
  const auto second = OpenDevice(table, 1);
  {
    const auto module = llvm::cantFail(Module::Load(table, kCubin, "kernel"));
    const DeviceFunction a = llvm::cantFail(module->FunctionOn(first, 128, 65536));
    const DeviceFunction again = llvm::cantFail(module->FunctionOn(first, 128, 65536));
    const DeviceFunction b = llvm::cantFail(module->FunctionOn(second, 128, 65536));
    EXPECT_EQ(a.function, again.function);
    EXPECT_NE(a.function, b.function);
    EXPECT_EQ(a.kernel, nullptr);
  }
  EXPECT_EQ(fake.CountOf("cuModuleLoadData"), 2);
  EXPECT_EQ(fake.CountOf("cuModuleUnload"), 2);
  EXPECT_EQ(fake.CountOf("cuLibraryLoadData"), 0);
}

TEST(Module, AllowsThePlansSharedMemoryForContextsOfTheCallersToo) {
  FakeDriver fake;
  const auto table = FakeDriver::SharedTable();
  const auto device = OpenDevice(table, 0);
  const auto module = llvm::cantFail(Module::Load(table, kCubin, "kernel"));
  llvm::cantFail(module->FunctionOn(device, 128, 200 * 1024));
  EXPECT_EQ(fake.CountOf("cuFuncSetAttribute"), 1);
  EXPECT_EQ(fake.CountOf("cuKernelSetAttribute"), 1);
}

class ModuleFailure : public testing::TestWithParam<const char*> {};

TEST_P(ModuleFailure, IsReportedWithTheCallAndTheKernelAndLeavesNothingLoaded) {
  FakeDriver fake;
  fake.failures[GetParam()] = cu::kErrorInvalidValue;
  const auto table = FakeDriver::SharedTable();
  const auto device = OpenDevice(table, 0);
  std::string message;
  {
    llvm::Expected<std::shared_ptr<Module>> module = Module::Load(table, kCubin, "the_kernel");
    if (!module) {
      message = Message(module.takeError());
    } else {
      llvm::Expected<DeviceFunction> function = (*module)->FunctionOn(device, 128, 65536);
      ASSERT_FALSE(function);
      message = Message(function.takeError());
    }
  }
  EXPECT_NE(message.find(std::string(GetParam()) + "(the_kernel)"), std::string::npos) << message;
  const int loads = fake.failures.count("cuLibraryLoadData") ? 0 : 1;
  EXPECT_EQ(fake.CountOf("cuLibraryUnload"), loads);
  EXPECT_EQ(FakeDriver::CurrentContext(), nullptr);
}

INSTANTIATE_TEST_SUITE_P(Calls, ModuleFailure,
                         testing::Values("cuLibraryLoadData", "cuLibraryGetKernel",
                                         "cuKernelGetFunction", "cuFuncSetAttribute",
                                         "cuKernelSetAttribute", "cuFuncGetAttribute",
                                         "cuOccupancyMaxActiveBlocksPerMultiprocessor"),
                         [](const auto& info) { return std::string(info.param); });

}  // namespace
}  // namespace attnjit
