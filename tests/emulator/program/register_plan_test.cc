// Sharing of register slots.
#include "runtime/emulator/program/register_plan.h"

#include <gtest/gtest.h>

#include "runtime/emulator/program/liveness.h"
#include "tests/emulator/ptx/parse_or_fail.h"

namespace attnjit::emulator {
namespace {

struct Planned {
  ptx::Module module;
  RegisterPlan plan;
  const RegisterPlace& operator[](const std::string& name) const {
    const ptx::Function& f = module.functions.at(0);
    for (uint32_t r = 0; r < f.registers.size(); ++r) {
      if (f.RegisterName(r) == name) return plan.places[r];
    }
    ADD_FAILURE() << name;
    return plan.places.at(0);
  }
};

Planned PlanText(const std::string& body) {
  Planned planned;
  planned.module = ptx::ParseOrFail(ptx::ModuleText(
      ".entry k { .reg .b32 a, b, c, d; .reg .b64 w, x; .reg .pred p;\n" + body + "\n}"));
  planned.plan = PlanRegisters(planned.module.functions.at(0), 0, 0);
  return planned;
}

TEST(RegisterPlan, RegistersThatNeverMeetShareASlot) {
  const Planned p = PlanText("mov.b32 a, 1; st.b32 [0], a; mov.b32 b, 2; st.b32 [0], b;");
  EXPECT_EQ(p["a"].slot, p["b"].slot);
  EXPECT_NE(p["a"].reg, p["b"].reg);
  EXPECT_EQ(p.plan.slots, 1u);
  EXPECT_FALSE(p["c"].used);
}

TEST(RegisterPlan, ADestinationIsNeverInASourcesSlot) {
  const Planned p = PlanText("mov.b32 a, 1; add.b32 b, a, 1; st.b32 [0], b;");
  EXPECT_NE(p["a"].slot, p["b"].slot);
}

TEST(RegisterPlan, AValueCarriedRoundALoopKeepsItsSlot) {
  const Planned p = PlanText(
      "mov.b32 a, 0; L: mov.b32 b, 1; st.b32 [0], b; mov.b32 c, 2; st.b32 [0], c; add.b32 a, a, 1; "
      "@p bra L; ret;");
  EXPECT_NE(p["a"].slot, p["b"].slot);
  EXPECT_NE(p["a"].slot, p["c"].slot);
  EXPECT_EQ(p["b"].slot, p["c"].slot);
}

TEST(RegisterPlan, AValueSetInOneTurnAndReadInTheNextLivesThroughTheLoop) {
  // b is set behind a branch in the first turn only: it lives from there round the loop.
  const Planned p = PlanText(
      "L: @p bra SKIP; mov.b32 b, 1; SKIP: st.b32 [0], b; mov.b32 c, 2; st.b32 [0], c; bra L;");
  EXPECT_NE(p["b"].slot, p["c"].slot);
}

TEST(RegisterPlan, AGuardedWriteDoesNotEndTheOldValue) {
  const Planned p =
      PlanText("mov.b32 a, 1; mov.b32 b, 2; st.b32 [0], b; @p mov.b32 a, 3; st.b32 [0], a;");
  EXPECT_NE(p["a"].slot, p["b"].slot);
}

TEST(RegisterPlan, BranchTablesAreFollowed) {
  const Planned p = PlanText(
      "T: .branchtargets A, B; mov.b32 a, 1; brx.idx d, T; A: mov.b32 b, 1; st.b32 [0], b; ret; "
      "B: st.b32 [0], a; ret;");
  EXPECT_NE(p["a"].slot, p["b"].slot);
}

TEST(RegisterPlan, WidthsHaveSlotsOfTheirOwn) {
  const Planned p =
      PlanText("mov.b64 w, 1; st.b64 [0], w; mov.b32 a, 1; st.b32 [0], a; mov.b64 x, 1;");
  EXPECT_EQ(p["w"].slot, p["x"].slot);
  EXPECT_EQ(p["w"].bytes, 8);
  EXPECT_EQ(p.plan.slots, 3u);
  EXPECT_EQ(p["p"].bytes, 0);
}

TEST(RegisterPlan, WhatOperationsUseLaterKeepsItsSlot) {
  const Planned p = PlanText(
      "mov.b32 a, 1; wgmma.mma_async {a}, 1, 2; mov.b32 b, 2; st.b32 [0], b; mov.b32 c, 1; "
      "st.b32 [0], c;");
  EXPECT_NE(p["a"].slot, p["b"].slot);
  EXPECT_EQ(p["b"].slot, p["c"].slot);
}

}  // namespace
}  // namespace attnjit::emulator
