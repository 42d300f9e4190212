// Branches, calls, and warps that diverge.
#include "llvm/Support/FormatVariadic.h"
#include "tests/emulator/micro/catalog.h"

namespace attnjit::micro {
namespace {

Case& Simple(Catalog& catalog, const std::string& family, const std::string& name,
             const std::string& body, unsigned block = 64, const std::string& module_text = "") {
  Program program;
  program.block = block;
  program.body = body + "  st.global.b32 [%o], %r0;\n";
  program.module_text = module_text;
  return catalog.Add(family, name, program);
}

void AddBranches(Catalog& catalog) {
  Simple(catalog, "bra", "bra_if_else", R"(
  ld.global.b32 %r1, [%i];
  and.b32 %r2, %r1, 1;
  setp.eq.u32 %p0, %r2, 0;
  @%p0 bra EVEN;
  mul.lo.u32 %r0, %r1, 3;
  bra DONE;
EVEN:
  shr.u32 %r0, %r1, 1;
DONE:
  add.u32 %r0, %r0, 7;
)");
  Simple(catalog, "bra", "bra_uniform", R"(
  mov.u32 %r0, 0;
LOOP:
  add.u32 %r0, %r0, 3;
  setp.lt.u32 %p0, %r0, 100;
  @%p0 bra.uni LOOP;
  bra.uni NEXT;
  mov.u32 %r0, 1;
NEXT:
)");
  Simple(catalog, "bra", "bra_nested", R"(
  ld.global.b32 %r1, [%i];
  mov.u32 %r0, 0;
  and.b32 %r2, %lane, 1;
  setp.ne.u32 %p0, %r2, 0;
  and.b32 %r2, %lane, 2;
  setp.ne.u32 %p1, %r2, 0;
  and.b32 %r2, %lane, 4;
  setp.ne.u32 %p2, %r2, 0;
  @%p0 bra A;
  @%p1 bra AB;
  add.u32 %r0, %r0, 1;
  @%p2 bra JOIN1;
  add.u32 %r0, %r0, 10;
  bra JOIN1;
AB:
  add.u32 %r0, %r0, 100;
  @!%p2 bra JOIN1;
  add.u32 %r0, %r0, 1000;
  bra JOIN1;
A:
  @%p2 bra AC;
  add.u32 %r0, %r0, 10000;
  bra JOIN2;
AC:
  add.u32 %r0, %r0, 100000;
  @%p1 bra JOIN1;
JOIN2:
  add.u32 %r0, %r0, 1000000;
JOIN1:
  xor.b32 %r0, %r0, %r1;
)");
  Simple(catalog, "bra", "bra_different_trip_counts", R"(
  ld.global.b32 %r1, [%i];
  and.b32 %r2, %r1, 15;
  mov.u32 %r0, 1;
  mov.u32 %r3, 0;
LOOP:
  setp.ge.u32 %p0, %r3, %r2;
  @%p0 bra END;
  mad.lo.u32 %r0, %r0, 1664525, 1013904223;
  add.u32 %r3, %r3, 1;
  bra LOOP;
END:
)");
  Simple(catalog, "bra", "bra_nested_loops_with_break", R"(
  ld.global.b32 %r1, [%i];
  and.b32 %r2, %lane, 7;
  mov.u32 %r0, 0;
  mov.u32 %r3, 0;
OUTER:
  mov.u32 %r4, 0;
INNER:
  mad.lo.u32 %r0, %r0, 5, %r1;
  xor.b32 %r5, %r0, %r4;
  and.b32 %r5, %r5, 31;
  setp.eq.u32 %p0, %r5, %lane;
  @%p0 bra BREAK;
  add.u32 %r4, %r4, 1;
  setp.le.u32 %p1, %r4, %r2;
  @%p1 bra INNER;
BREAK:
  add.u32 %r3, %r3, 1;
  setp.lt.u32 %p2, %r3, 6;
  @%p2 bra OUTER;
)");
  Simple(catalog, "bra", "bra_predicated_instructions", R"(
  ld.global.b32 %r1, [%i];
  mov.u32 %r0, 5;
  setp.gt.s32 %p0, %r1, 0;
  @%p0 add.u32 %r0, %r0, %r1;
  @!%p0 sub.u32 %r0, %r0, %r1;
  @%p0 bra SKIP;
  { .reg .b32 %r1; mov.u32 %r1, 9; add.u32 %r0, %r0, %r1; bra INSIDE; INSIDE: }
SKIP:
)");
}

void AddExits(Catalog& catalog) {
  for (const char* leave : {"exit", "ret"}) {
    Program program;
    program.block = 64;
    program.body = llvm::formatv(R"(
  mov.u32 %r0, 1;
  st.global.b32 [%o], %r0;
  and.b32 %r1, %lane, 3;
  setp.eq.u32 %p0, %r1, 2;
  @%p0 {0};
  setp.lt.u32 %p1, %lane, 8;
  @%p1 bra LEAVE;
  activemask.b32 %r2;
  popc.b32 %r3, %r2;
  setp.lt.u32 %p2, %r3, 25;
  selp.u32 %r0, 2, 3, %p2;
  st.global.b32 [%o], %r0;
  {0};
LEAVE:
  mov.u32 %r0, 4;
  st.global.b32 [%o], %r0;
)",
                                 leave)
                       .str();
    catalog.Add(leave, std::string(leave) + "_of_some_lanes", program);
  }
  // The rest of the block goes on through barriers when a warp and some lanes have gone.
  Program program;
  program.block = 128;
  program.declarations = "  .shared .align 4 .b32 words[128];\n";
  program.body = R"(
  setp.eq.u32 %p0, %warp, 2;
  @%p0 exit;
  setp.lt.u32 %p1, %lane, 4;
  @%p1 exit;
  mov.u32 %r5, words;
  mad.lo.u32 %r6, %tx, 4, %r5;
  mul.lo.u32 %r1, %tx, 7;
  st.shared.b32 [%r6], %r1;
  bar.sync 0;
  xor.b32 %r2, %tx, 32;
  setp.ge.u32 %p2, %r2, 64;
  @%p2 mov.u32 %r2, %tx;
  mad.lo.u32 %r6, %r2, 4, %r5;
  ld.shared.b32 %r0, [%r6];
  st.global.b32 [%o], %r0;
)";
  catalog.Add("exit", "exit_before_barrier", program);
}

void AddIndexed(Catalog& catalog) {
  Simple(catalog, "brx", "brx.idx", R"(
  and.b32 %r1, %lane, 3;
  ts: .branchtargets T0, T1, T2, T3;
  brx.idx %r1, ts;
T0:
  mov.u32 %r0, 100;
  bra DONE;
T1:
  mov.u32 %r0, 200;
  bra DONE;
T2:
  mov.u32 %r0, 300;
  bra DONE;
T3:
  mov.u32 %r2, 5;
  add.u32 %r0, %r2, %lane;
DONE:
)");
  Simple(catalog, "brx", "brx.idx_uniform", R"(
  mov.u32 %r0, 0;
  and.b32 %r1, %warp, 1;
  ts: .branchtargets T0, T1;
  brx.idx.uni %r1, ts;
T0:
  add.u32 %r0, %r0, 11;
T1:
  add.u32 %r0, %r0, 100;
)");
}

constexpr const char* kFunctions = R"(
.func (.param .b32 result) $_mix(.param .b32 a, .param .b32 b)
{
  .reg .b32 %x<4>;
  .reg .pred %y;
  ld.param.b32 %x0, [a];
  ld.param.b32 %x1, [b];
  setp.lt.u32 %y, %x0, %x1;
  @%y bra SMALL;
  mad.lo.u32 %x2, %x0, 31, %x1;
  st.param.b32 [result], %x2;
  ret;
SMALL:
  sub.u32 %x2, %x1, %x0;
  st.param.b32 [result], %x2;
  ret;
}
.func (.param .b32 result) $_other(.param .b32 a, .param .b32 b)
{
  .reg .b32 %x<4>;
  ld.param.b32 %x0, [a];
  ld.param.b32 %x1, [b];
  xor.b32 %x2, %x0, %x1;
  st.param.b32 [result], %x2;
  ret;
}
.func (.param .align 8 .b8 result[16]) $_pair(.param .align 8 .b8 value[16])
{
  .reg .b64 %x<4>;
  .local .align 8 .b8 spill[16];
  ld.param.b64 %x0, [value];
  ld.param.b64 %x1, [value+8];
  st.local.b64 [spill], %x0;
  st.local.b64 [spill+8], %x1;
  ld.local.b64 %x2, [spill+8];
  add.u64 %x3, %x2, %x0;
  st.param.b64 [result], %x2;
  st.param.b64 [result+8], %x3;
  ret;
}
.func (.reg .b32 result) $_registers(.reg .b32 a, .reg .b32 b)
{
  mad.lo.u32 result, a, 3, b;
  ret;
}
.func $_store(.param .b64 where, .param .b32 what)
{
  .reg .b64 %x0;
  .reg .b32 %x1;
  ld.param.b64 %x0, [where];
  ld.param.b32 %x1, [what];
  st.global.b32 [%x0], %x1;
}
.func (.param .b32 result) $_recursive(.param .b32 n)
{
  .reg .b32 %x<4>;
  .reg .pred %y;
  ld.param.b32 %x0, [n];
  setp.le.u32 %y, %x0, 1;
  @%y bra END;
  sub.u32 %x1, %x0, 1;
  {
    .param .b32 r;
    .param .b32 p;
    st.param.b32 [p], %x1;
    call.uni (r), $_recursive, (p);
    ld.param.b32 %x2, [r];
  }
  mad.lo.u32 %x0, %x2, 3, %x0;
END:
  st.param.b32 [result], %x0;
  ret;
}
)";

constexpr const char* kCallTwo = R"(
  {
    .param .b32 a;
    .param .b32 b;
    .param .b32 r;
    st.param.b32 [a], %r1;
    st.param.b32 [b], %r2;
    $call
    ld.param.b32 %r0, [r];
  }
)";

void AddCalls(Catalog& catalog) {
  const std::string loads = "  ld.global.b32 %r1, [%i];\n  mul.lo.u32 %r2, %lane, 77777777;\n";
  auto two = [&](const std::string& call) { return Fill(kCallTwo, {{"$call", call}}); };
  std::string mix = two("call.uni (r), $entry_mix, (a, b);");
  Simple(catalog, "call", "call_direct", loads + mix, 64, kFunctions);
  Simple(catalog, "call", "call_diverged",
         loads + "  mov.u32 %r0, 3;\n  setp.gt.u32 %p0, %lane, 20;\n  @%p0 bra SKIP;\n" +
             two("call (r), $entry_mix, (a, b);") + "SKIP:\n  add.u32 %r0, %r0, 1;\n",
         64, kFunctions);
  Simple(catalog, "call", "call_indirect",
         loads +
             "  mov.u64 %q0, $entry_mix;\n  mov.u64 %q1, $entry_other;\n"
             "  and.b32 %r3, %lane, 1;\n  setp.ne.u32 %p0, %r3, 0;\n"
             "  selp.b64 %q2, %q0, %q1, %p0;\n" +
             two("proto: .callprototype (.param .b32 _) _ (.param .b32 _, .param .b32 _);\n"
                 "    call (r), %q2, (a, b), proto;"),
         64, kFunctions)
      .refusal = "unsupported: calls through a function's address";
  Simple(catalog, "call", "call_registers",
         loads + "  call.uni (%r0), $entry_registers, (%r1, %r2);\n", 64, kFunctions)
      .refusal = "unsupported: an argument that is no .param variable";
  Simple(catalog, "call", "call_recursive", R"(
  and.b32 %r1, %lane, 7;
  {
    .param .b32 r;
    .param .b32 n;
    st.param.b32 [n], %r1;
    call (r), $entry_recursive, (n);
    ld.param.b32 %r0, [r];
  }
)",
         64, kFunctions)
      .refusal = "unsupported: recursion";  // A function has one frame for each thread.
  Simple(catalog, "call", "call_struct", R"(
  ld.global.b32 %r1, [%i];
  cvt.u64.u32 %q1, %r1;
  cvt.u64.u32 %q2, %tx;
  {
    .param .align 8 .b8 v[16];
    .param .align 8 .b8 r[16];
    st.param.b64 [v], %q1;
    st.param.b64 [v+8], %q2;
    call.uni (r), $entry_pair, (v);
    ld.param.b64 %q3, [r];
    ld.param.b64 %q4, [r+8];
  }
  mad.lo.u64 %q5, %q3, 1000, %q4;
  cvt.u32.u64 %r0, %q5;
)",
         64, kFunctions);
  Program program;
  program.block = 64;
  program.module_text = kFunctions;
  program.body = R"(
  {
    .param .b64 w;
    .param .b32 v;
    st.param.b64 [w], %o;
    st.param.b32 [v], %gtid;
    call.uni $entry_store, (w, v);
  }
)";
  catalog.Add("call", "call_without_result", program);
}

/// Warp-wide operations after and inside of divergence.
void AddDivergence(Catalog& catalog) {
  Simple(catalog, "divergence", "divergence_elected_loop", R"(
  ld.global.b32 %r0, [%i];
  mov.u32 %r9, 0xffffffff;
LOOP:
  elect.sync %r2|%p0, %r9;
  @%p0 bra CHOSEN;
  shl.b32 %r5, 1, %r2;
  not.b32 %r5, %r5;
  and.b32 %r9, %r9, %r5;
  mad.lo.u32 %r0, %r0, 31, %r2;
  bra LOOP;
CHOSEN:
  add.u32 %r0, %r0, %r2;
)");
  Simple(catalog, "divergence", "divergence_serialised_lanes", R"(
  ld.global.b32 %r1, [%i];
  mov.u32 %r0, 0;
  mov.u32 %r2, 0;
LOOP:
  setp.ne.u32 %p0, %r2, %lane;
  @%p0 bra NEXT;
  add.u32 %r0, %r1, %r2;
NEXT:
  bar.warp.sync 0xffffffff;
  add.u32 %r2, %r2, 1;
  setp.lt.u32 %p1, %r2, 32;
  @%p1 bra LOOP;
)");
  Simple(catalog, "divergence", "divergence_shuffle_inside_branches", R"(
  ld.global.b32 %r1, [%i];
  setp.lt.u32 %p0, %lane, 16;
  @%p0 bra LOW;
  shfl.sync.bfly.b32 %r0, %r1, 3, 31, 0xffff0000;
  bra JOIN;
LOW:
  shfl.sync.up.b32 %r0, %r1, 2, 0, 0x0000ffff;
JOIN:
  bar.warp.sync 0xffffffff;
  shfl.sync.idx.b32 %r0, %r0, 31, 31, 0xffffffff;
)");
  Simple(catalog, "divergence", "divergence_same_vote_from_two_places", R"(
  setp.lt.u32 %p0, %lane, 11;
  setp.eq.u32 %p1, %lane, 3;
  @%p0 bra LOW;
  vote.sync.ballot.b32 %r0, %p1, 0xfffff800;
  bra JOIN;
LOW:
  vote.sync.ballot.b32 %r0, %p1, 0x000007ff;
JOIN:
  bar.warp.sync 0xffffffff;
  vote.sync.any.pred %p2, %p1, 0xffffffff;
  @%p2 add.u32 %r0, %r0, 1;
)");
  Simple(catalog, "divergence", "divergence_spin_on_a_lane_of_the_warp", R"(
  .shared .align 4 .b32 flag[2];
  mov.u32 %r1, flag;
  mad.lo.u32 %r1, %warp, 4, %r1;
  mov.u32 %r2, 0;
  st.volatile.shared.b32 [%r1], %r2;
  bar.warp.sync 0xffffffff;
  setp.eq.u32 %p0, %lane, 31;
  @%p0 bra SET;
SPIN:
  ld.volatile.shared.b32 %r3, [%r1];
  setp.eq.u32 %p1, %r3, 0;
  @%p1 bra SPIN;
  add.u32 %r0, %r3, %lane;
  bra JOIN;
SET:
  mov.u32 %r4, 7;
  st.volatile.shared.b32 [%r1], %r4;
  mov.u32 %r0, 1;
JOIN:
)");
}

}  // namespace

void AddControl(Catalog& catalog) {
  AddBranches(catalog);
  AddExits(catalog);
  AddIndexed(catalog);
  AddCalls(catalog);
  AddDivergence(catalog);
}

}  // namespace attnjit::micro
