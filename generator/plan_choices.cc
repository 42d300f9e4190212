#include "generator/plan_choices.h"

#include "generator/error.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/Support/FormatVariadic.h"

namespace attnjit {
namespace {

/// What a number in the text may be at most: no plan has more, whatever a file says.
constexpr int kLargest = 1 << 20;

/// "n128" for name "n": its number, 1 .. kLargest.
std::optional<int> NumberOf(llvm::StringRef word, llvm::StringRef name) {
  int value = 0;
  if (!word.consume_front(name) || word.getAsInteger(10, value)) return std::nullopt;
  if (value < 1 || value > kLargest) return std::nullopt;
  return value;
}

bool Take(llvm::StringRef word, Sm90Choices& c, int& keys) {
  const std::pair<llvm::StringRef, int*> numbers[] = {
      {"piece", &keys},        {"pack", &c.pack}, {"w", &c.consumer_warpgroups},
      {"x", &c.blocks_per_sm}, {"n", &c.tile_n},  {"s", &c.stages},
      {"q", &c.q_stages},
  };
  for (const auto& [name, field] : numbers) {
    if (const std::optional<int> value = NumberOf(word, name)) {
      *field = *value;
      return true;
    }
  }
  if (word == "pp") return c.ping_pong = true;
  if (word == "peel") return c.peel_first = true;
  return false;
}

/// What Sm90Choices asks for; PlanSm90With says what fits.
bool InRange(const Sm90Choices& c, int group) {
  return c.consumer_warpgroups <= 3 && c.pack <= 64 && group % c.pack == 0 && c.tile_n <= 256 &&
         c.tile_n % 16 == 0 && c.stages >= 2 && c.stages <= 4 && c.q_stages <= 2 &&
         c.blocks_per_sm <= 4 && (!c.ping_pong || c.consumer_warpgroups >= 2);
}

}  // namespace

std::string ChoicesText(const Sm90Choices& c) {
  std::string text = llvm::formatv("sm90 w{0} x{1} n{2} s{3}", c.consumer_warpgroups,
                                   c.blocks_per_sm, c.tile_n, c.stages);
  if (c.q_stages != 1) text += " q" + std::to_string(c.q_stages);
  if (c.pack != 1) text += " pack" + std::to_string(c.pack);
  if (c.split_blocks != 0) text += " piece" + std::to_string(c.split_blocks * c.tile_n);
  if (c.ping_pong) text += " pp";
  if (c.peel_first) text += " peel";
  return text;
}

std::optional<Sm90Choices> ParseSm90Choices(llvm::StringRef text) {
  Sm90Choices choices;
  choices.ping_pong = false;
  int keys = 0;
  llvm::SmallVector<llvm::StringRef, 10> words;
  text.split(words, ' ');
  if (words[0] != "sm90") return std::nullopt;
  for (const llvm::StringRef word : llvm::makeArrayRef(words).drop_front()) {
    if (!Take(word, choices, keys)) return std::nullopt;
  }
  choices.split_blocks = keys / choices.tile_n;
  if (ChoicesText(choices) != text) return std::nullopt;
  return choices;
}

llvm::Expected<KernelPlan> PlanWithChoices(const KernelSpec& spec, Arch arch,
                                           llvm::StringRef text) {
  const std::optional<Sm90Choices> choices = ParseSm90Choices(text);
  if (choices && InRange(*choices, spec.problem.group)) return PlanSm90With(spec, arch, *choices);
  return llvm::make_error<PlanError>(
      std::vector<std::string>{"\"" + text.str() + "\" are no choices for this kernel"});
}

}  // namespace attnjit
