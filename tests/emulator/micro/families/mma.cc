// mma.sync: every shape and type up to sm_90a, on whole numbers (exact) and random ones (bounded).
#include "llvm/Support/FormatVariadic.h"
#include "tests/emulator/micro/catalog.h"
#include "tests/emulator/micro/elements.h"

namespace attnjit::micro {
namespace {

struct Shape {
  const char* shape;
  unsigned k;
  unsigned a_registers;
  unsigned b_registers;
  unsigned elements;  ///< Of C and D in a thread.
};

std::string List(const char* prefix, unsigned first, unsigned count) {
  std::string list;
  for (unsigned i = 0; i < count; ++i) {
    list += llvm::formatv("{0}{1}{2}", i ? ", " : "", prefix, first + i).str();
  }
  return "{" + list + "}";
}

/// A thread's input: A in bytes 0 to 15, B in 16 to 23, C in 32 to 47.
Bytes Inputs(Element a, Element b, Element c, Content content) {
  constexpr size_t kThreads = 32;
  Bytes input;
  Bytes all_a = Elements(a, content, kThreads * 16, 11);
  Bytes all_b = Elements(b, content, kThreads * 16, 12);
  Bytes all_c = Elements(c, content, kThreads * 16, 13);
  for (size_t t = 0; t < kThreads; ++t) {
    for (const Bytes* part : {&all_a, &all_b, &all_c}) {
      input.insert(input.end(), part->begin() + static_cast<std::ptrdiff_t>(16 * t),
                   part->begin() + static_cast<std::ptrdiff_t>(16 * t + 16));
    }
  }
  return input;
}

void AddProduct(Catalog& catalog, const Shape& shape, Element a, Element b, Element accumulator,
                Content content, const char* saturate = "") {
  constexpr const char* kContents[] = {"small", "random"};
  bool f16 = accumulator == Element::kF16, f32 = accumulator == Element::kF32;
  unsigned registers = f16 ? shape.elements / 2 : shape.elements;
  const char* bank = f32 ? "%f" : "%r";
  const char* type = InfoOf(accumulator).name;
  std::string instruction =
      llvm::formatv("mma.sync.aligned.{0}.row.col{1}.{2}.{3}.{4}.{2}", shape.shape, saturate, type,
                    InfoOf(a).name, InfoOf(b).name);
  Program program;
  program.input_stride = 48;
  program.output_stride = 4 * registers;
  program.input = Inputs(a, b, accumulator, content);
  program.body =
      "  ld.global.v4.b32 {%r0, %r1, %r2, %r3}, [%i];\n"
      "  ld.global.v2.b32 {%r4, %r5}, [%i+16];\n";
  for (unsigned i = 0; i < registers; ++i) {
    program.body += llvm::formatv("  ld.global.{0} {1}{2}, [%i+{3}];\n", f32 ? "f32" : "b32", bank,
                                  10 + i, 32 + 4 * i)
                        .str();
  }
  program.body += llvm::formatv("  {0} {1}, {2}, {3}, {4};\n", instruction,
                                List(bank, 20, registers), List("%r", 0, shape.a_registers),
                                List("%r", 4, shape.b_registers), List(bank, 10, registers))
                      .str();
  for (unsigned i = 0; i < registers; ++i) {
    program.body += llvm::formatv("  st.global.{0} [%o+{1}], {2}{3};\n", f32 ? "f32" : "b32", 4 * i,
                                  bank, 20 + i)
                        .str();
  }
  if (f16) program.output_kind = Kind::kF16x2;
  if (f32) program.output_kind = Kind::kF32;
  if ((f16 || f32) && content == Content::kRandom) {
    program.bound = AccumulationBound(a, f16, shape.k + 1);
  }
  catalog.Add("mma", llvm::formatv("{0}_{1}", instruction, kContents[static_cast<int>(content)]),
              program);
}

void AddShapes(Catalog& catalog, Content content) {
  constexpr Shape k8 = {"m16n8k8", 8, 2, 1, 4}, k16 = {"m16n8k16", 16, 4, 2, 4};
  for (const Shape& shape : {k8, k16}) {
    AddProduct(catalog, shape, Element::kF16, Element::kF16, Element::kF32, content);
    AddProduct(catalog, shape, Element::kF16, Element::kF16, Element::kF16, content);
    AddProduct(catalog, shape, Element::kBf16, Element::kBf16, Element::kF32, content);
  }
  AddProduct(catalog, {"m16n8k4", 4, 2, 1, 4}, Element::kTf32, Element::kTf32, Element::kF32,
             content);
  AddProduct(catalog, {"m16n8k8", 8, 4, 2, 4}, Element::kTf32, Element::kTf32, Element::kF32,
             content);
  for (Element a : {Element::kE4m3, Element::kE5m2}) {
    for (Element b : {Element::kE4m3, Element::kE5m2}) {
      for (Element accumulator : {Element::kF32, Element::kF16}) {
        AddProduct(catalog, {"m16n8k32", 32, 4, 2, 4}, a, b, accumulator, content);
        AddProduct(catalog, {"m16n8k16", 16, 2, 1, 4}, a, b, accumulator, content);
      }
    }
  }
}

void AddIntegers(Catalog& catalog) {
  for (const Shape& shape :
       {Shape{"m8n8k16", 16, 1, 1, 2}, {"m16n8k16", 16, 2, 1, 4}, {"m16n8k32", 32, 4, 2, 4}}) {
    for (Element a : {Element::kS8, Element::kU8}) {
      for (Element b : {Element::kS8, Element::kU8}) {
        for (const char* saturate : {"", ".satfinite"}) {
          AddProduct(catalog, shape, a, b, Element::kS32, Content::kRandom, saturate);
        }
      }
    }
  }
}

}  // namespace

void AddMma(Catalog& catalog) {
  AddShapes(catalog, Content::kSmall);
  AddShapes(catalog, Content::kRandom);
  AddIntegers(catalog);
}

}  // namespace attnjit::micro
