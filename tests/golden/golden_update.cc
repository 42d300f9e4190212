// Writes the golden sources: golden_update DIRECTORY
#include "llvm/Support/raw_ostream.h"
#include "tests/golden/golden_cases.h"

int main(int argc, char** argv) {
  if (argc != 2) {
    llvm::errs() << "usage: golden_update DIRECTORY (tests/golden/sources)\n";
    return 2;
  }
  for (const attnjit::GoldenKernel& kernel : attnjit::GoldenKernels()) {
    std::error_code error;
    llvm::raw_fd_ostream file(std::string(argv[1]) + "/" + kernel.name + ".cu", error);
    if (error) {
      llvm::errs() << argv[1] << "/" << kernel.name << ".cu: " << error.message() << '\n';
      return 1;
    }
    file << kernel.source;
  }
}
