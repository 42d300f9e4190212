// Logic, shifts, bit fields, permutations.
#include "llvm/Support/FormatVariadic.h"
#include "tests/emulator/micro/catalog.h"

namespace attnjit::micro {
namespace {

constexpr Kind k16 = Kind::kU16, k32 = Kind::kU32, k64 = Kind::kU64;

struct Width {
  const char* bits;
  Kind kind;
};
constexpr Width kWidths[] = {{"16", k16}, {"32", k32}, {"64", k64}};

void AddLogic(Catalog& catalog) {
  for (const char* op : {"and", "or", "xor"}) {
    catalog.Alu(op, llvm::formatv("{0}.pred", op), llvm::formatv("{0}.pred %d, %a, %b;", op),
                {Kind::kPred, Kind::kPred}, {Kind::kPred});
    for (const Width& w : kWidths) {
      catalog.Alu(op, llvm::formatv("{0}.b{1}", op, w.bits),
                  llvm::formatv("{0}.b{1} %d, %a, %b;", op, w.bits), {w.kind, w.kind}, {w.kind});
    }
  }
  catalog.Alu("not", "not.pred", "not.pred %d, %a;", {Kind::kPred}, {Kind::kPred});
  for (const Width& w : kWidths) {
    for (const char* op : {"not", "cnot"}) {
      catalog.Alu(op, llvm::formatv("{0}.b{1}", op, w.bits),
                  llvm::formatv("{0}.b{1} %d, %a;", op, w.bits), {w.kind}, {w.kind});
    }
  }
  for (unsigned table :
       {0x00, 0x01, 0x1b, 0x2a, 0x3c, 0x69, 0x80, 0x96, 0xca, 0xd8, 0xe8, 0xf8, 0xfe, 0xff}) {
    catalog.Alu("lop3", llvm::formatv("lop3.b32_{0:x-}", table),
                llvm::formatv("lop3.b32 %d, %a, %b, %c, {0};", table), {k32, k32, k32}, {k32});
  }
  for (const char* combine : {"and", "or"}) {
    catalog.Alu("lop3", llvm::formatv("lop3.{0}.b32", combine),
                llvm::formatv("lop3.{0}.b32 %d|%d1, %a, %b, %c, 150, %e;", combine),
                {k32, k32, k32, Kind::kPred}, {k32, Kind::kPred});
  }
}

void AddShifts(Catalog& catalog) {
  for (const Width& w : kWidths) {
    for (const char* op : {"shl.b", "shr.b", "shr.u", "shr.s"}) {
      std::string name = std::string(op) + w.bits;
      catalog.Alu(name.substr(0, 3), name, name + " %d, %a, %b;", {w.kind, Kind::kShift}, {w.kind});
    }
  }
  for (const char* side : {"l", "r"}) {
    for (const char* mode : {"clamp", "wrap"}) {
      std::string name = llvm::formatv("shf.{0}.{1}.b32", side, mode);
      catalog.Alu("shf", name, name + " %d, %a, %b, %c;", {k32, k32, Kind::kShift}, {k32});
    }
  }
}

void AddFields(Catalog& catalog) {
  for (const char* t : {"u32", "s32", "u64", "s64"}) {
    Kind k = t[1] == '6' ? k64 : k32;
    catalog.Alu("bfe", llvm::formatv("bfe.{0}", t), llvm::formatv("bfe.{0} %d, %a, %b, %c;", t),
                {k, Kind::kShift, Kind::kShift}, {k});
    for (const char* shift : {"", ".shiftamt"}) {
      std::string name = llvm::formatv("bfind{0}.{1}", shift, t);
      catalog.Alu("bfind", name, name + " %d, %a;", {k}, {k32});
    }
  }
  for (const char* bits : {"32", "64"}) {
    Kind k = bits[0] == '6' ? k64 : k32;
    catalog.Alu("bfi", llvm::formatv("bfi.b{0}", bits),
                llvm::formatv("bfi.b{0} %d, %a, %b, %c, %e;", bits),
                {k, k, Kind::kShift, Kind::kShift}, {k});
    catalog.Alu("brev", llvm::formatv("brev.b{0}", bits), llvm::formatv("brev.b{0} %d, %a;", bits),
                {k}, {k});
    for (const char* op : {"clz", "popc"}) {
      catalog.Alu(op, llvm::formatv("{0}.b{1}", op, bits),
                  llvm::formatv("{0}.b{1} %d, %a;", op, bits), {k}, {k32});
    }
  }
  for (const char* mode : {"clamp", "wrap"}) {
    for (const char* t : {"u32", "s32"}) {
      std::string name = llvm::formatv("szext.{0}.{1}", mode, t);
      catalog.Alu("szext", name, name + " %d, %a, %b;", {k32, Kind::kShift}, {k32});
    }
    std::string name = llvm::formatv("bmsk.{0}.b32", mode);
    catalog.Alu("bmsk", name, name + " %d, %a, %b;", {Kind::kShift, Kind::kShift}, {k32});
  }
}

void AddMoves(Catalog& catalog) {
  struct Move {
    const char* type;
    Kind kind;
  };
  for (Move m : {Move{"b16", k16},
                 {"u16", k16},
                 {"s16", k16},
                 {"b32", k32},
                 {"u32", k32},
                 {"s32", k32},
                 {"f32", Kind::kF32},
                 {"b64", k64},
                 {"u64", k64},
                 {"s64", k64},
                 {"f64", Kind::kF64},
                 {"pred", Kind::kPred}}) {
    Case& c = catalog.Alu("mov", llvm::formatv("mov.{0}", m.type),
                          llvm::formatv("mov.{0} %d, %a;", m.type), {m.kind}, {m.kind});
    c.regions[0].kind = m.kind == Kind::kF32 ? k32 : m.kind == Kind::kF64 ? k64 : m.kind;
  }
  catalog.Alu("mov", "mov.b32_pack2", "mov.b32 %d, {%a, %b};", {k16, k16}, {k32});
  catalog.Alu("mov", "mov.b32_unpack2", "mov.b32 {%d, %d1}, %a;", {k32}, {k16, k16});
  catalog.Alu("mov", "mov.b64_pack2", "mov.b64 %d, {%a, %b};", {k32, k32}, {k64});
  catalog.Alu("mov", "mov.b64_unpack2", "mov.b64 {%d, %d1}, %a;", {k64}, {k32, k32});
  catalog.Alu("mov", "mov.b64_pack4", "mov.b64 %d, {%a, %b, %c, %e};", {k16, k16, k16, k16}, {k64});
  catalog.Alu("mov", "mov.b64_unpack4", "mov.b64 {%d, %d1, %d2, %d3}, %a;", {k64},
              {k16, k16, k16, k16});
  catalog.Alu("mov", "mov.b32_sink", "mov.b32 {_, %d}, %a;", {k32}, {k16});
  catalog.Alu("mov", "mov.b128", "mov.b128 %w, {%a, %b};\n  mov.b128 {%d1, %d}, %w;", {k64, k64},
              {k64, k64}, "  .reg .b128 %w;\n");
  catalog.Alu("mov", "mov_immediates",
              "mov.b32 %d, 0f3FC00000;\n  mov.f32 %x, 0fFF800000;\n  mov.b32 %d1, %x;\n"
              "  mov.b64 %d2, 0d3FF8000000000000;\n  mov.u32 %d3, -1;\n  mov.u32 %d4, 0x7FU;",
              {}, {k32, k32, k64, k32, k32}, "  .reg .f32 %x;\n");
}

}  // namespace

void AddBits(Catalog& catalog) {
  AddMoves(catalog);
  AddLogic(catalog);
  AddShifts(catalog);
  AddFields(catalog);
  catalog.Alu("prmt", "prmt.b32", "prmt.b32 %d, %a, %b, %c;", {k32, k32, k32}, {k32});
  for (const char* mode : {"f4e", "b4e", "rc8", "ecl", "ecr", "rc16"}) {
    catalog.Alu("prmt", llvm::formatv("prmt.b32.{0}", mode),
                llvm::formatv("prmt.b32.{0} %d, %a, %b, %c;", mode), {k32, k32, k32}, {k32});
  }
}

}  // namespace attnjit::micro
