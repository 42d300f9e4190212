// atom and red: each operation, type, space, order and scope, alone on an address and contended.
#include "llvm/Support/FormatVariadic.h"
#include "tests/emulator/micro/catalog.h"

namespace attnjit::micro {
namespace {

struct Operation {
  const char* op;    ///< "add", "cas"
  const char* type;  ///< "u32", "noftz.f16x2" as PTX has it
  Kind kind;
  const char* bank;
  const char* move;
  unsigned operands = 1;
};

constexpr Operation kOperations[] = {{"and", "b32", Kind::kU32, "%r", "b32"},
                                     {"or", "b32", Kind::kU32, "%r", "b32"},
                                     {"xor", "b32", Kind::kU32, "%r", "b32"},
                                     {"exch", "b32", Kind::kU32, "%r", "b32"},
                                     {"cas", "b32", Kind::kU32, "%r", "b32", 2},
                                     {"cas", "b16", Kind::kU16, "%h", "b16", 2},
                                     {"and", "b64", Kind::kU64, "%q", "b64"},
                                     {"or", "b64", Kind::kU64, "%q", "b64"},
                                     {"xor", "b64", Kind::kU64, "%q", "b64"},
                                     {"exch", "b64", Kind::kU64, "%q", "b64"},
                                     {"cas", "b64", Kind::kU64, "%q", "b64", 2},
                                     {"add", "u32", Kind::kU32, "%r", "b32"},
                                     {"add", "s32", Kind::kU32, "%r", "b32"},
                                     {"add", "u64", Kind::kU64, "%q", "b64"},
                                     {"inc", "u32", Kind::kU32, "%r", "b32"},
                                     {"dec", "u32", Kind::kU32, "%r", "b32"},
                                     {"min", "u32", Kind::kU32, "%r", "b32"},
                                     {"min", "s32", Kind::kU32, "%r", "b32"},
                                     {"min", "u64", Kind::kU64, "%q", "b64"},
                                     {"min", "s64", Kind::kU64, "%q", "b64"},
                                     {"max", "u32", Kind::kU32, "%r", "b32"},
                                     {"max", "s32", Kind::kU32, "%r", "b32"},
                                     {"max", "u64", Kind::kU64, "%q", "b64"},
                                     {"max", "s64", Kind::kU64, "%q", "b64"},
                                     {"add", "f32", Kind::kF32, "%f", "f32"},
                                     {"add", "f64", Kind::kF64, "%e", "f64"},
                                     {"add.noftz", "f16", Kind::kF16, "%h", "b16"},
                                     {"add.noftz", "f16x2", Kind::kF16x2, "%r", "b32"},
                                     {"add.noftz", "bf16", Kind::kBf16, "%h", "b16"},
                                     {"add.noftz", "bf16x2", Kind::kBf16x2, "%r", "b32"}};

/// Where the words are: the thread's address in %q1 when `setup` has run.
struct Space {
  const char* name;
  const char* suffix;
  const char* setup;
};

constexpr Space kSpaces[] = {
    {"global", ".global", "  add.u64 %q1, %o, 16;\n"},
    {"generic", "", "  cvta.global.u64 %q1, %o;\n  add.u64 %q1, %q1, 16;\n"},
    {"shared", ".shared", "  mov.u64 %q1, buffer;\n  mad.wide.u32 %q1, %tx, 8, %q1;\n"},
    {"generic_shared", "",
     "  mov.u64 %q1, buffer;\n  cvta.shared.u64 %q1, %q1;\n  mad.wide.u32 %q1, %tx, 8, %q1;\n"}};

Bytes Operands(const Operation& operation, size_t threads) {
  // Each thread: the word, two operands. The compare operand of half of the threads is the word.
  Bytes input;
  unsigned bytes = InfoOf(operation.kind).bytes;
  for (size_t i = 0; i < threads; ++i) {
    for (unsigned k = 0; k < 4; ++k) {
      bool same = operation.operands == 2 && k == 1 && i % 2 == 0;
      uint64_t value = k < 3 ? ValueOf(operation.kind, same ? 0 : k, i + (i < 64 ? 0 : 100), 3) : 0;
      for (unsigned b = 0; b < 8; ++b) {
        input.push_back(b < bytes ? static_cast<uint8_t>(value >> (8 * b)) : uint8_t{0});
      }
    }
  }
  return input;
}

/// A word for each thread; stores the value that came back and the word afterwards.
void AddAlone(Catalog& catalog, const Operation& operation, const Space& space, bool reduce,
              const std::string& order) {
  constexpr unsigned kThreads = 128;
  Program program;
  program.block = kThreads;
  program.input_stride = 32;
  program.output_stride = 24;
  program.input = Operands(operation, kThreads);
  program.declarations = llvm::formatv("  .shared .align 8 .b8 buffer[{0}];\n", kThreads * 8);
  std::string b = operation.bank, m = operation.move;
  program.body =
      std::string(space.setup) + llvm::formatv(
                                     "  ld.global.{0} {1}0, [%i];\n  ld.global.{0} {1}8, [%i+8];\n"
                                     "  ld.global.{0} {1}9, [%i+16];\n  st{2}.{0} [%q1], {1}0;\n",
                                     m, b, space.suffix)
                                     .str();
  std::string instruction = llvm::formatv("{0}{1}{2}.{3}.{4}", reduce ? "red" : "atom", order,
                                          space.suffix, operation.op, operation.type);
  program.body += llvm::formatv("  {0} {1}[%q1], {2}8{3};\n", instruction, reduce ? "" : b + "4, ",
                                b, operation.operands == 2 ? ", " + b + "9" : "")
                      .str();
  if (!reduce) program.body += llvm::formatv("  st.global.{0} [%o], {1}4;\n", m, b).str();
  program.body +=
      llvm::formatv("  ld{2}.{0} {1}5, [%q1];\n  st.global.{0} [%o+8], {1}5;\n", m, b, space.suffix)
          .str();
  bool generic = space.suffix[0] == 0;
  catalog.Add(reduce ? "red" : "atom", generic ? instruction + "_" + space.name : instruction,
              program);
}

void AddOperations(Catalog& catalog) {
  for (const Operation& operation : kOperations) {
    for (const Space& space : kSpaces) {
      AddAlone(catalog, operation, space, false, "");
      std::string op = operation.op;
      if (op != "cas" && op != "exch") AddAlone(catalog, operation, space, true, "");
    }
  }
  for (const char* order : {".relaxed.cta", ".relaxed.gpu", ".relaxed.sys", ".relaxed.cluster",
                            ".release.gpu", ".release.cta"}) {
    AddAlone(catalog, kOperations[11], kSpaces[0], false, order);
    AddAlone(catalog, kOperations[11], kSpaces[0], true, order);
    AddAlone(catalog, kOperations[11], kSpaces[2], true, order);
  }
  for (const char* order : {".acquire.gpu", ".acq_rel.gpu", ".acq_rel.cta", ".acq_rel.sys"}) {
    AddAlone(catalog, kOperations[11], kSpaces[0], false, order);
    AddAlone(catalog, kOperations[4], kSpaces[2], false, order);
  }
}

/// Vectors of f32 and of packed halves, in global memory.
void AddVectors(Catalog& catalog) {
  struct Vector {
    const char* type;
    Kind kind;
    const char* bank;
    unsigned count;
    unsigned bytes;
  };
  for (Vector v : {Vector{"v2.f32", Kind::kF32, "%f", 2, 4},
                   {"v4.f32", Kind::kF32, "%f", 4, 4},
                   {"v2.f16x2", Kind::kF16x2, "%r", 2, 4},
                   {"v4.f16x2", Kind::kF16x2, "%r", 4, 4},
                   {"v2.bf16x2", Kind::kBf16x2, "%r", 2, 4},
                   {"v4.bf16x2", Kind::kBf16x2, "%r", 4, 4}}) {
    std::string lists[3];
    for (unsigned k = 0; k < 3; ++k) {
      for (unsigned i = 0; i < v.count; ++i) {
        lists[k] += llvm::formatv("{0}{1}{2}", i ? ", " : "", v.bank, 10 * k + i).str();
      }
    }
    std::string width = v.count == 2 ? "v2" : "v4";
    std::string move = v.kind == Kind::kF32 ? "f32" : "b32";
    bool packed = v.kind != Kind::kF32;
    for (bool reduce : {false, true}) {
      Program program;
      program.input_stride = 32;
      program.output_stride = 32;
      program.input_kind = v.kind;
      program.output_kind = v.kind;
      std::string result = "{" + lists[2] + "}, ";
      std::string instruction = llvm::formatv("{0}.global.add{1}.{2}", reduce ? "red" : "atom",
                                              packed ? ".noftz" : "", v.type);
      program.body = llvm::formatv(
                         "  ld.global.{0}.{1} {{{2}}, [%i];\n  ld.global.{0}.{1} {{{3}}, [%i+16];\n"
                         "  st.global.{0}.{1} [%o], {{{2}};\n  {4} {5}[%o], {{{3}};\n",
                         width, move, lists[0], lists[1], instruction, reduce ? "" : result)
                         .str();
      if (!reduce) {
        program.body +=
            llvm::formatv("  st.global.{0}.{1} [%o+16], {{{2}};\n", width, move, lists[2]).str();
      }
      catalog.Add(reduce ? "red" : "atom", instruction, program);
    }
  }
}

/// Many threads at one word: tickets are unique, sums and extremes do not depend on the order.
void AddContended(Catalog& catalog) {
  Program program;
  program.grid = 4;
  program.block = 128;
  program.output_bytes = 4 * 512 + 16;
  program.body = R"(
  atom.global.add.u32 %r0, [%out+2048], 1;
  sub.u32 %r0, %r0, 0xcdcdcdcd;
  mad.wide.u32 %q0, %r0, 4, %out;
  mov.u32 %r1, 1;
  st.global.b32 [%q0], %r1;
  ld.global.b32 %r2, [%i];
  red.global.max.u32 [%out+2052], %r2;
  red.global.xor.b32 [%out+2056], %r2;
  atom.global.inc.u32 %r3, [%out+2060], 100;
)";
  catalog.Add("atom", "atom_contended_global", program);
  program = {};
  program.block = 256;
  program.output_bytes = 4 * 256 + 16;
  program.declarations = "  .shared .align 16 .b32 words[4];\n";
  program.body = R"(
  setp.ne.u32 %p0, %tx, 0;
  mov.u32 %r9, 0;
  @!%p0 st.shared.v4.b32 [words], {%r9, %r9, %r9, %r9};
  bar.sync 0;
  atom.shared.add.u32 %r0, [words], 1;
  mad.wide.u32 %q0, %r0, 4, %out;
  mov.u32 %r1, 1;
  st.global.b32 [%q0], %r1;
  ld.global.b32 %r2, [%i];
  red.shared.add.u32 [words+4], %r2;
  red.shared.min.s32 [words+8], %r2;
  atom.shared.or.b32 %r3, [words+12], %r2;
  bar.sync 0;
  ld.shared.v4.b32 {%r4, %r5, %r6, %r7}, [words];
  @!%p0 st.global.v4.b32 [%out+1024], {%r4, %r5, %r6, %r7};
)";
  catalog.Add("atom", "atom_contended_shared", program);
}

void AddWide(Catalog& catalog) {
  for (const char* space : {"global", "shared"}) {
    Program program;
    program.input_stride = 32;
    program.output_stride = 32;
    program.declarations = "  .reg .b128 %w<4>;\n  .shared .align 16 .b8 buffer[512];\n";
    program.body = std::string(space) == "global" ? "  mov.b64 %q9, %o;\n"
                                                  : "  mov.u64 %q9, buffer;\n"
                                                    "  mad.wide.u32 %q9, %tx, 16, %q9;\n";
    program.body += Fill(R"(
  ld.global.v2.b64 {%q0, %q1}, [%i];
  ld.global.v2.b64 {%q2, %q3}, [%i+16];
  st.$s.v2.b64 [%q9], {%q0, %q1};
  mov.b128 %w0, {%q0, %q1};
  mov.b128 %w1, {%q2, %q3};
  atom.$s.cas.b128 %w2, [%q9], %w0, %w1;
  atom.$s.exch.b128 %w3, [%q9], %w0;
  mov.b128 {%q4, %q5}, %w2;
  mov.b128 {%q6, %q7}, %w3;
  st.global.v2.b64 [%o], {%q4, %q5};
  st.global.v2.b64 [%o+16], {%q6, %q7};
)",
                         {{"$s", space}});
    catalog.Add("atom", llvm::formatv("atom.{0}.b128", space), program);
  }
}

}  // namespace

void AddAtomic(Catalog& catalog) {
  AddOperations(catalog);
  AddVectors(catalog);
  AddContended(catalog);
  AddWide(catalog);
}

}  // namespace attnjit::micro
