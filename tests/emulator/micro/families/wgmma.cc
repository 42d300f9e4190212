// wgmma: every type from shared memory and from registers, a sweep of N, and layouts: swizzle x
// major x offsets x start address, on whole numbers so that only the right elements give the right
// sums.
#include <algorithm>

#include "llvm/Support/FormatVariadic.h"
#include "tests/emulator/micro/catalog.h"
#include "tests/emulator/micro/elements.h"

namespace attnjit::micro {
namespace {

/// How a matrix lies in shared memory: the descriptor's fields, in bytes.
struct Layout {
  unsigned swizzle = 128;  ///< 0, 32, 64 or 128.
  bool mn_major = false;
  unsigned leading = 16;
  unsigned stride = 1024;
  unsigned start = 0;        ///< Beyond the start of the matrix's region.
  unsigned base_offset = 0;  ///< Bits 49 to 51.
};

struct Product {
  Element a = Element::kF16;
  Element b = Element::kF16;
  Element accumulator = Element::kF32;
  unsigned n = 32;
  Layout a_layout;
  Layout b_layout;
  bool a_in_registers = false;
  bool accumulate = true;  ///< scale-d.
  int a_sign = 1;
  int b_sign = 1;
  bool saturate = false;
  unsigned steps = 1;  ///< Products in a row, each 32 bytes further along K (K-major, 128 bytes).
  Content content = Content::kSmall;
};

// The dynamic shared memory: A's region, then B's.
constexpr unsigned kRegionA = 16384;
unsigned RegionB(unsigned n) { return n > 64 ? 36864 : 16384; }

bool IsFloat(Element element) { return element != Element::kS8 && element != Element::kU8; }

unsigned KOf(Element element) { return 32 / InfoOf(element).bytes; }

unsigned AccumulatorRegisters(const Product& p) {
  return p.accumulator == Element::kF16 ? p.n / 4 : p.n / 2;
}

/// The descriptor but for its start address.
uint64_t Descriptor(const Layout& layout) {
  uint64_t mode = layout.swizzle == 128  ? 1
                  : layout.swizzle == 64 ? 2
                  : layout.swizzle == 32 ? 3
                                         : 0;
  return uint64_t{layout.leading >> 4} << 16 | uint64_t{layout.stride >> 4} << 32 |
         uint64_t{layout.base_offset} << 49 | mode << 62;
}

/// %q<target>: the descriptor of the region `offset` bytes into the shared memory.
std::string MakeDescriptor(unsigned target, const Layout& layout, unsigned offset) {
  return llvm::formatv(
      "  add.u32 %r9, %r5, {1};\n  shr.u32 %r9, %r9, 4;\n"
      "  and.b32 %r9, %r9, 16383;\n  cvt.u64.u32 %q{0}, %r9;\n"
      "  or.b64 %q{0}, %q{0}, {2};\n",
      target, offset + layout.start, Descriptor(layout));
}

constexpr const char* kSetup = R"(
  mov.u32 %r5, $dyn;
  mov.u32 %r8, %tx;
FILL:
  mul.lo.u32 %r9, %r8, 16;
  cvt.u64.u32 %q0, %r9;
  add.u64 %q0, %q0, %in;
  ld.global.v4.b32 {%r0, %r1, %r2, %r3}, [%q0];
  add.u32 %r9, %r9, %r5;
  st.shared.v4.b32 [%r9], {%r0, %r1, %r2, %r3};
  add.u32 %r8, %r8, 128;
  setp.lt.u32 %p1, %r8, $chunks;
  @%p1 bra FILL;
  fence.proxy.async;
  bar.sync 0;
)";

// Registers: A's fragment %r240..., the accumulator %f0... or %r10...
constexpr unsigned kFirstInteger = 10;
constexpr unsigned kFragment = 240;

std::string Accumulator(const Product& p, unsigned index) {
  return p.accumulator == Element::kF32 ? llvm::formatv("%f{0}", index).str()
                                        : llvm::formatv("%r{0}", kFirstInteger + index).str();
}

std::string LoadOrStore(const Product& p, bool load, size_t initial_offset) {
  const char* type = p.accumulator == Element::kF32 ? "f32" : "b32";
  std::string text = llvm::formatv("  mad.wide.u32 %q1, %tx, 4, {0};\n", load ? "%in" : "%out");
  for (unsigned i = 0; i < AccumulatorRegisters(p); ++i) {
    std::string reg = Accumulator(p, i);
    std::string address = llvm::formatv("[%q1+{0}]", (load ? initial_offset : 0) + 512 * i);
    text += "  " + std::string(load ? "ld" : "st") + ".global." + type + " " +
            (load ? reg + ", " + address : address + ", " + reg) + ";\n";
  }
  return text;
}

std::string Instruction(const Product& p) {
  std::string registers;
  for (unsigned i = 0; i < AccumulatorRegisters(p); ++i) {
    registers += (i ? ", " : "") + Accumulator(p, i);
  }
  std::string a = p.a_in_registers ? llvm::formatv("{{%r{0}, %r{1}, %r{2}, %r{3}}", kFragment,
                                                   kFragment + 1, kFragment + 2, kFragment + 3)
                                         .str()
                                   : "%q10";
  std::string text = llvm::formatv(
      "  wgmma.mma_async.sync.aligned.m64n{0}k{1}{2}.{3}.{4}.{5} {{{6}}, {7}, %q11, %p5", p.n,
      KOf(p.a), p.saturate ? ".satfinite" : "", InfoOf(p.accumulator).name, InfoOf(p.a).name,
      InfoOf(p.b).name, registers, a);
  if (IsFloat(p.a)) text += llvm::formatv(", {0}, {1}", p.a_sign, p.b_sign).str();
  if (p.a == Element::kF16 || p.a == Element::kBf16) {
    if (!p.a_in_registers) text += p.a_layout.mn_major ? ", 1" : ", 0";
    text += p.b_layout.mn_major ? ", 1" : ", 0";
  }
  return text + ";\n";
}

std::string Body(const Product& p, size_t initial_offset, size_t fragment_offset) {
  unsigned chunks = (kRegionA + RegionB(p.n)) / 16;
  std::string body = Fill(kSetup, {{"$chunks", std::to_string(chunks)}});
  body += LoadOrStore(p, /*load=*/true, initial_offset);
  if (p.a_in_registers) {
    body += llvm::formatv(
                "  mad.wide.u32 %q1, %tx, 16, %in;\n"
                "  ld.global.v4.b32 {{%r{0}, %r{1}, %r{2}, %r{3}}, [%q1+{4}];\n",
                kFragment, kFragment + 1, kFragment + 2, kFragment + 3, fragment_offset)
                .str();
  }
  body += MakeDescriptor(10, p.a_layout, 0) + MakeDescriptor(11, p.b_layout, kRegionA);
  body += llvm::formatv("  mov.u32 %r9, {0};\n  setp.ne.u32 %p5, %r9, 0;\n", p.accumulate ? 1 : 0);
  body += "  wgmma.fence.sync.aligned;\n";
  for (unsigned step = 0; step < p.steps; ++step) {
    if (step) body += "  add.u64 %q10, %q10, 2;\n  add.u64 %q11, %q11, 2;\n";
    body += Instruction(p);
    // A group for every second product: more than one is in flight.
    if (step % 2 == 1) body += "  wgmma.commit_group.sync.aligned;\n";
  }
  body += "  wgmma.commit_group.sync.aligned;\n";
  if (p.steps > 2) body += "  wgmma.wait_group.sync.aligned 1;\n";
  body += "  wgmma.wait_group.sync.aligned 0;\n";
  return body + LoadOrStore(p, /*load=*/false, 0);
}

void AddProduct(Catalog& catalog, const std::string& name, const Product& p) {
  constexpr unsigned kThreads = 128;
  Program program;
  program.block = kThreads;
  program.dynamic_shared = kRegionA + RegionB(p.n);
  auto append = [&](const Bytes& bytes) {
    program.input.insert(program.input.end(), bytes.begin(), bytes.end());
  };
  append(Elements(p.a, p.content, kRegionA, 21));
  append(Elements(p.b, p.content, RegionB(p.n), 22));
  size_t initial = program.input.size();
  size_t accumulator_bytes = size_t{4} * kThreads * AccumulatorRegisters(p);
  append(Elements(p.accumulator, p.content, accumulator_bytes, 23));
  size_t fragment = program.input.size();
  if (p.a_in_registers) append(Elements(p.a, p.content, size_t{16} * kThreads, 24));
  program.output_bytes = accumulator_bytes;
  program.body = Body(p, initial, fragment);
  bool f16 = p.accumulator == Element::kF16;
  if (IsFloat(p.a)) {
    program.output_kind = f16 ? Kind::kF16x2 : Kind::kF32;
    if (p.content == Content::kRandom) {
      program.bound = AccumulationBound(p.a, f16, KOf(p.a) * p.steps + 1);
    }
  }
  catalog.Add("wgmma", name, program);
}

struct TypeTriple {
  Element a;
  Element b;
  Element accumulator;
};

const std::vector<TypeTriple>& Types() {
  using E = Element;
  static const std::vector<TypeTriple> types = {
      {E::kF16, E::kF16, E::kF32},   {E::kF16, E::kF16, E::kF16},   {E::kBf16, E::kBf16, E::kF32},
      {E::kTf32, E::kTf32, E::kF32}, {E::kE4m3, E::kE4m3, E::kF32}, {E::kE4m3, E::kE5m2, E::kF32},
      {E::kE5m2, E::kE4m3, E::kF32}, {E::kE5m2, E::kE5m2, E::kF32}, {E::kE4m3, E::kE4m3, E::kF16},
      {E::kE5m2, E::kE5m2, E::kF16}, {E::kS8, E::kS8, E::kS32},     {E::kS8, E::kU8, E::kS32},
      {E::kU8, E::kS8, E::kS32},     {E::kU8, E::kU8, E::kS32}};
  return types;
}

std::string TypeName(const TypeTriple& t) {
  return llvm::formatv("{0}_{1}_{2}", InfoOf(t.accumulator).name, InfoOf(t.a).name,
                       InfoOf(t.b).name);
}

Product OfTypes(const TypeTriple& types) {
  Product p;
  p.a = types.a;
  p.b = types.b;
  p.accumulator = types.accumulator;
  return p;
}

/// The same on random numbers, of which an answer keeps every bit: fewer columns.
Product Narrow(Product p) {
  p.n = 8;
  p.content = Content::kRandom;
  return p;
}

void AddTypes(Catalog& catalog) {
  for (const TypeTriple& types : Types()) {
    for (bool in_registers : {false, true}) {
      std::string where = in_registers ? "rs" : "ss";
      Product p = OfTypes(types);
      p.a_in_registers = in_registers;
      AddProduct(catalog, "wgmma_" + TypeName(types) + "_" + where, p);
      p.accumulate = false;
      AddProduct(catalog, "wgmma_" + TypeName(types) + "_" + where + "_overwritten", p);
      p.accumulate = true;
      AddProduct(catalog, "wgmma_" + TypeName(types) + "_" + where + "_random", Narrow(p));
      if (IsFloat(types.a)) {
        p.a_sign = -1;
        AddProduct(catalog, "wgmma_" + TypeName(types) + "_" + where + "_a_negated", p);
        p.b_sign = -1;
        AddProduct(catalog, "wgmma_" + TypeName(types) + "_" + where + "_both_negated", p);
      } else {
        p.saturate = true;
        p.content = Content::kRandom;
        AddProduct(catalog, "wgmma_" + TypeName(types) + "_" + where + "_satfinite", p);
      }
    }
    Product p = OfTypes(types);
    p.steps = 4;
    AddProduct(catalog, "wgmma_" + TypeName(types) + "_four_steps", p);
    AddProduct(catalog, "wgmma_" + TypeName(types) + "_four_steps_random", Narrow(p));
  }
}

void AddWidths(Catalog& catalog) {
  for (const TypeTriple& types : Types()) {
    bool every = types.a == Element::kF16 && types.accumulator == Element::kF32;
    for (unsigned n = 8; n <= 256; n += 8) {
      bool some = n == 8 || n == 24 || n == 64 || n == 128 || n == 176 || n == 256;
      if (!every && !some) continue;
      // Integer products have steps of 16 from 32 on.
      if (!IsFloat(types.a) && n > 32 && n % 16) continue;
      Product p = OfTypes(types);
      p.n = n;
      AddProduct(catalog, llvm::formatv("wgmma_{0}_n{1}", TypeName(types), n), p);
    }
  }
}

std::vector<Layout> KMajorLayouts() {
  std::vector<Layout> layouts;
  for (auto [leading, stride] :
       {std::pair(128u, 256u), {1024u, 128u}, {2048u, 256u}, {256u, 512u}}) {
    for (unsigned start : {0u, 16u, 128u}) layouts.push_back({0, false, leading, stride, start});
  }
  for (unsigned swizzle : {32u, 64u, 128u}) {
    for (unsigned stride : {8 * swizzle, 12 * swizzle, 16 * swizzle}) {
      if (stride % (8 * swizzle)) continue;
      for (unsigned start = 0; start < swizzle; start += 32) {
        layouts.push_back({swizzle, false, 16, stride, start});
      }
      layouts.push_back({swizzle, false, 16, stride, 1024});
    }
    layouts.push_back({swizzle, false, 0, 8 * swizzle, 0});
    layouts.push_back({swizzle, false, 512, 8 * swizzle, 0});
  }
  return layouts;
}

std::vector<Layout> MnMajorLayouts() {
  std::vector<Layout> layouts;
  for (auto [leading, stride] : {std::pair(1024u, 128u), {128u, 256u}, {2048u, 128u}}) {
    for (unsigned start : {0u, 128u}) layouts.push_back({0, true, leading, stride, start});
  }
  for (unsigned swizzle : {32u, 64u, 128u}) {
    unsigned atom = 8 * swizzle;
    for (auto [leading, stride] :
         {std::pair(2 * atom, atom), {3 * atom, atom}, {4 * atom, atom}, {atom, 8 * atom}}) {
      for (unsigned start : {0u, 1024u, 2048u}) {
        if (start && start % (2 * atom)) continue;
        layouts.push_back({swizzle, true, leading, stride, start});
      }
    }
  }
  return layouts;
}

std::string Describe(const Layout& l) {
  return llvm::formatv("{0}{1}_lead{2}_stride{3}_start{4}{5}", l.mn_major ? "mn" : "k", l.swizzle,
                       l.leading, l.stride, l.start,
                       l.base_offset ? "_base" + std::to_string(l.base_offset) : "");
}

void AddLayouts(Catalog& catalog) {
  std::vector<Layout> k = KMajorLayouts(), mn = MnMajorLayouts(), all = k;
  all.insert(all.end(), mn.begin(), mn.end());
  for (const Layout& layout : all) {
    Product p;
    p.a_layout = layout;
    AddProduct(catalog, "wgmma_layout_a_" + Describe(layout), p);
    p = {};
    p.b_layout = layout;
    AddProduct(catalog, "wgmma_layout_b_" + Describe(layout), p);
  }
  for (const TypeTriple& types : Types()) {
    if (types.a == Element::kF16 || types.a != types.b) continue;
    const std::vector<Layout>& layouts = types.a == Element::kBf16 ? all : k;
    for (size_t i = 0; i < layouts.size(); i += 3) {
      Product p = OfTypes(types);
      p.a_layout = layouts[i];
      p.b_layout = layouts[(i * 7 + 5) % layouts.size()];
      AddProduct(catalog,
                 "wgmma_layouts_" + TypeName(types) + "_" + Describe(p.a_layout) + "_" +
                     Describe(p.b_layout),
                 p);
    }
  }
}

/// Starts within a swizzle's pattern of 8 rows, with and without the base offset that says so.
void AddShiftedPatterns(Catalog& catalog) {
  for (unsigned swizzle : {32u, 64u, 128u}) {
    for (unsigned row : {1u, 3u, 4u}) {
      Product p;
      p.b_layout = {swizzle, false, 16, 8 * swizzle, row * swizzle};
      if (p.b_layout.start % 128 == 0) {
        p.n = 8;
        AddProduct(catalog, "wgmma_shifted_" + Describe(p.b_layout), p);
        p.b_layout.base_offset = p.b_layout.start / 128;
        AddProduct(catalog, "wgmma_shifted_" + Describe(p.b_layout), p);
      }
    }
  }
}

/// B with many columns, MN-major: several patterns along N.
void AddWideTransposed(Catalog& catalog) {
  for (unsigned swizzle : {32u, 64u, 128u}) {
    for (unsigned n : {64u, 128u, 256u}) {
      unsigned atom = 8 * swizzle;
      Product p;
      p.n = n;
      p.a_layout = {swizzle, true, 2 * atom, atom, 0};
      p.b_layout = {swizzle, true, 2 * atom, atom, 0};
      AddProduct(catalog, llvm::formatv("wgmma_transposed_{0}_n{1}", swizzle, n), p);
      p.a_in_registers = true;
      AddProduct(catalog, llvm::formatv("wgmma_transposed_{0}_n{1}_rs", swizzle, n), p);
    }
  }
}

}  // namespace

void AddWgmma(Catalog& catalog) {
  AddTypes(catalog);
  AddWidths(catalog);
  AddLayouts(catalog);
  AddShiftedPatterns(catalog);
  AddWideTransposed(catalog);
}

}  // namespace attnjit::micro
