// One micro-program: its PTX text, launch, inputs, and how its output is judged.
#ifndef ATTNJIT_TESTS_EMULATOR_MICRO_CASE_H_
#define ATTNJIT_TESTS_EMULATOR_MICRO_CASE_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "runtime/cuda_types.h"
#include "tests/emulator/micro/kind.h"

namespace attnjit::micro {

using Bytes = std::vector<uint8_t>;

/// A tensor map over the case's input or output buffer; the arguments of cuTensorMapEncodeTiled.
struct MapSpec {
  bool over_output = false;
  uint64_t offset = 0;  ///< Bytes from the buffer's start.
  cu::TensorMapDataType type = cu::kTensorMapUint8;
  std::vector<uint64_t> dims;     ///< Innermost first; the rank is its size.
  std::vector<uint64_t> strides;  ///< Bytes, rank - 1 of them.
  std::vector<uint32_t> box;
  std::vector<uint32_t> element_strides;
  cu::TensorMapInterleave interleave = cu::kTensorMapInterleaveNone;
  cu::TensorMapSwizzle swizzle = cu::kTensorMapSwizzleNone;
  cu::TensorMapL2Promotion promotion = cu::kTensorMapL2PromotionNone;
  cu::TensorMapOobFill fill = cu::kTensorMapOobFillNone;
};

/// How far an output value may be from what it is compared with: any one that holds suffices.
struct Bound {
  double relative = 0;
  double absolute = 0;
  double ulp = 0;  ///< Of an f32.
};

/// A mathematically exact result, and how far from it an answer may lie beyond the region's bound.
struct Exact {
  double value = 0;
  double absolute = 0;
};

/// Consecutive values of one kind in the output.
struct Region {
  size_t offset = 0;  ///< Bytes.
  size_t count = 0;   ///< Values.
  Kind kind = Kind::kU32;
  /// Exact by default (every NaN equals every other). A bound makes it approximate: compared with
  /// `exact` where there is one, else with the stored answer.
  bool approximate = false;
  Bound bound;
  /// The exact result from the operands at the value's index; none where the ISA promises nothing.
  std::function<std::optional<Exact>(double a, double b)> exact;
  bool flushes = false;  ///< .ftz: subnormal operands and results count as zeros of their sign.
  Kind operand =
      Kind::kF32;  ///< Of `exact`: operand k's values stand in the input one after another.
};

struct Case {
  std::string name;    ///< Unique, such as "add.rn.ftz.f32".
  std::string family;  ///< The opcode family, and the file of its answers: "add", "wgmma".
  std::string target = "sm_90a";
  /// Declarations at module scope and the .entry; every global name starts with `entry`.
  std::string text;
  std::string entry;
  unsigned grid = 1;
  unsigned block = 32;
  unsigned dynamic_shared = 0;
  Bytes input;                ///< May be empty.
  Bytes output;               ///< What the output buffer holds before the launch.
  std::vector<MapSpec> maps;  ///< The parameters after output and input.
  /// No launch: these are encoded, and the output is one CUresult (32 bits) for each.
  std::vector<MapSpec> encodes;
  std::vector<Region> regions;  ///< Covers the output; what no region covers is compared as bytes.
  /// The right output, for programs that no GPU at hand can run.
  std::function<Bytes(const Case&)> oracle;
  /// What the error says with which the emulator refuses to load the program, where it is one of
  /// those that it does not run; else empty.
  std::string refusal;
  bool risky = false;  ///< May hang a GPU if its program is wrong: runs last, alone.
};

/// The PTX text of a module of these cases, all of one target.
std::string ModuleText(const std::vector<const Case*>& cases);

/// A digest of everything that determines the case's answer: text, launch, inputs, maps.
std::string Fingerprint(const Case& c);

}  // namespace attnjit::micro

#endif  // ATTNJIT_TESTS_EMULATOR_MICRO_CASE_H_
