// Bad text: every failure is located, none takes memory or stack out of proportion.
#include <gtest/gtest.h>

#include "tests/emulator/ptx/parse_or_fail.h"

namespace attnjit::emulator::ptx {
namespace {

std::string Repeat(const std::string& text, size_t count) {
  std::string result;
  for (size_t i = 0; i < count; ++i) result += text;
  return result;
}

TEST(PtxError, SaysLineColumnProblemAndText) {
  const std::string text = EntryText("  add.u32 %r1, %r2 %r3;");
  EXPECT_EQ(llvm::toString(ParsePtx(text).takeError()),
            "ptx:6:20: expected ',' or ';': add.u32 %r1, %r2 %r3;");
}

TEST(PtxError, ShowsPrintableTextOnly) {
  const Problem problem = ProblemOf(ModuleText("\t.bad\x01\xff\r\n"));
  EXPECT_EQ(problem.text, ".bad??");
  EXPECT_LE(ProblemOf(ModuleText(".bad " + Repeat("x ", 1000))).text.size(), 160u);
}

TEST(PtxError, RefusesUnknownHeaders) {
  EXPECT_EQ(ProblemOf("").message, "PTX starts with .version");
  EXPECT_EQ(ProblemOf(".version 19.0").message, "unknown PTX version 19.0; 6.0 to 9.1 are known");
  EXPECT_EQ(ProblemOf(".version 8.9").message, "unknown PTX version 8.9; 6.0 to 9.1 are known");
  EXPECT_EQ(ProblemOf(".version 9").message, "expected a version such as 9.0");
  EXPECT_EQ(ProblemOf(".version 9.0\n.target sm_42").message, "unknown target sm_42");
  EXPECT_EQ(ProblemOf(".version 9.0\n.target sm_90, map_f64_to_f32").message,
            "unsupported target option map_f64_to_f32");
  EXPECT_EQ(ProblemOf(".version 9.0\n.target sm_90\n.address_size 32").message,
            "only .address_size 64 is supported");
  EXPECT_EQ(ProblemOf(".version 9.0\n.target sm_90\n").message,
            "32-bit addresses are not supported: expected .address_size 64");
}

TEST(PtxError, RefusesUnknownDirectives) {
  EXPECT_EQ(ProblemOf(ModuleText(".texref t;")).message, "unknown directive .texref");
  EXPECT_EQ(ProblemOf(EntryText(".bogus 1;")).message, "unknown directive .bogus");
  EXPECT_EQ(ProblemOf(ModuleText(".entry k() .bogus { ret; }")).message,
            "unknown directive .bogus");
  EXPECT_EQ(ProblemOf(ModuleText(".entry k() { P: .callprototype _ (); }")).message,
            "unsupported: calls through a function's address");
}

TEST(PtxError, RefusesMalformedTokens) {
  const auto problem = [](const std::string& body) { return ProblemOf(EntryText(body)).message; };
  EXPECT_EQ(problem("mov.u32 %r1, 0x;"), "malformed integer, or one of more than 64 bits");
  EXPECT_EQ(problem("mov.u32 %r1, 0x12345678912345678;"),
            "malformed integer, or one of more than 64 bits");
  EXPECT_EQ(problem("mov.u32 %r1, 089;"), "malformed integer, or one of more than 64 bits");
  EXPECT_EQ(problem("mov.f32 %f1, 0f3F8;"), "0f takes 8 hexadecimal digits");
  EXPECT_EQ(problem("mov.f64 %rd1, 0d3F8;"), "0d takes 16 hexadecimal digits");
  EXPECT_EQ(problem("mov.f32 %f1, 1e;"), "exponent without digits");
  EXPECT_EQ(problem("/* never closed"), "comment without end");
  EXPECT_EQ(problem(".pragma \"never closed;"), "string without end");
  EXPECT_EQ(problem("mov.u32 %r1, `;"), "unexpected character");
}

TEST(PtxError, RefusesMalformedOperands) {
  const auto problem = [](const std::string& body) { return ProblemOf(EntryText(body)).message; };
  EXPECT_EQ(problem("@%r1 ret;"), "a guard is a predicate register");
  EXPECT_EQ(problem("mov.u32 %r1, [1.5];"), "not the base of an address");
  EXPECT_EQ(problem("mov.u32 %r1.x, 1;"), "unknown component");
  EXPECT_EQ(problem("mov.u32 %r1, %tid.q;"), "unknown component");
  EXPECT_EQ(problem("mov.u32 %r1, %laneid.x;"), "unknown component");
  EXPECT_EQ(problem("mov.u32 %r1, ;"), "expected an operand");
  EXPECT_EQ(problem("mov.u32 %r1, {%r1, %r2;"), "expected '}'");
  EXPECT_EQ(problem("not.pred %p1, 5|%p2;"), "expected a constant");
}

TEST(PtxError, LocatesTheEndOfATruncatedText) {
  const std::string whole = EntryText("{ mov.u32 %r1, 1; }\nret;");
  for (size_t size = 0; size + 2 < whole.size(); ++size) {
    const Problem problem = ProblemOf(whole.substr(0, size));
    EXPECT_FALSE(problem.message.empty() && size > 60) << whole.substr(0, size);
  }
  EXPECT_EQ(ProblemOf(EntryText("{ ret;")).message, "the function has no closing '}'");
}

TEST(PtxError, EndsAtTheFirstZeroByte) {
  const Module module = ParseOrFail(EntryText("ret;") + std::string(1, '\0') + "garbage");
  EXPECT_EQ(module.functions.size(), 1u);
}

TEST(PtxLimit, BoundsNesting) {
  EXPECT_EQ(ProblemOf(EntryText(Repeat("{", 100000))).message, "scopes nested too deeply");
  EXPECT_EQ(ProblemOf(EntryText("mov.b32 %r1, " + Repeat("{", 100000))).message,
            "operand nested too deeply");
  EXPECT_EQ(ProblemOf(EntryText("mov.b32 %r1, " + Repeat("(", 100000))).message,
            "expression nested too deeply");
  EXPECT_EQ(ProblemOf(EntryText("mov.b32 %r1, " + Repeat("- ", 100000))).message,
            "expression nested too deeply");
  EXPECT_EQ(ProblemOf(EntryText("mov.b32 %r1, " + Repeat("1 ? ", 100000))).message,
            "expression nested too deeply");
  EXPECT_EQ(ProblemOf(EntryText("mov.b32 %r1, " + Repeat("[", 100000))).message,
            "operand nested too deeply");
}

TEST(PtxLimit, BoundsRegistersModifiersAndText) {
  EXPECT_EQ(ProblemOf(EntryText(".reg .b32 x<4294967295>;")).message,
            "a number of registers is above 1048576");
  EXPECT_EQ(ProblemOf(EntryText(".reg .b32 x<1048576>;")).message, "too many registers");
  EXPECT_EQ(ProblemOf(EntryText("add" + Repeat(".x", 33) + " %r1;")).message, "too many modifiers");
  EXPECT_EQ(ProblemOf(std::string(ParseLimits::kTextBytes + 1, ' ')).message,
            "the text is above 64 MiB");
}

TEST(PtxLimit, BoundsInitialBytes) {
  EXPECT_EQ(ProblemOf(ModuleText(".global .b8 x[2][0x10000000] = {{1}, {1}};")).message,
            "initial values too large");
}

}  // namespace
}  // namespace attnjit::emulator::ptx
