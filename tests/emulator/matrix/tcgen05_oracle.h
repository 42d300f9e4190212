// tcgen05's layouts as a table, from the specification only: nothing of this has run on hardware.
//
// Sources, quoted where the code uses them: PTX ISA 9.x 9.7.16.2.3 (fragments of ld and
// st), 9.7.16.8 (restrictions, packing), 9.7.16.9 (cp), 9.7.16.10.5 (data path layouts A to G); the
// figures there, in the form of CUTLASS 4's copy traits (copy_traits_sm100.hpp) and tensor memory
// fragments (mma_traits_sm100_frag.hpp). Tensor memory is a plain map from (lane, column) here.
#ifndef ATTNJIT_TESTS_EMULATOR_MATRIX_TCGEN05_ORACLE_H_
#define ATTNJIT_TESTS_EMULATOR_MATRIX_TCGEN05_ORACLE_H_

#include <string>
#include <utility>
#include <vector>

namespace attnjit::emulator::oracle {

using Word = std::pair<int, int>;  ///< Lane, column.

/// The words that hold the `halves` (one, or two if packed) of register r of thread t.
std::vector<Word> FragmentWords(const std::string& shape, int repeat, bool packed, int half_split,
                                int t, int r);

/// Where element (m, n) of D lies: which CTA of the pair, lane (from the base's), column.
struct Place {
  int cta;
  int lane;
  int column;
};
Place DPlace(int cta_group, int m_size, int n_size, int m, int n);

/// Lanes of A's row m that the product of output column n reads, and its CTA.
Place APlace(int cta_group, int m_size, int n_size, int m, int n);

/// Lanes that receive source row `row` of a copy.
std::vector<int> CopyLanes(const std::string& shape, int row);

}  // namespace attnjit::emulator::oracle

#endif  // ATTNJIT_TESTS_EMULATOR_MATRIX_TCGEN05_ORACLE_H_
