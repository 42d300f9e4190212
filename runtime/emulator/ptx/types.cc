#include "runtime/emulator/ptx/types.h"

namespace attnjit::emulator::ptx {
namespace {

struct TypeRow {
  Type type;
  const char* name;
  unsigned bytes;
};

constexpr TypeRow kTypes[] = {
    {Type::kPred, "pred", 1},   {Type::kB8, "b8", 1},   {Type::kB16, "b16", 2},
    {Type::kB32, "b32", 4},     {Type::kB64, "b64", 8}, {Type::kB128, "b128", 16},
    {Type::kU8, "u8", 1},       {Type::kU16, "u16", 2}, {Type::kU32, "u32", 4},
    {Type::kU64, "u64", 8},     {Type::kS8, "s8", 1},   {Type::kS16, "s16", 2},
    {Type::kS32, "s32", 4},     {Type::kS64, "s64", 8}, {Type::kF16, "f16", 2},
    {Type::kF16x2, "f16x2", 4}, {Type::kF32, "f32", 4}, {Type::kF64, "f64", 8},
};

struct SpecialRow {
  Special special;
  const char* name;
  bool components;
};

constexpr SpecialRow kSpecials[] = {
    {Special::kTid, "%tid", true},
    {Special::kNtid, "%ntid", true},
    {Special::kCtaid, "%ctaid", true},
    {Special::kNctaid, "%nctaid", true},
    {Special::kClusterid, "%clusterid", true},
    {Special::kNclusterid, "%nclusterid", true},
    {Special::kClusterCtaid, "%cluster_ctaid", true},
    {Special::kClusterNctaid, "%cluster_nctaid", true},
    {Special::kClusterCtarank, "%cluster_ctarank", false},
    {Special::kClusterNctarank, "%cluster_nctarank", false},
    {Special::kIsExplicitCluster, "%is_explicit_cluster", false},
    {Special::kLaneid, "%laneid", false},
    {Special::kWarpid, "%warpid", false},
    {Special::kNwarpid, "%nwarpid", false},
    {Special::kSmid, "%smid", false},
    {Special::kNsmid, "%nsmid", false},
    {Special::kGridid, "%gridid", false},
    {Special::kLanemaskEq, "%lanemask_eq", false},
    {Special::kLanemaskLe, "%lanemask_le", false},
    {Special::kLanemaskLt, "%lanemask_lt", false},
    {Special::kLanemaskGe, "%lanemask_ge", false},
    {Special::kLanemaskGt, "%lanemask_gt", false},
    {Special::kClock, "%clock", false},
    {Special::kClockHi, "%clock_hi", false},
    {Special::kClock64, "%clock64", false},
    {Special::kGlobaltimer, "%globaltimer", false},
    {Special::kGlobaltimerLo, "%globaltimer_lo", false},
    {Special::kGlobaltimerHi, "%globaltimer_hi", false},
    {Special::kTotalSmemSize, "%total_smem_size", false},
    {Special::kAggrSmemSize, "%aggr_smem_size", false},
    {Special::kDynamicSmemSize, "%dynamic_smem_size", false},
    {Special::kReservedSmemOffsetBegin, "%reserved_smem_offset_begin", false},
    {Special::kReservedSmemOffsetEnd, "%reserved_smem_offset_end", false},
    {Special::kReservedSmemOffsetCap, "%reserved_smem_offset_cap", false},
    {Special::kCurrentGraphExec, "%current_graph_exec", false},
};

const SpecialRow& RowOf(Special special) { return kSpecials[static_cast<size_t>(special)]; }

}  // namespace

unsigned TypeBytes(Type type) { return kTypes[static_cast<size_t>(type)].bytes; }

std::optional<Type> ParseType(llvm::StringRef name) {
  for (const TypeRow& row : kTypes) {
    if (name == row.name) return row.type;
  }
  return std::nullopt;
}

RegisterClass ClassOf(Type type) {
  if (type == Type::kPred) return RegisterClass::kPred;
  switch (TypeBytes(type)) {
    case 1:
      return RegisterClass::k8;
    case 2:
      return RegisterClass::k16;
    case 4:
      return RegisterClass::k32;
    case 8:
      return RegisterClass::k64;
    default:
      return RegisterClass::k128;
  }
}

unsigned ClassBits(RegisterClass c) {
  return c == RegisterClass::kPred ? 1 : 4u << static_cast<unsigned>(c);
}

std::optional<Special> ParseSpecial(llvm::StringRef name) {
  for (const SpecialRow& row : kSpecials) {
    if (name == row.name) return row.special;
  }
  return std::nullopt;
}

llvm::StringRef SpecialName(Special special) { return RowOf(special).name; }

bool HasComponents(Special special) { return RowOf(special).components; }

}  // namespace attnjit::emulator::ptx
