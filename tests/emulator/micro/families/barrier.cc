// bar and barrier, fences, and mbarriers with every value they return.
#include "llvm/Support/FormatVariadic.h"
#include "tests/emulator/micro/catalog.h"

namespace attnjit::micro {
namespace {

/// Neighbouring warps exchange a word through shared memory around `barrier`.
void AddExchange(Catalog& catalog, const std::string& name, const std::string& barrier) {
  Program program;
  program.block = 128;
  program.declarations = "  .shared .align 4 .b32 words[128];\n";
  program.body = Fill(R"(
  mov.u32 %r5, words;
  mad.lo.u32 %r6, %tx, 4, %r5;
  ld.global.b32 %r1, [%i];
  st.shared.b32 [%r6], %r1;
  mov.u32 %r10, 3;
  mov.u32 %r11, 128;
  $barrier
  xor.b32 %r2, %tx, 96;
  mad.lo.u32 %r6, %r2, 4, %r5;
  ld.shared.b32 %r0, [%r6];
  st.global.b32 [%o], %r0;
)",
                      {{"$barrier", barrier}});
  catalog.Add("bar", name.substr(0, name.find(';')), program);
}

void AddNamed(Catalog& catalog) {
  for (const char* barrier :
       {"bar.sync 0;", "bar.sync 1, 128;", "barrier.sync 0;", "barrier.sync.aligned 15, 128;",
        "bar.cta.sync 2;", "barrier.cta.sync.aligned 3, 128;", "bar.sync %r10;",
        "barrier.sync %r10, %r11;"}) {
    AddExchange(catalog, barrier, barrier);
  }
  AddExchange(catalog, "bar.sync_repeated", "bar.sync 0;\n  bar.sync 0;\n  bar.sync 1;");
  for (const char* op : {"and", "or"}) {
    for (unsigned limit : {0u, 77u, 128u}) {
      Program program;
      program.block = 128;
      program.body = llvm::formatv(
          "  setp.lt.u32 %p0, %tx, {1};\n  bar.red.{0}.pred %p1, 0, %p0;\n"
          "  bar.red.{0}.pred %p2, 1, 128, !%p0;\n"
          "  selp.u32 %r0, 1, 0, %p1;\n  selp.u32 %r1, 2, 0, %p2;\n"
          "  add.u32 %r0, %r0, %r1;\n  st.global.b32 [%o], %r0;\n",
          op, limit);
      catalog.Add("bar", llvm::formatv("bar.red.{0}_{1}", op, limit), program);
    }
  }
  Program program;
  program.block = 128;
  program.body = R"(
  setp.lt.u32 %p0, %tx, 77;
  bar.red.popc.u32 %r0, 0, %p0;
  barrier.red.popc.aligned.u32 %r1, 2, 128, !%p0;
  mad.lo.u32 %r0, %r1, 1000, %r0;
  st.global.b32 [%o], %r0;
)";
  catalog.Add("bar", "bar.red.popc", program);
  // Producers arrive and go on; consumers wait; twice over two barriers.
  program.declarations = "  .shared .align 4 .b32 words[64];\n";
  program.body = R"(
  mov.u32 %r5, words;
  mov.u32 %r7, 0;
  mov.u32 %r0, 0;
  setp.ge.u32 %p0, %tx, 64;
  @%p0 bra CONSUMER;
PRODUCE:
  mad.lo.u32 %r6, %tx, 4, %r5;
  mad.lo.u32 %r1, %r7, 1000, %tx;
  st.shared.b32 [%r6], %r1;
  bar.arrive 1, 128;
  bar.sync 2, 128;
  add.u32 %r7, %r7, 1;
  setp.lt.u32 %p1, %r7, 3;
  @%p1 bra PRODUCE;
  bra DONE;
CONSUMER:
  bar.sync 1, 128;
  sub.u32 %r2, 127, %tx;
  mad.lo.u32 %r6, %r2, 4, %r5;
  ld.shared.b32 %r3, [%r6];
  mad.lo.u32 %r0, %r0, 31, %r3;
  barrier.arrive 2, 128;
  add.u32 %r7, %r7, 1;
  setp.lt.u32 %p1, %r7, 3;
  @%p1 bra CONSUMER;
DONE:
  st.global.b32 [%o], %r0;
)";
  catalog.Add("bar", "bar.arrive", program);
}

void AddFences(Catalog& catalog) {
  for (const char* fence :
       {"membar.cta;", "membar.gl;", "membar.sys;", "fence.sc.cta;", "fence.sc.gpu;",
        "fence.acq_rel.cta;", "fence.acq_rel.cluster;", "fence.acq_rel.gpu;", "fence.acq_rel.sys;",
        "fence.proxy.alias;", "fence.proxy.async;", "fence.proxy.async.global;",
        "fence.proxy.async.shared::cta;", "fence.mbarrier_init.release.cluster;",
        "fence.proxy.async.shared::cluster;", "fence.acquire.cta;", "fence.release.gpu;",
        "fence.proxy.tensormap::generic.release.gpu;"}) {
    AddExchange(catalog, std::string("fence_") + fence, std::string(fence) + "\n  bar.sync 0;");
  }
}

void AddMbarrier(Catalog& catalog, const std::string& name, unsigned block, unsigned count,
                 const std::string& body, unsigned output_stride = 16) {
  Program program;
  program.block = block;
  program.output_stride = output_stride;
  program.declarations = "  .shared .align 8 .b64 bars[4];\n";
  program.body = Fill(R"(
  mov.u32 %r90, bars;
  setp.ne.u32 %p15, %tx, 0;
  @!%p15 mbarrier.init.shared::cta.b64 [%r90], $count;
  fence.mbarrier_init.release.cluster;
  bar.sync 0;
)",
                      {{"$count", std::to_string(count)}}) +
                 body;
  catalog.Add("mbarrier", name, program);
}

/// What each arrival returns, as the state itself and as its pending count.
void AddArrivals(Catalog& catalog) {
  AddMbarrier(catalog, "mbarrier_states", 1, 5, R"(
  mbarrier.arrive.shared::cta.b64 %q0, [%r90];
  mbarrier.arrive.shared::cta.b64 %q1, [%r90], 2;
  mbarrier.arrive.shared.b64 %q2, [bars];
  mbarrier.pending_count.b64 %r0, %q0;
  mbarrier.pending_count.b64 %r1, %q1;
  mbarrier.pending_count.b64 %r2, %q2;
  mbarrier.test_wait.shared::cta.b64 %p0, [%r90], %q0;
  selp.u32 %r3, 1, 0, %p0;
  st.global.v4.b32 [%o], {%r0, %r1, %r2, %r3};
  mbarrier.arrive.shared::cta.b64 %q3, [%r90];
  mbarrier.pending_count.b64 %r0, %q3;
  mbarrier.test_wait.shared::cta.b64 %p0, [%r90], %q0;
  selp.u32 %r1, 1, 0, %p0;
  mbarrier.arrive.shared::cta.b64 %q4, [%r90];
  mbarrier.pending_count.b64 %r2, %q4;
  mbarrier.test_wait.shared::cta.b64 %p1, [%r90], %q4;
  selp.u32 %r3, 1, 0, %p1;
  st.global.v4.b32 [%o+16], {%r0, %r1, %r2, %r3};
)",
              32);
  AddMbarrier(catalog, "mbarrier_drop", 1, 4, R"(
  mbarrier.arrive_drop.shared::cta.b64 %q0, [%r90];
  mbarrier.arrive_drop.shared::cta.b64 %q1, [%r90], 2;
  mbarrier.pending_count.b64 %r0, %q0;
  mbarrier.pending_count.b64 %r1, %q1;
  mbarrier.arrive.shared::cta.b64 %q2, [%r90];
  mbarrier.arrive.shared::cta.b64 %q3, [%r90];
  mbarrier.pending_count.b64 %r2, %q3;
  mbarrier.test_wait.shared::cta.b64 %p0, [%r90], %q3;
  selp.u32 %r3, 1, 0, %p0;
  st.global.v4.b32 [%o], {%r0, %r1, %r2, %r3};
)");
  AddMbarrier(catalog, "mbarrier_no_complete", 1, 5, R"(
  mbarrier.arrive.noComplete.shared::cta.b64 %q0, [%r90], 3;
  mbarrier.arrive_drop.noComplete.shared::cta.b64 %q1, [%r90], 1;
  mbarrier.pending_count.b64 %r0, %q0;
  mbarrier.pending_count.b64 %r1, %q1;
  mbarrier.arrive.shared::cta.b64 %q2, [%r90];
  mbarrier.arrive.shared::cta.b64 %q3, [%r90];
  mbarrier.pending_count.b64 %r2, %q3;
  mbarrier.test_wait.shared::cta.b64 %p0, [%r90], %q2;
  selp.u32 %r3, 1, 0, %p0;
  st.global.v4.b32 [%o], {%r0, %r1, %r2, %r3};
)");
}

/// Transaction counts hold a phase open; parity and time-limited waits; phases in a row.
void AddTransactions(Catalog& catalog) {
  AddMbarrier(catalog, "mbarrier_transactions", 1, 1, R"(
  mbarrier.arrive.expect_tx.shared::cta.b64 %q0, [%r90], 96;
  mbarrier.test_wait.parity.shared::cta.b64 %p0, [%r90], 0;
  mbarrier.complete_tx.relaxed.cluster.shared::cta.b64 [%r90], 64;
  mbarrier.test_wait.parity.shared::cta.b64 %p1, [%r90], 0;
  mbarrier.complete_tx.relaxed.cluster.shared::cta.b64 [%r90], 32;
  mbarrier.test_wait.parity.shared::cta.b64 %p2, [%r90], 0;
  mbarrier.test_wait.parity.shared::cta.b64 %p3, [%r90], 1;
  selp.u32 %r0, 1, 0, %p0;
  selp.u32 %r1, 1, 0, %p1;
  selp.u32 %r2, 1, 0, %p2;
  selp.u32 %r3, 1, 0, %p3;
  st.global.v4.b32 [%o], {%r0, %r1, %r2, %r3};
)");
  AddMbarrier(catalog, "mbarrier_complete_before_expect", 1, 1, R"(
  mbarrier.complete_tx.relaxed.cluster.shared::cta.b64 [%r90], 64;
  mbarrier.test_wait.parity.shared::cta.b64 %p0, [%r90], 0;
  mbarrier.expect_tx.relaxed.cta.shared::cta.b64 [%r90], 64;
  mbarrier.test_wait.parity.shared::cta.b64 %p1, [%r90], 0;
  mbarrier.arrive.release.cta.shared::cta.b64 _, [%r90];
  mbarrier.test_wait.parity.acquire.cta.shared::cta.b64 %p2, [%r90], 0;
  mbarrier.try_wait.parity.shared::cta.b64 %p3, [%r90], 0, 100;
  selp.u32 %r0, 1, 0, %p0;
  selp.u32 %r1, 1, 0, %p1;
  selp.u32 %r2, 1, 0, %p2;
  selp.u32 %r3, 1, 0, %p3;
  st.global.v4.b32 [%o], {%r0, %r1, %r2, %r3};
)");
  AddMbarrier(catalog, "mbarrier_phases_between_warps", 128, 128, R"(
  .shared .align 4 .b32 words[128];
  mov.u32 %r5, words;
  mov.u32 %r0, 1;
  mov.u32 %r7, 0;
LOOP:
  mad.lo.u32 %r6, %tx, 4, %r5;
  mad.lo.u32 %r1, %r0, 5, %tx;
  st.shared.b32 [%r6], %r1;
  mbarrier.arrive.shared::cta.b64 %q0, [%r90];
WAIT:
  mbarrier.try_wait.shared::cta.b64 %p0, [%r90], %q0;
  @!%p0 bra WAIT;
  add.u32 %r2, %tx, 37;
  and.b32 %r2, %r2, 127;
  mad.lo.u32 %r6, %r2, 4, %r5;
  ld.shared.b32 %r3, [%r6];
  mad.lo.u32 %r0, %r0, 31, %r3;
  bar.sync 0;
  add.u32 %r7, %r7, 1;
  setp.lt.u32 %p1, %r7, 5;
  @%p1 bra LOOP;
  st.global.b32 [%o], %r0;
)",
              4);
  AddMbarrier(catalog, "mbarrier_producer_and_consumer_parity", 64, 1, R"(
  .shared .align 4 .b32 word;
  mov.u32 %r0, 1;
  mov.u32 %r7, 0;
  add.u32 %r91, %r90, 8;
  @!%p15 mbarrier.init.shared::cta.b64 [%r91], 32;
  bar.sync 0;
  setp.lt.u32 %p0, %tx, 32;
  @%p0 bra PRODUCER;
CONSUMER:
  and.b32 %r8, %r7, 1;
WAIT1:
  mbarrier.try_wait.parity.shared::cta.b64 %p1, [%r90], %r8;
  @!%p1 bra WAIT1;
  ld.shared.b32 %r3, [word];
  mad.lo.u32 %r0, %r0, 31, %r3;
  mbarrier.arrive.shared::cta.b64 _, [%r91];
  add.u32 %r7, %r7, 1;
  setp.lt.u32 %p2, %r7, 5;
  @%p2 bra CONSUMER;
  bra DONE;
PRODUCER:
  and.b32 %r8, %r7, 1;
  xor.b32 %r8, %r8, 1;
WAIT2:
  mbarrier.try_wait.parity.shared::cta.b64 %p1, [%r91], %r8;
  @!%p1 bra WAIT2;
  @%p15 bra NOT_FIRST;
  mad.lo.u32 %r3, %r7, 1001, 7;
  st.shared.b32 [word], %r3;
  mbarrier.arrive.shared::cta.b64 _, [%r90];
NOT_FIRST:
  bar.warp.sync 0xffffffff;
  add.u32 %r7, %r7, 1;
  setp.lt.u32 %p2, %r7, 5;
  @%p2 bra PRODUCER;
DONE:
  st.global.b32 [%o], %r0;
)",
              4);
  AddMbarrier(catalog, "mbarrier_invalidated_and_reused", 1, 7, R"(
  mbarrier.inval.shared::cta.b64 [%r90];
  mov.b64 %q0, 0x1122334455667788;
  st.shared.b64 [%r90], %q0;
  ld.shared.b64 %q1, [%r90];
  mbarrier.init.shared::cta.b64 [%r90], 1;
  mbarrier.arrive.shared::cta.b64 %q2, [%r90];
  mbarrier.pending_count.b64 %r0, %q2;
  cvt.u64.u32 %q3, %r0;
  st.global.v2.b64 [%o], {%q1, %q3};
)");
}

}  // namespace

void AddBarrier(Catalog& catalog) {
  AddNamed(catalog);
  AddFences(catalog);
  AddArrivals(catalog);
  AddTransactions(catalog);
}

}  // namespace attnjit::micro
