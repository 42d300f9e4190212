// The catalogue of micro-programs, and what its families are written with.
#ifndef ATTNJIT_TESTS_EMULATOR_MICRO_CATALOG_H_
#define ATTNJIT_TESTS_EMULATOR_MICRO_CATALOG_H_

#include <string>
#include <vector>

#include "tests/emulator/micro/case.h"

namespace attnjit::micro {

/// A program written by hand. Its body finds these registers declared:
///   %out, %in (.b64)  the buffers;  %o, %i  the same, advanced by the thread's strides
///   %tx, %lane, %warp, %cta, %gtid (.b32)
///   %p<16> .pred, %h<32> .b16, %r<256> .b32, %q<64> .b64, %f<300> .f32, %e<16> .f64
/// and the kernel parameters p_out, p_in, p_map0...
struct Program {
  std::string body;
  unsigned grid = 1;
  unsigned block = 32;
  unsigned cluster = 0;         ///< CTAs in a cluster, by .reqnctapercluster; 0: none.
  std::string declarations;     ///< Inside of the kernel, before the body.
  std::string module_text;      ///< Before the .entry; `$` stands for the entry's name.
  std::string directives;       ///< More of the .entry's, such as ".maxnreg 64".
  unsigned dynamic_shared = 0;  ///< Bytes of `.extern .shared .align 1024 .b8 dyn[]` (declared).
  unsigned output_stride = 4;   ///< Bytes of output for each thread.
  unsigned input_stride = 4;
  size_t output_bytes = 0;  ///< 0: output_stride for each thread.
  Kind input_kind = Kind::kU32;
  size_t input_bytes = 0;         ///< 0: input_stride for each thread. Values of `input_kind`.
  Bytes input;                    ///< Instead of the two above, where not empty.
  Kind output_kind = Kind::kU32;  ///< kU32: compared as bytes.
  Bound bound;                    ///< Not zero: approximate against the stored answer.
  std::vector<MapSpec> maps;
  std::string target = "sm_90a";
};

class Catalog {
 public:
  /// A case for one instruction (or a few): 256 threads each load one value of every kind in `in`
  /// to %a, %b, %c, %e, run `body` and store %d (and %d1, %d2...), of the kinds in `out`.
  Case& Alu(const std::string& family, const std::string& name, const std::string& body,
            const std::vector<Kind>& in, const std::vector<Kind>& out,
            const std::string& declarations = "");

  Case& Add(const std::string& family, const std::string& name, const Program& program);

  /// No kernel: a table of encodings and what the driver says to each.
  Case& AddEncodes(const std::string& name, std::vector<MapSpec> maps);

  const std::vector<Case>& cases() const { return cases_; }
  std::vector<Case> Take() { return std::move(cases_); }

 private:
  Case& Push(const std::string& family, const std::string& name);
  std::vector<Case> cases_;
};

/// Every micro-program, in a fixed order.
std::vector<Case> AllCases();

/// `count` bytes of values of `kind` from the inputs' source.
Bytes Values(Kind kind, size_t bytes, unsigned ordinal = 0, uint64_t seed = 1);
/// 32-bit words f(0), f(1)...
Bytes Words(size_t count, const std::function<uint32_t(uint32_t)>& f);

/// `pattern` with each `$key` of the pairs replaced; the longest keys first.
std::string Fill(std::string pattern,
                 const std::vector<std::pair<std::string, std::string>>& values);

/// What an output buffer holds where a program writes nothing.
inline constexpr uint8_t kPoison = 0xcd;

// families/: each adds its opcode families.
void AddInteger(Catalog& catalog);
void AddBits(Catalog& catalog);
void AddFloat(Catalog& catalog);
void AddHalf(Catalog& catalog);
void AddApproximate(Catalog& catalog);
void AddConvert(Catalog& catalog);
void AddCompare(Catalog& catalog);
void AddMemory(Catalog& catalog);
void AddAtomic(Catalog& catalog);
void AddControl(Catalog& catalog);
void AddWarp(Catalog& catalog);
void AddBarrier(Catalog& catalog);
void AddSpecial(Catalog& catalog);
void AddAsyncCopy(Catalog& catalog);
void AddCluster(Catalog& catalog);
void AddTensor(Catalog& catalog);
void AddFragment(Catalog& catalog);
void AddMma(Catalog& catalog);
void AddWgmma(Catalog& catalog);
void AddPacked(Catalog& catalog);

}  // namespace attnjit::micro

#endif  // ATTNJIT_TESTS_EMULATOR_MICRO_CATALOG_H_
