// Random valid requests, and random spellings of one request, for property tests.
#ifndef ATTNJIT_TESTS_UNIT_GENERATOR_RANDOM_SPEC_H_
#define ATTNJIT_TESTS_UNIT_GENERATOR_RANDOM_SPEC_H_

#include <random>
#include <string>

#include "generator/spec.h"

namespace attnjit {

/// A valid request, as ParseSpec would return it.
AttentionSpec RandomSpec(std::mt19937_64& rng);

/// A JSON text that means `spec`: members in random order, aliases, the short or the long form,
/// defaults given or left out, inert fields, x- fields and white space.
std::string RandomSpelling(const AttentionSpec& spec, std::mt19937_64& rng);

}  // namespace attnjit

#endif  // ATTNJIT_TESTS_UNIT_GENERATOR_RANDOM_SPEC_H_
