#include "runtime/tensor_map.h"

#include "fake_driver.h"
#include "gtest/gtest.h"

namespace attnjit {
namespace {

using Dims = std::vector<uint64_t>;

TensorMapArgs Args() {
  TensorMapArgs args;
  args.data = reinterpret_cast<void*>(0x10000);
  args.element = Element::kBf16;
  args.head_dim = 128;
  args.seq = 1000;
  args.heads = 8;
  args.batch = 4;
  args.stride = {1000 * 8 * 128, 8 * 128, 128};
  args.box_columns = 64;
  args.box_rows = 176;
  args.swizzle_bytes = 128;
  return args;
}

FakeDriver::EncodedMap Encode(const FakeDriver& fake, const TensorMapArgs& args) {
  cu::TensorMap map;
  llvm::cantFail(EncodeTensorMap(*FakeDriver::SharedTable(), "q", args, map));
  return fake.encoded_maps().back();
}

TEST(TensorMap, HasHeadDimSeqHeadBatchWithStridesInBytes) {
  FakeDriver fake;
  const FakeDriver::EncodedMap map = Encode(fake, Args());
  EXPECT_EQ(map.rank, 4u);
  EXPECT_EQ(map.address, reinterpret_cast<void*>(0x10000));
  EXPECT_EQ(map.type, cu::kTensorMapBfloat16);
  EXPECT_EQ(map.dims, (Dims{128, 1000, 8, 4}));
  EXPECT_EQ(map.strides, (Dims{2048, 256, 2048000}));
  EXPECT_EQ(map.box, (std::vector<uint32_t>{64, 176, 1, 1}));
  EXPECT_EQ(map.swizzle, cu::kTensorMapSwizzle128B);
}

TEST(TensorMap, OfSeveralHeadsPutsThemBesideEachOther) {
  FakeDriver fake;
  TensorMapArgs args = Args();
  args.box_heads = 4;
  args.box_rows = 16;
  const FakeDriver::EncodedMap map = Encode(fake, args);
  EXPECT_EQ(map.dims, (Dims{128, 8, 1000, 4}));
  EXPECT_EQ(map.strides, (Dims{256, 2048, 2048000}));
  EXPECT_EQ(map.box, (std::vector<uint32_t>{64, 4, 16, 1}));
}

TEST(TensorMap, TakesEverySwizzleAndBothElements) {
  FakeDriver fake;
  const std::pair<int, cu::TensorMapSwizzle> swizzles[] = {{0, cu::kTensorMapSwizzleNone},
                                                           {32, cu::kTensorMapSwizzle32B},
                                                           {64, cu::kTensorMapSwizzle64B},
                                                           {128, cu::kTensorMapSwizzle128B}};
  for (const auto& [bytes, swizzle] : swizzles) {
    TensorMapArgs args = Args();
    args.swizzle_bytes = bytes;
    EXPECT_EQ(Encode(fake, args).swizzle, swizzle);
  }
  TensorMapArgs args = Args();
  args.element = Element::kFp16;
  EXPECT_EQ(Encode(fake, args).type, cu::kTensorMapFloat16);
}

TEST(TensorMap, ReplacesStridesOfDimensionsOfSizeOne) {
  FakeDriver fake;
  TensorMapArgs args = Args();
  args.seq = args.heads = args.batch = 1;
  args.stride = {-7, 3, int64_t{1} << 60};
  EXPECT_EQ(Encode(fake, args).strides, (Dims{16, 16, 16}));
}

TEST(TensorMap, EncodesEmptyDimensionsAsOne) {
  FakeDriver fake;
  TensorMapArgs args = Args();
  args.seq = 0;
  const FakeDriver::EncodedMap map = Encode(fake, args);
  EXPECT_EQ(map.dims, (Dims{128, 1, 8, 4}));
  EXPECT_EQ(map.strides[0], 16u);
}

TEST(TensorMap, KeepsABroadcastAndStridesBeyond32Bits) {
  FakeDriver fake;
  TensorMapArgs args = Args();
  args.stride = {int64_t{1} << 38, 0, 128};
  EXPECT_EQ(Encode(fake, args).strides, (Dims{0, 256, uint64_t{1} << 39}));
}

TEST(TensorMap, ReportsARefusalWithTheTensorAndItsShape) {
  FakeDriver fake;
  fake.failures["cuTensorMapEncodeTiled"] = cu::kErrorInvalidValue;
  cu::TensorMap map;
  const std::string message =
      llvm::toString(EncodeTensorMap(*FakeDriver::SharedTable(), "v", Args(), map));
  EXPECT_NE(message.find("cuTensorMapEncodeTiled(v: dims 128, 1000, 8, 4"), std::string::npos)
      << message;
}

TEST(TensorMap, ReportsADriverThatHasNone) {
  FakeDriver fake;
  DriverTable table = FakeDriver::Table();
  table.tensor_map_encode_tiled = nullptr;
  cu::TensorMap map;
  const std::string message = llvm::toString(EncodeTensorMap(table, "q", Args(), map));
  EXPECT_NE(message.find("the driver has none"), std::string::npos) << message;
}

}  // namespace
}  // namespace attnjit
