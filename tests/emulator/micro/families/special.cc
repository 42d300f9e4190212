// Special registers, and instructions whose effect is on the machine: setmaxnreg, griddepcontrol.
#include "llvm/Support/FormatVariadic.h"
#include "tests/emulator/micro/catalog.h"

namespace attnjit::micro {
namespace {

/// Output words of which the ISA promises nothing.
Region AnyWords(const Program& program) {
  Region region;
  region.count = size_t{program.grid} * program.block;
  region.kind = Kind::kF32;
  region.approximate = true;
  region.exact = [](double, double) { return std::optional<Exact>(); };
  return region;
}

void AddRegisters(Catalog& catalog) {
  struct Register {
    const char* name;
    const char* type = "u32";
  };
  for (Register r : {Register{"tid.x"},
                     {"tid.y"},
                     {"tid.z"},
                     {"ntid.x"},
                     {"ntid.y"},
                     {"ntid.z"},
                     {"ctaid.x"},
                     {"ctaid.y"},
                     {"ctaid.z"},
                     {"nctaid.x"},
                     {"nctaid.y"},
                     {"nctaid.z"},
                     {"laneid"},
                     {"warpid"},
                     {"lanemask_eq"},
                     {"lanemask_lt"},
                     {"lanemask_le"},
                     {"lanemask_gt"},
                     {"lanemask_ge"},
                     {"clusterid.x"},
                     {"clusterid.y"},
                     {"nclusterid.x"},
                     {"nclusterid.z"},
                     {"cluster_ctaid.x"},
                     {"cluster_ctaid.y"},
                     {"cluster_nctaid.x"},
                     {"cluster_nctaid.z"},
                     {"cluster_ctarank"},
                     {"cluster_nctarank"},
                     {"dynamic_smem_size"},
                     {"total_smem_size"},
                     {"aggr_smem_size"},
                     {"reserved_smem_offset_begin", "b32"},
                     {"reserved_smem_offset_end", "b32"},
                     {"reserved_smem_offset_cap", "b32"}}) {
    for (unsigned cluster : {0u, 2u}) {
      Program program;
      program.grid = 4;
      program.block = 64;
      program.cluster = cluster;
      program.dynamic_shared = 2048;
      program.body =
          llvm::formatv("  mov.{0} %r0, %{1};\n  st.global.b32 [%o], %r0;\n", r.type, r.name);
      Case& added =
          catalog.Add("special", llvm::formatv("special_{0}_cluster{1}", r.name, cluster), program);
      // PTX ISA 10.4: %warpid is a place in the multiprocessor, which differs from run to run.
      if (llvm::StringRef(r.name) == "warpid") added.regions = {AnyWords(program)};
    }
  }
  for (unsigned cluster : {0u, 2u}) {
    Program program;
    program.grid = 4;
    program.cluster = cluster;
    program.body =
        "  mov.pred %p0, %is_explicit_cluster;\n  selp.u32 %r0, 1, 0, %p0;\n"
        "  st.global.b32 [%o], %r0;\n";
    catalog.Add("special", llvm::formatv("special_is_explicit_cluster_{0}", cluster), program);
  }
  Program program;
  program.body = R"(
  mov.u64 %q0, %clock64;
  mov.u32 %r1, %clock;
  mov.u64 %q1, %globaltimer;
  nanosleep.u32 20;
  mov.u64 %q2, %clock64;
  mov.u64 %q3, %globaltimer;
  setp.gt.u64 %p0, %q2, %q0;
  setp.ge.u64 %p1, %q3, %q1;
  selp.u32 %r0, 1, 0, %p0;
  selp.u32 %r2, 2, 0, %p1;
  add.u32 %r0, %r0, %r2;
  st.global.b32 [%o], %r0;
)";
  catalog.Add("special", "special_clocks", program);
}

void AddMachine(Catalog& catalog) {
  Program program;
  program.block = 256;
  program.directives = ".maxnreg 128";
  program.body = R"(
  setp.lt.u32 %p0, %tx, 128;
  @%p0 bra LESS;
  setmaxnreg.inc.sync.aligned.u32 168;
  mov.u32 %r0, 1;
  bra DONE;
LESS:
  setmaxnreg.dec.sync.aligned.u32 40;
  mov.u32 %r0, 2;
DONE:
  st.global.b32 [%o], %r0;
)";
  catalog.Add("setmaxnreg", "setmaxnreg", program);
  program = {};
  program.body = R"(
  griddepcontrol.launch_dependents;
  griddepcontrol.wait;
  mov.u32 %r0, 3;
  st.global.b32 [%o], %r0;
)";
  catalog.Add("griddepcontrol", "griddepcontrol", program);
}

}  // namespace

void AddSpecial(Catalog& catalog) {
  AddRegisters(catalog);
  AddMachine(catalog);
}

}  // namespace attnjit::micro
