// Tensor copies: random maps of rank 1 to 5, boxes within, across and outside of the tensor; and a
// table of encodings with what the driver says to each.
#include <algorithm>
#include <cstdlib>

#include "llvm/Support/FormatVariadic.h"
#include "tests/emulator/micro/catalog.h"

namespace attnjit::micro {
namespace {

struct Element {
  const char* name;
  cu::TensorMapDataType type;
  Kind kind;
  bool floating;
};

constexpr Element kElements[] = {{"u8", cu::kTensorMapUint8, Kind::kU8, false},
                                 {"u16", cu::kTensorMapUint16, Kind::kU16, false},
                                 {"u32", cu::kTensorMapUint32, Kind::kU32, false},
                                 {"s32", cu::kTensorMapInt32, Kind::kU32, false},
                                 {"u64", cu::kTensorMapUint64, Kind::kU64, false},
                                 {"s64", cu::kTensorMapInt64, Kind::kU64, false},
                                 {"f16", cu::kTensorMapFloat16, Kind::kF16, true},
                                 {"f32", cu::kTensorMapFloat32, Kind::kF32, true},
                                 {"f64", cu::kTensorMapFloat64, Kind::kF64, true},
                                 {"bf16", cu::kTensorMapBfloat16, Kind::kBf16, true},
                                 {"f32_ftz", cu::kTensorMapFloat32Ftz, Kind::kF32, true},
                                 {"tf32", cu::kTensorMapTfloat32, Kind::kF32, true},
                                 {"tf32_ftz", cu::kTensorMapTfloat32Ftz, Kind::kF32, true}};

constexpr unsigned kSwizzleBytes[] = {0, 32, 64, 128};
constexpr size_t kTensorBytes = 48 << 10;
constexpr size_t kBoxBytes = 4096;
constexpr unsigned kBoxes = 4;

/// A stream of random numbers.
class Random {
 public:
  explicit Random(uint64_t seed) : seed_(seed) {}
  /// From `low` to `high`, both included.
  int64_t Between(int64_t low, int64_t high) {
    return low + static_cast<int64_t>(Mix(seed_, count_++) % static_cast<uint64_t>(high - low + 1));
  }
  bool OneIn(int64_t n) { return Between(1, n) == 1; }

 private:
  uint64_t seed_;
  uint64_t count_ = 0;
};

uint64_t RoundUp(uint64_t value, uint64_t unit) { return (value + unit - 1) / unit * unit; }

/// A map that the driver accepts, of a tensor that fits into kTensorBytes, with boxes of at most
/// kBoxBytes.
MapSpec RandomMap(Random& random, const Element& element, unsigned rank, unsigned swizzle) {
  MapSpec map;
  unsigned size = InfoOf(element.kind).bytes;
  map.type = element.type;
  map.swizzle = static_cast<cu::TensorMapSwizzle>(swizzle);
  map.promotion = static_cast<cu::TensorMapL2Promotion>(random.Between(0, 3));
  if (element.floating && random.OneIn(2)) map.fill = cu::kTensorMapOobFillNan;
  map.offset = 16 * static_cast<uint64_t>(random.Between(0, 4));
  uint64_t widest = swizzle ? kSwizzleBytes[swizzle] : 256;
  uint64_t inner = 16 * static_cast<uint64_t>(random.Between(1, static_cast<int64_t>(widest / 16)));
  if (random.OneIn(3)) inner = widest;
  inner = std::min<uint64_t>(inner, 256 * size);
  map.box.push_back(static_cast<uint32_t>(inner / size));
  map.dims.push_back(static_cast<uint64_t>(
      std::max<int64_t>(1, random.Between(1, static_cast<int64_t>(2 * inner / size)))));
  map.element_strides.push_back(1);
  uint64_t stride =
      RoundUp(map.dims[0] * size, 16) + 16 * static_cast<uint64_t>(random.Between(0, 2));
  uint64_t bytes = inner;
  for (unsigned d = 1; d < rank; ++d) {
    map.strides.push_back(stride);
    uint64_t most = std::max<uint64_t>(1, (kTensorBytes - 1024) / stride);
    uint64_t extent = std::min<uint64_t>(most, static_cast<uint64_t>(random.Between(1, 9)));
    map.dims.push_back(extent);
    stride = RoundUp(stride * extent, 16) + (random.OneIn(3) ? 16 : 0);
    auto step = static_cast<uint32_t>(random.OneIn(4) ? random.Between(2, 4) : 1);
    uint64_t rows =
        std::min<uint64_t>(kBoxBytes / bytes, static_cast<uint64_t>(random.Between(1, 8)));
    rows = std::max<uint64_t>(rows, 1);
    map.element_strides.push_back(step);
    map.box.push_back(static_cast<uint32_t>(rows * step));
    bytes *= rows;
  }
  return map;
}

/// Bytes of the map's box as it lies in shared memory.
uint64_t BoxBytes(const MapSpec& map, unsigned element_bytes) {
  uint64_t bytes = element_bytes;
  for (size_t d = 0; d < map.box.size(); ++d) {
    bytes *= (map.box[d] + map.element_strides[d] - 1) / map.element_strides[d];
  }
  return bytes;
}

/// Bytes from the first to the last row in shared memory: with a swizzle, rows begin at multiples
/// of its width.
unsigned BoxSpan(const MapSpec& map, unsigned element_bytes) {
  unsigned row = map.box[0] * element_bytes;
  return static_cast<unsigned>(BoxBytes(map, element_bytes)) / row *
         std::max(row, kSwizzleBytes[map.swizzle]);
}

/// Shared memory of the boxes, which start at most kLastStart bytes into it.
constexpr unsigned kLastStart = 128 * 12;
unsigned SharedBytes(const MapSpec& map, unsigned element_bytes) {
  return std::max(16384u, kLastStart + BoxSpan(map, element_bytes));
}

/// Whether boxes may start before the tensor: an H200 calls stores and reductions that do an
/// illegal instruction.
enum class Sign { kAny, kNotNegative };

/// Coordinates of a box: within, across an edge, or far outside. The innermost one is a multiple of
/// 16 bytes: an H200 calls any other an illegal instruction.
std::string Coordinates(Random& random, const MapSpec& map, unsigned element_bytes, Sign sign) {
  std::string list;
  for (size_t d = 0; d < map.dims.size(); ++d) {
    auto extent = static_cast<int64_t>(map.dims[d]);
    auto box = static_cast<int64_t>(map.box[d]);
    int64_t at = random.Between(-box, extent + 1);
    if (random.OneIn(2)) at = random.Between(0, std::max<int64_t>(0, extent - 1));
    if (random.OneIn(16)) at = random.OneIn(2) ? -2000000000 : 2000000000;
    if (sign == Sign::kNotNegative) at = std::abs(at);
    if (d == 0) at = at / (16 / element_bytes) * (16 / element_bytes);
    list += llvm::formatv("{0}{1}", d ? ", " : "", at).str();
  }
  return list;
}

std::string Describe(const Element& element, const MapSpec& map, unsigned number) {
  return llvm::formatv("{0}d_{1}_swizzle{2}_{3}", map.dims.size(), element.name,
                       kSwizzleBytes[map.swizzle], number);
}

/// Every box is loaded over poison at a multiple of 128 bytes in shared memory and copied out.
void AddLoads(Catalog& catalog, const Element& element, unsigned rank, unsigned swizzle,
              unsigned number) {
  Random random(Mix(rank * 64 + swizzle * 16 + static_cast<unsigned>(element.type), number));
  MapSpec map = RandomMap(random, element, rank, swizzle);
  uint64_t bytes = BoxBytes(map, InfoOf(element.kind).bytes);
  unsigned stride = static_cast<unsigned>(RoundUp(bytes, 16)) + 16;
  Program program;
  program.block = 128;
  program.dynamic_shared = SharedBytes(map, InfoOf(element.kind).bytes);
  program.input_kind = element.kind;
  program.input_bytes = kTensorBytes;
  program.output_bytes = size_t{kBoxes} * stride;
  program.maps = {map};
  program.body = R"(
  .shared .align 8 .b64 bar;
  mov.u32 %r5, $dyn;
  mov.u32 %r90, bar;
  mov.u64 %q1, p_map0;
  cvta.param.u64 %q1, %q1;
  prefetch.tensormap [%q1];
  setp.ne.u32 %p15, %tx, 0;
  @!%p15 mbarrier.init.shared::cta.b64 [%r90], 1;
  @!%p15 fence.mbarrier_init.release.cluster;
)";
  for (unsigned i = 0; i < kBoxes; ++i) {
    // A whole swizzle pattern is 1024 bytes; the lower starts shift its phase.
    unsigned start = 128 * static_cast<unsigned>(random.Between(0, 12));
    // Where there are fewer words than threads, the others copy nothing.
    const char* guard = "  setp.ge.u32 %p1, %tx, $words;\n  @%p1 bra COPIED$n;\n";
    const bool few = stride / 4 < program.block;
    program.body +=
        Fill(R"(
  mov.u32 %r8, %tx;
  mov.b32 %r4, 0xeeeeeeee;
POISON$n:
  mad.lo.u32 %r9, %r8, 4, %r5;
  st.shared.b32 [%r9], %r4;
  add.u32 %r8, %r8, 128;
  setp.lt.u32 %p1, %r8, 4096;
  @%p1 bra POISON$n;
  fence.proxy.async;
  bar.sync 0;
  @%p15 bra WAIT$n;
  add.u32 %r6, %r5, $start;
  mbarrier.arrive.expect_tx.shared::cta.b64 _, [%r90], $bytes;
  cp.async.bulk.tensor.$rankd.shared::cluster.global.tile.mbarrier::complete_tx::bytes [%r6], [%q1, {$coordinates}], [%r90];
WAIT$n:
  mbarrier.try_wait.parity.shared::cta.b64 %p2, [%r90], $parity;
  @!%p2 bra WAIT$n;
  bar.warp.sync 0xffffffff;
  mov.u32 %r8, %tx;
$guardCOPY$n:
  mul.lo.u32 %r9, %r8, 4;
  cvt.u64.u32 %q0, %r9;
  add.u64 %q0, %q0, %out;
  add.u32 %r9, %r9, %r5;
  ld.shared.b32 %r0, [%r9+$start];
  st.global.b32 [%q0+$target], %r0;
  add.u32 %r8, %r8, 128;
  setp.lt.u32 %p1, %r8, $words;
  @%p1 bra COPY$n;
$copied  bar.sync 0;
)",
             {{"$guard", few ? guard : ""},
              {"$copied", few ? "COPIED$n:\n" : ""},
              {"$n", std::to_string(i)},
              {"$start", std::to_string(start)},
              {"$bytes", std::to_string(bytes)},
              {"$rank", std::to_string(rank)},
              {"$coordinates", Coordinates(random, map, InfoOf(element.kind).bytes, Sign::kAny)},
              {"$parity", std::to_string(i % 2)},
              {"$target", std::to_string(i * stride)},
              {"$words", std::to_string(stride / 4)}});
  }
  catalog.Add("tensor", "tensor_load_" + Describe(element, map, number), program);
}

/// Boxes from shared memory go to the tensor, stored or reduced; all of it is compared.
void AddStores(Catalog& catalog, const Element& element, unsigned rank, unsigned swizzle,
               const std::string& reduction, unsigned number) {
  Random random(Mix(1000 + rank * 64 + swizzle * 16 + static_cast<unsigned>(element.type), number));
  MapSpec map = RandomMap(random, element, rank, swizzle);
  map.over_output = true;
  map.fill = cu::kTensorMapOobFillNone;
  Program program;
  program.block = 128;
  program.dynamic_shared = SharedBytes(map, InfoOf(element.kind).bytes);
  program.input_kind = element.kind;
  program.input_bytes = 16384;
  program.output_bytes = kTensorBytes;
  program.maps = {map};
  program.body = R"(
  mov.u32 %r5, $dyn;
  mov.u64 %q1, p_map0;
  cvta.param.u64 %q1, %q1;
  mov.u32 %r8, %tx;
FILL:
  mul.lo.u32 %r9, %r8, 16;
  cvt.u64.u32 %q0, %r9;
  add.u64 %q0, %q0, %in;
  ld.global.v4.b32 {%r0, %r1, %r2, %r3}, [%q0];
  add.u32 %r9, %r9, %r5;
  st.shared.v4.b32 [%r9], {%r0, %r1, %r2, %r3};
  add.u32 %r8, %r8, 128;
  setp.lt.u32 %p1, %r8, 1024;
  @%p1 bra FILL;
  fence.proxy.async;
  bar.sync 0;
  setp.ne.u32 %p15, %tx, 0;
  @%p15 bra DONE;
)";
  std::string op = reduction.empty() ? "cp.async.bulk.tensor" : "cp.reduce.async.bulk.tensor";
  std::string tail = reduction.empty() ? "" : "." + reduction;
  for (unsigned i = 0; i < kBoxes; ++i) {
    // One box after the other: where two overlap, the later one lies on top.
    program.body += llvm::formatv(
                        "  add.u32 %r6, %r5, {0};\n"
                        "  {1}.{2}d.global.shared::cta{3}.tile.bulk_group [%q1, {{{4}}], [%r6];\n"
                        "  cp.async.bulk.commit_group;\n  cp.async.bulk.wait_group 0;\n",
                        128 * random.Between(0, 12), op, rank, tail,
                        Coordinates(random, map, InfoOf(element.kind).bytes, Sign::kNotNegative))
                        .str();
  }
  program.body += "DONE:\n";
  std::string name =
      llvm::formatv("tensor_{0}_{1}", reduction.empty() ? "store" : "reduce_" + reduction,
                    Describe(element, map, number));
  if (!reduction.empty()) program.output_kind = element.kind;
  Case& c = catalog.Add("tensor", name, program);
  if (!reduction.empty()) c.output = Values(element.kind, c.output.size(), 1, 9);
}

void AddCopies(Catalog& catalog) {
  unsigned number = 0;
  for (const Element& element : kElements) {
    for (unsigned rank = 1; rank <= 5; ++rank) {
      for (unsigned swizzle = 0; swizzle < 4; ++swizzle) {
        // Every swizzle with one rank in four, u16 and bf16 with all.
        bool all = element.type == cu::kTensorMapUint16 || element.type == cu::kTensorMapBfloat16;
        if (!all && (rank + swizzle + static_cast<unsigned>(element.type)) % 2) continue;
        AddLoads(catalog, element, rank, swizzle, number);
        if (all || swizzle % 2 == rank % 2) AddStores(catalog, element, rank, swizzle, "", number);
        ++number;
      }
    }
  }
}

void AddTensorReductions(Catalog& catalog) {
  struct Reduction {
    const char* op;
    std::vector<const char*> types;
  };
  const std::vector<Reduction> reductions = {
      {"add", {"u32", "s32", "u64", "f16", "bf16", "f32", "f64"}},
      {"min", {"u32", "s32", "u64", "s64", "f16", "bf16"}},
      {"max", {"u32", "s32", "u64", "s64", "f16", "bf16"}},
      {"inc", {"u32"}},
      {"dec", {"u32"}},
      // An H200 calls and, or and xor of s64 an illegal instruction.
      {"and", {"u32", "s32", "u64"}},
      {"or", {"u32", "s32", "u64"}},
      {"xor", {"u32", "s32", "u64"}}};
  unsigned number = 0;
  for (const Reduction& reduction : reductions) {
    for (const Element& element : kElements) {
      bool has = std::any_of(reduction.types.begin(), reduction.types.end(),
                             [&](const char* type) { return std::string(type) == element.name; });
      if (!has) continue;
      for (unsigned swizzle : {0u, 3u}) {
        AddStores(catalog, element, 1 + number % 5, swizzle, reduction.op, number);
        ++number;
      }
    }
  }
}

/// A map that the driver takes; each row of the tables changes something.
MapSpec Good(unsigned rank, cu::TensorMapDataType type = cu::kTensorMapFloat16) {
  MapSpec map;
  map.type = type;
  uint64_t stride = 256;
  for (unsigned d = 0; d < rank; ++d) {
    map.dims.push_back(d == 0 ? 64 : 16);
    map.box.push_back(d == 0 ? 32 : 4);
    map.element_strides.push_back(1);
    if (d) {
      map.strides.push_back(stride);
      stride *= 16;
    }
  }
  return map;
}

using Change = std::function<void(MapSpec&)>;

void AddTable(Catalog& catalog, const std::string& name, unsigned rank,
              const std::vector<Change>& changes) {
  std::vector<MapSpec> maps;
  for (const Change& change : changes) {
    maps.push_back(Good(rank));
    change(maps.back());
  }
  catalog.AddEncodes(name, std::move(maps));
}

template <typename T>
std::vector<Change> Each(std::initializer_list<T> values, std::function<void(MapSpec&, T)> set) {
  std::vector<Change> changes;
  for (T value : values) changes.push_back([=](MapSpec& map) { set(map, value); });
  return changes;
}

void AddEncodes(Catalog& catalog) {
  constexpr uint64_t kBig = uint64_t{1} << 32, kStride = uint64_t{1} << 40;
  AddTable(catalog, "encode_addresses", 2,
           Each<uint64_t>({0, 1, 2, 4, 8, 16, 32, 48, 64, 128},
                          [](MapSpec& m, uint64_t v) { m.offset = v; }));
  AddTable(catalog, "encode_inner_dimension", 2,
           Each<uint64_t>({0, 1, 2, 7, 64, 128, 129, 1000, kBig - 1, kBig, kBig + 1},
                          [](MapSpec& m, uint64_t v) { m.dims[0] = v; }));
  AddTable(catalog, "encode_outer_dimension", 2,
           Each<uint64_t>({0, 1, 16, 65536, kBig - 1, kBig, kBig + 1, kBig * kBig / 2},
                          [](MapSpec& m, uint64_t v) { m.dims[1] = v; }));
  AddTable(catalog, "encode_strides", 2,
           Each<uint64_t>(
               {0, 8, 15, 16, 24, 32, 112, 128, 144, 136, kStride - 16, kStride, kStride + 16},
               [](MapSpec& m, uint64_t v) { m.strides[0] = v; }));
  AddTable(
      catalog, "encode_strides_that_shrink", 3,
      Each<uint64_t>({16, 128, 256, 4096, 4080}, [](MapSpec& m, uint64_t v) { m.strides[1] = v; }));
  AddTable(catalog, "encode_inner_box", 2,
           Each<uint32_t>({0, 1, 4, 7, 8, 12, 16, 64, 65, 128, 255, 256, 257, 264},
                          [](MapSpec& m, uint32_t v) { m.box[0] = v; }));
  AddTable(catalog, "encode_outer_box", 2,
           Each<uint32_t>({0, 1, 3, 255, 256, 257}, [](MapSpec& m, uint32_t v) { m.box[1] = v; }));
  AddTable(catalog, "encode_huge_box", 3,
           Each<uint32_t>({64, 128, 256}, [](MapSpec& m, uint32_t v) {
             m.box = {64, v, v};
           }));
  AddTable(catalog, "encode_inner_element_stride", 2,
           Each<uint32_t>({0, 1, 2, 8, 9, 100},
                          [](MapSpec& m, uint32_t v) { m.element_strides[0] = v; }));
  AddTable(catalog, "encode_outer_element_stride", 2,
           Each<uint32_t>({0, 1, 2, 3, 5, 8, 9, 100},
                          [](MapSpec& m, uint32_t v) { m.element_strides[1] = v; }));
  AddTable(catalog, "encode_data_types", 2,
           Each<int>({-1, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 100},
                     [](MapSpec& m, int v) {
                       m.type = static_cast<cu::TensorMapDataType>(v);
                       m.box[0] = 16;
                     }));
  AddTable(catalog, "encode_promotions", 2, Each<int>({-1, 0, 1, 2, 3, 4}, [](MapSpec& m, int v) {
             m.promotion = static_cast<cu::TensorMapL2Promotion>(v);
           }));
  AddTable(catalog, "encode_fills", 2, Each<int>({-1, 0, 1, 2}, [](MapSpec& m, int v) {
             m.fill = static_cast<cu::TensorMapOobFill>(v);
           }));
  AddTable(catalog, "encode_nan_fill_by_type", 2,
           Each<int>({0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}, [](MapSpec& m, int v) {
             m.type = static_cast<cu::TensorMapDataType>(v);
             m.box[0] = 16;
             m.fill = cu::kTensorMapOobFillNan;
           }));
  AddTable(catalog, "encode_ranks", 5,
           Each<unsigned>({0, 1, 2, 3, 4, 5, 6}, [](MapSpec& m, unsigned v) {
             m.dims.resize(v, 4);
             m.box.resize(v, 4);
             m.element_strides.resize(v, 1);
             m.strides.resize(v ? v - 1 : 0, 1 << 24);
           }));
  // Interleaved layouts that the driver takes (rank 3 and up) are not emulated.
  for (unsigned rank : {2u, 3u, 4u}) {
    std::vector<MapSpec> maps;
    for (int interleave : {-1, 0, 1, 2, 3}) {
      if (rank > 2 && (interleave == 1 || interleave == 2)) continue;
      for (int swizzle : {-1, 0, 1, 2, 3, 4, 7}) {
        for (uint32_t inner : {8u, 16u, 32u, 64u, 128u}) {
          MapSpec map = Good(rank);
          map.interleave = static_cast<cu::TensorMapInterleave>(interleave);
          map.swizzle = static_cast<cu::TensorMapSwizzle>(swizzle);
          map.box[0] = inner;
          map.offset = 32;
          maps.push_back(map);
        }
      }
    }
    catalog.AddEncodes(llvm::formatv("encode_interleave_and_swizzle_rank{0}", rank), maps);
  }
}

}  // namespace

void AddTensor(Catalog& catalog) {
  AddCopies(catalog);
  AddTensorReductions(catalog);
  AddEncodes(catalog);
}

}  // namespace attnjit::micro
