#include "runtime/emulator/ops/matrix_load.h"

#include <array>
#include <cstring>
#include <vector>

#include "runtime/emulator/machine/cluster.h"
#include "runtime/emulator/machine/warp.h"
#include "runtime/emulator/ops/async_support.h"
#include "runtime/emulator/ops/decode_helpers.h"
#include "runtime/emulator/ops/matrix_operands.h"

namespace attnjit::emulator {
namespace {

constexpr uint32_t kRowBytes = 16;

struct MatrixDetail {
  MatrixForm form = MatrixForm::k8x8b16;
  Space space = Space::kGeneric;
  std::vector<Value> registers;  ///< One for each matrix.
};

const MatrixDetail& DetailOf(const Inst& inst) {
  return *static_cast<const MatrixDetail*>(inst.detail);
}

/// The lanes whose addresses name rows: eight for each matrix.
uint32_t RowLanes(const MatrixDetail& detail) {
  return detail.registers.size() == 4 ? kAllLanes : (1u << (8 * detail.registers.size())) - 1;
}

Step WholeWarpOnly(Warp& warp, const Inst& inst, const char* name) {
  return warp.Trap(Rule::kDivergentSync, inst, -1,
                   std::string(name) + " needs all 32 lanes of the warp");
}

Step ExecuteLdmatrix(Warp& warp, const Inst& inst, uint32_t lanes) {
  if (lanes != kAllLanes) return WholeWarpOnly(warp, inst, "ldmatrix");
  const MatrixDetail& detail = DetailOf(inst);
  const uint32_t rows = RowLanes(detail);
  std::array<uint64_t, 32> addresses;
  std::array<uint8_t*, 32> host;
  warp.Addresses(inst.address, rows, addresses.data());
  if (!warp.Locate(inst, detail.space, addresses.data(), rows, kRowBytes, kRowBytes,
                   AccessKind::kRead, host.data())) {
    return Step::kTrap;
  }
  for (size_t i = 0; i < detail.registers.size(); ++i) {
    LoadMatrix(detail.form, host.data() + 8 * i, warp.Write32(detail.registers[i], lanes));
  }
  return Step::kNext;
}

Step ExecuteStmatrix(Warp& warp, const Inst& inst, uint32_t lanes) {
  if (lanes != kAllLanes) return WholeWarpOnly(warp, inst, "stmatrix");
  const MatrixDetail& detail = DetailOf(inst);
  const uint32_t rows = RowLanes(detail);
  alignas(16) uint8_t values[32][kRowBytes] = {};
  uint8_t* pointers[32];
  for (int i = 0; i < 32; ++i) pointers[i] = values[i];
  for (size_t i = 0; i < detail.registers.size(); ++i) {
    StoreMatrix(detail.form, warp.Read32(detail.registers[i], lanes), pointers + 8 * i);
  }
  std::array<uint64_t, 32> addresses;
  std::array<uint8_t*, 32> host;
  warp.Addresses(inst.address, rows, addresses.data());
  if (!warp.Locate(inst, detail.space, addresses.data(), rows, kRowBytes, kRowBytes,
                   AccessKind::kWrite, host.data(), values[0], kRowBytes)) {
    return Step::kTrap;
  }
  AllLanes(rows, [&](int lane) {
    std::memcpy(host[static_cast<size_t>(lane)], values[lane], kRowBytes);
    return true;
  });
  return Step::kNext;
}

Step ExecuteMovmatrix(Warp& warp, const Inst& inst, uint32_t lanes) {
  if (lanes != kAllLanes) return WholeWarpOnly(warp, inst, "movmatrix");
  const uint32_t* from = warp.Read32(inst.a, lanes);
  TransposeMatrix(from, warp.Write32(inst.dst, lanes));
  return Step::kNext;
}

llvm::Error TakeSyncAligned(const ptx::Instruction& instruction, ptx::ModifierReader& modifiers) {
  if (modifiers.Take("sync") && modifiers.Take("aligned")) return llvm::Error::success();
  return ptx::ErrorAt(instruction, instruction.opcode + " without .sync.aligned");
}

/// .x1 .x2 .x4 and the state space.
llvm::Error TakeCount(const ptx::Instruction& instruction, ptx::ModifierReader& modifiers,
                      int& count, Space& space) {
  const int choice = modifiers.TakeOneOf({"x1", "x2", "x4"});
  if (choice < 0) return ptx::ErrorAt(instruction, instruction.opcode + " without .x1, .x2 or .x4");
  count = 1 << choice;
  space = TakeSharedSpace(modifiers, /*cluster_allowed=*/false);
  return llvm::Error::success();
}

llvm::Error TakeLoadForm(DecodeContext& context, ptx::ModifierReader& modifiers, MatrixForm& form) {
  if (modifiers.Take("m8n16")) {
    if (llvm::Error error = RequireSm(context, 100, "ldmatrix.m8n16")) return error;
    const int source = modifiers.TakeOneOf({"b4x16_p64", "b6x16_p32"});
    if (!modifiers.Take("b8x16") || source < 0) {
      return context.Unsupported("ldmatrix.m8n16 of these formats");
    }
    form = source == 0 ? MatrixForm::k8x16b4 : MatrixForm::k8x16b6;
    return llvm::Error::success();
  }
  if (!modifiers.Take("m8n8") || !modifiers.Take("b16")) {
    return context.Unsupported("ldmatrix of another shape or type than m8n8.b16 and m8n16");
  }
  form = modifiers.Take("trans") ? MatrixForm::k8x8b16Trans : MatrixForm::k8x8b16;
  return llvm::Error::success();
}

llvm::Error TakeStoreForm(DecodeContext& context, ptx::ModifierReader& modifiers,
                          MatrixForm& form) {
  if (modifiers.Take("m16n8")) {
    if (llvm::Error error = RequireSm(context, 100, "stmatrix.m16n8")) return error;
    if (!modifiers.Take("trans") || !modifiers.Take("b8")) {
      return context.Unsupported("stmatrix.m16n8 without .trans.b8");
    }
    form = MatrixForm::k16x8b8Trans;
    return llvm::Error::success();
  }
  if (!modifiers.Take("m8n8") || !modifiers.Take("b16")) {
    return context.Unsupported("stmatrix of another shape or type than m8n8.b16 and m16n8.b8");
  }
  form = modifiers.Take("trans") ? MatrixForm::k8x8b16Trans : MatrixForm::k8x8b16;
  return llvm::Error::success();
}

llvm::Error DecodeRows(const ptx::Instruction& instruction, DecodeContext& context, bool load,
                       Inst& inst) {
  auto* detail = context.New<MatrixDetail>();
  ptx::ModifierReader modifiers(instruction);
  int count = 0;
  if (llvm::Error error = TakeSyncAligned(instruction, modifiers)) return error;
  if (llvm::Error error = TakeCount(instruction, modifiers, count, detail->space)) return error;
  if (llvm::Error error = load ? TakeLoadForm(context, modifiers, detail->form)
                               : TakeStoreForm(context, modifiers, detail->form)) {
    return error;
  }
  if (llvm::Error error = modifiers.Finish()) return error;
  if (llvm::Error error = ExpectOperands(instruction, 2, 2)) return error;
  if (llvm::Error error = BindRegisters(instruction, context, instruction.operands[load ? 0 : 1],
                                        count, load, detail->registers)) {
    return error;
  }
  inst.detail = detail;
  inst.converged = true;
  inst.inst_class = InstClass::kMatrix;
  return Bind(inst.address, context.AddressOf(instruction.operands[load ? 1 : 0]));
}

}  // namespace

llvm::Error DecodeLdmatrix(const ptx::Instruction& instruction, DecodeContext& context,
                           Inst& inst) {
  inst.execute = ExecuteLdmatrix;
  return DecodeRows(instruction, context, /*load=*/true, inst);
}

llvm::Error DecodeStmatrix(const ptx::Instruction& instruction, DecodeContext& context,
                           Inst& inst) {
  if (llvm::Error error = RequireSm(context, 90, "stmatrix")) return error;
  inst.execute = ExecuteStmatrix;
  return DecodeRows(instruction, context, /*load=*/false, inst);
}

llvm::Error DecodeMovmatrix(const ptx::Instruction& instruction, DecodeContext& context,
                            Inst& inst) {
  ptx::ModifierReader modifiers(instruction);
  if (llvm::Error error = TakeSyncAligned(instruction, modifiers)) return error;
  if (!modifiers.Take("m8n8") || !modifiers.Take("trans") || !modifiers.Take("b16")) {
    return context.Unsupported("movmatrix in another form than m8n8.trans.b16");
  }
  if (llvm::Error error = modifiers.Finish()) return error;
  if (llvm::Error error = ExpectOperands(instruction, 2, 2)) return error;
  llvm::Expected<Value> destination = context.Destination(instruction.operands[0], 4);
  if (!destination) return destination.takeError();
  inst.dst = *destination;
  inst.execute = ExecuteMovmatrix;
  inst.converged = true;
  inst.inst_class = InstClass::kMatrix;
  return Bind(inst.a, context.Source(instruction.operands[1], 4));
}

}  // namespace attnjit::emulator
