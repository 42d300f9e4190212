// What decoding makes of registers, constants, symbols, labels and calls.
#include <gtest/gtest.h>

#include <set>

#include "runtime/emulator/machine/address.h"
#include "tests/emulator/program/fake_decoders.h"

namespace attnjit::emulator {
namespace {

std::string ErrorOf(const std::string& rest) {
  llvm::Expected<std::shared_ptr<const Program>> program = DecodeText(rest);
  return program ? "" : llvm::toString(program.takeError());
}

uint64_t ConstantAt(const Program& program, const Value& value, uint32_t lane) {
  const uint32_t words = value.bytes / 4;
  const uint32_t at = value.slot * 32 + lane * words;
  return program.constants.at(at) | (words > 1 ? uint64_t{program.constants.at(at + 1)} << 32 : 0);
}

TEST(Decode, DescribesTheEntry) {
  const auto program = DecodeOrFail(
      ".entry k(.param .u32 a, .param .align 16 .b8 b[20], .param .u64 c)\n"
      ".maxntid 384\n.minnctapersm 1\n.reqnctapercluster 2, 1, 1\n{ ret; }");
  EXPECT_EQ(program->name, "k");
  EXPECT_EQ(program->target.sm, 90);
  EXPECT_TRUE(program->target.arch_specific);
  EXPECT_EQ(program->target.ptx_version, 90);
  ASSERT_EQ(program->params.size(), 3u);
  EXPECT_EQ(program->params[1].offset, 16u);
  EXPECT_EQ(program->params[2].offset, 40u);
  EXPECT_EQ(program->param_bytes, 48u);
  EXPECT_EQ(program->max_threads, (std::array<uint32_t, 3>{384, 1, 1}));
  EXPECT_EQ(program->required_cluster, (std::array<uint32_t, 3>{2, 1, 1}));
  EXPECT_EQ(program->registers_per_thread, 168u);
}

TEST(Decode, MaxnregIsTheRegisterEstimate) {
  EXPECT_EQ(DecodeOrFail(".entry k() .maxnreg 40 { ret; }")->registers_per_thread, 40u);
  EXPECT_EQ(DecodeOrFail(".entry k() { ret; }")->registers_per_thread, 64u);
  EXPECT_EQ(DecodeOrFail(".entry k() .maxntid 32 { ret; }")->registers_per_thread, 255u);
}

TEST(Decode, BindsRegistersByWidth) {
  const auto program = DecodeOrFail(
      ".entry k { .reg .b16 h; .reg .b32 r; .reg .b64 d; .reg .pred p, q;\n"
      "mov.b16 h, 1; mov.b32 r, 2; mov.b64 d, 3; @!p not.pred q, !p; ret; }");
  EXPECT_EQ(program->code[0].dst.bytes, 4);
  EXPECT_EQ(program->code[2].dst.bytes, 8);
  EXPECT_EQ(program->code[3].dst.kind, ValueKind::kPredicate);
  EXPECT_TRUE(program->code[3].a.negated);
  EXPECT_EQ(program->code[3].guard, static_cast<int32_t>(program->code[3].a.reg));
  EXPECT_TRUE(program->code[3].guard_negated);
  EXPECT_EQ(program->register_names.at(program->code[2].dst.reg), "d");
  EXPECT_EQ(program->register_count, 5u);
  EXPECT_EQ(program->register_names.size(), 5u);
}

TEST(Decode, ReplicatesConstantsAndSharesEqualOnes) {
  const auto program = DecodeOrFail(
      ".entry k { .reg .b16 h; .reg .b32 r; .reg .b64 d;\n"
      "mov.b32 r, -2; mov.b32 r, 0xFFFFFFFE; mov.b64 d, -2; mov.b16 h, -2; mov.b32 r, 1.5; "
      "mov.b64 d, 0f3FC00000; ret; }");
  const auto& code = program->code;
  EXPECT_EQ(code[0].a.slot, code[1].a.slot);
  for (const uint32_t lane : {0u, 17u, 31u}) {
    EXPECT_EQ(ConstantAt(*program, code[0].a, lane), 0xfffffffeu);
    EXPECT_EQ(ConstantAt(*program, code[2].a, lane), 0xfffffffffffffffeu);
    EXPECT_EQ(ConstantAt(*program, code[3].a, lane), 0xfffeu);
    EXPECT_EQ(ConstantAt(*program, code[4].a, lane), 0x3fc00000u);
    EXPECT_EQ(ConstantAt(*program, code[5].a, lane), 0x3ff8000000000000u);
  }
}

TEST(Decode, BindsSpecialRegistersOnce) {
  const auto program = DecodeOrFail(
      ".entry k { .reg .b32 r; .reg .b64 d; mov.b32 r, %tid.y; mov.b32 r, %tid.y;\n"
      "mov.b64 d, %clock64; mov.b32 r, %tid.w; ret; }");
  ASSERT_EQ(program->specials.size(), 1u);
  EXPECT_EQ(program->specials[0].special, Special::kTidY);
  EXPECT_EQ(program->code[0].a.kind, ValueKind::kRegister);
  EXPECT_EQ(program->code[0].a.reg, program->code[1].a.reg);
  EXPECT_EQ(program->code[2].a.kind, ValueKind::kSpecial);
  EXPECT_EQ(program->code[2].a.reg, static_cast<uint32_t>(Special::kClock64));
  EXPECT_EQ(ConstantAt(*program, program->code[3].a, 0), 0u);
}

TEST(Decode, PlacesSharedMemoryAndNamesItByItsWindow) {
  const auto program = DecodeOrFail(
      ".shared .b8 unused[512]; .shared .align 16 .b8 a[20]; .extern .shared .align 128 .b8 "
      "dyn[];\n"
      ".entry k { .shared .b64 s; .reg .b32 r; .reg .b64 d; mov.b32 r, a+4; mov.b64 d, dyn;\n"
      "st.shared.b32 [s+4], r; ret; }");
  EXPECT_EQ(program->static_shared_bytes, 128u);  // 20, 24 .. 32, and the alignment of dyn.
  ASSERT_EQ(program->specials.size(), 3u);
  EXPECT_EQ(program->specials[0].special, Special::kSharedWindow);
  EXPECT_EQ(program->specials[0].addend, kSharedReserved + 4);
  EXPECT_EQ(program->specials[1].addend, kSharedReserved + 128);
  EXPECT_EQ(program->specials[1].value.bytes, 8);
  EXPECT_EQ(program->specials[2].addend, 0u);
  EXPECT_EQ(program->code[2].address.offset, kSharedReserved + 24 + 4);
  EXPECT_EQ(program->code[2].address.base.kind, ValueKind::kRegister);
}

TEST(Decode, ParametersAreOffsetsAndLocalsShareTheFrame) {
  const auto program = DecodeOrFail(
      ".entry k(.param .u64 a, .param .u32 b) { .local .align 8 .b8 depot[12]; .local .b32 x;\n"
      ".reg .b32 r; .reg .b64 d; ld.param.b32 r, [b]; mov.b64 d, depot; st.local.b32 [x], r; "
      "ret; }");
  EXPECT_EQ(program->code[0].address.base.kind, ValueKind::kNone);
  EXPECT_EQ(program->code[0].address.offset, 8);
  EXPECT_EQ(ConstantAt(*program, program->code[1].a, 3), 0u);
  EXPECT_EQ(program->code[2].address.offset, 12);
  EXPECT_EQ(program->local_bytes, 16u);
}

TEST(Decode, ModuleVariablesHaveAddressesAndFilledInRelocations) {
  const auto program = DecodeOrFail(
      ".global .align 16 .b8 a[20]; .const .u32 c = 7; .global .u64 p = generic(a)+4;\n"
      ".global .u8 q[2] = {0xFF00(a+256), 0xFF(a)};\n"
      ".entry k { .reg .b32 r; ld.const.b32 r, [c]; ret; }");
  ASSERT_EQ(program->variables.size(), 4u);
  EXPECT_EQ(program->variables[0].address, kModuleBase);
  EXPECT_TRUE(program->variables[1].constant);
  EXPECT_EQ(program->code[0].address.offset, static_cast<int64_t>(program->variables[1].address));
  uint64_t pointer = 0;
  for (size_t i = 8; i-- > 0;) pointer = pointer << 8 | program->variables[2].init.at(i);
  EXPECT_EQ(pointer, kModuleBase + 4);
  EXPECT_EQ(program->variables[3].init, (std::vector<uint8_t>{1, 0}));
}

TEST(Decode, LabelsAndTablesAreInstructionIndices) {
  const auto program = DecodeOrFail(
      ".entry k { .reg .b32 r; T: .branchtargets A, END; bra A; A: brx.idx r, T; END: }");
  ASSERT_EQ(program->code.size(), 3u);  // The closing brace returns.
  EXPECT_EQ(program->code[0].target, 1);
  EXPECT_EQ(*static_cast<const std::vector<int32_t>*>(program->code[1].detail),
            (std::vector<int32_t>{1, 2}));
  EXPECT_EQ(program->text[2], "}");
}

constexpr const char* kCallee =
    ".func (.param .b32 r) f (.param .b64 a, .param .b32 b) { .local .b32 x; .reg .b32 t;\n"
    "L: ld.param.b32 t, [b]; st.local.b32 [x], t; st.param.b32 [r], t; bra L; }\n";

TEST(Decode, CalleesFollowTheEntryAndShareParameterPlaces) {
  const auto program =
      DecodeOrFail(std::string(kCallee) +
                   ".entry k { .reg .b32 t; { .param .b64 x; .param .b32 y; .param .b32 z;\n"
                   "st.param.b32 [y], t; call (z), f, (x, y); ld.param.b32 t, [z]; } ret; }");
  const auto& code = program->code;
  ASSERT_EQ(code.size(), 8u);
  EXPECT_EQ(code[1].target, 4);
  EXPECT_EQ(code[7].target, 4);
  EXPECT_EQ(code[0].address.offset, code[4].address.offset);  // y is b.
  EXPECT_EQ(code[2].address.offset, code[6].address.offset);  // z is r.
  EXPECT_NE(code[0].address.offset & static_cast<int64_t>(kParamInFrame), 0);
  EXPECT_EQ(program->local_bytes, 20u);
  // A caller's registers outlive the call: the callee has others.
  EXPECT_NE(code[0].a.slot, code[4].dst.slot);
}

TEST(Decode, AliasesAreTheirFunctions) {
  const auto program =
      DecodeOrFail(".func f { ret; }\n.func g;\n.alias g, f;\n.entry k { call g; ret; }");
  EXPECT_EQ(program->code[0].target, 2);
}

TEST(Decode, RefusesCallsThatItCannotMake) {
  EXPECT_NE(ErrorOf(".func f;\n.entry k { call f; ret; }").find("unsupported: no body of f"),
            std::string::npos);
  EXPECT_NE(ErrorOf(".func f { call f; }\n.entry k { call f; ret; }").find("recursion"),
            std::string::npos);
  EXPECT_NE(ErrorOf(".entry k { .reg .b64 d; call d; ret; }").find("through an address"),
            std::string::npos);
  EXPECT_NE(ErrorOf(std::string(kCallee) + ".entry k { call f; ret; }").find("arguments"),
            std::string::npos);
  EXPECT_NE(ErrorOf(".func f (.param .b32 a) { ret; }\n.entry k { call f, (5); ret; }")
                .find("no .param variable"),
            std::string::npos);
}

TEST(Decode, LeavesSystemCallsToTheirExecution) {
  const auto program = DecodeOrFail(
      ".extern .func (.param .b32 r) vprintf (.param .b64 f, .param .b64 a);\n"
      ".entry k { .param .b64 x; .param .b64 y; .param .b32 z; .reg .b64 d; .reg .b32 e;\n"
      "mov.b64 d, 0; st.param.b64 [x], d; st.param.b64 [y], d;\n"
      "call.uni (z), vprintf, (x, y); ld.param.b32 e, [z]; ret; }");
  ASSERT_NE(program, nullptr);
  EXPECT_LT(program->code[3].target, 0);
}

TEST(Decode, LocatesWhatNoDecoderTakes) {
  EXPECT_EQ(ErrorOf(".entry k {\n ret;\n  frobnicate.b32 1;\n}"),
            "ptx:6:3: unknown instruction frobnicate: frobnicate.b32 1");
  EXPECT_EQ(ErrorOf(".entry k { .reg .b64 d;\nmov.b32 d, 1; }"),
            "ptx:5:1: expected a register of 32 bits, got d: mov.b32 d, 1");
  EXPECT_EQ(ErrorOf(".entry k { .reg .b32 r;\nmov.b32 r, %current_graph_exec; }"),
            "ptx:5:1: unsupported special register %current_graph_exec: mov.b32 r, "
            "%current_graph_exec");
  EXPECT_NE(ErrorOf(".extern .global .b32 g;\n.entry k { .reg .b32 r; ld.global.b32 r, [g]; }")
                .find("expected a variable that is defined, got g"),
            std::string::npos);
  EXPECT_EQ(ErrorOf(".func k { ret; }"), "ptx:1:1: the module has no entry k");
}

TEST(Decode, KeepsLinesOfTheCudaSourceWhereThereAreAny) {
  const auto program = DecodeOrFail(".entry k { ret;\n.loc 1 42 3\nret; }");
  EXPECT_EQ(program->cuda_lines, (std::vector<int32_t>{-1, 42}));
  EXPECT_EQ(program->code[1].line, 6);
  EXPECT_TRUE(DecodeOrFail(".entry k { ret; }")->cuda_lines.empty());
}

}  // namespace
}  // namespace attnjit::emulator
