// Variables, parameters, functions and their directives.
#include <gtest/gtest.h>

#include <bit>

#include "tests/emulator/ptx/parse_or_fail.h"

namespace attnjit::emulator::ptx {
namespace {

const Variable& Only(const Module& module) { return module.variables.at(0); }

std::vector<uint8_t> InitialOf(const std::string& declaration) {
  const Module module = ParseOrFail(ModuleText(declaration));
  return module.variables.empty() ? std::vector<uint8_t>() : module.variables.back().initial;
}

using Bytes = std::vector<uint8_t>;

TEST(PtxVariable, HasSpaceTypeAlignmentAndSize) {
  const Module module = ParseOrFail(ModuleText(".visible .const .align 16 .v4 .f32 table[3][2];"));
  const Variable& v = Only(module);
  EXPECT_EQ(v.name, "table");
  EXPECT_EQ(v.space, Space::kConst);
  EXPECT_EQ(v.type, Type::kF32);
  EXPECT_EQ(v.vector_width, 4u);
  EXPECT_EQ(v.align, 16u);
  EXPECT_EQ(v.bytes, 96u);
  EXPECT_EQ(v.linkage, Linkage::kVisible);
}

TEST(PtxVariable, AlignsNaturallyByDefault) {
  EXPECT_EQ(Only(ParseOrFail(ModuleText(".global .u64 x;"))).align, 8u);
  EXPECT_EQ(Only(ParseOrFail(ModuleText(".global .v2 .u32 x;"))).align, 8u);
}

TEST(PtxVariable, KeepsTheSizeOfDynamicSharedMemoryOpen) {
  const Module module = ParseOrFail(ModuleText(".extern .shared .align 1024 .b8 smem[];"));
  EXPECT_TRUE(Only(module).unsized);
  EXPECT_EQ(Only(module).bytes, 0u);
  EXPECT_EQ(Only(module).align, 1024u);
}

TEST(PtxInitialiser, WritesLittleEndianAndLeavesTheRestZero) {
  EXPECT_EQ(InitialOf(".global .u32 x[4] = {1, 0x01020304};"), (Bytes{1, 0, 0, 0, 4, 3, 2, 1}));
  EXPECT_EQ(InitialOf(".global .s16 x[2] = {-1, -2};"), (Bytes{255, 255, 254, 255}));
  EXPECT_EQ(InitialOf(".global .s32 x[3][2] = {{1}, {2, 3}};"),
            (Bytes{1, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0}));
}

TEST(PtxInitialiser, ConvertsFloats) {
  EXPECT_EQ(InitialOf(".global .f32 x = 0fFF800000;"), (Bytes{0, 0, 0x80, 0xff}));
  EXPECT_EQ(InitialOf(".global .f32 x = 1.5;"), (Bytes{0, 0, 0xc0, 0x3f}));
  EXPECT_EQ(InitialOf(".global .f32 x[1] = {.5};"), (Bytes{0, 0, 0, 0x3f}));
  EXPECT_EQ(InitialOf(".global .f64 x = 1.0;"), (Bytes{0, 0, 0, 0, 0, 0, 0xf0, 0x3f}));
  EXPECT_EQ(InitialOf(".global .b32 x = 0f3F800000;"), (Bytes{0, 0, 0x80, 0x3f}));
}

TEST(PtxInitialiser, CountsAnOpenFirstDimension) {
  const Module module = ParseOrFail(ModuleText(".global .s32 x[][2] = {{1, 2}, {3, 4}, {5}};"));
  EXPECT_EQ(Only(module).bytes, 24u);
  EXPECT_FALSE(Only(module).unsized);
}

TEST(PtxInitialiser, KeepsAddressesAsRelocations) {
  const Module module = ParseOrFail(
      ModuleText(".global .u32 a;\n.global .u64 p[3] = {a, generic(a)+8, a-4};\n"
                 ".global .u8 q[3] = {0xFF(a), 0xFF00(generic(a)+4), 0xFF00(131187)};"));
  const Variable& p = module.variables.at(1);
  ASSERT_EQ(p.relocations.size(), 3u);
  EXPECT_EQ(p.relocations[0].symbol, SymbolKind::kModuleVariable);
  EXPECT_EQ(p.relocations[0].index, 0);
  EXPECT_TRUE(p.relocations[1].generic);
  EXPECT_EQ(p.relocations[1].offset, 8u);
  EXPECT_EQ(p.relocations[1].addend, 8);
  EXPECT_EQ(p.relocations[2].addend, -4);
  const Variable& q = module.variables.at(2);
  ASSERT_EQ(q.relocations.size(), 2u);
  EXPECT_EQ(q.relocations[1].bytes, 1u);
  EXPECT_EQ(q.relocations[1].shift, 8u);
  EXPECT_EQ(q.relocations[1].addend, 4);
  EXPECT_EQ(q.initial, (Bytes{0, 0, 0}));  // 131187 is 0x20073.
}

TEST(PtxInitialiser, EvaluatesExpressionsAsTheIsaSays) {
  const auto value = [](const std::string& expression) {
    const Bytes bytes = InitialOf(".global .u64 x = " + expression + ";");
    uint64_t result = 0;
    for (size_t i = bytes.size(); i-- > 0;) result = result << 8 | bytes[i];
    return static_cast<int64_t>(result);
  };
  EXPECT_EQ(value("1 + 2 * 3"), 7);
  EXPECT_EQ(value("(1 + 2) * 3"), 9);
  EXPECT_EQ(value("-7 / 2"), -3);
  EXPECT_EQ(value("-1 > 0"), 0);
  EXPECT_EQ(value("-1 > 0U"), 1);  // Compared as unsigned.
  EXPECT_EQ(value("-8 >> 1"), -4);
  EXPECT_EQ(value("(.u64)-8 >> 60"), 15);
  EXPECT_EQ(value("1 << 64"), 0);
  EXPECT_EQ(value("~0 & 0xF0 | 1 ^ 3"), 0xf2);
  EXPECT_EQ(value("!5 + !0"), 1);
  EXPECT_EQ(value("3 == 3 && 2 != 2 || 1 <= 0"), 0);
  EXPECT_EQ(value("1 ? 2 : 3"), 2);
  EXPECT_EQ(value("0 ? 2 : 0 ? 4 : 5"), 5);
  EXPECT_EQ(value("17 % 5"), 2);
  EXPECT_EQ(value("0xFFFFFFFFFFFFFFFF"), -1);
  EXPECT_EQ(value("0x8000000000000000 / -1"), 0);  // Unsigned.
}

TEST(PtxInitialiser, RefusesWhatDoesNotFit) {
  const auto problem = [](const std::string& declaration) {
    return ProblemOf(ModuleText(declaration)).message;
  };
  EXPECT_EQ(problem(".global .u32 x[2] = {1, 2, 3};"), "too many initial values");
  EXPECT_EQ(problem(".global .u32 x[2][2] = {1, 2};"), "expected '{'");
  EXPECT_EQ(problem(".shared .u32 x = 1;"),
            "only .global and .const variables have an initial value");
  EXPECT_EQ(problem(".extern .global .u32 x = 1;"), "expected ';'");
  EXPECT_EQ(problem(".global .u32 x = 1 / 0;"), "division by zero");
  EXPECT_EQ(problem(".global .u32 x = 1 + 1.0;"), "an expression mixes integers and floats");
  EXPECT_EQ(problem(".global .u8 x[1] = {0xF0(5)};"), "a mask selects one byte");
  EXPECT_EQ(problem(".global .u64 x = nothing;"), "unknown name nothing");
  EXPECT_EQ(problem(".shared .b8 x[];"), "only an .extern array may have no size");
  EXPECT_EQ(problem(".global .b8 x[0];"), "the array's size is 0 or above 1 GiB");
  EXPECT_EQ(problem(".global .b8 x[0x100000000];"), "the array's size is 0 or above 1 GiB");
  EXPECT_EQ(problem(".global .align 3 .b8 x;"), "an alignment is a power of two");
}

TEST(PtxFunction, HasParametersOfBothDialects) {
  const Module module = ParseOrFail(ModuleText(
      ".visible .entry k(.param .u64 .ptr .global .align 16 a, .param .u64 .ptr .align 1 b,\n"
      ".param .align 64 .b8 c[128], .param .b32 d) { ret; }"));
  const Function& k = module.functions.at(0);
  ASSERT_EQ(k.parameters.size(), 4u);
  EXPECT_EQ(k.parameters[0].bytes, 8u);
  EXPECT_EQ(k.parameters[1].align, 8u);
  EXPECT_EQ(k.parameters[2].bytes, 128u);
  EXPECT_EQ(k.parameters[2].align, 64u);
  EXPECT_EQ(k.parameters[3].name, "d");
}

TEST(PtxFunction, HasDirectives) {
  const Module module =
      ParseOrFail(ModuleText(".entry k()\n.maxntid 384, 1, 1\n.minnctapersm 2\n.maxnreg 168\n"
                             ".reqnctapercluster 2\n.explicitcluster\n.maxclusterrank 8\n"
                             ".pragma \"nounroll\";\n{ ret; }"));
  const PerformanceDirectives& d = module.functions.at(0).directives;
  EXPECT_EQ(d.maxntid, (std::array<uint32_t, 3>{384, 1, 1}));
  EXPECT_EQ(d.reqntid, (std::array<uint32_t, 3>{0, 0, 0}));
  EXPECT_EQ(d.reqnctapercluster, (std::array<uint32_t, 3>{2, 1, 1}));
  EXPECT_EQ(d.minnctapersm, 2u);
  EXPECT_EQ(d.maxnreg, 168u);
  EXPECT_EQ(d.maxclusterrank, 8u);
  EXPECT_TRUE(d.explicitcluster);
}

TEST(PtxFunction, APrototypeAndItsDefinitionAreOne) {
  const Module module = ParseOrFail(
      ModuleText(".func (.param .b32 r) f (.param .b32 _);\n"
                 ".entry k { .param .b32 x; .param .b32 y; call (y), f, (x); ret; }\n"
                 ".func (.param .b32 r) f (.param .b32 a) { ret; }\n.func g (.param .b32 a);\n"));
  ASSERT_EQ(module.functions.size(), 3u);
  EXPECT_TRUE(module.functions[0].defined);
  EXPECT_FALSE(module.functions[2].defined);
  EXPECT_EQ(module.functions[1].instructions.at(0).operands.at(1).index, 0);
}

TEST(PtxFunction, AnAliasNamesItsFunction) {
  const Module module = ParseOrFail(ModuleText(".func f { ret; }\n.func g;\n.alias g, f;\n"));
  EXPECT_EQ(module.functions.at(1).alias_of, 0);
}

TEST(PtxFunction, RegisterParametersAreRegisters) {
  const Module module =
      ParseOrFail(ModuleText(".func (.reg .b32 r) f (.reg .b64 a) { cvt.u32.u64 r, a; ret; }"));
  const Function& f = module.functions.at(0);
  EXPECT_EQ(f.returns[0].reg, f.instructions[0].operands[0].index);
  EXPECT_EQ(f.parameters[0].reg, f.instructions[0].operands[1].index);
}

TEST(PtxFunction, KeepsVariablesOfItsScopesApart) {
  const Body body = ParseBody(
      ".local .align 8 .b8 depot[64]; .shared .b32 s; { .param .b32 x; st.param.b32 [x+0], 1; } "
      "{ .param .b64 x; st.param.b64 [x+0], 1; }");
  const Function& f = body.function();
  ASSERT_EQ(f.variables.size(), 4u);
  EXPECT_EQ(f.variables[0].space, Space::kLocal);
  EXPECT_EQ(f.variables[1].space, Space::kShared);
  EXPECT_EQ(f.variables[body[0].operands[0].list[0].index].bytes, 4u);
  EXPECT_EQ(f.variables[body[1].operands[0].list[0].index].bytes, 8u);
}

}  // namespace
}  // namespace attnjit::emulator::ptx
