#include "runtime/emulator/matrix/instruction_descriptor.h"

#include <optional>

#include "llvm/Support/FormatVariadic.h"

namespace attnjit::emulator {
namespace {

template <class... Args>
llvm::Error Fail(uint32_t bits, const char* format, Args&&... args) {
  return llvm::createStringError(
      llvm::inconvertibleErrorCode(),
      llvm::formatv("instruction descriptor {0:x}: {1}", bits,
                    llvm::formatv(format, std::forward<Args>(args)...).str())
          .str());
}

std::optional<ElementType> TypeOf(MmaKind kind, uint32_t field) {
  if (kind == MmaKind::kTf32) {
    return field == 2 ? std::optional(ElementType::kTf32) : std::nullopt;
  }
  if (kind == MmaKind::kF16) {
    if (field > 1) return std::nullopt;
    return field == 0 ? ElementType::kF16 : ElementType::kBf16;
  }
  switch (field) {
    case 0:
      return ElementType::kE4m3;
    case 1:
      return ElementType::kE5m2;
    case 3:
      return ElementType::kE2m3;
    case 4:
      return ElementType::kE3m2;
    case 5:
      return ElementType::kE2m1;
    default:
      return std::nullopt;
  }
}

llvm::Error CheckTypes(uint32_t bits, const InstructionDescriptor& descriptor, MmaKind kind) {
  if (descriptor.d_f32) return llvm::Error::success();
  if (kind == MmaKind::kTf32) return Fail(bits, "kind::tf32 has no f16 accumulators");
  if (kind == MmaKind::kF16 &&
      (descriptor.a != ElementType::kF16 || descriptor.b != ElementType::kF16)) {
    return Fail(bits, "f16 accumulators need f16 operands");
  }
  return llvm::Error::success();
}

llvm::Error CheckShape(uint32_t bits, const InstructionDescriptor& descriptor, MmaKind kind,
                       int cta_group) {
  int m = descriptor.m, n = descriptor.n;
  if (m != 64 * cta_group && m != 128 * cta_group) {
    return Fail(bits, "M is {0}; cta_group::{1} has {2} and {3}", m, cta_group, 64 * cta_group,
                128 * cta_group);
  }
  int step = 8 * cta_group;
  if (kind == MmaKind::kF8f6f4 && descriptor.transpose_b) step *= 2;
  if (n < step || n > 256 || n % step != 0) {
    return Fail(bits, "N is {0}; a multiple of {1} from {1} to 256 is needed", n, step);
  }
  return llvm::Error::success();
}

}  // namespace

llvm::Expected<InstructionDescriptor> ParseInstructionDescriptor(uint32_t bits, MmaKind kind,
                                                                 int cta_group) {
  auto field = [bits](int first, int count) { return bits >> first & ((1u << count) - 1); };
  constexpr uint32_t kReserved = 1u << 6 | 1u << 23 | 1u << 29;
  if (bits & kReserved) return Fail(bits, "reserved bits {0:x} are set", bits & kReserved);
  if (field(0, 3) != 0) return Fail(bits, "sparse operands are not supported");
  if (field(3, 1) != 0) return Fail(bits, "saturation is for integers only");
  if (field(30, 2) != 0) return Fail(bits, "a maximum shift is for .ws only");
  if (field(4, 2) > 1) return Fail(bits, "type {0} of D is not f16 or f32", field(4, 2));
  std::optional<ElementType> a = TypeOf(kind, field(7, 3)), b = TypeOf(kind, field(10, 3));
  if (!a || !b) {
    return Fail(bits, "the kind has no type {0}", a ? field(10, 3) : field(7, 3));
  }
  InstructionDescriptor descriptor;
  descriptor.a = *a;
  descriptor.b = *b;
  descriptor.d_f32 = field(4, 2) == 1;
  descriptor.negate_a = field(13, 1);
  descriptor.negate_b = field(14, 1);
  descriptor.transpose_a = field(15, 1);
  descriptor.transpose_b = field(16, 1);
  descriptor.n = static_cast<int>(field(17, 6)) * 8;
  descriptor.m = static_cast<int>(field(24, 5)) * 16;
  descriptor.k = kind == MmaKind::kF16 ? 16 : kind == MmaKind::kTf32 ? 8 : 32;
  if (llvm::Error error = CheckTypes(bits, descriptor, kind)) return error;
  if (llvm::Error error = CheckShape(bits, descriptor, kind, cta_group)) return error;
  return descriptor;
}

}  // namespace attnjit::emulator
