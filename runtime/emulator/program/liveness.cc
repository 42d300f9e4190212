#include "runtime/emulator/program/liveness.h"

#include <algorithm>
#include <bit>
#include <set>

namespace attnjit::emulator {
namespace {

using ptx::Function;
using ptx::Instruction;
using ptx::Operand;
using ptx::OperandKind;

using Bits = std::vector<uint64_t>;

bool Test(const Bits& bits, uint32_t i) { return (bits[i / 64] >> (i % 64) & 1) != 0; }
void Set(Bits& bits, uint32_t i) { bits[i / 64] |= uint64_t{1} << (i % 64); }

// Opcodes whose first operand is written and not read.
bool WritesFirstOperand(llvm::StringRef opcode) {
  static constexpr const char* kOpcodes[] = {
      "abs",  "add",  "addc", "and",  "bfe",   "bfi",  "bfind", "brev",  "clz",      "copysign",
      "cnot", "cos",  "cvt",  "cvta", "div",   "dp2a", "dp4a",  "ex2",   "fma",      "fns",
      "ld",   "ldu",  "lg2",  "lop3", "mad",   "madc", "mapa",  "max",   "min",      "mma",
      "mov",  "mul",  "neg",  "not",  "or",    "popc", "prmt",  "rcp",   "redux",    "rem",
      "sad",  "selp", "set",  "setp", "shf",   "shfl", "shl",   "shr",   "sin",      "slct",
      "sqrt", "sub",  "subc", "tanh", "rsqrt", "vote", "xor",   "elect", "ldmatrix", "isspacep"};
  return std::find(std::begin(kOpcodes), std::end(kOpcodes), opcode) != std::end(kOpcodes);
}

bool EndsFlow(const Instruction& instruction) {
  if (instruction.guard >= 0) return false;
  const llvm::StringRef opcode = instruction.opcode;
  return opcode == "bra" || opcode == "brx" || opcode == "ret" || opcode == "exit" ||
         opcode == "trap";
}

// Registers that the instruction reads, and those that it always writes and does not read.
struct Effects {
  std::vector<uint32_t> reads;
  std::vector<uint32_t> kills;
};

Effects EffectsOf(const Instruction& instruction) {
  Effects effects;
  const bool writes = WritesFirstOperand(instruction.opcode);
  std::vector<uint32_t> written;
  for (size_t i = 0; i < instruction.operands.size(); ++i) {
    const Operand& operand = instruction.operands[i];
    // [a]: an address is read also where it stands first.
    const bool destination = i == 0 && writes && operand.kind != OperandKind::kAddress;
    ForEachRegister(operand, [&](int32_t reg) {
      (destination ? written : effects.reads).push_back(static_cast<uint32_t>(reg));
    });
  }
  if (instruction.guard >= 0) {
    effects.reads.push_back(static_cast<uint32_t>(instruction.guard));
  } else {
    effects.kills = std::move(written);
  }
  return effects;
}

struct Block {
  uint32_t begin = 0;
  uint32_t end = 0;
  std::vector<uint32_t> successors;
  Bits reads, kills, live_in, live_out;  // `reads`: before any kill in the block.
};

class Liveness {
 public:
  explicit Liveness(const Function& function)
      : function_(function), words_((function.registers.size() + 63) / 64) {}

  std::vector<LiveRange> Find() {
    FindBlocks();
    std::vector<LiveRange> ranges(function_.registers.size());
    const bool feasible = blocks_.size() * words_ <= kMaxWords;
    if (feasible) {
      for (Block& block : blocks_) Summarise(block);
      Propagate();
    }
    for (uint32_t i = 0; i < function_.instructions.size(); ++i) Name(i, feasible, ranges);
    if (feasible) {
      for (const Block& block : blocks_) Extend(block, ranges);
    }
    return ranges;
  }

 private:
  // Of all blocks' sets together; beyond it every register counts as live everywhere.
  static constexpr size_t kMaxWords = size_t{1} << 22;

  uint32_t size() const { return static_cast<uint32_t>(function_.instructions.size()); }

  void FindBlocks() {
    std::set<uint32_t> leaders = {0};
    for (const ptx::Label& label : function_.labels) leaders.insert(label.instruction);
    for (uint32_t i = 0; i < size(); ++i) {
      const llvm::StringRef opcode = function_.instructions[i].opcode;
      if (EndsFlow(function_.instructions[i]) || opcode == "bra" || opcode == "brx") {
        leaders.insert(i + 1);
      }
    }
    leaders.erase(leaders.lower_bound(size()), leaders.end());
    block_of_.resize(size());
    for (auto leader = leaders.begin(); leader != leaders.end(); ++leader) {
      Block block;
      block.begin = *leader;
      block.end = std::next(leader) != leaders.end() ? *std::next(leader) : size();
      for (uint32_t i = block.begin; i < block.end; ++i) {
        block_of_[i] = static_cast<uint32_t>(blocks_.size());
      }
      blocks_.push_back(std::move(block));
    }
    for (Block& block : blocks_) FindSuccessors(block);
  }

  void FindSuccessors(Block& block) {
    const Instruction& last = function_.instructions[block.end - 1];
    if (!EndsFlow(last) && block.end < size()) block.successors.push_back(block_of_[block.end]);
    if (last.opcode != "bra" && last.opcode != "brx") return;
    for (const Operand& operand : last.operands) {
      if (operand.symbol == ptx::SymbolKind::kLabel) AddTarget(block, operand.index);
      if (operand.symbol != ptx::SymbolKind::kBranchTable) continue;
      for (const uint32_t label : function_.branch_tables[operand.index].labels) {
        AddTarget(block, static_cast<int32_t>(label));
      }
    }
  }

  void AddTarget(Block& block, int32_t label) {
    const uint32_t target = function_.labels[label].instruction;
    if (target < size()) block.successors.push_back(block_of_[target]);
  }

  void Summarise(Block& block) {
    for (Bits* bits : {&block.reads, &block.kills, &block.live_in, &block.live_out}) {
      bits->assign(words_, 0);
    }
    for (uint32_t i = block.begin; i < block.end; ++i) {
      const Effects effects = EffectsOf(function_.instructions[i]);
      for (const uint32_t reg : effects.reads) {
        if (!Test(block.kills, reg)) Set(block.reads, reg);
      }
      for (const uint32_t reg : effects.kills) Set(block.kills, reg);
    }
    block.live_in = block.reads;
  }

  void Propagate() {
    for (bool changed = true; changed;) {
      changed = false;
      for (size_t b = blocks_.size(); b-- > 0;) changed |= Update(blocks_[b]);
    }
  }

  bool Update(Block& block) {
    bool changed = false;
    for (size_t w = 0; w < words_; ++w) {
      uint64_t out = 0;
      for (const uint32_t successor : block.successors) out |= blocks_[successor].live_in[w];
      const uint64_t in = block.reads[w] | (out & ~block.kills[w]);
      changed |= in != block.live_in[w];
      block.live_out[w] = out;
      block.live_in[w] = in;
    }
    return changed;
  }

  static void Add(uint32_t at, LiveRange& range) {
    range = range.used() ? LiveRange{std::min(range.first, at), std::max(range.last, at)}
                         : LiveRange{at, at};
  }

  void Name(uint32_t i, bool feasible, std::vector<LiveRange>& ranges) const {
    const Instruction& instruction = function_.instructions[i];
    const auto add = [&](int32_t reg) {
      Add(i, ranges[reg]);
      if (!feasible) ranges[reg] = {0, size()};
    };
    for (const Operand& operand : instruction.operands) ForEachRegister(operand, add);
    if (instruction.guard >= 0) add(instruction.guard);
  }

  void Extend(const Block& block, std::vector<LiveRange>& ranges) const {
    for (size_t w = 0; w < words_; ++w) {
      for (uint64_t in = block.live_in[w]; in != 0; in &= in - 1) {
        Add(block.begin, ranges[w * 64 + std::countr_zero(in)]);
      }
      for (uint64_t out = block.live_out[w]; out != 0; out &= out - 1) {
        Add(block.end - 1, ranges[w * 64 + std::countr_zero(out)]);
      }
    }
  }

  const Function& function_;
  size_t words_;
  std::vector<Block> blocks_;
  std::vector<uint32_t> block_of_;
};

}  // namespace

void ForEachRegister(const Operand& operand, llvm::function_ref<void(int32_t)> visit) {
  if (operand.kind == OperandKind::kRegister) visit(operand.index);
  for (const Operand& element : operand.list) ForEachRegister(element, visit);
}

std::vector<LiveRange> FindLiveRanges(const Function& function) {
  return Liveness(function).Find();
}

}  // namespace attnjit::emulator
