// cp.async, bulk copies and bulk reductions within one CTA.
#include "llvm/Support/FormatVariadic.h"
#include "tests/emulator/micro/catalog.h"

namespace attnjit::micro {
namespace {

constexpr const char* kBuffer = "  .shared .align 16 .b8 buffer[1024];\n";

/// Each thread's 16 bytes of a poisoned buffer, after `copies` into [%r5] and whatever waits.
void AddCopy(Catalog& catalog, const std::string& name, const std::string& copies) {
  Program program;
  program.input_stride = 16;
  program.output_stride = 16;
  program.block = 64;
  program.declarations = kBuffer;
  program.body = R"(
  mov.u32 %r5, buffer;
  mad.lo.u32 %r5, %tx, 16, %r5;
  mov.u32 %r4, 0xeeeeeeee;
  st.shared.v4.b32 [%r5], {%r4, %r4, %r4, %r4};
  and.b32 %r6, %lane, 15;
  and.b32 %r7, %lane, 1;
  setp.ne.u32 %p0, %r7, 0;
)" + copies + R"(
  ld.shared.v4.b32 {%r0, %r1, %r2, %r3}, [%r5];
  st.global.v4.b32 [%o], {%r0, %r1, %r2, %r3};
)";
  catalog.Add("cp.async", name, program);
}

void AddAsync(Catalog& catalog) {
  const std::string wait = "  cp.async.wait_all;\n";
  for (const char* op : {"ca.shared.global", "ca.shared::cta.global", "ca.shared.global.L2::128B",
                         "ca.shared.global.L2::256B"}) {
    for (unsigned size : {4u, 8u, 16u}) {
      AddCopy(catalog, llvm::formatv("cp.async.{0}_{1}", op, size),
              llvm::formatv("  cp.async.{0} [%r5], [%i], {1};\n", op, size).str() + wait);
    }
  }
  AddCopy(catalog, "cp.async.cg_16", "  cp.async.cg.shared.global [%r5], [%i], 16;\n" + wait);
  for (unsigned size : {4u, 8u, 16u}) {
    // The source size says how much is copied: zeros fill the rest.
    AddCopy(catalog, llvm::formatv("cp.async.ca_{0}_source_size", size),
            llvm::formatv("  min.u32 %r6, %r6, {0};\n"
                          "  cp.async.ca.shared.global [%r5], [%i], {0}, %r6;\n",
                          size)
                    .str() +
                wait);
    AddCopy(catalog, llvm::formatv("cp.async.ca_{0}_nothing", size),
            llvm::formatv("  cp.async.ca.shared.global [%r5], [%i], {0}, 0;\n", size).str() + wait);
    AddCopy(
        catalog, llvm::formatv("cp.async.ca_{0}_ignored_source", size),
        llvm::formatv("  cp.async.ca.shared.global [%r5], [%i], {0}, %p0;\n", size).str() + wait);
  }
  AddCopy(catalog, "cp.async.cg_16_source_size",
          "  cp.async.cg.shared.global [%r5], [%i], 16, %r6;\n" + wait);
  AddCopy(catalog, "cp.async_groups",
          "  cp.async.ca.shared.global [%r5], [%i], 4;\n  cp.async.commit_group;\n"
          "  cp.async.ca.shared.global [%r5+4], [%i+4], 4;\n  cp.async.commit_group;\n"
          "  cp.async.wait_group 1;\n  ld.shared.b32 %r8, [%r5];\n  cp.async.wait_group 0;\n"
          "  st.shared.b32 [%r5+8], %r8;\n");
  AddCopy(catalog, "cp.async_mbarrier_arrive",
          "  .shared .align 8 .b64 bar;\n  mov.u32 %r90, bar;\n  setp.ne.u32 %p1, %tx, 0;\n"
          "  @!%p1 mbarrier.init.shared::cta.b64 [%r90], 64;\n  bar.sync 0;\n"
          "  cp.async.ca.shared.global [%r5], [%i], 16;\n"
          "  cp.async.mbarrier.arrive.noinc.shared::cta.b64 [%r90];\n"
          "WAIT:\n  mbarrier.try_wait.parity.shared::cta.b64 %p2, [%r90], 0;\n"
          "  @!%p2 bra WAIT;\n");
  AddCopy(catalog, "cp.async_mbarrier_arrive_counted",
          "  .shared .align 8 .b64 bar;\n  mov.u32 %r90, bar;\n  setp.ne.u32 %p1, %tx, 0;\n"
          "  @!%p1 mbarrier.init.shared::cta.b64 [%r90], 64;\n  bar.sync 0;\n"
          "  cp.async.ca.shared.global [%r5], [%i], 8;\n"
          "  cp.async.mbarrier.arrive.shared::cta.b64 [%r90];\n"
          "  mbarrier.arrive.shared::cta.b64 _, [%r90];\n"
          "WAIT:\n  mbarrier.try_wait.parity.shared::cta.b64 %p2, [%r90], 0;\n"
          "  @!%p2 bra WAIT;\n");
}

// A block of 128 with 8 KiB of shared memory at %r5, filled from the input, and an mbarrier.
constexpr unsigned kBulkBytes = 8192;
constexpr const char* kBulkSetup = R"(
  .shared .align 128 .b8 buffer[8192];
  .shared .align 8 .b64 bar;
  mov.u32 %r5, buffer;
  mov.u32 %r90, bar;
  setp.ne.u32 %p15, %tx, 0;
  @!%p15 mbarrier.init.shared::cta.b64 [%r90], 1;
  mov.u32 %r8, %tx;
FILL:
  mul.lo.u32 %r9, %r8, 16;
  cvt.u64.u32 %q0, %r9;
  add.u64 %q0, %q0, %in;
  ld.global.v4.b32 {%r0, %r1, %r2, %r3}, [%q0+8192];
  add.u32 %r9, %r9, %r5;
  st.shared.v4.b32 [%r9], {%r0, %r1, %r2, %r3};
  add.u32 %r8, %r8, 128;
  setp.lt.u32 %p1, %r8, 512;
  @%p1 bra FILL;
  fence.proxy.async;
  bar.sync 0;
)";
constexpr const char* kBulkWait = R"(
WAIT:
  mbarrier.try_wait.parity.shared::cta.b64 %p2, [%r90], 0;
  @!%p2 bra WAIT;
  bar.warp.sync 0xffffffff;
)";
constexpr const char* kBulkOut = R"(
  bar.sync 0;
  mov.u32 %r8, %tx;
COPY:
  mul.lo.u32 %r9, %r8, 16;
  cvt.u64.u32 %q0, %r9;
  add.u64 %q0, %q0, %out;
  add.u32 %r9, %r9, %r5;
  ld.shared.v4.b32 {%r0, %r1, %r2, %r3}, [%r9];
  st.global.v4.b32 [%q0], {%r0, %r1, %r2, %r3};
  add.u32 %r8, %r8, 128;
  setp.lt.u32 %p1, %r8, 512;
  @%p1 bra COPY;
)";

/// Copies into shared::cluster from shared memory need a cluster launch (an H200 calls them illegal
/// instructions otherwise): `cluster` 1.
Case& AddBulkCase(Catalog& catalog, const std::string& name, const std::string& body,
                  Kind kind = Kind::kU32, unsigned cluster = 0) {
  Program program;
  program.cluster = cluster;
  program.block = 128;
  program.input_kind = kind;
  program.output_kind = kind;
  program.input_bytes = 2 * kBulkBytes;
  program.output_bytes = kBulkBytes;
  program.body = kBulkSetup + body;
  return catalog.Add("cp.async.bulk", name, program);
}

void AddBulk(Catalog& catalog) {
  for (const char* to : {"shared::cluster", "shared::cta"}) {
    for (unsigned size : {16u, 48u, 1024u, 8000u}) {
      AddBulkCase(catalog, llvm::formatv("bulk_global_to_{0}_{1}", to, size),
                  llvm::formatv(
                      "  @%p15 bra WAIT;\n  add.u64 %q1, %in, 32;\n  add.u32 %r6, %r5, 64;\n"
                      "  mbarrier.arrive.expect_tx.shared::cta.b64 _, [%r90], {1};\n"
                      "  cp.async.bulk.{0}.global.mbarrier::complete_tx::bytes [%r6], [%q1], {1}, "
                      "[%r90];\n",
                      to, size)
                          .str() +
                      kBulkWait + kBulkOut);
    }
  }
  for (unsigned size : {16u, 144u, 8000u}) {
    AddBulkCase(catalog, llvm::formatv("bulk_shared_to_global_{0}", size),
                llvm::formatv("  @%p15 bra DONE;\n  add.u64 %q1, %out, 48;\n"
                              "  cp.async.bulk.global.shared::cta.bulk_group [%q1], [%r5], {0};\n"
                              "  cp.async.bulk.commit_group;\n  cp.async.bulk.wait_group 0;\n"
                              "DONE:\n",
                              size));
    AddBulkCase(
        catalog, llvm::formatv("bulk_shared_to_own_shared_{0}", size / 2 / 16 * 16 + 16),
        llvm::formatv("  @%p15 bra WAIT;\n  add.u32 %r6, %r5, 4096;\n"
                      "  mbarrier.arrive.expect_tx.shared::cta.b64 _, [%r90], {0};\n"
                      "  cp.async.bulk.shared::cluster.shared::cta.mbarrier::complete_tx::bytes "
                      "[%r6], [%r5], {0}, [%r90];\n",
                      size / 2 / 16 * 16 + 16)
                .str() +
            kBulkWait + kBulkOut,
        Kind::kU32, 1);
  }
  // Groups: the source may change after .read, the first group is there after wait_group 1.
  AddBulkCase(catalog, "bulk_groups", R"(
  @%p15 bra DONE;
  cp.async.bulk.global.shared::cta.bulk_group [%out], [%r5], 1024;
  cp.async.bulk.commit_group;
  cp.async.bulk.wait_group.read 0;
  mov.b32 %r0, 0x11223344;
  st.shared.b32 [%r5], %r0;
  fence.proxy.async;
  add.u64 %q1, %out, 2048;
  cp.async.bulk.global.shared::cta.bulk_group [%q1], [%r5], 1024;
  cp.async.bulk.commit_group;
  cp.async.bulk.wait_group 1;
  cp.async.bulk.wait_group 0;
DONE:
)");
  AddBulkCase(catalog, "bulk_prefetch_and_hint", R"(
  @%p15 bra WAIT;
  cp.async.bulk.prefetch.L2.global [%in], 512;
  createpolicy.fractional.L2::evict_first.b64 %q3, 1.0;
  mbarrier.arrive.expect_tx.shared::cta.b64 _, [%r90], 512;
  cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes.L2::cache_hint [%r5], [%in], 512, [%r90], %q3;
)" + std::string(kBulkWait) + kBulkOut);
}

struct Reduction {
  const char* op;
  std::vector<const char*> types;
};

Kind KindOf(const std::string& type) {
  if (type == "f16") return Kind::kF16;
  if (type == "bf16") return Kind::kBf16;
  if (type == "f32") return Kind::kF32;
  if (type == "f64") return Kind::kF64;
  return type.find("64") != std::string::npos ? Kind::kU64 : Kind::kU32;
}

void AddReductions(Catalog& catalog) {
  const std::vector<Reduction> to_global = {{"add", {"u32", "s32", "u64", "f32", "f64"}},
                                            {"add.noftz", {"f16", "bf16"}},
                                            {"min", {"u32", "s32", "u64", "s64", "f16", "bf16"}},
                                            {"max", {"u32", "s32", "u64", "s64", "f16", "bf16"}},
                                            {"inc", {"u32"}},
                                            {"dec", {"u32"}},
                                            {"and", {"b32", "b64"}},
                                            {"or", {"b32", "b64"}},
                                            {"xor", {"b32", "b64"}}};
  for (const Reduction& reduction : to_global) {
    for (const char* type : reduction.types) {
      Kind kind = KindOf(type);
      Case& c = AddBulkCase(
          catalog, llvm::formatv("bulk_reduce_global_{0}.{1}", reduction.op, type),
          llvm::formatv("  @%p15 bra DONE;\n  add.u64 %q1, %out, 64;\n"
                        "  cp.reduce.async.bulk.global.shared::cta.bulk_group.{0}.{1} [%q1], "
                        "[%r5], 4096;\n"
                        "  cp.async.bulk.commit_group;\n  cp.async.bulk.wait_group 0;\nDONE:\n",
                        reduction.op, type),
          kind);
      c.output = Values(kind, kBulkBytes, 1, 9);
    }
  }
  const std::vector<Reduction> to_shared = {{"add", {"u32", "s32", "u64"}},
                                            {"min", {"u32", "s32"}},
                                            {"max", {"u32", "s32"}},
                                            {"inc", {"u32"}},
                                            {"dec", {"u32"}},
                                            {"and", {"b32"}},
                                            {"or", {"b32"}},
                                            {"xor", {"b32"}}};
  for (const Reduction& reduction : to_shared) {
    for (const char* type : reduction.types) {
      AddBulkCase(
          catalog, llvm::formatv("bulk_reduce_shared_{0}.{1}", reduction.op, type),
          llvm::formatv(
              "  @%p15 bra WAIT;\n  add.u32 %r6, %r5, 4096;\n"
              "  mbarrier.arrive.expect_tx.shared::cta.b64 _, [%r90], 2048;\n"
              "  cp.reduce.async.bulk.shared::cluster.shared::cta.mbarrier::complete_tx::bytes."
              "{0}.{1} [%r6], [%r5], 2048, [%r90];\n",
              reduction.op, type)
                  .str() +
              kBulkWait + kBulkOut,
          KindOf(type), 1);
    }
  }
}

}  // namespace

void AddAsyncCopy(Catalog& catalog) {
  AddAsync(catalog);
  AddBulk(catalog);
  AddReductions(catalog);
}

}  // namespace attnjit::micro
