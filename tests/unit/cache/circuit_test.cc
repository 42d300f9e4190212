// When a remote that fails is asked again.
#include "cache/remote/circuit.h"

#include <gtest/gtest.h>

namespace attnjit {
namespace {

constexpr auto kNow = Circuit::Clock::time_point(std::chrono::hours(1));

TEST(CircuitTest, FailuresInARowStopFurtherRequestsForAWhile) {
  Circuit circuit;
  for (int i = 0; i < Circuit::kFailures; ++i) {
    EXPECT_TRUE(circuit.Allows(kNow));
    circuit.Failed(kNow);
  }
  EXPECT_FALSE(circuit.Allows(kNow));
  EXPECT_FALSE(circuit.Allows(kNow + Circuit::kOpenFor - std::chrono::seconds(1)));
}

TEST(CircuitTest, AfterTheWhileOneMayTry) {
  Circuit circuit;
  for (int i = 0; i < Circuit::kFailures; ++i) circuit.Failed(kNow);
  const auto later = kNow + Circuit::kOpenFor;
  EXPECT_TRUE(circuit.Allows(later));
  EXPECT_FALSE(circuit.Allows(later)) << "The others wait for its outcome.";
  circuit.Failed(later);
  EXPECT_FALSE(circuit.Allows(later));
  EXPECT_TRUE(circuit.Allows(later + Circuit::kOpenFor));
  circuit.Succeeded();
  EXPECT_TRUE(circuit.Allows(later));
  EXPECT_TRUE(circuit.Allows(later));
}

TEST(CircuitTest, ASuccessBetweenFailuresBeginsTheCountAnew) {
  Circuit circuit;
  for (int i = 0; i < 10; ++i) {
    circuit.Failed(kNow);
    circuit.Failed(kNow);
    circuit.Succeeded();
    EXPECT_TRUE(circuit.Allows(kNow));
  }
}

}  // namespace
}  // namespace attnjit
