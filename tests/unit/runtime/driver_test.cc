#include "runtime/driver.h"

#include <unistd.h>

#include "fake_driver.h"
#include "gtest/gtest.h"
#include "runtime/device.h"

namespace attnjit {
namespace {

std::string Message(llvm::Error error) { return llvm::toString(std::move(error)); }

bool Contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

TEST(OpenDriver, NamesTheLibraryThatCannotBeOpenedAndWhatToDo) {
  llvm::Expected<std::shared_ptr<const DriverTable>> driver = OpenDriver("/nowhere/libcuda.so.1");
  ASSERT_FALSE(driver);
  llvm::Error error = driver.takeError();
  ASSERT_TRUE(error.isA<DriverError>());
  const std::string message = Message(std::move(error));
  EXPECT_TRUE(Contains(message, "/nowhere/libcuda.so.1")) << message;
  EXPECT_TRUE(Contains(message, "install the NVIDIA driver")) << message;
}

TEST(OpenDriver, NamesEveryFunctionThatALibraryLacks) {
  llvm::Expected<std::shared_ptr<const DriverTable>> driver = OpenDriver("libm.so.6");
  ASSERT_FALSE(driver);
  const std::string message = Message(driver.takeError());
  EXPECT_TRUE(Contains(message, "cuInit, ")) << message;
  EXPECT_TRUE(Contains(message, "cuLaunchKernelEx")) << message;
  EXPECT_FALSE(Contains(message, "cuLibraryLoadData")) << "Optional: " << message;
}

TEST(OpenDriver, FindsEveryRequiredFunctionInTheToolkitsStubAndSaysWhatItIs) {
  const char* stub = STUB_LIBCUDA;
  if (access(stub, R_OK) != 0) GTEST_SKIP() << "no CUDA toolkit with a stub of libcuda";
  llvm::Expected<std::shared_ptr<const DriverTable>> driver = OpenDriver(stub);
  ASSERT_FALSE(driver) << "A stub must not initialise.";
  const std::string message = Message(driver.takeError());
  EXPECT_TRUE(Contains(message, "cuInit")) << message;
  EXPECT_TRUE(Contains(message, "stub")) << message;
}

TEST(DriverError, CarriesTheDriversNameAndText) {
  FakeDriver fake;
  const auto table = FakeDriver::SharedTable();
  EXPECT_FALSE(CheckDriver(*table, "cuMemAlloc", cu::kSuccess));
  const std::string message = Message(CheckDriver(*table, "cuMemAlloc", cu::kErrorInvalidValue));
  EXPECT_EQ(message, "cuMemAlloc failed with CUDA_ERROR_INVALID_VALUE: invalid argument");
}

TEST(DriverError, NamesACodeThatTheDriverDoesNotKnowByNumber) {
  FakeDriver fake;
  const auto table = FakeDriver::SharedTable();
  const std::string message =
      Message(CheckDriver(*table, "cuMemAlloc", static_cast<cu::Result>(12345)));
  EXPECT_TRUE(Contains(message, "12345")) << message;
}

TEST(DriverError, SaysWhatToDoWhereThereIsSomething) {
  FakeDriver fake;
  const auto table = FakeDriver::SharedTable();
  for (cu::Result result : {cu::kErrorNoDevice, cu::kErrorInvalidDevice, cu::kErrorOutOfMemory,
                            cu::kErrorNoBinaryForGpu, cu::kErrorInvalidHandle,
                            cu::kErrorIllegalAddress, cu::kErrorDeinitialized}) {
    llvm::handleAllErrors(MakeDriverError(*table, "call", result),
                          [](const DriverError& e) { EXPECT_NE(e.advice(), ""); });
  }
}

TEST(Device, KnowsItsPropertiesAndHoldsThePrimaryContext) {
  FakeDriver fake;
  fake.devices = {{8, 0, 108}, {9, 0, 132}};
  {
    llvm::Expected<std::shared_ptr<const Device>> device =
        Device::Open(FakeDriver::SharedTable(), 1);
    ASSERT_TRUE(bool(device)) << Message(device.takeError());
    EXPECT_EQ((*device)->sm_count(), 132);
    EXPECT_EQ((*device)->arch(), Arch::kSm90a);
    EXPECT_EQ((*device)->context(), FakeDriver::PrimaryContext(1));
    EXPECT_EQ(fake.CountOf("cuDevicePrimaryCtxRelease_v2"), 0);
  }
  EXPECT_EQ(fake.CountOf("cuDevicePrimaryCtxRetain"), 1);
  EXPECT_EQ(fake.CountOf("cuDevicePrimaryCtxRelease_v2"), 1);
}

TEST(Device, RefusesANumberThatIsNoDevice) {
  FakeDriver fake;
  for (int ordinal : {-1, 2}) {
    llvm::Expected<std::shared_ptr<const Device>> device =
        Device::Open(FakeDriver::SharedTable(), ordinal);
    ASSERT_FALSE(device);
    const std::string message = Message(device.takeError());
    EXPECT_TRUE(Contains(message, "of 2 devices")) << message;
  }
}

TEST(Device, FailsWithoutAContextAndReleasesNone) {
  FakeDriver fake;
  fake.failures["cuDevicePrimaryCtxRetain"] = cu::kErrorOutOfMemory;
  llvm::Expected<std::shared_ptr<const Device>> device = Device::Open(FakeDriver::SharedTable(), 0);
  ASSERT_FALSE(device);
  EXPECT_TRUE(Contains(Message(device.takeError()), "cuDevicePrimaryCtxRetain"));
  EXPECT_EQ(fake.CountOf("cuDevicePrimaryCtxRelease_v2"), 0);
}

TEST(RunsOn, FollowsBinaryCompatibility) {
  EXPECT_TRUE(RunsOn(Arch::kSm80, 8, 0));
  EXPECT_TRUE(RunsOn(Arch::kSm80, 8, 9));
  EXPECT_FALSE(RunsOn(Arch::kSm89, 8, 6));
  EXPECT_FALSE(RunsOn(Arch::kSm80, 9, 0));
  EXPECT_TRUE(RunsOn(Arch::kSm90a, 9, 0));
  EXPECT_TRUE(RunsOn(Arch::kSm100, 10, 3));
  EXPECT_FALSE(RunsOn(Arch::kSm100a, 10, 3)) << "An a target runs on its own GPU alone.";
}

TEST(ScopedContext, MakesAContextCurrentAndPutsTheFormerBack) {
  FakeDriver fake;
  const auto table = FakeDriver::SharedTable();
  {
    ScopedContext outer(*table, FakeDriver::PrimaryContext(0));
    EXPECT_EQ(FakeDriver::CurrentContext(), FakeDriver::PrimaryContext(0));
    {
      ScopedContext inner(*table, FakeDriver::PrimaryContext(1));
      EXPECT_EQ(FakeDriver::CurrentContext(), FakeDriver::PrimaryContext(1));
    }
    EXPECT_EQ(FakeDriver::CurrentContext(), FakeDriver::PrimaryContext(0));
    EXPECT_FALSE(outer.TakeError());
  }
  EXPECT_EQ(FakeDriver::CurrentContext(), nullptr);
}

TEST(ScopedContext, LeavesTheCurrentContextAloneAndPopsNothingItDidNotPush) {
  FakeDriver fake;
  const auto table = FakeDriver::SharedTable();
  ScopedContext outer(*table, FakeDriver::PrimaryContext(0));
  fake.ForgetCalls();
  {
    ScopedContext same(*table, FakeDriver::PrimaryContext(0));
    fake.failures["cuCtxPushCurrent_v2"] = cu::kErrorInvalidContext;
    ScopedContext failing(*table, FakeDriver::PrimaryContext(1));
    EXPECT_NE(Message(failing.TakeError()), "success");
  }
  EXPECT_EQ(fake.CountOf("cuCtxPopCurrent_v2"), 0);
  EXPECT_EQ(FakeDriver::CurrentContext(), FakeDriver::PrimaryContext(0));
}

}  // namespace
}  // namespace attnjit
