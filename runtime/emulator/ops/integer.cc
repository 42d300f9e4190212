// Integer arithmetic: add, sub, mul, mad, div, rem, abs, neg, min, max, sad, dp4a (PTX ISA 9.7.1).
#include "runtime/emulator/ops/integer.h"

#include <algorithm>
#include <limits>
#include <string>
#include <type_traits>

#include "runtime/emulator/ops/lane_kernel.h"

namespace attnjit::emulator {
namespace {

template <class T>
using Unsigned = std::make_unsigned_t<T>;

/// Twice as wide, for products.
template <class T>
struct WideOf;
template <>
struct WideOf<uint16_t> {
  using type = uint32_t;
};
template <>
struct WideOf<int16_t> {
  using type = int32_t;
};
template <>
struct WideOf<uint32_t> {
  using type = uint64_t;
};
template <>
struct WideOf<int32_t> {
  using type = int64_t;
};
template <>
struct WideOf<uint64_t> {
  using type = unsigned __int128;
};
template <>
struct WideOf<int64_t> {
  using type = __int128;
};
template <class T>
using Wide = typename WideOf<T>::type;

template <class T>
T WrappingMul(T a, T b) {
  if constexpr (sizeof(T) == 2) {
    return static_cast<T>(static_cast<uint32_t>(a) * static_cast<uint32_t>(b));
  } else {
    return static_cast<T>(static_cast<Unsigned<T>>(a) * static_cast<Unsigned<T>>(b));
  }
}

template <class T>
T WrappingAdd(T a, T b) {
  return static_cast<T>(
      static_cast<Unsigned<T>>(static_cast<Unsigned<T>>(a) + static_cast<Unsigned<T>>(b)));
}

template <class T>
T WrappingSub(T a, T b) {
  return static_cast<T>(
      static_cast<Unsigned<T>>(static_cast<Unsigned<T>>(a) - static_cast<Unsigned<T>>(b)));
}

int32_t Saturate(int64_t value) {
  return static_cast<int32_t>(std::clamp<int64_t>(value, std::numeric_limits<int32_t>::min(),
                                                  std::numeric_limits<int32_t>::max()));
}

template <class T>
struct AddInt {
  T operator()(T a, T b) const { return WrappingAdd(a, b); }
};
template <class T>
struct SubInt {
  T operator()(T a, T b) const { return WrappingSub(a, b); }
};
struct AddSaturated {
  int32_t operator()(int32_t a, int32_t b) const { return Saturate(int64_t{a} + b); }
};
struct SubSaturated {
  int32_t operator()(int32_t a, int32_t b) const { return Saturate(int64_t{a} - b); }
};
template <class T>
struct MulLo {
  T operator()(T a, T b) const { return WrappingMul(a, b); }
};
template <class T>
struct MulHi {
  T operator()(T a, T b) const {
    return static_cast<T>((static_cast<Wide<T>>(a) * static_cast<Wide<T>>(b)) >> (8 * sizeof(T)));
  }
};
template <class T>
struct MulWide {
  Wide<T> operator()(T a, T b) const { return static_cast<Wide<T>>(a) * static_cast<Wide<T>>(b); }
};
template <class T>
struct MadLo {
  T operator()(T a, T b, T c) const { return WrappingAdd(WrappingMul(a, b), c); }
};
template <class T>
struct MadHi {
  T operator()(T a, T b, T c) const { return WrappingAdd(MulHi<T>()(a, b), c); }
};
struct MadHiSaturated {
  int32_t operator()(int32_t a, int32_t b, int32_t c) const {
    return Saturate(int64_t{MulHi<int32_t>()(a, b)} + c);
  }
};
template <class T>
struct MadWide {
  Wide<T> operator()(T a, T b, Wide<T> c) const { return WrappingAdd(MulWide<T>()(a, b), c); }
};

/// The low 24 bits of a 32-bit value, sign-extended for signed types.
template <class T>
T Low24(T value) {
  return static_cast<T>(static_cast<T>(static_cast<uint32_t>(value) << 8) >> 8);
}
template <class T>
struct Mul24Lo {
  T operator()(T a, T b) const {
    return static_cast<T>(static_cast<Wide<T>>(Low24(a)) * static_cast<Wide<T>>(Low24(b)));
  }
};
template <class T>
struct Mul24Hi {
  T operator()(T a, T b) const {
    return static_cast<T>((static_cast<Wide<T>>(Low24(a)) * static_cast<Wide<T>>(Low24(b))) >> 16);
  }
};
template <class T>
struct Mad24Lo {
  T operator()(T a, T b, T c) const { return WrappingAdd(Mul24Lo<T>()(a, b), c); }
};
template <class T>
struct Mad24Hi {
  T operator()(T a, T b, T c) const { return WrappingAdd(Mul24Hi<T>()(a, b), c); }
};

/// Division by zero gives all ones (ISA: machine-specific; what NVIDIA's GPUs give); the most
/// negative number by -1 gives itself.
template <class T>
struct DivInt {
  T operator()(T a, T b) const {
    if (b == 0) return static_cast<T>(~Unsigned<T>{0});
    if constexpr (std::is_signed_v<T>) {
      if (b == -1) return WrappingSub<T>(0, a);
    }
    return static_cast<T>(a / b);
  }
};
/// The remainder by zero is the dividend.
template <class T>
struct RemInt {
  T operator()(T a, T b) const {
    if (b == 0) return a;
    if constexpr (std::is_signed_v<T>) {
      if (b == -1) return 0;
    }
    return static_cast<T>(a % b);
  }
};
template <class T>
struct AbsInt {
  T operator()(T a) const { return a < 0 ? WrappingSub<T>(0, a) : a; }
};
template <class T>
struct NegInt {
  T operator()(T a) const { return WrappingSub<T>(0, a); }
};
template <class T>
struct MinInt {
  T operator()(T a, T b) const { return a < b ? a : b; }
};
template <class T>
struct MaxInt {
  T operator()(T a, T b) const { return a > b ? a : b; }
};
struct MinRelu {
  int32_t operator()(int32_t a, int32_t b) const { return std::max(std::min(a, b), 0); }
};
struct MaxRelu {
  int32_t operator()(int32_t a, int32_t b) const { return std::max(std::max(a, b), 0); }
};
template <class T>
struct SadInt {
  T operator()(T a, T b, T c) const {
    return WrappingAdd(c, a < b ? WrappingSub(b, a) : WrappingSub(a, b));
  }
};

/// Two 16-bit halves at a time.
template <class T, class Op>
struct Halves {
  uint32_t operator()(uint32_t a, uint32_t b) const {
    const Op op;
    const auto low = static_cast<uint16_t>(op(static_cast<T>(a), static_cast<T>(b)));
    const auto high = static_cast<uint16_t>(op(static_cast<T>(a >> 16), static_cast<T>(b >> 16)));
    return low | static_cast<uint32_t>(high) << 16;
  }
};
template <class Op>
struct ReluOf {
  int16_t operator()(int16_t a, int16_t b) const { return std::max<int16_t>(Op()(a, b), 0); }
};

/// Dot product of four bytes, or (dp2a) of two halves with two bytes, added to c.
template <class A, class B>
struct Dp4a {
  uint32_t operator()(uint32_t a, uint32_t b, uint32_t c) const {
    for (int i = 0; i < 32; i += 8) {
      c += static_cast<uint32_t>(static_cast<int32_t>(static_cast<A>(a >> i)) *
                                 static_cast<int32_t>(static_cast<B>(b >> i)));
    }
    return c;
  }
};
template <class A, class B, int kShift>
struct Dp2a {
  uint32_t operator()(uint32_t a, uint32_t b, uint32_t c) const {
    for (int i = 0; i < 2; ++i) {
      c += static_cast<uint32_t>(static_cast<int32_t>(static_cast<A>(a >> (16 * i))) *
                                 static_cast<int32_t>(static_cast<B>(b >> (kShift + 8 * i))));
    }
    return c;
  }
};

template <class T>
constexpr FormOperand Bytes() {
  return static_cast<FormOperand>(sizeof(T));
}

template <class T>
void AddType(FormTable& table, const std::string& type) {
  constexpr FormOperand kT = Bytes<T>();
  const auto add = [&](const char* name, LaneKernel kernel, std::vector<FormOperand> sources) {
    table.Add(name + type, {kernel, kT, std::move(sources)});
  };
  add("add.", MakeLaneKernel<AddInt<T>>(), {kT, kT});
  add("sub.", MakeLaneKernel<SubInt<T>>(), {kT, kT});
  add("mul.lo.", MakeLaneKernel<MulLo<T>>(), {kT, kT});
  add("mul.hi.", MakeLaneKernel<MulHi<T>>(), {kT, kT});
  add("mad.lo.", MakeLaneKernel<MadLo<T>>(), {kT, kT, kT});
  add("mad.hi.", MakeLaneKernel<MadHi<T>>(), {kT, kT, kT});
  add("div.", MakeLaneKernel<DivInt<T>>(), {kT, kT});
  add("rem.", MakeLaneKernel<RemInt<T>>(), {kT, kT});
  add("min.", MakeLaneKernel<MinInt<T>>(), {kT, kT});
  add("max.", MakeLaneKernel<MaxInt<T>>(), {kT, kT});
  add("sad.", MakeLaneKernel<SadInt<T>>(), {kT, kT, kT});
  if constexpr (std::is_signed_v<T>) {
    add("abs.", MakeLaneKernel<AbsInt<T>>(), {kT});
    add("neg.", MakeLaneKernel<NegInt<T>>(), {kT});
  }
  if constexpr (sizeof(T) < 8) {
    constexpr FormOperand kWide = Bytes<Wide<T>>();
    table.Add("mul.wide." + type, {MakeLaneKernel<MulWide<T>>(), kWide, {kT, kT}});
    table.Add("mad.wide." + type, {MakeLaneKernel<MadWide<T>>(), kWide, {kT, kT, kWide}});
  }
}

template <class T>
void Add24(FormTable& table, const std::string& type) {
  constexpr FormOperand k4 = FormOperand::kBytes4;
  table.Add("mul24.lo." + type, {MakeLaneKernel<Mul24Lo<T>>(), k4, {k4, k4}});
  table.Add("mul24.hi." + type, {MakeLaneKernel<Mul24Hi<T>>(), k4, {k4, k4}});
  table.Add("mad24.lo." + type, {MakeLaneKernel<Mad24Lo<T>>(), k4, {k4, k4, k4}});
  table.Add("mad24.hi." + type, {MakeLaneKernel<Mad24Hi<T>>(), k4, {k4, k4, k4}});
}

template <class A, class B, class A16>
void AddDot(FormTable& table, const std::string& types) {
  constexpr FormOperand k4 = FormOperand::kBytes4;
  table.Add("dp4a." + types, {MakeLaneKernel<Dp4a<A, B>>(), k4, {k4, k4, k4}});
  table.Add("dp2a.lo." + types, {MakeLaneKernel<Dp2a<A16, B, 0>>(), k4, {k4, k4, k4}});
  table.Add("dp2a.hi." + types, {MakeLaneKernel<Dp2a<A16, B, 16>>(), k4, {k4, k4, k4}});
}

template <class T>
void AddHalves(FormTable& table, const std::string& type) {
  constexpr FormOperand k4 = FormOperand::kBytes4;
  table.Add("add." + type, {MakeLaneKernel<Halves<T, AddInt<T>>>(), k4, {k4, k4}});
  table.Add("min." + type, {MakeLaneKernel<Halves<T, MinInt<T>>>(), k4, {k4, k4}});
  table.Add("max." + type, {MakeLaneKernel<Halves<T, MaxInt<T>>>(), k4, {k4, k4}});
}

}  // namespace

void AddIntegerForms(FormTable& table) {
  AddType<uint16_t>(table, "u16");
  AddType<int16_t>(table, "s16");
  AddType<uint32_t>(table, "u32");
  AddType<int32_t>(table, "s32");
  AddType<uint64_t>(table, "u64");
  AddType<int64_t>(table, "s64");
  AddHalves<uint16_t>(table, "u16x2");
  AddHalves<int16_t>(table, "s16x2");
  Add24<uint32_t>(table, "u32");
  Add24<int32_t>(table, "s32");
  AddDot<uint8_t, uint8_t, uint16_t>(table, "u32.u32");
  AddDot<int8_t, int8_t, int16_t>(table, "s32.s32");
  AddDot<uint8_t, int8_t, uint16_t>(table, "u32.s32");
  AddDot<int8_t, uint8_t, int16_t>(table, "s32.u32");
  constexpr FormOperand k4 = FormOperand::kBytes4;
  table.Add("add.sat.s32", {MakeLaneKernel<AddSaturated>(), k4, {k4, k4}});
  table.Add("sub.sat.s32", {MakeLaneKernel<SubSaturated>(), k4, {k4, k4}});
  table.Add("mad.hi.sat.s32", {MakeLaneKernel<MadHiSaturated>(), k4, {k4, k4, k4}});
  table.Add("min.relu.s32", {MakeLaneKernel<MinRelu>(), k4, {k4, k4}});
  table.Add("max.relu.s32", {MakeLaneKernel<MaxRelu>(), k4, {k4, k4}});
  table.Add("min.relu.s16x2",
            {MakeLaneKernel<Halves<int16_t, ReluOf<MinInt<int16_t>>>>(), k4, {k4, k4}});
  table.Add("max.relu.s16x2",
            {MakeLaneKernel<Halves<int16_t, ReluOf<MaxInt<int16_t>>>>(), k4, {k4, k4}});
}

}  // namespace attnjit::emulator
