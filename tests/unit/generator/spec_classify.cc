// Reads one request a line and prints "valid" or "invalid" for each: ParseSpec's half of
// schema_agreement.py.
#include <iostream>
#include <string>

#include "generator/spec.h"

int main() {
  std::string line;
  while (std::getline(std::cin, line)) {
    llvm::Expected<attnjit::AttentionSpec> spec = attnjit::ParseSpec(line);
    std::cout << (spec ? "valid\n" : "invalid\n");
    if (!spec) llvm::consumeError(spec.takeError());
  }
}
