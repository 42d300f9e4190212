#include "tests/emulator/micro/catalog.h"

#include <algorithm>
#include <cstring>

#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/xxhash.h"

namespace attnjit::micro {
namespace {

constexpr unsigned kAluThreads = 256;
constexpr const char* kOperandNames[] = {"%a", "%b", "%c", "%e"};

/// An identifier for `name`, which does not change when other cases come or go.
std::string EntryName(const std::string& name) {
  std::string entry = "k_" + name;
  for (char& c : entry) {
    if (!isalnum(static_cast<unsigned char>(c))) c = '_';
  }
  return llvm::formatv("{0}_{1:x-}", entry, llvm::xxHash64(name) & 0xffff).str();
}

std::string ResultName(size_t number) { return number == 0 ? "%d" : "%d" + std::to_string(number); }

std::string LoadOperand(Kind kind, const char* name, size_t offset) {
  KindInfo info = InfoOf(kind);
  if (kind == Kind::kPred) {
    return llvm::formatv("  ld.global.u32 %word, [%i4+{0}];\n  setp.ne.u32 {1}, %word, 0;\n",
                         offset, name);
  }
  return llvm::formatv("  ld.global.{0} {1}, [%i{2}+{3}];\n", info.move, name, info.bytes, offset);
}

std::string StoreResult(Kind kind, const std::string& name, size_t offset) {
  KindInfo info = InfoOf(kind);
  if (kind == Kind::kPred) {
    return llvm::formatv("  selp.u32 %word, 1, 0, {0};\n  st.global.u32 [%o4+{1}], %word;\n", name,
                         offset);
  }
  return llvm::formatv("  st.global.{0} [%o{1}+{2}], {3};\n", info.move, info.bytes, offset, name);
}

void Append(Bytes& bytes, uint64_t value, unsigned size) {
  for (unsigned i = 0; i < size; ++i) bytes.push_back(static_cast<uint8_t>(value >> (8 * i)));
}

/// Addresses of element %tx of arrays of 1-, 2-, 4- and 8-byte elements.
constexpr const char* kAluPrologue =
    R"(  .reg .b64 %out, %in, %i1, %i2, %i4, %i8, %o1, %o2, %o4, %o8;
  .reg .b32 %tx, %word;
  ld.param.b64 %out, [p_out];
  ld.param.b64 %in, [p_in];
  mov.u32 %tx, %tid.x;
  cvt.u64.u32 %i1, %tx;
  add.u64 %o1, %out, %i1;
  add.u64 %i1, %in, %i1;
  mad.wide.u32 %o2, %tx, 2, %out;
  mad.wide.u32 %i2, %tx, 2, %in;
  mad.wide.u32 %o4, %tx, 4, %out;
  mad.wide.u32 %i4, %tx, 4, %in;
  mad.wide.u32 %o8, %tx, 8, %out;
  mad.wide.u32 %i8, %tx, 8, %in;
)";

constexpr const char* kProgramPrologue = R"(  .reg .b64 %out, %in, %o, %i;
  .reg .b32 %tx, %lane, %warp, %cta, %gtid;
  .reg .pred %p<16>;
  .reg .b16 %h<32>;
  .reg .b32 %r<256>;
  .reg .b64 %q<64>;
  .reg .f32 %f<300>;
  .reg .f64 %e<16>;
  ld.param.b64 %out, [p_out];
  ld.param.b64 %in, [p_in];
  mov.u32 %tx, %tid.x;
  mov.u32 %cta, %ctaid.x;
  mad.lo.u32 %gtid, %cta, {0}, %tx;
  and.b32 %lane, %tx, 31;
  shr.u32 %warp, %tx, 5;
  mad.wide.u32 %o, %gtid, {1}, %out;
  mad.wide.u32 %i, %gtid, {2}, %in;
)";

std::string Parameters(size_t maps) {
  std::string text = ".param .b64 p_out, .param .b64 p_in";
  for (size_t i = 0; i < maps; ++i) {
    text += llvm::formatv(", .param .align 64 .b8 p_map{0}[128]", i).str();
  }
  return text;
}

}  // namespace

Case& Catalog::Push(const std::string& family, const std::string& name) {
  Case c;
  c.name = name;
  std::replace(c.name.begin(), c.name.end(), ' ', '_');
  c.family = family;
  c.entry = EntryName(name);
  cases_.push_back(std::move(c));
  return cases_.back();
}

Case& Catalog::Alu(const std::string& family, const std::string& name, const std::string& body,
                   const std::vector<Kind>& in, const std::vector<Kind>& out,
                   const std::string& declarations) {
  Case& c = Push(family, name);
  c.block = kAluThreads;
  std::string registers, loads, stores;
  for (size_t k = 0; k < in.size(); ++k) {
    unsigned bytes = InfoOf(in[k]).bytes;
    registers += llvm::formatv("  .reg .{0} {1};\n", InfoOf(in[k]).reg, kOperandNames[k]);
    loads += LoadOperand(in[k], kOperandNames[k], c.input.size());
    for (unsigned i = 0; i < kAluThreads; ++i) {
      Append(c.input, ValueOf(in[k], static_cast<unsigned>(k), i, 1), bytes);
    }
  }
  size_t offset = 0;
  for (size_t k = 0; k < out.size(); ++k) {
    KindInfo info = InfoOf(out[k]);
    registers += llvm::formatv("  .reg .{0} {1};\n", info.reg, ResultName(k));
    stores += StoreResult(out[k], ResultName(k), offset);
    Region region;
    region.offset = offset;
    region.count = kAluThreads;
    region.kind = out[k];
    region.operand = in.empty() ? Kind::kU32 : in[0];
    c.regions.push_back(region);
    offset += size_t{info.bytes} * kAluThreads;
  }
  c.output.assign(offset, kPoison);
  c.text = llvm::formatv(".visible .entry {0}({1})\n", c.entry, Parameters(0)).str() + "{\n" +
           kAluPrologue + registers + declarations + loads + "  " + body + "\n" + stores +
           "  ret;\n}\n";
  return c;
}

Case& Catalog::Add(const std::string& family, const std::string& name, const Program& program) {
  Case& c = Push(family, name);
  c.target = program.target;
  c.grid = program.grid;
  c.block = program.block;
  c.dynamic_shared = program.dynamic_shared;
  c.maps = program.maps;
  size_t threads = size_t{c.grid} * c.block;
  c.output.assign(program.output_bytes ? program.output_bytes : threads * program.output_stride,
                  kPoison);
  size_t input_bytes = program.input_bytes ? program.input_bytes : threads * program.input_stride;
  c.input = !program.input.empty() ? program.input : Values(program.input_kind, input_bytes);
  if (program.output_kind != Kind::kU32) {
    Region region;
    region.kind = program.output_kind;
    region.count = c.output.size() / InfoOf(region.kind).bytes;
    region.bound = program.bound;
    region.approximate = program.bound.relative > 0 || program.bound.absolute > 0;
    c.regions.push_back(region);
  }
  if (!program.module_text.empty()) c.text = Fill(program.module_text, {{"$", c.entry}}) + "\n";
  c.text += llvm::formatv(".visible .entry {0}({1})\n", c.entry, Parameters(c.maps.size())).str();
  if (program.cluster) {
    c.text += llvm::formatv(".reqnctapercluster {0}, 1, 1\n", program.cluster).str();
  }
  if (!program.directives.empty()) c.text += program.directives + "\n";
  c.text += llvm::formatv(".reqntid {0}, 1, 1\n", c.block).str() + "{\n";
  c.text += llvm::formatv(kProgramPrologue, c.block, program.output_stride, program.input_stride);
  if (c.dynamic_shared) {
    c.text.insert(0, ".extern .shared .align 1024 .b8 " + c.entry + "_dyn[];\n");
  }
  std::string inside = program.declarations + program.body;
  if (inside.back() != '\n') inside += '\n';
  c.text += Fill(inside, {{"$dyn", c.entry + "_dyn"}, {"$entry", c.entry}}) + "  ret;\n}\n";
  return c;
}

Case& Catalog::AddEncodes(const std::string& name, std::vector<MapSpec> maps) {
  Case& c = Push("tensormap", name);
  c.encodes = std::move(maps);
  c.output.assign(4 * c.encodes.size(), kPoison);
  return c;
}

std::vector<Case> AllCases() {
  Catalog catalog;
  for (auto add :
       {AddInteger, AddBits,   AddFloat,    AddHalf, AddApproximate, AddConvert, AddCompare,
        AddMemory,  AddAtomic, AddControl,  AddWarp, AddBarrier,     AddSpecial, AddAsyncCopy,
        AddCluster, AddTensor, AddFragment, AddMma,  AddWgmma,       AddPacked}) {
    add(catalog);
  }
  return catalog.Take();
}

Bytes Values(Kind kind, size_t bytes, unsigned ordinal, uint64_t seed) {
  Bytes values;
  unsigned size = InfoOf(kind).bytes;
  for (size_t i = 0; i < bytes / size; ++i) Append(values, ValueOf(kind, ordinal, i, seed), size);
  values.resize(bytes);
  return values;
}

Bytes Words(size_t count, const std::function<uint32_t(uint32_t)>& f) {
  Bytes bytes;
  for (size_t i = 0; i < count; ++i) Append(bytes, f(static_cast<uint32_t>(i)), 4);
  return bytes;
}

std::string Fill(std::string pattern,
                 const std::vector<std::pair<std::string, std::string>>& values) {
  for (const auto& [key, value] : values) {
    for (size_t at = pattern.find(key); at != std::string::npos;
         at = pattern.find(key, at + value.size())) {
      pattern.replace(at, key.size(), value);
    }
  }
  return pattern;
}

}  // namespace attnjit::micro
