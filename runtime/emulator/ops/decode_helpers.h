// Decoding that the families share: types, spaces, binding.
#ifndef ATTNJIT_RUNTIME_EMULATOR_OPS_DECODE_HELPERS_H_
#define ATTNJIT_RUNTIME_EMULATOR_OPS_DECODE_HELPERS_H_

#include <cstdint>
#include <optional>

#include "llvm/ADT/StringRef.h"
#include "llvm/ADT/Twine.h"
#include "llvm/Support/Error.h"
#include "runtime/emulator/machine/address.h"
#include "runtime/emulator/program/decode.h"
#include "runtime/emulator/program/inst.h"
#include "runtime/emulator/ptx/ast.h"

namespace attnjit::emulator {

enum class OperandTypeKind : uint8_t {
  kBits,
  kUnsigned,
  kSigned,
  kFloat,
  kHalf,
  kBfloat,
  kPredicate
};

/// An instruction type: b8 .. b128, u, s, f16, f16x2, bf16, bf16x2, f32, f32x2, f64, pred.
struct OperandType {
  OperandTypeKind kind = OperandTypeKind::kBits;
  uint8_t bytes = 0;   ///< Of the whole value; 0 for pred.
  uint8_t packed = 1;  ///< 2 for .f16x2 and its like.
};

std::optional<OperandType> ParseOperandType(llvm::StringRef name);

/// The type that is the next modifier left. Errors: PtxError: none, or not a type.
llvm::Expected<OperandType> TakeType(ptx::ModifierReader& modifiers,
                                     const ptx::Instruction& instruction);

/// Errors: PtxError where there are not `least` to `most` operands.
llvm::Error ExpectOperands(const ptx::Instruction& instruction, size_t least, size_t most);

/// "x = value, or return its error".
template <class T>
llvm::Error Bind(T& place, llvm::Expected<T> value) {
  if (!value) return value.takeError();
  place = *value;
  return llvm::Error::success();
}

/// .global .shared(::cta, ::cluster) .local .param(::entry, ::func) .const; none: generic.
Space TakeSpace(ptx::ModifierReader& modifiers);

/// Takes .weak .relaxed .acquire .release .acq_rel .volatile .mmio and a scope. `strong`: anything
/// but .weak was given.
struct Semantics {
  bool strong = false;
  bool acquire = false;
  bool release = false;
  bool scoped = false;
};
Semantics TakeSemantics(ptx::ModifierReader& modifiers);

/// Takes what only concerns caches: .ca .cg .cs .lu .cv .wb .wt, eviction priorities, prefetch
/// sizes, .nc, .L2::cache_hint. True if a cache hint was given: the instruction has one more
/// operand.
bool TakeCacheModifiers(ptx::ModifierReader& modifiers);

}  // namespace attnjit::emulator

#endif  // ATTNJIT_RUNTIME_EMULATOR_OPS_DECODE_HELPERS_H_
