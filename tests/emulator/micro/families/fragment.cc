// ldmatrix, stmatrix and movmatrix: 8x8 matrices between shared memory and a warp's registers.
#include "llvm/Support/FormatVariadic.h"
#include "tests/emulator/micro/catalog.h"

namespace attnjit::micro {
namespace {

std::string List(unsigned count) {
  std::string list;
  for (unsigned i = 0; i < count; ++i) {
    list += llvm::formatv("{0}%r{1}", i ? ", " : "", 20 + i).str();
  }
  return "{" + list + "}";
}

// The warp's 2 KiB of shared memory at %r5, filled from the input; %r6: the address of row
// `lane * 5 mod 32` (rows of 16 bytes, 32 of them apart by 48 bytes).
constexpr const char* kSetup = R"(
  .shared .align 16 .b8 buffer[2048];
  mov.u32 %r5, buffer;
  mov.u32 %r8, %tx;
FILL:
  mul.lo.u32 %r9, %r8, 16;
  cvt.u64.u32 %q0, %r9;
  add.u64 %q0, %q0, %in;
  ld.global.v4.b32 {%r0, %r1, %r2, %r3}, [%q0];
  add.u32 %r9, %r9, %r5;
  st.shared.v4.b32 [%r9], {%r0, %r1, %r2, %r3};
  add.u32 %r8, %r8, 32;
  setp.lt.u32 %p1, %r8, 128;
  @%p1 bra FILL;
  bar.sync 0;
  mul.lo.u32 %r6, %tx, 5;
  and.b32 %r6, %r6, 31;
  mad.lo.u32 %r6, %r6, 48, %r5;
)";

Program Base() {
  Program program;
  program.input_bytes = 2048 + 512;
  program.output_stride = 16;
  program.body = kSetup;
  return program;
}

void AddLoads(Catalog& catalog, unsigned count, const char* transpose, const char* space) {
  Program program = Base();
  std::string name =
      llvm::formatv("ldmatrix.sync.aligned.m8n8.x{0}{1}{2}.b16", count, transpose, space);
  bool generic = *space == 0;
  if (generic) program.body += "  cvt.u64.u32 %q2, %r6;\n  cvta.shared.u64 %q3, %q2;\n";
  program.body +=
      llvm::formatv("  {0} {1}, [{2}];\n", name, List(count), generic ? "%q3" : "%r6").str();
  for (unsigned i = 0; i < count; ++i) {
    program.body += llvm::formatv("  st.global.b32 [%o+{0}], %r{1};\n", 4 * i, 20 + i).str();
  }
  catalog.Add("ldmatrix", name, program);
}

void AddStores(Catalog& catalog, unsigned count, const char* transpose) {
  Program program = Base();
  program.output_bytes = 2048;
  program.output_stride = 4;
  std::string name =
      llvm::formatv("stmatrix.sync.aligned.m8n8.x{0}{1}.shared.b16", count, transpose);
  program.body +=
      "  mad.wide.u32 %q1, %tx, 16, %in;\n"
      "  ld.global.v4.b32 {%r20, %r21, %r22, %r23}, [%q1+2048];\n";
  program.body += llvm::formatv("  {0} [%r6], {1};\n", name, List(count)).str();
  program.body += R"(
  bar.sync 0;
  mov.u32 %r8, %tx;
COPY:
  mul.lo.u32 %r9, %r8, 16;
  cvt.u64.u32 %q0, %r9;
  add.u64 %q0, %q0, %out;
  add.u32 %r9, %r9, %r5;
  ld.shared.v4.b32 {%r0, %r1, %r2, %r3}, [%r9];
  st.global.v4.b32 [%q0], {%r0, %r1, %r2, %r3};
  add.u32 %r8, %r8, 32;
  setp.lt.u32 %p1, %r8, 128;
  @%p1 bra COPY;
)";
  catalog.Add("stmatrix", name, program);
}

}  // namespace

void AddFragment(Catalog& catalog) {
  for (unsigned count : {1u, 2u, 4u}) {
    for (const char* transpose : {"", ".trans"}) {
      for (const char* space : {".shared", ".shared::cta", ""}) {
        AddLoads(catalog, count, transpose, space);
      }
      AddStores(catalog, count, transpose);
    }
  }
  Program program;
  program.body = R"(
  ld.global.b32 %r0, [%i];
  movmatrix.sync.aligned.m8n8.trans.b16 %r1, %r0;
  st.global.b32 [%o], %r1;
)";
  catalog.Add("movmatrix", "movmatrix.sync.aligned.m8n8.trans.b16", program);
}

}  // namespace attnjit::micro
