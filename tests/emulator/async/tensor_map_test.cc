// cuTensorMapEncodeTiled: what is accepted, what is refused and how, and what a map gives back.
#include "runtime/emulator/async/tensor_map.h"

#include <cstring>
#include <functional>
#include <string>

#include "gtest/gtest.h"

namespace attnjit::emulator {
namespace {

/// Arguments of a map that is accepted: bf16, rank 4, a 64 x 128 box swizzled over 128 bytes.
struct Arguments {
  int type = cu::kTensorMapBfloat16;
  uint32_t rank = 4;
  uint64_t address = 0x7f00'0000'0200;
  uint64_t dims[5] = {128, 1000, 8, 2, 3};
  uint64_t strides[4] = {2048, 256, 2'048'000, 4'096'000};
  uint32_t box[5] = {64, 128, 1, 1, 1};
  uint32_t element_strides[5] = {1, 1, 1, 1, 1};
  int interleave = cu::kTensorMapInterleaveNone;
  int swizzle = cu::kTensorMapSwizzle128B;
  int promotion = cu::kTensorMapL2Promotion128B;
  int fill = cu::kTensorMapOobFillNone;

  void* pointer() const { return reinterpret_cast<void*>(address); }
  cu::Result Encode(cu::TensorMap& map) const {
    return EncodeTensorMap(
        &map, static_cast<cu::TensorMapDataType>(type), rank, pointer(), dims, strides, box,
        element_strides, static_cast<cu::TensorMapInterleave>(interleave),
        static_cast<cu::TensorMapSwizzle>(swizzle),
        static_cast<cu::TensorMapL2Promotion>(promotion), static_cast<cu::TensorMapOobFill>(fill));
  }
  std::string Problem() const {
    const cu::TensorMap map = {};
    return TensorMapProblem(&map, type, rank, pointer(), dims, strides, box, element_strides,
                            interleave, swizzle, promotion, fill);
  }
};

struct Case {
  const char* name;
  std::function<void(Arguments&)> change;
  const char* named;  ///< In the problem's text; "": accepted.
};

class TensorMapCases : public testing::TestWithParam<Case> {};

TEST_P(TensorMapCases, AreJudgedAsTheDriverDoes) {
  Arguments arguments;
  GetParam().change(arguments);
  cu::TensorMap map;
  const cu::Result result = arguments.Encode(map);
  const std::string problem = arguments.Problem();
  if (*GetParam().named == '\0') {
    EXPECT_EQ(result, cu::kSuccess) << problem;
    EXPECT_EQ(problem, "");
  } else {
    EXPECT_EQ(result, cu::kErrorInvalidValue);
    EXPECT_NE(problem.find(GetParam().named), std::string::npos) << problem;
  }
}

const Case kCases[] = {
    {"Plain", [](Arguments&) {}, ""},
    {"Rank1NeedsNoStrides", [](Arguments& a) { a.rank = 1; }, ""},
    {"Rank5", [](Arguments& a) { a.rank = 5; }, ""},
    {"Rank0", [](Arguments& a) { a.rank = 0; }, "rank 0"},
    {"Rank6", [](Arguments& a) { a.rank = 6; }, "rank 6"},
    {"UnknownType", [](Arguments& a) { a.type = 16; }, "type 16"},
    {"NegativeType", [](Arguments& a) { a.type = -1; }, "type -1"},
    {"NullAddress", [](Arguments& a) { a.address = 0; }, "null"},
    {"AddressOf8", [](Arguments& a) { a.address += 8; }, "address"},
    {"AddressOf16", [](Arguments& a) { a.address += 16; }, ""},
    {"Dim0", [](Arguments& a) { a.dims[2] = 0; }, "dims[2] = 0"},
    {"LargestDim", [](Arguments& a) { a.dims[1] = uint64_t{1} << 32; }, ""},
    {"DimTooLarge", [](Arguments& a) { a.dims[1] = (uint64_t{1} << 32) + 1; }, "dims[1]"},
    {"DimBeyondRankIsNotRead", [](Arguments& a) { a.dims[4] = 0; }, ""},
    {"StrideOf8", [](Arguments& a) { a.strides[1] = 264; }, "strides[1] = 264"},
    {"StrideOf0Broadcasts", [](Arguments& a) { a.strides[1] = 0; }, ""},
    {"LargestStride", [](Arguments& a) { a.strides[2] = (uint64_t{1} << 40) - 16; }, ""},
    {"StrideTooLarge", [](Arguments& a) { a.strides[2] = uint64_t{1} << 40; }, "strides[2]"},
    {"StridesInAnyOrder", [](Arguments& a) { std::swap(a.strides[0], a.strides[2]); }, ""},
    {"Box0", [](Arguments& a) { a.box[1] = 0; }, "box[1] = 0"},
    {"Box256", [](Arguments& a) { a.box[1] = 256; }, ""},
    {"Box257", [](Arguments& a) { a.box[1] = 257; }, "box[1] = 257"},
    {"BoxWiderThanTensor", [](Arguments& a) { a.dims[0] = 8; }, ""},
    {"InnerBoxOf14Bytes", [](Arguments& a) { a.box[0] = 7; }, "multiple of 16"},
    {"InnerBoxOf16Bytes", [](Arguments& a) { a.box[0] = 8; }, ""},
    {"InnerBoxWiderThanSwizzle", [](Arguments& a) { a.box[0] = 72; }, "128-byte swizzle"},
    {"InnerBoxWiderThanSwizzle64",
     [](Arguments& a) {
       a.swizzle = cu::kTensorMapSwizzle64B;
       a.box[0] = 40;
     },
     "64-byte swizzle"},
    {"InnerBoxWiderThanSwizzle32",
     [](Arguments& a) {
       a.swizzle = cu::kTensorMapSwizzle32B;
       a.box[0] = 24;
     },
     "32-byte swizzle"},
    {"WideBoxUnswizzled",
     [](Arguments& a) {
       a.swizzle = cu::kTensorMapSwizzleNone;
       a.box[0] = 256;
     },
     ""},
    {"SwizzleAtom32", [](Arguments& a) { a.swizzle = 4; }, ""},
    {"SwizzleAtom64", [](Arguments& a) { a.swizzle = 6; }, ""},
    {"UnknownSwizzle", [](Arguments& a) { a.swizzle = 7; }, "swizzle 7"},
    {"ElementStride0", [](Arguments& a) { a.element_strides[1] = 0; }, "element_strides[1] = 0"},
    {"ElementStride8", [](Arguments& a) { a.element_strides[1] = 8; }, ""},
    {"ElementStride9", [](Arguments& a) { a.element_strides[1] = 9; }, "element_strides[1] = 9"},
    {"InnermostElementStride0", [](Arguments& a) { a.element_strides[0] = 0; },
     "element_strides[0] = 0"},
    {"UnknownInterleave", [](Arguments& a) { a.interleave = 3; }, "interleave 3"},
    {"InterleaveOfRank2",
     [](Arguments& a) {
       a.interleave = cu::kTensorMapInterleave16B;
       a.rank = 2;
     },
     "rank 2"},
    {"Interleave32NeedsSwizzle32",
     [](Arguments& a) {
       a.interleave = cu::kTensorMapInterleave32B;
       for (uint64_t& stride : a.strides) stride &= ~uint64_t{31};
     },
     "swizzle must be 32B"},
    {"Interleave32NeedsStridesOf32",
     [](Arguments& a) {
       a.interleave = cu::kTensorMapInterleave32B;
       a.swizzle = cu::kTensorMapSwizzle32B;
       a.strides[0] += 16;
     },
     "strides[0]"},
    {"UnknownPromotion", [](Arguments& a) { a.promotion = 4; }, "promotion 4"},
    {"NanOfFloats", [](Arguments& a) { a.fill = cu::kTensorMapOobFillNan; }, ""},
    {"NanOfIntegers",
     [](Arguments& a) {
       a.fill = cu::kTensorMapOobFillNan;
       a.type = cu::kTensorMapUint16;
     },
     "fill NaN"},
    {"UnknownFill", [](Arguments& a) { a.fill = 2; }, "fill 2"},
    {"PackedElementsNotOf128",
     [](Arguments& a) {
       a.type = 14;
       a.box[0] = 128;
       a.dims[0] = 64;
     },
     "dims[0] = 64"},
    {"PackedBoxNotOf128",
     [](Arguments& a) {
       a.type = 15;
       a.box[0] = 64;
     },
     "box[0] = 64"},
};

INSTANTIATE_TEST_SUITE_P(All, TensorMapCases, testing::ValuesIn(kCases),
                         [](const auto& info) { return info.param.name; });

TEST(TensorMap, NullOrMisalignedMapIsRefused) {
  const Arguments a;
  alignas(128) uint8_t storage[256];
  auto* odd = reinterpret_cast<cu::TensorMap*>(storage + 16);
  for (cu::TensorMap* map : {static_cast<cu::TensorMap*>(nullptr), odd}) {
    EXPECT_NE(TensorMapProblem(map, a.type, a.rank, a.pointer(), a.dims, a.strides, a.box,
                               a.element_strides, a.interleave, a.swizzle, a.promotion, a.fill),
              "");
  }
}

TEST(TensorMap, WhatTheEmulatorCannotCopyIsNotSupported) {
  cu::TensorMap map;
  Arguments interleaved;
  interleaved.interleave = cu::kTensorMapInterleave16B;
  EXPECT_EQ(interleaved.Problem(), "");
  EXPECT_EQ(interleaved.Encode(map), cu::kErrorNotSupported);
  for (const int type : {13, 14, 15}) {
    Arguments a;
    a.type = type;
    a.box[0] = type >= 14 ? 128 : 32;
    a.swizzle = cu::kTensorMapSwizzle128B;
    EXPECT_EQ(a.Problem(), "") << type;
    EXPECT_EQ(a.Encode(map), cu::kErrorNotSupported) << type;
  }
}

TEST(TensorMap, DecodingGivesTheArgumentsBack) {
  Arguments a;
  a.rank = 3;
  a.dims[2] = uint64_t{1} << 32;
  a.strides[1] = (uint64_t{1} << 40) - 16;
  a.box[1] = 256;
  a.element_strides[2] = 8;
  a.fill = cu::kTensorMapOobFillNan;
  cu::TensorMap map;
  ASSERT_EQ(a.Encode(map), cu::kSuccess);
  const auto info = DecodeTensorMap(reinterpret_cast<const uint8_t*>(&map));
  ASSERT_TRUE(info.has_value());
  EXPECT_EQ(info->element, TensorElement::kBf16);
  EXPECT_EQ(info->rank, 3u);
  EXPECT_EQ(info->address, a.address);
  EXPECT_EQ(info->dims[2], a.dims[2]);
  EXPECT_EQ(info->strides[0], 2u);
  EXPECT_EQ(info->strides[1], a.strides[0]);
  EXPECT_EQ(info->strides[2], a.strides[1]);
  EXPECT_EQ(info->box[1], 256u);
  EXPECT_EQ(info->element_strides[2], 8u);
  EXPECT_EQ(info->swizzle, TensorSwizzle::k128B);
  EXPECT_TRUE(info->fill_nan);
}

TEST(TensorMap, WhatCutlassClearsForOldDriversIsClear) {
  const Arguments a;
  cu::TensorMap map;
  ASSERT_EQ(a.Encode(map), cu::kSuccess);
  reinterpret_cast<uint64_t*>(&map)[1] &= ~(uint64_t{1} << 21);
  EXPECT_TRUE(DecodeTensorMap(reinterpret_cast<const uint8_t*>(&map)).has_value());
}

TEST(TensorMap, AnyFlippedBitIsFound) {
  const Arguments a;
  cu::TensorMap map;
  ASSERT_EQ(a.Encode(map), cu::kSuccess);
  auto* bytes = reinterpret_cast<uint8_t*>(&map);
  for (size_t bit = 0; bit < sizeof(map) * 8; ++bit) {
    const auto flip = static_cast<uint8_t>(1 << bit % 8);
    bytes[bit / 8] ^= flip;
    EXPECT_FALSE(DecodeTensorMap(bytes).has_value()) << bit;
    bytes[bit / 8] ^= flip;
  }
  std::memset(bytes, 0, sizeof(map));
  EXPECT_FALSE(DecodeTensorMap(bytes).has_value());
}

}  // namespace
}  // namespace attnjit::emulator
