#include "tests/emulator/mutants/mutation.h"

#include <algorithm>
#include <regex>

#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringExtras.h"

namespace attnjit::emulator {
namespace {

/// A fault: statements that match `pattern` become `replacement` ($1 .. are the pattern's groups).
struct Operator {
  const char* name;
  const char* pattern;  ///< Of one statement, without its semicolon and guard.
  const char* replacement;
};

// A register of its own for a changed operand: { } opens a scope.
#define CHANGED(op, value, amount, statement) \
  "{ .reg .b32 %changed; " op " %changed, " value ", " amount "; " statement "; }"
#define CHANGED64(op, value, amount, statement) \
  "{ .reg .b64 %changed; " op " %changed, " value ", " amount "; " statement "; }"

constexpr Operator kOperators[] = {
    // Waits and fences that are missing.
    {"drop fence.proxy.async", R"(fence\.proxy\.async\S*)", ""},
    {"drop wgmma.fence", R"(wgmma\.fence\S*)", ""},
    {"drop wgmma.commit_group", R"(wgmma\.commit_group\S*)", ""},
    {"drop wgmma.wait_group", R"(wgmma\.wait_group\S* \d+)", ""},
    {"wait for one wgmma group less", R"((wgmma\.wait_group\S*) 0)", "$1 1"},
    {"do not wait for mbarrier", R"(mbarrier\.try_wait\S* (\S+), \[\S+\], \S+)",
     "setp.eq.u32 $1, 0, 0"},
    {"wait for the other parity", R"((mbarrier\.try_wait\S* \S+, \[\S+\]), (\S+))",
     CHANGED("xor.b32", "$2", "1", "$1, %changed")},
    {"drop bulk wait_group", R"(cp\.async\.bulk\.wait_group\S* \d+)", ""},
    {"drop bulk commit_group", R"(cp\.async\.bulk\.commit_group)", ""},
    {"drop cp.async.wait_group", R"(cp\.async\.wait_group \d+)", ""},
    {"wait for one cp.async group less", R"(cp\.async\.wait_group (\d+))",
     "cp.async.wait_group 1$1"},
    {"drop cp.async.commit_group", R"(cp\.async\.commit_group)", ""},
    // Barriers.
    {"drop bar.sync", R"(bar\.sync\s+.*)", ""},
    {"drop bar.arrive", R"(bar\.arrive\s+.*)", ""},
    {"bar.sync for 32 threads more", R"((bar\.sync\s+\S+), (\S+))",
     CHANGED("add.u32", "$2", "32", "$1, %changed")},
    {"drop bar.warp.sync", R"(bar\.warp\.sync\s+.*)", ""},
    // mbarriers.
    {"drop mbarrier.init", R"(mbarrier\.init\S* .*)", ""},
    {"mbarrier.init with one arrival more", R"((mbarrier\.init\S* \[\S+\]), (\S+))",
     CHANGED("add.u32", "$2", "1", "$1, %changed")},
    {"drop mbarrier.arrive", R"(mbarrier\.arrive\.(release\.cluster\.)?shared\S* .*)", ""},
    {"arrive twice", R"((mbarrier\.arrive\.(release\.cluster\.)?shared\S* .*))", "$1; $1"},
    {"arrive in the other CTA", R"((mapa\S* \S+, \S+), (\S+))",
     CHANGED("xor.b32", "$2", "1", "$1, %changed")},
    {"drop barrier.cluster.arrive", R"(barrier\.cluster\.arrive\S*)", ""},
    {"expect 16 bytes more", R"((mbarrier\.arrive\.expect_tx\S* \S+ \[\S+\]), (\S+))",
     CHANGED("add.u32", "$2", "16", "$1, %changed")},
    {"expect 16 bytes less", R"((mbarrier\.arrive\.expect_tx\S* \S+ \[\S+\]), (\S+))",
     CHANGED("sub.u32", "$2", "16", "$1, %changed")},
    {"all lanes act for one", R"(elect\.sync _\|(\S+), \S+)", "setp.eq.u32 $1, 0, 0"},
    // Copies.
    {"drop tensor copy", R"(cp\.async\.bulk\.tensor\S* .*)", ""},
    {"tensor store 128 bytes further",
     R"((cp\.async\.bulk\.tensor\S*global\.shared::cta\S* .*\}\]), \[(\S+)\])",
     CHANGED("add.u32", "$2", "128", "$1, [%changed]")},
    {"tensor load 128 bytes further",
     R"((cp\.async\.bulk\.tensor\S*shared::cluster\.global\S*) \[(\S+)\](.*))",
     CHANGED("add.u32", "$2", "128", "$1 [%changed]$3")},
    {"tensor copy one element off", R"((cp\.async\.bulk\.tensor\S* .*\{)(\S+),(.*))",
     CHANGED("add.u32", "$2", "1", "$1%changed,$3")},
    {"cp.async 16 bytes further", R"((cp\.async\.c[ag]\S*) \[([^\]\s+]+)(.*))",
     CHANGED("add.u32", "$2", "16", "$1 [%changed$3")},
    {"drop cp.async", R"(cp\.async\.c[ag]\S* .*)", ""},
    // Operands of products.
    {"wgmma A descriptor 32 bytes off", R"((wgmma\.mma_async\S* .*\}, )(%rd\d+), (%rd\d+)(, .*))",
     CHANGED64("add.u64", "$2", "2", "$1%changed, $3$4")},
    {"wgmma B descriptor 32 bytes off", R"((wgmma\.mma_async\S* .*, )(%rd\d+)(, [^%{}]*|, p, .*))",
     CHANGED64("add.u64", "$2", "2", "$1%changed$3")},
    {"wgmma B descriptor with another swizzle",
     R"((wgmma\.mma_async\S* .*, )(%rd\d+)(, [^%{}]*|, p, .*))",
     CHANGED64("xor.b64", "$2", "0x4000000000000000", "$1%changed$3")},
    {"wgmma B descriptor with another stride",
     R"((wgmma\.mma_async\S* .*, )(%rd\d+)(, [^%{}]*|, p, .*))",
     CHANGED64("xor.b64", "$2", "0x0000002000000000", "$1%changed$3")},
    {"ldmatrix 16 bytes off", R"((ldmatrix\S* \{.*\}), \[([^\]\s+]+)(.*))",
     CHANGED("xor.b32", "$2", "16", "$1, [%changed$3")},
    {"stmatrix 16 bytes off", R"((stmatrix\S*) \[([^\]\s+]+)(.*))",
     CHANGED("xor.b32", "$2", "16", "$1 [%changed$3")},
    {"ldmatrix not transposed", R"((ldmatrix\S*)\.trans(\S* .*))", "$1$2"},
    // Tensor memory.
    {"drop tcgen05.wait::st", R"(tcgen05\.wait::st\S*)", ""},
    {"drop tcgen05.wait::ld", R"(tcgen05\.wait::ld\S*)", ""},
    {"drop tcgen05.fence::before", R"(tcgen05\.fence::before\S*)", ""},
    {"drop tcgen05.fence::after", R"(tcgen05\.fence::after\S*)", ""},
    {"drop tcgen05.commit", R"(tcgen05\.commit\S* .*)", ""},
    {"tcgen05.commit in one CTA", R"((tcgen05\.commit\S*multicast\S* \[\S+\]), (\S+))",
     "{ .reg .b16 %one; mov.b16 %one, 1; $1, %one; }"},
    {"drop tcgen05.dealloc", R"(tcgen05\.dealloc\S* .*)", ""},
    {"tcgen05.ld one column off", R"((tcgen05\.ld\S* \{.*\}), \[([^\]\s+]+)(.*))",
     CHANGED("xor.b32", "$2", "1", "$1, [%changed$3")},
    {"tcgen05.st one column off", R"((tcgen05\.st\S*) \[([^\]\s+]+)(.*))",
     CHANGED("xor.b32", "$2", "1", "$1 [%changed$3")},
    {"drop tcgen05.mma", R"(tcgen05\.mma\S* .*)", ""},
    {"tcgen05.mma into another column", R"((tcgen05\.mma\S*) \[([^\]\s+]+)(.*))",
     CHANGED("xor.b32", "$2", "1", "$1 [%changed$3")},
    {"tcgen05.mma with P one column off", R"((tcgen05\.mma\S* \[\S+\]), \[([^\]\s+]+)(.*))",
     CHANGED("xor.b32", "$2", "1", "$1, [%changed$3")},
    {"tcgen05.mma A descriptor 32 bytes off", R"((tcgen05\.mma\S* \[\S+\]), ([^\[,\s]+)(, .*))",
     CHANGED64("add.u64", "$2", "2", "$1, %changed$3")},
    {"tcgen05.mma B descriptor 32 bytes off", R"((tcgen05\.mma\S* \[\S+\], \S+), ([^,\s]+)(, .*))",
     CHANGED64("add.u64", "$2", "2", "$1, %changed$3")},
    {"tcgen05.mma B descriptor with another swizzle",
     R"((tcgen05\.mma\S* \[\S+\], \S+), ([^,\s]+)(, .*))",
     CHANGED64("xor.b64", "$2", "0xC000000000000000", "$1, %changed$3")},
    {"tcgen05.mma B descriptor with another stride",
     R"((tcgen05\.mma\S* \[\S+\], \S+), ([^,\s]+)(, .*))",
     CHANGED64("xor.b64", "$2", "0x0000002000000000", "$1, %changed$3")},
    {"tcgen05.mma with B transposed", R"((tcgen05\.mma\S* \[\S+\], \S+, \S+), ([^,\s]+)(, .*))",
     CHANGED("xor.b32", "$2", "0x10000", "$1, %changed$3")},
    // Registers.
    {"setmaxnreg asks for 8 more", R"(setmaxnreg\.inc(\S*) 232)", "setmaxnreg.inc$1 240"},
    {"setmaxnreg asks for 8 more", R"(setmaxnreg\.inc(\S*) 192)", "setmaxnreg.inc$1 200"},
    {"setmaxnreg gives 8 less", R"(setmaxnreg\.dec(\S*) 40)", "setmaxnreg.dec$1 48"},
    {"setmaxnreg gives 8 less", R"(setmaxnreg\.dec(\S*) 48)", "setmaxnreg.dec$1 56"},
};

#undef CHANGED
#undef CHANGED64

/// A statement inside the text.
struct Statement {
  size_t offset = 0;  ///< Of the text without guard and blanks.
  size_t size = 0;    ///< Without the semicolon.
  int line = 0;
};

/// Statements of function bodies: what ends in a semicolon on one line.
std::vector<Statement> FindStatements(llvm::StringRef ptx) {
  std::vector<Statement> statements;
  size_t offset = 0;
  int line = 0;
  while (offset < ptx.size()) {
    const size_t end = std::min(ptx.find('\n', offset), ptx.size());
    llvm::StringRef text = ptx.slice(offset, end);
    ++line;
    while (true) {
      const size_t semicolon = text.find(';');
      if (semicolon == llvm::StringRef::npos) break;
      llvm::StringRef statement = text.take_front(semicolon).ltrim("{ \t");
      if (statement.startswith("@"))
        statement = statement.drop_until([](char c) { return c == ' ' || c == '\t'; }).ltrim();
      statements.push_back(
          {static_cast<size_t>(statement.data() - ptx.data()), statement.size(), line});
      text = text.drop_front(semicolon + 1);
    }
    offset = end + 1;
  }
  return statements;
}

/// Whether a statement tells where it stands.
bool IsLandmark(llvm::StringRef statement) {
  constexpr const char* kOpcodes[] = {"bar.",     "cp.",       "elect.", "fence.",  "ldmatrix.",
                                      "mbarrier", "mma.",      "ret",    "setmax",  "stmatrix.",
                                      "vote.",    "st.global", "wgmma.", "tcgen05."};
  return std::any_of(std::begin(kOpcodes), std::end(kOpcodes),
                     [&](const char* opcode) { return statement.startswith(opcode); });
}

/// Mutant::context of statements[at].
std::string Context(llvm::StringRef ptx, const std::vector<Statement>& statements, size_t at) {
  const auto text = [&](size_t i) {
    return ptx.substr(statements[i].offset, statements[i].size).take_front(60).str();
  };
  std::string before, after;
  size_t found = 0;
  for (size_t i = at; i-- > 0 && found < kContextStatements;) {
    if (!IsLandmark(text(i))) continue;
    before = text(i) + "; " + before;
    ++found;
  }
  found = 0;
  for (size_t i = at + 1; i < statements.size() && found < kContextStatements; ++i) {
    if (!IsLandmark(text(i))) continue;
    after += "; " + text(i);
    ++found;
  }
  return before + "| " + text(at) + " |" + after;
}

Mutant MakeMutant(llvm::StringRef ptx, const Statement& statement, const Operator& op, int number,
                  const std::string& replacement) {
  Mutant mutant;
  mutant.name = std::string(op.name) + " #" + std::to_string(number);
  mutant.line = statement.line;
  mutant.statement = ptx.substr(statement.offset, statement.size).str();
  // A replacement that opens a scope ends in its brace, and one that is empty in nothing: the
  // semicolon goes.
  const bool whole = replacement.empty() || replacement.front() == '{';
  const size_t after = statement.offset + statement.size + (whole ? 1 : 0);
  mutant.ptx = ptx.take_front(statement.offset).str() + replacement + ptx.drop_front(after).str();
  return mutant;
}

bool IsGuarded(llvm::StringRef ptx, size_t offset) {
  const size_t start = ptx.take_front(offset).find_last_of(";\n{") + 1;
  return ptx.slice(start, offset).ltrim().startswith("@");
}

}  // namespace

std::vector<Mutant> MakeMutants(llvm::StringRef ptx) {
  const std::vector<Statement> statements = FindStatements(ptx);
  std::vector<Mutant> mutants;
  for (const Operator& op : kOperators) {
    const std::regex pattern(op.pattern, std::regex::optimize);
    int number = 0;
    for (size_t i = 0; i < statements.size(); ++i) {
      const Statement& statement = statements[i];
      // Guarded statements cannot become several.
      if (IsGuarded(ptx, statement.offset)) continue;
      const std::string text = ptx.substr(statement.offset, statement.size).str();
      std::smatch match;
      if (!std::regex_match(text, match, pattern)) continue;
      mutants.push_back(MakeMutant(ptx, statement, op, ++number, match.format(op.replacement)));
      mutants.back().context = Context(ptx, statements, i);
    }
  }
  return mutants;
}

}  // namespace attnjit::emulator
