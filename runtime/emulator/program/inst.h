// A decoded instruction: what the machine runs.
//
// Decoders (ops/) turn one ptx::Instruction into one Inst; operands are bound to places in a warp's
// register file, modifiers to an `execute` function and, where there are many, a `detail` struct.
#ifndef ATTNJIT_RUNTIME_EMULATOR_PROGRAM_INST_H_
#define ATTNJIT_RUNTIME_EMULATOR_PROGRAM_INST_H_

#include <cstdint>

#include "llvm/ADT/ArrayRef.h"
#include "llvm/Support/Error.h"

namespace attnjit::emulator {

namespace ptx {
struct Instruction;
}

class Warp;
class DecodeContext;
struct Inst;

/// What the warp does after an instruction.
enum class Step : uint8_t {
  kNext,     ///< Go on with the next instruction.
  kJump,     ///< The instruction set the pcs itself (branches, calls, returns, exits).
  kBlocked,  ///< Nothing was done: retry when something has changed.
  kYield,    ///< Done, go on with the next instruction, but let other warps run first.
  kTrap,     ///< The fault has been reported; the grid stops.
};

/// `lanes` are the active lanes whose guard holds, never 0. Lane l is bit l.
using Execute = Step (*)(Warp& warp, const Inst& inst, uint32_t lanes);

enum class ValueKind : uint8_t {
  kNone,
  kRegister,   ///< Also constant special registers (%tid.x, %laneid, ..), set when a warp starts.
  kPredicate,  ///< A 32-bit mask of lanes.
  kConstant,   ///< In the program's constants, replicated for 32 lanes as a register is.
  kSpecial,    ///< A special register that changes (%clock64, ..): only `mov` takes it.
  kSink,       ///< `_`
};

/// One operand's place.
struct Value {
  ValueKind kind = ValueKind::kNone;
  uint8_t bytes = 0;     ///< 4 (also for 8- and 16-bit registers, zero-extended), 8 or 16.
  bool negated = false;  ///< kPredicate: `!p`.
  uint32_t slot = 0;     ///< kRegister, kConstant: index of its first 128-byte slot (32 lanes x 4
                         ///< bytes; 8-byte values take two, lane l at byte 8 l; 16-byte ones four).
  uint32_t reg = 0;      ///< kRegister, kPredicate: index of its initialised-lanes mask, one space
                         ///< for both; kPredicate: its value has the same index. kSpecial: which.
};

/// [base + offset]; base kNone: the absolute address `offset`. Base is 4 or 8 bytes wide.
struct Address {
  Value base;
  int64_t offset = 0;
};

/// For counters and for scheduling.
enum class InstClass : uint8_t {
  kInteger,
  kLogic,  ///< and, or, xor, not, lop3, shifts, bit fields, prmt.
  kMove,   ///< mov, selp, cvta, mapa.
  kPredicate,
  kConvert,
  kFloat,        ///< fp32 and fp16x2 add, mul, fma, min, max.
  kFloatPacked,  ///< f32x2.
  kDouble,
  kSpecialFunction,  ///< ex2, lg2, rcp, rsqrt, sqrt, sin, cos, tanh.
  kLoad,
  kStore,
  kAtomic,
  kControl,
  kWarp,     ///< shfl, vote, match, redux, elect.
  kBarrier,  ///< bar, barrier, mbarrier, fences, waits.
  kCopy,     ///< cp.async, bulk and tensor copies: issue.
  kMatrix,   ///< mma, wgmma, tcgen05.mma, ldmatrix, stmatrix, tcgen05.ld/st: issue.
  kOther,
  kCount
};

struct Inst {
  Execute execute = nullptr;
  Value dst, dst2;  ///< Destinations; dst2 is p of `r|p` or of a two-predicate setp.
  Value a, b, c, d;
  Address address;               ///< Memory instructions.
  const void* detail = nullptr;  ///< The family's own struct, owned by the program.
  int32_t target = -1;           ///< Branches and calls: index of an instruction.
  int32_t guard = -1;            ///< Predicate register (its Value::reg) or -1.
  uint32_t pc = 0;               ///< Its own index in the program.
  int32_t line = 0;              ///< PTX line.
  bool guard_negated = false;
  /// `.sync`/`.aligned` instructions that every live lane of the warp must execute together: the
  /// machine lets the other splits catch up first, and traps where they cannot come.
  bool converged = false;
  InstClass inst_class = InstClass::kOther;
  uint8_t kind = 0;  ///< Free for the family.
};

/// Decodes one instruction into `inst`, whose pc, line and guard are set. Errors: PtxError at the
/// instruction, also for any modifier or operand form that the family does not implement.
using Decoder = llvm::Error (*)(const ptx::Instruction& instruction, DecodeContext& context,
                                Inst& inst);

struct OpcodeDecoder {
  const char* opcode;  ///< "add".
  Decoder decode;
};

}  // namespace attnjit::emulator

#endif  // ATTNJIT_RUNTIME_EMULATOR_PROGRAM_INST_H_
