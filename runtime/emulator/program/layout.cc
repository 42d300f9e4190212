#include "runtime/emulator/program/layout.h"

#include <algorithm>
#include <set>

#include "llvm/Support/MathExtras.h"
#include "runtime/emulator/machine/address.h"
#include "runtime/emulator/ptx/parser.h"

namespace attnjit::emulator {
namespace {

using ptx::SymbolKind;

// 3.2 of the CUDA C++ Programming Guide's technical specifications: 512 KiB of local memory for
// each thread. Kernel parameters: 32764 bytes from sm_70 and CUDA 12.1 on.
constexpr uint64_t kMaxLocalBytes = 512 << 10;
constexpr uint64_t kMaxParamBytes = 32764;
// The offsets of a CTA's shared window.
constexpr uint64_t kMaxSharedOffset = kSharedOffsetMask;

llvm::Error ErrorAtVariable(const ptx::Variable& variable, const llvm::Twine& message) {
  return llvm::make_error<PtxError>(variable.line, 1, variable.name, message.str());
}

void ForEachSymbol(const ptx::Operand& operand,
                   llvm::function_ref<void(const ptx::Operand&)> visit) {
  if (operand.kind == ptx::OperandKind::kSymbol) visit(operand);
  for (const ptx::Operand& element : operand.list) ForEachSymbol(element, visit);
}

}  // namespace

class LayoutBuilder {
 public:
  LayoutBuilder(const ptx::Module& module, const std::vector<int32_t>& reachable, Program& program)
      : module_(module), reachable_(reachable), program_(program) {}

  llvm::Expected<Layout> Build() {
    if (llvm::Error error = PlaceEntryParameters()) return error;
    if (llvm::Error error = PlaceModule()) return error;
    if (llvm::Error error = PlaceShared()) return error;
    for (const int32_t f : reachable_) PlaceFrame(f);
    for (const int32_t f : reachable_) {
      if (llvm::Error error = BindCalls(f)) return error;
    }
    if (local_end_ > kMaxLocalBytes) {
      return ErrorAtEntry("local memory of " + llvm::Twine(local_end_) + " bytes is above 512 KiB");
    }
    program_.local_bytes = static_cast<uint32_t>(local_end_);
    return std::move(layout_);
  }

 private:
  const ptx::Function& entry() const { return module_.functions[reachable_.front()]; }

  llvm::Error ErrorAtEntry(const llvm::Twine& message) const {
    return llvm::make_error<PtxError>(entry().line, 1, entry().name, message.str());
  }

  llvm::Error PlaceEntryParameters() {
    Layout::Frame& frame = layout_.of_function_[reachable_.front()];
    uint64_t end = 0;
    for (const ptx::Variable& parameter : entry().parameters) {
      end = llvm::alignTo(end, parameter.align);
      frame.parameters.push_back(end);
      if (end + parameter.bytes > kMaxParamBytes) {
        return ErrorAtVariable(parameter, "parameters above 32764 bytes");
      }
      program_.params.push_back(
          {static_cast<uint32_t>(end), static_cast<uint32_t>(parameter.bytes)});
      end += parameter.bytes;
    }
    program_.param_bytes = static_cast<uint32_t>(end);
    return llvm::Error::success();
  }

  llvm::Error PlaceModule() {
    uint64_t end = kModuleBase;
    for (const ptx::Variable& variable : module_.variables) {
      const bool placed =
          (variable.space == ptx::Space::kGlobal || variable.space == ptx::Space::kConst) &&
          variable.linkage != ptx::Linkage::kExtern;
      layout_.module_.push_back(kNoAddress);
      if (!placed) continue;
      end = llvm::alignTo(end, variable.align);
      layout_.module_.back() = end;
      VariableInfo info;
      info.name = variable.name.str();
      info.constant = variable.space == ptx::Space::kConst;
      info.align = static_cast<uint32_t>(variable.align);
      info.bytes = variable.bytes;
      info.init = variable.initial;
      info.address = end;
      program_.variables.push_back(std::move(info));
      end += variable.bytes;
      if (end - kModuleBase > ptx::ParseLimits::kVariableBytes) {
        return ErrorAtVariable(variable, "the module's variables are above 1 GiB");
      }
    }
    return Relocate();
  }

  llvm::Error Relocate() {
    size_t placed = 0;
    for (size_t v = 0; v < module_.variables.size(); ++v) {
      if (layout_.module_[v] == kNoAddress) continue;
      VariableInfo& info = program_.variables[placed++];
      for (const ptx::Relocation& relocation : module_.variables[v].relocations) {
        const bool known = relocation.symbol == SymbolKind::kModuleVariable &&
                           layout_.module_[relocation.index] != kNoAddress;
        if (!known) {
          return ErrorAtVariable(module_.variables[v],
                                 "unsupported: the address of " + relocation.name);
        }
        // Global and constant addresses are their generic addresses.
        const uint64_t value =
            (layout_.module_[relocation.index] + static_cast<uint64_t>(relocation.addend)) >>
            relocation.shift;
        for (uint32_t i = 0; i < relocation.bytes; ++i) {
          info.init[relocation.offset + i] = static_cast<uint8_t>(value >> (8 * i));
        }
      }
    }
    return llvm::Error::success();
  }

  // Static variables that the program names, then the dynamic ones, which all start after them.
  llvm::Error PlaceShared() {
    uint64_t end = kSharedReserved;
    uint64_t dynamic_align = 1;
    const std::set<int32_t> named = NamedModuleVariables();
    for (const int32_t v : named) {
      const ptx::Variable& variable = module_.variables[v];
      if (variable.space != ptx::Space::kShared) continue;
      if (variable.unsized) {
        dynamic_align = std::max(dynamic_align, variable.align);
      } else if (llvm::Error error = Place(variable, layout_.module_[v], end)) {
        return error;
      }
    }
    for (const int32_t f : reachable_) {
      const std::vector<ptx::Variable>& variables = module_.functions[f].variables;
      std::vector<uint64_t>& addresses = layout_.of_function_[f].variables;
      addresses.assign(variables.size(), kNoAddress);
      for (size_t v = 0; v < variables.size(); ++v) {
        if (variables[v].space != ptx::Space::kShared) continue;
        if (llvm::Error error = Place(variables[v], addresses[v], end)) return error;
      }
    }
    end = llvm::alignTo(end, dynamic_align);
    for (const int32_t v : named) {
      const ptx::Variable& variable = module_.variables[v];
      if (variable.space == ptx::Space::kShared && variable.unsized) layout_.module_[v] = end;
    }
    program_.static_shared_bytes = static_cast<uint32_t>(end - kSharedReserved);
    return llvm::Error::success();
  }

  std::set<int32_t> NamedModuleVariables() const {
    std::set<int32_t> named;
    for (const int32_t f : reachable_) {
      for (const ptx::Instruction& instruction : module_.functions[f].instructions) {
        for (const ptx::Operand& operand : instruction.operands) {
          ForEachSymbol(operand, [&](const ptx::Operand& symbol) {
            if (symbol.symbol == SymbolKind::kModuleVariable) named.insert(symbol.index);
          });
        }
      }
    }
    return named;
  }

  static llvm::Error Place(const ptx::Variable& variable, uint64_t& address, uint64_t& end) {
    address = llvm::alignTo(end, variable.align);
    end = address + variable.bytes;
    if (end <= kMaxSharedOffset) return llvm::Error::success();
    return ErrorAtVariable(variable, "shared memory above 16 MiB");
  }

  uint64_t TakeLocal(const ptx::Variable& variable) {
    const uint64_t address = llvm::alignTo(local_end_, variable.align);
    local_end_ = address + variable.bytes;
    return address;
  }

  // Without recursion, each function has one frame at a place of its own.
  void PlaceFrame(int32_t index) {
    const ptx::Function& function = module_.functions[index];
    Layout::Frame& frame = layout_.of_function_[index];
    for (size_t v = 0; v < function.variables.size(); ++v) {
      if (function.variables[v].space != ptx::Space::kLocal) continue;
      frame.variables[v] = TakeLocal(function.variables[v]);
    }
    for (const ptx::Variable& variable : function.returns) {
      frame.returns.push_back(kParamInFrame | TakeLocal(variable));
    }
    if (function.entry) return;
    for (const ptx::Variable& variable : function.parameters) {
      frame.parameters.push_back(kParamInFrame | TakeLocal(variable));
    }
  }

  // A caller's .param variable is the place of the parameter that it is passed to.
  llvm::Error BindCalls(int32_t caller) {
    const ptx::Function& function = module_.functions[caller];
    for (const ptx::Instruction& instruction : function.instructions) {
      if (instruction.opcode != "call") continue;
      if (llvm::Error error = BindCall(caller, instruction)) return error;
    }
    Layout::Frame& frame = layout_.of_function_[caller];
    for (size_t v = 0; v < function.variables.size(); ++v) {
      if (frame.variables[v] != kNoAddress) continue;
      frame.variables[v] = kParamInFrame | TakeLocal(function.variables[v]);
    }
    return llvm::Error::success();
  }

  llvm::Error BindCall(int32_t caller, const ptx::Instruction& instruction) {
    const int32_t callee = CalledFunction(module_, instruction.operands[1]);
    const ptx::Function& function = module_.functions[callee];
    if (!function.defined) return llvm::Error::success();  // A system call: it has no frame.
    const Layout::Frame& frame = layout_.of_function_[callee];
    if (llvm::Error error = BindList(caller, instruction, instruction.operands[0], function.returns,
                                     frame.returns)) {
      return error;
    }
    return BindList(caller, instruction, instruction.operands[2], function.parameters,
                    frame.parameters);
  }

  llvm::Error BindList(int32_t caller, const ptx::Instruction& instruction,
                       const ptx::Operand& arguments, const std::vector<ptx::Variable>& formals,
                       const std::vector<uint64_t>& addresses) {
    if (arguments.list.size() != formals.size()) {
      return ErrorAt(instruction, "the call has " + llvm::Twine(arguments.list.size()) +
                                      " arguments or results where the function has " +
                                      llvm::Twine(formals.size()));
    }
    for (size_t i = 0; i < formals.size(); ++i) {
      if (llvm::Error error =
              Bind(caller, instruction, arguments.list[i], formals[i], addresses[i])) {
        return error;
      }
    }
    return llvm::Error::success();
  }

  llvm::Error Bind(int32_t caller, const ptx::Instruction& instruction,
                   const ptx::Operand& argument, const ptx::Variable& formal, uint64_t address) {
    const bool variable = argument.kind == ptx::OperandKind::kSymbol &&
                          argument.symbol == SymbolKind::kFunctionVariable;
    if (!variable || formal.space != ptx::Space::kParam) {
      return ErrorAt(instruction, "unsupported: an argument that is no .param variable");
    }
    const ptx::Variable& actual = module_.functions[caller].variables[argument.index];
    if (actual.space != ptx::Space::kParam || actual.bytes != formal.bytes) {
      return ErrorAt(instruction, argument.name + " does not fit parameter " + formal.name);
    }
    uint64_t& bound = layout_.of_function_[caller].variables[argument.index];
    if (bound != kNoAddress && bound != address) {
      return ErrorAt(instruction, "unsupported: " + argument.name + " is passed in several places");
    }
    bound = address;
    return llvm::Error::success();
  }

  const ptx::Module& module_;
  const std::vector<int32_t>& reachable_;
  Program& program_;
  Layout layout_;
  uint64_t local_end_ = 0;
};

llvm::Expected<Layout> Layout::Make(const ptx::Module& module,
                                    const std::vector<int32_t>& reachable, Program& program) {
  return LayoutBuilder(module, reachable, program).Build();
}

}  // namespace attnjit::emulator
