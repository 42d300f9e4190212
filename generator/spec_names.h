// How the enumerations of a request are spelled: read by the parser, the canonical writer and the
// kernel's name, so that each value has one spelling everywhere.
#ifndef ATTNJIT_GENERATOR_SPEC_NAMES_H_
#define ATTNJIT_GENERATOR_SPEC_NAMES_H_

#include "generator/spec.h"

namespace attnjit {

inline constexpr const char* kOpForward = "attention_forward";
inline constexpr int kSpecVersion = 1;

template <typename T>
struct NamedValue {
  const char* name;
  T value;
  bool alias = false;  ///< Read, never written.
};

inline constexpr NamedValue<Element> kElementNames[] = {
    {"fp16", Element::kFp16},           {"bf16", Element::kBf16},
    {"float16", Element::kFp16, true},  {"half", Element::kFp16, true},
    {"bfloat16", Element::kBf16, true},
};

inline constexpr NamedValue<Layout> kLayoutNames[] = {
    {"bshd", Layout::kBshd},
    {"bhsd", Layout::kBhsd},
    {"thd", Layout::kThd},
};

inline constexpr NamedValue<Align> kAlignNames[] = {
    {"top_left", Align::kTopLeft},
    {"bottom_right", Align::kBottomRight},
};

/// The written name of a value of `names`, which holds every value that is ever written.
template <typename T, size_t kSize>
constexpr const char* NameOf(const NamedValue<T> (&names)[kSize], T value) {
  for (const NamedValue<T>& entry : names) {
    if (entry.value == value && !entry.alias) return entry.name;
  }
  return "";
}

inline bool IsUnmasked(const MaskSpec& mask) { return !mask.left && !mask.right; }
inline bool IsCausal(const MaskSpec& mask) { return !mask.left && mask.right == 0; }

}  // namespace attnjit

#endif  // ATTNJIT_GENERATOR_SPEC_NAMES_H_
