// Puts cases together: a request from its parts, sizes that make the result tell something.
#ifndef ATTNJIT_TESTS_GPU_CASE_BUILDER_H_
#define ATTNJIT_TESTS_GPU_CASE_BUILDER_H_

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "tests/gpu/suite_case.h"

namespace attnjit {

/// The compiled-in half of a case and its run-time values, as the request will say them.
struct CaseSpec {
  Arch arch = Arch::kSm90;
  Element element = Element::kBf16;
  Element element_o = Element::kBf16;
  int dim_qk = 64;
  int dim_v = 64;
  int group = 1;
  Layout layout = Layout::kBshd;
  MaskSpec mask;
  Align align = Align::kBottomRight;  ///< Named where there is a mask.
  std::optional<double> scale;
  bool lse = true;
  int64_t seqlen_q_multiple_of = 1;
  int64_t seqlen_kv_multiple_of = 1;
  int64_t seqlen_q_at_most = 0;  ///< 0: not promised.
  int64_t ctas = 0;              ///< 0: the planner decides.

  CaseSpec& Dims(int qk, int v) { return dim_qk = qk, dim_v = v, *this; }
  CaseSpec& Dtype(Element e) { return element = element_o = e, *this; }
};

inline MaskSpec CausalMask() { return {std::nullopt, 0}; }

/// The request as JSON.
std::string RequestJson(const CaseSpec& spec, int64_t heads_kv);

/// Collects cases, names them and chooses batch and heads where they are left open.
class CaseBuilder {
 public:
  /// A dense case. batch or heads_kv 0: chosen so that O has some thousand elements and the scores
  /// are not more than a few million. The returned case may be changed further.
  SuiteCase& AddDense(const std::string& category, const CaseSpec& spec, int64_t seqlen_q,
                      int64_t seqlen_kv, int64_t batch = 0, int64_t heads_kv = 0);
  /// A packed case; spec.layout is made thd.
  SuiteCase& AddPacked(const std::string& category, CaseSpec spec, std::vector<int32_t> seqlens_q,
                       std::vector<int32_t> seqlens_kv, int64_t heads_kv = 0);
  std::vector<SuiteCase> Take() { return std::move(cases_); }

 private:
  SuiteCase& Add(const std::string& category, const CaseSpec& spec, SuiteCase suite_case,
                 const std::string& sizes);
  std::vector<SuiteCase> cases_;
  std::map<std::string, int> numbers_;  ///< Cases so far, by arch and category.
};

}  // namespace attnjit

#endif  // ATTNJIT_TESTS_GPU_CASE_BUILDER_H_
