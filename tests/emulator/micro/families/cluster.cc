// Clusters: barrier.cluster, mapa, distributed shared memory, remote mbarriers, multicast.
#include "llvm/Support/FormatVariadic.h"
#include "tests/emulator/micro/catalog.h"

namespace attnjit::micro {
namespace {

// %r80: own rank; %r5: own words[64] (shared::cta); %r81: the next CTA's rank.
constexpr const char* kSetup = R"(
  .shared .align 16 .b32 words[64];
  mov.u32 %r80, %cluster_ctarank;
  mov.u32 %r82, %cluster_nctarank;
  add.u32 %r81, %r80, 1;
  rem.u32 %r81, %r81, %r82;
  mov.u32 %r5, words;
  mad.lo.u32 %r6, %tx, 4, %r5;
  ld.global.b32 %r1, [%i];
  st.shared.b32 [%r6], %r1;
)";
constexpr const char* kSync =
    "  barrier.cluster.arrive.release.aligned;\n  barrier.cluster.wait.acquire.aligned;\n";

Case& AddClusterCase(Catalog& catalog, const std::string& family, const std::string& name,
                     unsigned cluster, const std::string& body, unsigned output_stride = 4) {
  Program program;
  program.grid = 2 * cluster;
  program.block = 64;
  program.cluster = cluster;
  program.output_stride = output_stride;
  program.body = kSetup + body;
  Case& c = catalog.Add(family, name, program);
  c.risky = true;
  return c;
}

void AddBarriers(Catalog& catalog) {
  const std::string read =
      "  mapa.shared::cluster.u32 %r7, %r6, %r81;\n  ld.shared::cluster.b32 %r0, [%r7];\n"
      "  st.global.b32 [%o], %r0;\n" +
      std::string(kSync);
  struct Variant {
    const char* name;
    const char* code;
  };
  for (Variant v :
       {Variant{"plain", "  barrier.cluster.arrive;\n  barrier.cluster.wait;\n"},
        {"aligned", "  barrier.cluster.arrive.aligned;\n  barrier.cluster.wait.aligned;\n"},
        {"release", kSync},
        {"relaxed",
         "  fence.acq_rel.cluster;\n  barrier.cluster.arrive.relaxed.aligned;\n"
         "  barrier.cluster.wait.acquire.aligned;\n"}}) {
    for (unsigned cluster : {1u, 2u, 4u, 8u}) {
      AddClusterCase(catalog, "barrier.cluster",
                     llvm::formatv("barrier.cluster_{0}_{1}", v.name, cluster), cluster,
                     v.code + read);
    }
  }
}

void AddAddresses(Catalog& catalog) {
  for (unsigned cluster : {2u, 4u}) {
    AddClusterCase(catalog, "mapa", llvm::formatv("mapa_addresses_{0}", cluster), cluster, R"(
  mapa.shared::cluster.u32 %r10, %r5, 0;
  mapa.shared::cluster.u32 %r11, %r5, %r81;
  mapa.shared::cluster.u32 %r12, %r5, %r80;
  sub.u32 %r12, %r12, %r10;
  sub.u32 %r11, %r11, %r10;
  getctarank.shared::cluster.u32 %r13, %r10;
  mov.u64 %q0, words;
  cvta.shared.u64 %q0, %q0;
  mapa.u64 %q1, %q0, %r81;
  getctarank.u64 %r14, %q1;
  mad.lo.u32 %r13, %r14, 100, %r13;
  sub.u64 %q2, %q1, %q0;
  cvt.u32.u64 %r15, %q2;
  isspacep.shared::cluster %p0, %q1;
  isspacep.shared::cta %p1, %q1;
  isspacep.shared %p2, %q1;
  selp.u32 %r16, 1, 0, %p0;
  selp.u32 %r17, 2, 0, %p1;
  selp.u32 %r18, 4, 0, %p2;
  add.u32 %r16, %r16, %r17;
  add.u32 %r16, %r16, %r18;
  st.global.v4.b32 [%o], {%r11, %r12, %r13, %r16};
  st.global.b32 [%o+16], %r15;
)" + std::string(kSync),
                   32);
  }
  // The addresses themselves, as far as they are the same in every run.
  AddClusterCase(catalog, "mapa", "mapa_raw", 4, R"(
  mapa.shared::cluster.u32 %r10, %r5, 0;
  mapa.shared::cluster.u32 %r11, %r5, 3;
  mapa.shared::cluster.u32 %r12, %r5, %r80;
  st.global.v4.b32 [%o], {%r5, %r10, %r11, %r12};
)" + std::string(kSync),
                 16);
}

void AddRemote(Catalog& catalog) {
  const std::string sync = kSync;
  const std::string own = "  ld.shared.b32 %r0, [%r6];\n  st.global.b32 [%o], %r0;\n";
  const std::string map =
      "  mapa.shared::cluster.u32 %r7, %r6, %r81;\n  cvt.u64.u32 %q0, %r6;\n"
      "  cvta.shared.u64 %q0, %q0;\n  mapa.u64 %q1, %q0, %r81;\n";
  auto add = [&](const char* family, const char* name, const std::string& code) {
    for (unsigned cluster : {2u, 4u}) {
      AddClusterCase(catalog, family, llvm::formatv("{0}_{1}", name, cluster), cluster,
                     sync + map + code + sync);
    }
  };
  add("dsmem", "dsmem_load", "  ld.shared::cluster.b32 %r0, [%r7];\n  st.global.b32 [%o], %r0;\n");
  add("dsmem", "dsmem_load_generic", "  ld.b32 %r0, [%q1];\n  st.global.b32 [%o], %r0;\n");
  add("dsmem", "dsmem_store",
      "  add.u32 %r2, %r1, %r80;\n  st.shared::cluster.b32 [%r7], %r2;\n" + sync + own);
  add("dsmem", "dsmem_store_generic",
      "  add.u32 %r2, %r1, 9;\n  st.b32 [%q1], %r2;\n" + sync + own);
  add("dsmem", "dsmem_atom",
      "  atom.shared::cluster.add.u32 %r3, [%r7], %r80;\n  st.global.b32 [%o], %r3;\n" + sync +
          "  ld.shared.b32 %r0, [%r6];\n  xor.b32 %r0, %r0, %r3;\n  st.global.b32 [%o], %r0;\n");
  add("dsmem", "dsmem_red", "  red.shared::cluster.max.u32 [%r7], 0x40000000;\n" + sync + own);
  add("dsmem", "dsmem_red_contended",
      "  mapa.shared::cluster.u32 %r8, %r5, 0;\n  red.shared::cluster.add.u32 [%r8], 3;\n" + sync +
          own);
}

/// CTA 0's mbarrier gets arrivals from all CTAs of the cluster; a peer's data comes with st.async.
void AddRemoteBarriers(Catalog& catalog) {
  const std::string setup = R"(
  .shared .align 8 .b64 bar;
  mov.u32 %r90, bar;
  setp.ne.u32 %p15, %tx, 0;
  @!%p15 mbarrier.init.shared::cta.b64 [%r90], $count;
  @!%p15 fence.mbarrier_init.release.cluster;
)" + std::string(kSync);
  const std::string wait = R"(
WAIT:
  mbarrier.try_wait.parity.acquire.cluster.shared::cta.b64 %p2, [%r90], 0;
  @!%p2 bra WAIT;
  bar.warp.sync 0xffffffff;
)";
  auto add = [&](const char* name, unsigned cluster, unsigned count, const std::string& code) {
    AddClusterCase(catalog, "dsmem", llvm::formatv("{0}_{1}", name, cluster), cluster,
                   Fill(setup, {{"$count", std::to_string(count)}}) + code + kSync);
  };
  for (unsigned cluster : {2u, 4u}) {
    add("mbarrier_remote_arrive", cluster, 64,
        "  mapa.shared::cluster.u32 %r91, %r90, %r81;\n"
        "  mbarrier.arrive.release.cluster.shared::cluster.b64 _, [%r91];\n" +
            wait + "  mov.u32 %r0, 5;\n  st.global.b32 [%o], %r0;\n");
    add("mbarrier_remote_expect_tx", cluster, 1,
        "  mapa.shared::cluster.u32 %r91, %r90, %r81;\n"
        "  @!%p15 mbarrier.arrive.expect_tx.release.cluster.shared::cluster.b64 _, [%r91], 16;\n"
        "  @!%p15 mbarrier.complete_tx.relaxed.cluster.shared::cluster.b64 [%r91], 16;\n" +
            wait + "  mov.u32 %r0, 6;\n  st.global.b32 [%o], %r0;\n");
    add("st.async", cluster, 1,
        "  @!%p15 mbarrier.arrive.expect_tx.shared::cta.b64 _, [%r90], 256;\n"
        "  mapa.shared::cluster.u32 %r91, %r90, %r81;\n"
        "  mapa.shared::cluster.u32 %r7, %r6, %r81;\n  add.u32 %r2, %r1, %r80;\n"
        "  st.async.shared::cluster.mbarrier::complete_tx::bytes.b32 [%r7], %r2, [%r91];\n" +
            wait + "  ld.shared.b32 %r0, [%r6];\n  st.global.b32 [%o], %r0;\n");
    add("red.async", cluster, 1,
        "  @!%p15 mbarrier.arrive.expect_tx.shared::cta.b64 _, [%r90], 256;\n"
        "  mapa.shared::cluster.u32 %r91, %r90, %r81;\n"
        "  mapa.shared::cluster.u32 %r7, %r6, %r81;\n  add.u32 %r2, %r80, 100;\n"
        "  red.async.relaxed.cluster.shared::cluster.mbarrier::complete_tx::bytes.add.u32 [%r7], "
        "%r2, [%r91];\n" +
            wait + "  ld.shared.b32 %r0, [%r6];\n  st.global.b32 [%o], %r0;\n");
    add("bulk_shared_to_peer", cluster, 1,
        "  .shared .align 16 .b32 target[64];\n  mov.u32 %r9, target;\n"
        "  fence.proxy.async;\n  bar.sync 0;\n"
        "  @%p15 bra WAIT;\n"
        "  mbarrier.arrive.expect_tx.shared::cta.b64 _, [%r90], 256;\n"
        "  mapa.shared::cluster.u32 %r91, %r90, %r81;\n"
        "  mapa.shared::cluster.u32 %r7, %r9, %r81;\n"
        "  cp.async.bulk.shared::cluster.shared::cta.mbarrier::complete_tx::bytes [%r7], [%r5], "
        "256, [%r91];\n" +
            wait +
            "  mad.lo.u32 %r9, %tx, 4, %r9;\n  ld.shared.b32 %r0, [%r9];\n"
            "  st.global.b32 [%o], %r0;\n");
    // CTA 0 sends to the CTAs of the mask; the others' barriers complete at once.
    for (unsigned mask : {1u, 3u, (1u << cluster) - 1}) {
      if (mask == 3 && cluster == 2) continue;
      add(llvm::formatv("bulk_multicast_{0}", mask).str().c_str(), cluster, 1,
          llvm::formatv(
              "  fence.proxy.async;\n  shl.b32 %r20, 1, %r80;\n  and.b32 %r20, %r20, {0};\n"
              "  setp.ne.u32 %p3, %r20, 0;\n  selp.u32 %r21, 256, 0, %p3;\n"
              "  @!%p15 mbarrier.arrive.expect_tx.shared::cta.b64 _, [%r90], %r21;\n"
              "  barrier.cluster.arrive;\n  barrier.cluster.wait;\n"
              "  or.b32 %r22, %r80, %tx;\n  setp.ne.u32 %p4, %r22, 0;\n  @%p4 bra WAIT;\n"
              "  mov.b16 %h0, {0};\n"
              "  cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes"
              ".multicast::cluster [%r5], [%in], 256, [%r90], %h0;\n",
              mask)
                  .str() +
              wait + "  ld.shared.b32 %r0, [%r6];\n  st.global.b32 [%o], %r0;\n");
    }
  }
}

}  // namespace

void AddCluster(Catalog& catalog) {
  AddBarriers(catalog);
  AddAddresses(catalog);
  AddRemote(catalog);
  AddRemoteBarriers(catalog);
}

}  // namespace attnjit::micro
