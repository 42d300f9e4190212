#include "runtime/emulator/program/decode.h"

#include <algorithm>

#include "llvm/ADT/StringMap.h"
#include "runtime/emulator/program/layout.h"
#include "runtime/emulator/program/operand_binder.h"

namespace attnjit::emulator {
namespace {

TargetInfo ParseTarget(const ptx::Module& module) {
  TargetInfo target;
  llvm::StringRef name = module.target;
  name.consume_front("sm_");
  name.consumeInteger(10, target.sm);
  target.arch_specific = name == "a";
  target.family_specific = name == "f";
  target.ptx_version = static_cast<int>(module.version_major * 10 + module.version_minor);
  return target;
}

uint64_t Product(const std::array<uint32_t, 3>& extents) {
  uint64_t product = 1;
  for (const uint32_t extent : extents) product = std::min<uint64_t>(product * extent, 1u << 20);
  return product;
}

// ptxas keeps below what lets the promised number of CTAs be resident, in steps of 8.
uint32_t EstimateRegisters(const ptx::PerformanceDirectives& directives) {
  constexpr uint64_t kRegistersOfSm = 65536;
  constexpr uint64_t kMaxRegisters = 255;
  constexpr uint64_t kMaxThreads = 1024;
  if (directives.maxnreg != 0) return std::min<uint32_t>(directives.maxnreg, kMaxRegisters);
  uint64_t threads = Product(directives.reqntid);
  if (threads == 0) threads = Product(directives.maxntid);
  if (threads == 0) threads = kMaxThreads;
  const uint64_t resident = (threads + 31) / 32 * 32 * std::max(directives.minnctapersm, 1u);
  const uint64_t share = kRegistersOfSm / resident / 8 * 8;
  return static_cast<uint32_t>(std::clamp<uint64_t>(share, 16, kMaxRegisters));
}

// Whether control may run past the function's last instruction.
bool RunsOffEnd(const ptx::Function& function) {
  const auto size = static_cast<uint32_t>(function.instructions.size());
  if (size == 0) return true;
  for (const ptx::Label& label : function.labels) {
    if (label.instruction == size) return true;
  }
  const ptx::Instruction& last = function.instructions.back();
  const bool ends = last.opcode == "ret" || last.opcode == "exit" || last.opcode == "bra" ||
                    last.opcode == "trap";
  return !ends || last.guard >= 0;
}

class ProgramDecoder {
 public:
  ProgramDecoder(std::shared_ptr<const ptx::Module> module, llvm::ArrayRef<OpcodeDecoder> decoders)
      : module_(std::move(module)), program_(std::make_shared<Program>()) {
    for (const OpcodeDecoder& decoder : decoders) decoders_[decoder.opcode] = decoder.decode;
  }

  llvm::Expected<std::shared_ptr<const Program>> Decode(int32_t entry) {
    Describe(module_->functions[entry]);
    llvm::Expected<std::vector<int32_t>> reachable = FindReachable(*module_, entry);
    if (!reachable) return reachable.takeError();
    llvm::Expected<Layout> layout = Layout::Make(*module_, *reachable, *program_);
    if (!layout) return layout.takeError();
    OperandBinder binder(*module_, *layout, FirstPcs(*reachable), *program_);
    for (const int32_t f : *reachable) {
      if (llvm::Error error = DecodeFunction(f, binder)) return error;
    }
    binder.Finish();
    KeepLines();
    // Details may refer to the module's text.
    program_->details.push_back(std::const_pointer_cast<ptx::Module>(module_));
    return std::shared_ptr<const Program>(std::move(program_));
  }

 private:
  void Describe(const ptx::Function& entry) {
    program_->name = entry.name.str();
    program_->target = ParseTarget(*module_);
    program_->max_threads = entry.directives.maxntid;
    program_->required_threads = entry.directives.reqntid;
    program_->required_cluster = entry.directives.reqnctapercluster;
    program_->max_cluster_rank = entry.directives.maxclusterrank;
    program_->registers_per_thread = EstimateRegisters(entry.directives);
  }

  std::vector<int32_t> FirstPcs(const std::vector<int32_t>& reachable) const {
    std::vector<int32_t> first(module_->functions.size(), -1);
    int32_t pc = 0;
    for (const int32_t f : reachable) {
      const ptx::Function& function = module_->functions[f];
      first[f] = pc;
      pc += static_cast<int32_t>(function.instructions.size()) + (RunsOffEnd(function) ? 1 : 0);
    }
    return first;
  }

  llvm::Error DecodeFunction(int32_t index, OperandBinder& binder) {
    const ptx::Function& function = module_->functions[index];
    if (llvm::Error error = binder.EnterFunction(index)) return error;
    for (const ptx::Instruction& instruction : function.instructions) {
      if (llvm::Error error = DecodeOne(instruction, binder)) return error;
    }
    if (!RunsOffEnd(function)) return llvm::Error::success();
    // The closing brace returns.
    ptx::Instruction ret;
    ret.opcode = "ret";
    ret.text = "}";
    ret.line = function.instructions.empty() ? function.line : function.instructions.back().line;
    ret.column = 1;
    return DecodeOne(ret, binder);
  }

  llvm::Error DecodeOne(const ptx::Instruction& instruction, OperandBinder& binder) {
    const auto decoder = decoders_.find(instruction.opcode);
    if (decoder == decoders_.end()) {
      return ErrorAt(instruction, "unknown instruction " + instruction.opcode);
    }
    Inst inst;
    inst.pc = static_cast<uint32_t>(program_->code.size());
    inst.line = static_cast<int32_t>(instruction.line);
    if (instruction.guard >= 0) inst.guard = binder.Guard(instruction.guard);
    inst.guard_negated = instruction.guard_negated;
    binder.SetInstruction(&instruction);
    if (instruction.opcode == "clusterlaunchcontrol") program_->cancels_launches = true;
    if (llvm::Error error = decoder->second(instruction, binder, inst)) return error;
    program_->code.push_back(inst);
    program_->text.push_back(OneLine(instruction.text));
    program_->cuda_lines.push_back(instruction.source.line);
    return llvm::Error::success();
  }

  void KeepLines() {
    std::vector<int32_t>& lines = program_->cuda_lines;
    const bool any = std::any_of(lines.begin(), lines.end(), [](int32_t line) { return line > 0; });
    if (!any) lines.clear();
  }

  std::shared_ptr<const ptx::Module> module_;
  std::shared_ptr<Program> program_;
  llvm::StringMap<Decoder> decoders_;
};

}  // namespace

llvm::Expected<std::shared_ptr<const Program>> DecodeEntryWith(
    std::shared_ptr<const ptx::Module> module, llvm::StringRef name,
    llvm::ArrayRef<OpcodeDecoder> decoders) {
  for (size_t f = 0; f < module->functions.size(); ++f) {
    const ptx::Function& function = module->functions[f];
    if (function.name != name || !function.entry || !function.defined) continue;
    return ProgramDecoder(module, decoders).Decode(static_cast<int32_t>(f));
  }
  return llvm::make_error<PtxError>(1, 1, "", "the module has no entry " + name.str());
}

}  // namespace attnjit::emulator
