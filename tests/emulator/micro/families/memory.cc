// ld and st in every space, width and vector; cvta, isspacep, prefetch, initialised variables.
#include "llvm/Support/FormatVariadic.h"
#include "tests/emulator/micro/catalog.h"

namespace attnjit::micro {
namespace {

/// Where a thread's 16 bytes lie: the address in %q1 when the body of the space's setup has run.
struct Space {
  const char* name;
  const char* suffix;  ///< Of ld and st.
  const char* declarations;
  const char* setup;
};

constexpr Space kSpaces[] = {
    {"global", ".global", "", "  mov.b64 %q1, %o;\n  add.u64 %q1, %q1, 32;\n"},
    {"generic_global", "", "", "  cvta.global.u64 %q1, %o;\n  add.u64 %q1, %q1, 32;\n"},
    {"shared", ".shared", "  .shared .align 16 .b8 buffer[512];\n",
     "  mov.u64 %q1, buffer;\n  mad.wide.u32 %q1, %tx, 16, %q1;\n"},
    {"shared_cta", ".shared::cta", "  .shared .align 16 .b8 buffer[512];\n",
     "  mov.u64 %q1, buffer;\n  mad.wide.u32 %q1, %tx, 16, %q1;\n"},
    {"generic_shared", "", "  .shared .align 16 .b8 buffer[512];\n",
     "  mov.u64 %q1, buffer;\n  cvta.shared.u64 %q1, %q1;\n  mad.wide.u32 %q1, %tx, 16, %q1;\n"},
    {"local", ".local", "  .local .align 16 .b8 buffer[32];\n",
     "  mov.u64 %q1, buffer;\n  and.b32 %r99, %tx, 1;\n  mad.wide.u32 %q1, %r99, 16, %q1;\n"},
    {"generic_local", "", "  .local .align 16 .b8 buffer[32];\n",
     "  mov.u64 %q1, buffer;\n  cvta.local.u64 %q1, %q1;\n  and.b32 %r99, %tx, 1;\n"
     "  mad.wide.u32 %q1, %r99, 16, %q1;\n"},
};

/// A type, a register bank that holds it and the type that stores the whole register.
struct Access {
  const char* type;
  const char* bank;
  const char* whole;
  unsigned bytes;
  unsigned whole_bytes;
};

constexpr Access kAccesses[] = {
    {"u8", "%h", "b16", 1, 2},  {"s8", "%h", "b16", 1, 2},  {"b8", "%h", "b16", 1, 2},
    {"u8", "%r", "b32", 1, 4},  {"s8", "%r", "b32", 1, 4},  {"u8", "%q", "b64", 1, 8},
    {"s8", "%q", "b64", 1, 8},  {"u16", "%h", "b16", 2, 2}, {"s16", "%h", "b16", 2, 2},
    {"b16", "%h", "b16", 2, 2}, {"u16", "%r", "b32", 2, 4}, {"s16", "%r", "b32", 2, 4},
    {"s16", "%q", "b64", 2, 8}, {"u32", "%r", "b32", 4, 4}, {"s32", "%r", "b32", 4, 4},
    {"b32", "%r", "b32", 4, 4}, {"u32", "%q", "b64", 4, 8}, {"s32", "%q", "b64", 4, 8},
    {"f32", "%f", "f32", 4, 4}, {"u64", "%q", "b64", 8, 8}, {"s64", "%q", "b64", 8, 8},
    {"b64", "%q", "b64", 8, 8}, {"f64", "%e", "f64", 8, 8}};

/// "{%r10, %r11}", or "%r10" alone.
std::string Registers(const Access& access, unsigned count) {
  constexpr unsigned kFirst = 10;
  if (count == 1) return access.bank + std::to_string(kFirst);
  std::string list;
  for (unsigned i = 0; i < count; ++i) {
    list += (i ? ", " : "") + std::string(access.bank) + std::to_string(kFirst + i);
  }
  return "{" + list + "}";
}

std::string VectorOf(unsigned count) { return count == 1 ? "" : ".v" + std::to_string(count); }

std::string BankName(const Access& access) { return std::string(1, access.bank[1]); }

constexpr const char* kCopyIn =
    "  ld.global.v4.b32 {%r0, %r1, %r2, %r3}, [%i];\n  st$space.v4.b32 [%q1], "
    "{%r0, %r1, %r2, %r3};\n";

Program Base(const Space& space) {
  Program program;
  program.input_stride = 16;
  program.output_stride = 48;
  program.declarations = space.declarations;
  program.body = space.setup;
  return program;
}

/// The thread's 16 bytes go to the space as words, come back as `access` says and are stored as
/// whole registers.
void AddLoad(Catalog& catalog, const Space& space, const Access& access, unsigned count,
             const std::string& qualifiers = "") {
  Program program = Base(space);
  program.body += Fill(kCopyIn, {{"$space", space.suffix}});
  // What ld.global.nc reads must not be written by the kernel.
  bool constant = qualifiers.find(".nc") != std::string::npos;
  program.body +=
      llvm::formatv("  ld{0}{1}{2}.{3} {4}, [{5}];\n", qualifiers,
                    qualifiers.find(".global") == std::string::npos ? space.suffix : "",
                    VectorOf(count), access.type, Registers(access, count), constant ? "%i" : "%q1")
          .str();
  for (unsigned i = 0; i < count; ++i) {
    program.body += llvm::formatv("  st.global.{0} [%o+{1}], {2}{3};\n", access.whole,
                                  i * access.whole_bytes, access.bank, 10 + i)
                        .str();
  }
  catalog.Add("ld",
              llvm::formatv("ld{0}_{1}{2}.{3}_{4}", qualifiers, space.name, VectorOf(count),
                            access.type, BankName(access)),
              program);
}

/// The thread's input goes into whole registers, to the space as `access` says, and the 16 bytes
/// come back as words.
void AddStore(Catalog& catalog, const Space& space, const Access& access, unsigned count,
              const std::string& qualifiers = "") {
  Program program = Base(space);
  program.body += "  mov.b32 %r3, 0x5a5a5a5a;\n  st" + std::string(space.suffix) +
                  ".v4.b32 [%q1], {%r3, %r3, %r3, %r3};\n";
  program.input_stride = 32;
  for (unsigned i = 0; i < count; ++i) {
    program.body += llvm::formatv("  ld.global.{0} {1}{2}, [%i+{3}];\n", access.whole, access.bank,
                                  10 + i, i * access.whole_bytes)
                        .str();
  }
  program.body += llvm::formatv("  st{0}{1}{2}.{3} [%q1], {4};\n", qualifiers,
                                qualifiers.find(".global") == std::string::npos ? space.suffix : "",
                                VectorOf(count), access.type, Registers(access, count))
                      .str();
  program.body += "  ld" + std::string(space.suffix) +
                  ".v4.b32 {%r4, %r5, %r6, %r7}, [%q1];\n"
                  "  st.global.v4.b32 [%o], {%r4, %r5, %r6, %r7};\n";
  catalog.Add("st",
              llvm::formatv("st{0}_{1}{2}.{3}_{4}", qualifiers, space.name, VectorOf(count),
                            access.type, BankName(access)),
              program);
}

void AddWidths(Catalog& catalog) {
  for (const Space& space : kSpaces) {
    bool every = std::string(space.name) == "global" || std::string(space.name) == "shared";
    for (const Access& access : kAccesses) {
      for (unsigned count : {1u, 2u, 4u}) {
        bool common = std::string(access.whole) == "b32" || access.bytes == 8;
        if (count * access.bytes > 16 || (!every && !common && count != 1)) continue;
        AddLoad(catalog, space, access, count);
        AddStore(catalog, space, access, count);
      }
    }
  }
}

void AddQualified(Catalog& catalog) {
  const Access& word = kAccesses[15];
  const Space &global = kSpaces[0], &shared = kSpaces[2], &generic = kSpaces[4];
  for (const char* q :
       {".global.ca", ".global.cg", ".global.cs", ".global.lu", ".global.cv", ".global.nc",
        ".global.nc.L1::no_allocate", ".global.nc.L1::evict_last.L2::128B",
        ".global.L1::no_allocate", ".global.L1::evict_first", ".global.L2::128B",
        ".volatile.global", ".relaxed.cta.global", ".relaxed.gpu.global", ".acquire.gpu.global",
        ".acquire.sys.global", ".weak.global"}) {
    AddLoad(catalog, global, word, 1, q);
    AddLoad(catalog, global, word, 4, q);
  }
  for (const char* q : {".volatile", ".relaxed.cta", ".acquire.cta", ".acquire.cluster"}) {
    AddLoad(catalog, shared, word, 1, q);
    AddLoad(catalog, generic, word, 1, q);
  }
  for (const char* q : {".global.wb", ".global.cg", ".global.cs", ".global.wt",
                        ".global.L1::no_allocate", ".volatile.global", ".relaxed.gpu.global",
                        ".release.gpu.global", ".release.sys.global", ".weak.global"}) {
    AddStore(catalog, global, word, 1, q);
    AddStore(catalog, global, word, 4, q);
  }
  for (const char* q : {".volatile", ".relaxed.cta", ".release.cta", ".release.cluster"}) {
    AddStore(catalog, shared, word, 1, q);
    AddStore(catalog, generic, word, 1, q);
  }
}

void AddHints(Catalog& catalog) {
  Program program;
  program.body = R"(
  createpolicy.fractional.L2::evict_first.b64 %q2, 1.0;
  ld.global.L2::cache_hint.b32 %r0, [%i], %q2;
  createpolicy.fractional.L2::evict_last.L2::evict_unchanged.b64 %q3, 0.5;
  st.global.L2::cache_hint.b32 [%o], %r0, %q3;
)";
  catalog.Add("ld", "cache_hint", program);
  program.body = R"(
  prefetch.global.L1 [%i];
  prefetch.global.L2 [%i];
  prefetch.global.L2::evict_last [%i];
  prefetch.L1 [%i];
  prefetchu.L1 [%i];
  ld.global.b32 %r0, [%i];
  st.global.b32 [%o], %r0;
)";
  catalog.Add("prefetch", "prefetch", program);
}

void AddVariables(Catalog& catalog) {
  Program program;
  program.output_stride = 32;
  program.module_text = R"(
.const .align 16 .b32 $_words[4] = {1, 0x80000000, -3, 4};
.const .align 8 .f64 $_doubles[2] = {0d3FF8000000000000, 2.5};
.const .align 4 .f32 $_floats[4] = {0f3FC00000, 1.0, -0.25, 3e2};
.global .align 4 .b8 $_bytes[8] = {1, 2, 3, 255};
.global .align 8 .u64 $_pointer = $_bytes+1;
.global .align 8 .u64 $_generic = generic($_bytes);
)";
  program.body = R"(
  and.b32 %r0, %tx, 3;
  mul.wide.u32 %q0, %r0, 4;
  mov.u64 %q1, $entry_words;
  add.u64 %q1, %q1, %q0;
  ld.const.b32 %r1, [%q1];
  ld.const.v2.b32 {%r2, %r3}, [$entry_words+8];
  ld.const.f64 %e0, [$entry_doubles+8];
  mov.u64 %q2, $entry_floats;
  cvta.const.u64 %q2, %q2;
  add.u64 %q2, %q2, %q0;
  ld.f32 %f0, [%q2];
  ld.global.v2.b32 {%r4, %r5}, [$entry_bytes];
  ld.global.u64 %q3, [$entry_pointer];
  ld.global.u8 %r6, [%q3];
  ld.global.u64 %q4, [$entry_generic];
  ld.u8 %r7, [%q4+3];
  st.global.b32 [%o], %r1;
  st.global.v2.b32 [%o+8], {%r2, %r3};
  st.global.f64 [%o+16], %e0;
  st.global.f32 [%o+4], %f0;
  st.global.b8 [%o+24], %r4;
  st.global.b8 [%o+25], %r5;
  st.global.b8 [%o+26], %r6;
  st.global.b8 [%o+27], %r7;
)";
  catalog.Add("ld", "variables", program);
  program = {};
  program.output_stride = 8;
  program.body = R"(
  mov.b64 %q0, p_out;
  ld.param.v2.b32 {%r0, %r1}, [p_out];
  mov.b64 {%r2, %r3}, %out;
  sub.u32 %r0, %r0, %r2;
  sub.u32 %r1, %r1, %r3;
  cvta.param.u64 %q1, %q0;
  ld.u64 %q2, [%q1];
  sub.u64 %q2, %q2, %out;
  cvt.u32.u64 %r4, %q2;
  or.b32 %r0, %r0, %r4;
  st.global.v2.b32 [%o], {%r0, %r1};
)";
  catalog.Add("ld", "parameters", program);
}

/// Which spaces each kind of generic address is said to be in: a bit for each question.
void AddSpaceQueries(Catalog& catalog) {
  constexpr const char* kQueries[] = {"global", "shared", "shared::cta", "shared::cluster",
                                      "local",  "const",  "param::entry"};
  struct Address {
    const char* name;
    const char* code;
  };
  for (Address address : {Address{"global", "  mov.b64 %q0, %in;\n"},
                          {"shared", "  mov.u64 %q0, buffer;\n  cvta.shared.u64 %q0, %q0;\n"},
                          {"local", "  mov.u64 %q0, stack;\n  cvta.local.u64 %q0, %q0;\n"},
                          {"const", "  mov.u64 %q0, $entry_words;\n  cvta.const.u64 %q0, %q0;\n"},
                          {"param", "  mov.b64 %q0, p_out;\n  cvta.param.u64 %q0, %q0;\n"}}) {
    Program program;
    program.module_text = ".const .align 16 .b32 $_words[4] = {1, 2, 3, 4};";
    program.declarations =
        "  .shared .align 16 .b8 buffer[512];\n  .local .align 16 .b8 stack[32];\n";
    program.body = std::string(address.code) + "  mov.u32 %r0, 0;\n";
    unsigned bit = 0;
    for (const char* query : kQueries) {
      program.body += llvm::formatv(
                          "  isspacep.{0} %p0, %q0;\n  selp.u32 %r1, {1}, 0, %p0;\n"
                          "  or.b32 %r0, %r0, %r1;\n",
                          query, 1u << bit++)
                          .str();
    }
    program.body += "  st.global.b32 [%o], %r0;\n";
    catalog.Add("isspacep", std::string("isspacep_of_") + address.name, program);
  }
}

void AddAddressConversions(Catalog& catalog) {
  Program program;
  program.output_stride = 16;
  program.declarations =
      "  .shared .align 16 .b8 buffer[512];\n  .local .align 16 .b8 stack[32];\n";
  program.body = R"(
  mov.u32 %r0, buffer;
  mov.u64 %q0, buffer;
  cvta.shared.u64 %q1, %q0;
  cvta.to.shared.u64 %q2, %q1;
  cvt.u32.u64 %r1, %q2;
  mov.u64 %q3, stack;
  cvta.local.u64 %q4, %q3;
  cvta.to.local.u64 %q5, %q4;
  sub.u64 %q5, %q5, %q3;
  cvt.u32.u64 %r2, %q5;
  cvta.global.u64 %q6, %out;
  cvta.to.global.u64 %q7, %q6;
  sub.u64 %q7, %q7, %out;
  cvt.u32.u64 %r3, %q7;
  st.global.v4.b32 [%o], {%r0, %r1, %r2, %r3};
)";
  catalog.Add("cvta", "cvta_round_trips", program);
}

}  // namespace

void AddMemory(Catalog& catalog) {
  AddWidths(catalog);
  AddQualified(catalog);
  AddHints(catalog);
  AddVariables(catalog);
  AddSpaceQueries(catalog);
  AddAddressConversions(catalog);
}

}  // namespace attnjit::micro
