// Operations over a warp: shfl, vote, match, redux, elect, activemask, bar.warp.
#include "llvm/Support/FormatVariadic.h"
#include "tests/emulator/micro/catalog.h"

namespace attnjit::micro {
namespace {

void Program2(Catalog& catalog, const std::string& family, const std::string& name,
              const std::string& body) {
  Program program;
  program.block = 64;
  program.output_stride = 8;
  program.body = "  ld.global.b32 %r1, [%i];\n  mov.u32 %r2, 0;\n  mov.u32 %r3, 0;\n" + body +
                 "  st.global.v2.b32 [%o], {%r2, %r3};\n";
  catalog.Add(family, name, program);
}

void AddShuffles(Catalog& catalog) {
  for (const char* mode : {"up", "down", "bfly", "idx"}) {
    bool up = std::string(mode) == "up";
    for (unsigned width : {32u, 16u, 8u, 2u}) {
      unsigned clamp = up ? 0 : 31, segments = (32 - width) << 8;
      for (unsigned distance : {0u, 1u, 3u, 7u, 16u, 31u}) {
        Program2(catalog, "shfl",
                 llvm::formatv("shfl.sync.{0}_width{1}_by{2}", mode, width, distance),
                 llvm::formatv("  shfl.sync.{0}.b32 %r2|%p0, %r1, {1}, {2}, 0xffffffff;\n"
                               "  selp.u32 %r3, 1, 0, %p0;\n",
                               mode, distance, clamp | segments));
      }
    }
    // Lanes each with their own distance, clamp and segments.
    Program2(catalog, "shfl", llvm::formatv("shfl.sync.{0}_any", mode),
             llvm::formatv("  shr.u32 %r4, %r1, 3;\n  and.b32 %r4, %r4, 63;\n"
                           "  and.b32 %r5, %r1, 0x1f1f;\n"
                           "  shfl.sync.{0}.b32 %r2|%p0, %r1, %r4, %r5, 0xffffffff;\n"
                           "  selp.u32 %r3, 1, 0, %p0;\n",
                           mode));
    // Only the lanes of the mask take part; each reads lanes that do.
    Program2(catalog, "shfl", llvm::formatv("shfl.sync.{0}_half", mode),
             llvm::formatv("  setp.ge.u32 %p1, %lane, 16;\n  @%p1 bra SKIP;\n"
                           "  shfl.sync.{0}.b32 %r2|%p0, %r1, 1, {1}, 0x0000ffff;\n"
                           "  selp.u32 %r3, 1, 0, %p0;\nSKIP:\n",
                           mode, up ? 0 : 15));
  }
}

void AddVotes(Catalog& catalog) {
  for (const char* mode : {"all", "any", "uni"}) {
    for (const char* negate : {"", "!"}) {
      for (unsigned limit : {0u, 5u, 32u}) {
        Program2(catalog, "vote",
                 llvm::formatv("vote.sync.{0}{1}_{2}", mode, *negate ? "_not" : "", limit),
                 llvm::formatv("  setp.lt.u32 %p0, %lane, {2};\n"
                               "  vote.sync.{0}.pred %p1, {1}%p0, 0xffffffff;\n"
                               "  selp.u32 %r2, 1, 0, %p1;\n",
                               mode, negate, limit));
      }
    }
  }
  Program2(catalog, "vote", "vote.sync.ballot", R"(
  and.b32 %r4, %r1, 3;
  setp.eq.u32 %p0, %r4, 0;
  vote.sync.ballot.b32 %r2, %p0, 0xffffffff;
  vote.sync.ballot.b32 %r3, !%p0, 0xffffffff;
)");
  Program2(catalog, "vote", "vote.sync.ballot_some", R"(
  setp.gt.u32 %p1, %lane, 20;
  @%p1 bra SKIP;
  and.b32 %r4, %r1, 3;
  setp.eq.u32 %p0, %r4, 0;
  vote.sync.ballot.b32 %r2, %p0, 0x001fffff;
SKIP:
)");
}

void AddMatches(Catalog& catalog) {
  for (const char* bits : {"32", "64"}) {
    std::string wide = bits[0] == '6' ? "  cvt.u64.u32 %q0, %r4;\n  shl.b64 %q0, %q0, 33;\n" : "";
    const char* source = bits[0] == '6' ? "%q0" : "%r4";
    Program2(
        catalog, "match", llvm::formatv("match.any.sync.b{0}", bits),
        "  and.b32 %r4, %r1, 3;\n" + wide +
            llvm::formatv("  match.any.sync.b{0} %r2, {1}, 0xffffffff;\n", bits, source).str());
    for (const char* mask : {"0", "3"}) {
      Program2(catalog, "match", llvm::formatv("match.all.sync.b{0}_{1}", bits, mask),
               llvm::formatv("  and.b32 %r4, %r1, {0};\n", mask).str() + wide +
                   llvm::formatv("  match.all.sync.b{0} %r2|%p0, {1}, 0xffffffff;\n"
                                 "  selp.u32 %r3, 1, 0, %p0;\n",
                                 bits, source)
                       .str());
    }
  }
}

void AddReductions(Catalog& catalog) {
  for (const char* op : {"add.u32", "add.s32", "min.u32", "min.s32", "max.u32", "max.s32",
                         "and.b32", "or.b32", "xor.b32"}) {
    Program2(catalog, "redux", llvm::formatv("redux.sync.{0}", op),
             llvm::formatv("  redux.sync.{0} %r2, %r1, 0xffffffff;\n  and.b32 %r4, %lane, 1;\n"
                           "  setp.eq.u32 %p0, %r4, 0;\n  @%p0 bra EVEN;\n"
                           "  redux.sync.{0} %r3, %r1, 0xaaaaaaaa;\nEVEN:\n",
                           op));
  }
}

void AddElections(Catalog& catalog) {
  for (const char* mask : {"0xffffffff", "0xfffffff0", "0x80000000"}) {
    Program2(catalog, "elect", llvm::formatv("elect.sync_{0}", mask),
             llvm::formatv("  shl.b32 %r4, 1, %lane;\n  and.b32 %r4, %r4, {0};\n"
                           "  setp.eq.u32 %p1, %r4, 0;\n  @%p1 bra SKIP;\n"
                           "  elect.sync %r2|%p0, {0};\n  selp.u32 %r3, 1, 0, %p0;\nSKIP:\n",
                           mask));
  }
  Program2(catalog, "elect", "elect.sync_sink",
           "  elect.sync _|%p0, 0xffffffff;\n  selp.u32 %r3, 1, 0, %p0;\n");
  Program2(catalog, "activemask", "activemask.b32", R"(
  activemask.b32 %r2;
  setp.lt.u32 %p0, %lane, 9;
  @%p0 bra LOW;
  mov.u32 %r3, 1;
  bra JOIN;
LOW:
  mov.u32 %r3, 2;
JOIN:
  bar.warp.sync 0xffffffff;
)");
}

}  // namespace

void AddWarp(Catalog& catalog) {
  AddShuffles(catalog);
  AddVotes(catalog);
  AddMatches(catalog);
  AddReductions(catalog);
  AddElections(catalog);
}

}  // namespace attnjit::micro
