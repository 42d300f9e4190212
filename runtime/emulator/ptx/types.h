// Names of PTX that the whole emulator shares: state spaces, fundamental types, special registers.
#ifndef ATTNJIT_RUNTIME_EMULATOR_PTX_TYPES_H_
#define ATTNJIT_RUNTIME_EMULATOR_PTX_TYPES_H_

#include <cstdint>
#include <optional>

#include "llvm/ADT/StringRef.h"

namespace attnjit::emulator::ptx {

enum class Space : uint8_t { kReg, kGlobal, kConst, kShared, kLocal, kParam };

/// The fundamental types of declarations (PTX ISA 5.2.1). Instruction types are modifiers.
enum class Type : uint8_t {
  kPred,
  kB8,
  kB16,
  kB32,
  kB64,
  kB128,
  kU8,
  kU16,
  kU32,
  kU64,
  kS8,
  kS16,
  kS32,
  kS64,
  kF16,
  kF16x2,
  kF32,
  kF64,
};

/// How a register is stored; its declared type beyond that carries no meaning.
enum class RegisterClass : uint8_t { kPred, k8, k16, k32, k64, k128 };

/// Special registers (PTX ISA chapter 10). Those with .x .y .z have the component apart.
enum class Special : uint8_t {
  kTid,
  kNtid,
  kCtaid,
  kNctaid,
  kClusterid,
  kNclusterid,
  kClusterCtaid,
  kClusterNctaid,
  kClusterCtarank,
  kClusterNctarank,
  kIsExplicitCluster,
  kLaneid,
  kWarpid,
  kNwarpid,
  kSmid,
  kNsmid,
  kGridid,
  kLanemaskEq,
  kLanemaskLe,
  kLanemaskLt,
  kLanemaskGe,
  kLanemaskGt,
  kClock,
  kClockHi,
  kClock64,
  kGlobaltimer,
  kGlobaltimerLo,
  kGlobaltimerHi,
  kTotalSmemSize,
  kAggrSmemSize,
  kDynamicSmemSize,
  kReservedSmemOffsetBegin,
  kReservedSmemOffsetEnd,
  kReservedSmemOffsetCap,
  kCurrentGraphExec,
};

/// Bytes of one element; 1 for kPred.
unsigned TypeBytes(Type type);
/// The type of a declaration's ".u32"; `name` comes without its dot.
std::optional<Type> ParseType(llvm::StringRef name);
RegisterClass ClassOf(Type type);
/// Bits of a register: 1 for kPred, else 8 to 128.
unsigned ClassBits(RegisterClass c);

/// The special register of that name, with its '%' and without its component: "%tid".
std::optional<Special> ParseSpecial(llvm::StringRef name);
llvm::StringRef SpecialName(Special special);  ///< "%tid".
/// Whether the register is a vector, of which an operand names one component: %tid, %ctaid, ...
bool HasComponents(Special special);

}  // namespace attnjit::emulator::ptx

#endif  // ATTNJIT_RUNTIME_EMULATOR_PTX_TYPES_H_
