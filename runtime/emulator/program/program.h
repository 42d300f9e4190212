// A decoded entry function: everything that launching it needs. Immutable, shared between threads.
#ifndef ATTNJIT_RUNTIME_EMULATOR_PROGRAM_PROGRAM_H_
#define ATTNJIT_RUNTIME_EMULATOR_PROGRAM_PROGRAM_H_

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "runtime/emulator/program/inst.h"

namespace attnjit::emulator {

/// What a module was compiled for: `.target sm_90a`.
struct TargetInfo {
  int sm = 0;                    ///< 90.
  bool arch_specific = false;    ///< The "a".
  bool family_specific = false;  ///< The "f".
  int ptx_version = 0;           ///< 90 for `.version 9.0`.
};

/// Constant special registers, bound to registers that are written when a warp starts.
enum class Special : uint8_t {
  kTidX,
  kTidY,
  kTidZ,
  kNtidX,
  kNtidY,
  kNtidZ,
  kCtaidX,
  kCtaidY,
  kCtaidZ,
  kNctaidX,
  kNctaidY,
  kNctaidZ,
  kLaneid,
  kWarpid,
  kNwarpid,
  kSmid,
  kNsmid,
  kGridid,
  kClusteridX,
  kClusteridY,
  kClusteridZ,
  kNclusteridX,
  kNclusteridY,
  kNclusteridZ,
  kClusterCtaidX,
  kClusterCtaidY,
  kClusterCtaidZ,
  kClusterNctaidX,
  kClusterNctaidY,
  kClusterNctaidZ,
  kClusterCtarank,
  kClusterNctarank,
  kIsExplicitCluster,
  kLanemaskEq,
  kLanemaskLe,
  kLanemaskLt,
  kLanemaskGe,
  kLanemaskGt,
  /// Where the CTA's shared window starts: rank << 24. A shared variable's address is this plus its
  /// offset in the window (SpecialBinding::addend); [variable + n] has it as its base.
  kSharedWindow,
  kDynamicSmemSize,
  kTotalSmemSize,
  kAggrSmemSize,
  kReservedSmemOffset,
  // Changing ones (ValueKind::kSpecial): Value::reg is the enumerator.
  kClock,
  kClockHi,
  kClock64,
  kGlobaltimer,
  kGlobaltimerLo,
  kGlobaltimerHi,
  kCount
};

struct SpecialBinding {
  Special special;
  Value value;          ///< A register of 4 or 8 bytes.
  uint32_t addend = 0;  ///< Added to the special register's value.
};

/// One `.param` of the entry.
struct ParamInfo {
  uint32_t offset = 0;  ///< In the packed parameter block, aligned as declared.
  uint32_t bytes = 0;
};

/// Where a module's .global and .const variables stand in global memory and in generic addresses: a
/// window that each module has to itself, below the allocations.
inline constexpr uint64_t kModuleBase = 0x7e00'0000'0000;

/// A `.global` or `.const` variable of the module. All entries of one module have the same ones, at
/// the same addresses.
struct VariableInfo {
  std::string name;
  bool constant = false;
  uint32_t align = 1;
  uint64_t bytes = 0;
  std::vector<uint8_t> init;  ///< As many as given, addresses filled in; the rest is zero.
  uint64_t address = 0;       ///< From kModuleBase on.
};

struct Program {
  std::string name;
  TargetInfo target;
  std::vector<Inst> code;
  std::vector<std::string> text;    ///< Of each instruction, for reports.
  std::vector<uint32_t> constants;  ///< Slots of 32 words.
  uint32_t register_slots = 0;      ///< 128-byte slots of a warp's register file.
  uint32_t register_count = 0;      ///< Initialised-lanes masks.
  std::vector<std::string> register_names;
  std::vector<SpecialBinding> specials;
  std::vector<ParamInfo> params;
  uint32_t param_bytes = 0;
  uint32_t static_shared_bytes = 0;  ///< From kSharedReserved on.
  uint32_t local_bytes = 0;          ///< A thread's frame, called functions included.
  std::vector<VariableInfo> variables;
  uint32_t registers_per_thread = 0;  ///< An estimate where ptxas is not there to say: from
                                      ///< .maxnreg, else the launch bounds.
  std::array<uint32_t, 3> max_threads = {0, 0, 0};       ///< .maxntid; 0: not given.
  std::array<uint32_t, 3> required_threads = {0, 0, 0};  ///< .reqntid
  std::array<uint32_t, 3> required_cluster = {0, 0, 0};  ///< .reqnctapercluster
  uint32_t max_cluster_rank = 0;
  bool cancels_launches = false;    ///< It has clusterlaunchcontrol instructions.
  std::vector<int32_t> cuda_lines;  ///< Of each instruction, where the PTX has .loc; else empty.
  std::vector<std::shared_ptr<void>> details;  ///< Owns every Inst::detail.
};

}  // namespace attnjit::emulator

#endif  // ATTNJIT_RUNTIME_EMULATOR_PROGRAM_PROGRAM_H_
