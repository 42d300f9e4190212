#include "tests/emulator/micro/judge.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "llvm/Support/FormatVariadic.h"

namespace attnjit::micro {
namespace {

constexpr size_t kMaxShown = 6;

uint64_t BitsAt(const Bytes& bytes, size_t offset, unsigned size) {
  uint64_t bits = 0;
  std::memcpy(&bits, bytes.data() + offset, size);
  return bits;
}

template <typename To, typename From>
To As(From bits) {
  To value;
  static_assert(sizeof(To) == sizeof(From));
  std::memcpy(&value, &bits, sizeof(value));
  return value;
}

double HalfValue(uint32_t bits) {
  uint32_t exponent = bits >> 10 & 31, mantissa = bits & 0x3ff;
  double value = exponent == 0    ? std::ldexp(mantissa, -24)
                 : exponent == 31 ? (mantissa ? std::nan("") : INFINITY)
                                  : std::ldexp(1024 + mantissa, static_cast<int>(exponent) - 25);
  return bits & 0x8000 ? -value : value;
}

/// The values in `bits`: one, or two of a packed kind.
std::vector<double> ValuesIn(Kind kind, uint64_t bits) {
  auto low = static_cast<uint32_t>(bits);
  switch (kind) {
    case Kind::kF16:
      return {HalfValue(low)};
    case Kind::kBf16:
      return {As<float>(low << 16)};
    case Kind::kF16x2:
      return {HalfValue(low & 0xffff), HalfValue(low >> 16)};
    case Kind::kBf16x2:
      return {As<float>(low << 16), As<float>(low & 0xffff0000)};
    case Kind::kF64:
      return {As<double>(bits)};
    case Kind::kF32x2:
      return {As<float>(low), As<float>(static_cast<uint32_t>(bits >> 32))};
    default:
      return {As<float>(low)};
  }
}

double Flush(double value) {
  return std::fabs(value) < std::numeric_limits<float>::min() ? std::copysign(0.0, value) : value;
}

/// From here on a value of the kind may round to infinity, one bound below its greatest.
double Overflow(Kind kind) {
  bool half = kind == Kind::kF16 || kind == Kind::kF16x2;
  bool brain = kind == Kind::kBf16 || kind == Kind::kBf16x2;
  return half ? 65504 * (1 - 0x1p-9) : brain ? 0x1.fep127 : 0x1.fffffep127 * (1 - 0x1p-22);
}

bool Within(Kind kind, double got, double want, const Bound& bound) {
  if (std::isnan(want) || std::isnan(got)) return std::isnan(want) && std::isnan(got);
  if (got == want) return true;
  if (std::isinf(got)) return std::fabs(want) >= Overflow(kind) && got * want > 0;
  if (std::isinf(want)) return false;
  double error = std::fabs(got - want);
  int exponent = std::max(std::ilogb(want == 0 ? 0x1p-200 : want), -126);
  return error <= bound.absolute || error <= bound.relative * std::fabs(want) ||
         error <= bound.ulp * std::ldexp(1.0, exponent - 23);
}

class Differences {
 public:
  void Add(size_t index, const std::string& text) {
    if (++count_ <= kMaxShown) text_ += llvm::formatv(" [{0}] {1};", index, text).str();
  }
  Judgement Done() const {
    if (count_ == 0) return {};
    return {Verdict::kDifferent, llvm::formatv("{0} differ:{1}", count_, text_).str()};
  }
  bool any() const { return count_ != 0; }

 private:
  size_t count_ = 0;
  std::string text_;
};

void CompareExactFunction(const Case& c, const Region& region, const Bytes& output,
                          Differences& differences) {
  unsigned size = InfoOf(region.kind).bytes, in_size = InfoOf(region.operand).bytes;
  for (size_t i = 0; i < region.count; ++i) {
    std::vector<double> a = ValuesIn(region.operand, BitsAt(c.input, i * in_size, in_size));
    std::vector<double> b(a.size(), 0.0);
    size_t second = (region.count + i) * in_size;
    if (second + in_size <= c.input.size()) {
      b = ValuesIn(region.operand, BitsAt(c.input, second, in_size));
    }
    std::vector<double> got = ValuesIn(region.kind, BitsAt(output, region.offset + i * size, size));
    for (size_t k = 0; k < got.size(); ++k) {
      double x = region.flushes ? Flush(a[k]) : a[k], y = region.flushes ? Flush(b[k]) : b[k];
      std::optional<Exact> want = region.exact(x, y);
      if (!want) continue;
      Bound bound = region.bound;
      bound.absolute = std::max(bound.absolute, want->absolute);
      bool same = Within(region.kind, got[k], want->value, bound) ||
                  (region.flushes && Within(region.kind, got[k], Flush(want->value), bound));
      if (!same) {
        differences.Add(i, llvm::formatv("of {0:e9} and {1:e9}: {2:e9}, should be {3:e9}", a[k],
                                         b[k], got[k], want->value));
      }
    }
  }
}

void CompareWithAnswer(const Region& region, const Bytes& output, const Bytes& want,
                       Differences& differences) {
  unsigned size = InfoOf(region.kind).bytes;
  for (size_t i = 0; i < region.count; ++i) {
    size_t at = region.offset + i * size;
    if (at + size > want.size()) return;
    uint64_t got = BitsAt(output, at, size), right = BitsAt(want, at, size);
    std::vector<double> x = ValuesIn(region.kind, got), y = ValuesIn(region.kind, right);
    for (size_t k = 0; k < x.size(); ++k) {
      if (!Within(region.kind, x[k], y[k], region.bound)) {
        differences.Add(i, llvm::formatv("{0:e9}, should be {1:e9}", x[k], y[k]));
      }
    }
  }
}

/// Compares the bytes of exact regions, and those of none, in values of the region's size.
void CompareBits(const Case& c, const Bytes& output, const Bytes& want, Differences& differences) {
  std::vector<uint8_t> skip(output.size(), 0);
  std::vector<uint8_t> width(output.size(), 4);
  for (const Region& region : c.regions) {
    unsigned size = InfoOf(region.kind).bytes;
    for (size_t k = 0; k < region.count * size; ++k) {
      skip[region.offset + k] = region.approximate;
      width[region.offset + k] = static_cast<uint8_t>(size);
    }
  }
  size_t end = std::min(output.size(), want.size());
  for (size_t at = 0; at < end;) {
    unsigned size = std::min<unsigned>(width[at], static_cast<unsigned>(end - at));
    uint64_t got = BitsAt(output, at, size), right = BitsAt(want, at, size);
    if (!skip[at] && got != right) {
      differences.Add(at / size, llvm::formatv("{0:x}, should be {1:x}", got, right));
    }
    at += size;
  }
}

Judgement CompareWhole(const Case& c, const Bytes& output, const Answer& answer) {
  Differences differences;
  Bytes canonical = Canonical(c, output);
  if (canonical.size() != answer.size) return {Verdict::kDifferent, "another size"};
  bool approximate = false;
  for (const Region& region : c.regions) {
    if (!region.approximate) continue;
    approximate = true;
    if (region.exact) {
      CompareExactFunction(c, region, canonical, differences);
    } else {
      CompareWithAnswer(region, canonical, answer.head, differences);
    }
  }
  CompareBits(c, canonical, answer.head, differences);
  if (!approximate && !differences.any() && Digest(canonical) != answer.digest) {
    return {Verdict::kDifferent,
            llvm::formatv("the first {0} bytes are right, the rest is not", answer.head.size())};
  }
  return differences.Done();
}

}  // namespace

Judgement Judge(const Case& c, const Bytes& output, const Answer* answer) {
  if (c.oracle) return CompareWhole(c, output, MakeAnswer(c, c.oracle(c), /*whole=*/true));
  if (!answer) return {Verdict::kNoAnswer, ""};
  if (answer->fingerprint != Fingerprint(c)) return {Verdict::kStale, ""};
  return CompareWhole(c, output, *answer);
}

Judgement JudgeAlone(const Case& c, const Bytes& output) {
  Differences differences;
  for (const Region& region : c.regions) {
    if (region.exact) CompareExactFunction(c, region, output, differences);
  }
  return differences.Done();
}

bool IsRefusal(const Case& c, const std::string& error) {
  return !c.refusal.empty() && error.find(c.refusal) != std::string::npos;
}

}  // namespace attnjit::micro
