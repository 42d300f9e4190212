// What a request means, and what is said about one that means nothing.
#include <gtest/gtest.h>

#include "generator/error.h"
#include "generator/spec.h"

namespace attnjit {
namespace {

std::vector<SpecDiagnostic> Diagnostics(const std::string& json) {
  llvm::Expected<AttentionSpec> spec = ParseSpec(json);
  if (spec) return {};
  std::vector<SpecDiagnostic> diagnostics;
  llvm::handleAllErrors(spec.takeError(),
                        [&](const SpecError& error) { diagnostics = error.diagnostics(); });
  return diagnostics;
}

/// The diagnostic about `pointer`; an empty one if there is none.
SpecDiagnostic About(const std::string& json, llvm::StringRef pointer) {
  for (const SpecDiagnostic& diagnostic : Diagnostics(json)) {
    if (diagnostic.pointer == pointer) return diagnostic;
  }
  ADD_FAILURE() << "no diagnostic about " << pointer.str() << " in " << json;
  return {};
}

AttentionSpec Parse(const std::string& json) {
  llvm::Expected<AttentionSpec> spec = ParseSpec(json);
  if (!spec) {
    ADD_FAILURE() << json << ": " << llvm::toString(spec.takeError());
    return {};
  }
  return *spec;
}

/// A request with one more member.
std::string With(const std::string& member) {
  return R"({"head_dim":128,"dtype":"bf16",)" + member + "}";
}

TEST(SpecParseTest, ReadsEveryField) {
  const AttentionSpec spec = Parse(
      R"({"version":1,"op":"attention_forward","arch":"sm_90a",
          "dtype":{"q":"bf16","kv":"fp16","o":"half"},"head_dim":{"qk":192,"v":128},
          "heads":{"q":32,"kv":8},"layout":"thd","mask":{"window":[4095,0]},
          "align":"bottom_right","softmax_scale":0.25,"lse":true,
          "hints":{"seqlen_q_multiple_of":128,"seqlen_kv_multiple_of":64}})");
  EXPECT_EQ(spec.arch, Arch::kSm90a);
  EXPECT_EQ(spec.element_q, Element::kBf16);
  EXPECT_EQ(spec.element_kv, Element::kFp16);
  EXPECT_EQ(spec.element_o, Element::kFp16);
  EXPECT_EQ(spec.head_dim_qk, 192);
  EXPECT_EQ(spec.head_dim_v, 128);
  EXPECT_EQ(spec.heads_q, 32);
  EXPECT_EQ(spec.heads_kv, 8);
  EXPECT_EQ(spec.layout, Layout::kThd);
  EXPECT_EQ(spec.mask.left, 4095);
  EXPECT_EQ(spec.mask.right, 0);
  EXPECT_EQ(spec.align, Align::kBottomRight);
  EXPECT_EQ(spec.softmax_scale, 0.25);
  EXPECT_TRUE(spec.lse);
  EXPECT_EQ(spec.seqlen_q_multiple_of, 128);
  EXPECT_EQ(spec.seqlen_kv_multiple_of, 64);
}

TEST(SpecParseTest, FillsDefaults) {
  const AttentionSpec spec = Parse(R"({"head_dim":64,"dtype":"bf16"})");
  EXPECT_EQ(spec.arch, std::nullopt);
  EXPECT_EQ(spec.heads_q, 1);
  EXPECT_EQ(spec.heads_kv, 1);
  EXPECT_EQ(spec.layout, Layout::kBshd);
  EXPECT_EQ(spec.mask, MaskSpec());
  EXPECT_EQ(spec.align, Align::kTopLeft);
  EXPECT_EQ(spec.softmax_scale, 0.125);
  EXPECT_FALSE(spec.lse);
  EXPECT_EQ(spec.seqlen_q_multiple_of, 1);
}

TEST(SpecParseTest, AMaskWithoutAlignMeansEqualLengths) {
  EXPECT_EQ(Parse(With(R"("mask":"causal")")).align, Align::kEqualLengths);
}

TEST(SpecParseTest, NullScaleIsTheDefaultFromTheQkHeadDim) {
  const AttentionSpec spec =
      Parse(R"({"head_dim":{"qk":64,"v":256},"dtype":"bf16","softmax_scale":null})");
  EXPECT_EQ(spec.softmax_scale, 0.125);
}

TEST(SpecParseTest, AcceptsIntegersWrittenAsDecimals) {
  EXPECT_EQ(Parse(R"({"head_dim":128.0,"dtype":"bf16"})").head_dim_qk, 128);
}

TEST(SpecParseTest, IgnoresFieldsOfTheCaller) {
  Parse(With(R"("x-note":{"dtype":[1,{"dtype":2}]},"heads":{"q":1,"kv":1,"x-model":"m"})"));
}

TEST(SpecParseTest, ReportsEveryErrorAtOnceInDocumentOrder) {
  const std::vector<SpecDiagnostic> diagnostics = Diagnostics(
      R"({"headdim":128,"dtype":"bf17","softmax_scale":NaN,"mask":{"window":[-1,1e400]},
          "heads":{"q":32,"kv":5},"lse":1,"lse":true,"version":2,"layout":"bsdh"})");
  std::vector<std::string> pointers;
  for (const SpecDiagnostic& diagnostic : diagnostics) pointers.push_back(diagnostic.pointer);
  EXPECT_EQ(pointers,
            (std::vector<std::string>{"/headdim", "/dtype", "/softmax_scale", "/mask/window/0",
                                      "/mask/window/1", "/heads", "/lse", "/lse", "/version",
                                      "/layout", "/head_dim"}));
}

TEST(SpecParseTest, EachErrorSaysTheValueWhatIsAllowedAndTheNearestMatch) {
  const SpecDiagnostic unknown = About(With(R"("softmaxscale":0.125)"), "/softmaxscale");
  EXPECT_EQ(unknown.value, "0.125");
  EXPECT_EQ(unknown.nearest, "softmax_scale");
  EXPECT_NE(unknown.message.find("softmax_scale, lse, hints"), std::string::npos);

  const SpecDiagnostic mask = About(With(R"("mask":"casual")"), "/mask");
  EXPECT_EQ(mask.value, "\"casual\"");
  EXPECT_EQ(mask.nearest, "causal");
  EXPECT_NE(mask.message.find("\"none\", \"causal\""), std::string::npos);

  const SpecDiagnostic dim = About(R"({"head_dim":100,"dtype":"bf16"})", "/head_dim");
  EXPECT_EQ(dim.value, "100");
  EXPECT_EQ(dim.nearest, "104");
  EXPECT_NE(dim.message.find("a multiple of 8 from 8 to 256"), std::string::npos);

  EXPECT_EQ(About(R"({"head_dim":1000,"dtype":"bf16"})", "/head_dim").nearest, "256");
  EXPECT_EQ(About(With(R"("arch":"sm90a")"), "/arch").nearest, "sm_90a");
  EXPECT_EQ(About(R"({"head_dim":8,"dtype":"BF16"})", "/dtype").nearest, "bf16");
  EXPECT_EQ(About(With(R"("causal":true)"), "/causal").nearest, "mask");
  EXPECT_EQ(About(With(R"("hints":{"seqlen_q_multiple":1})"), "/hints/seqlen_q_multiple").nearest,
            "seqlen_q_multiple_of");
  EXPECT_EQ(About(With(R"("temperature":1)"), "/temperature").nearest, "");
}

TEST(SpecParseTest, NamesRequiredFields) {
  const std::vector<SpecDiagnostic> diagnostics = Diagnostics("{}");
  ASSERT_EQ(diagnostics.size(), 2u);
  EXPECT_EQ(diagnostics[0].pointer, "/dtype");
  EXPECT_EQ(diagnostics[1].pointer, "/head_dim");
  About(R"({"head_dim":{"qk":64},"dtype":"bf16"})", "/head_dim/v");
  About(R"({"head_dim":64,"dtype":{"q":"bf16","o":"bf16"}})", "/dtype/kv");
  About(With(R"("heads":{"q":8})"), "/heads/kv");
}

TEST(SpecParseTest, PackedMasksNeedAlign) {
  const SpecDiagnostic align = About(With(R"("layout":"thd","mask":"causal")"), "/align");
  EXPECT_NE(align.message.find("\"bottom_right\""), std::string::npos);
  Parse(With(R"("layout":"thd","mask":"none")"));
  Parse(With(R"("layout":"thd","mask":"causal","align":"top_left")"));
}

TEST(SpecParseTest, DoesNotAskForAlignWhereTheMaskItselfIsWrong) {
  EXPECT_EQ(Diagnostics(With(R"("layout":"thd","mask":"casual")")).size(), 1u);
  EXPECT_EQ(Diagnostics(With(R"("layout":"thd","mask":{"window":[-1,2]})")).size(), 1u);
}

TEST(SpecParseTest, RejectsADuplicateKeyEvenOfEqualValue) {
  const SpecDiagnostic duplicate = About(With(R"("dtype":"bf16")"), "/dtype");
  EXPECT_NE(duplicate.message.find("duplicate"), std::string::npos);
  About(With(R"("x-a":1,"x-a":1)"), "/x-a");
}

TEST(SpecParseTest, LimitsHowMuchItSaysAboutAHostileRequest) {
  std::string json = "{";
  for (int i = 0; i < 50000; ++i) json += "\"f" + std::to_string(i) + "\":1,";
  json += "\"" + std::string(100000, 'k') + "\":1}";
  const std::vector<SpecDiagnostic> diagnostics = Diagnostics(json);
  EXPECT_LT(diagnostics.size(), 1100u);
  EXPECT_NE(diagnostics.back().message.find("further errors"), std::string::npos);
}

TEST(SpecParseTest, NeverEchoesControlCharacters) {
  for (const char* json :
       {R"({"\u001b[31m":1})", R"({"head_dim":"\u001b[31m"})", R"({"dtype":"\u0007\u009b"})"}) {
    for (const SpecDiagnostic& diagnostic : Diagnostics(json)) {
      EXPECT_EQ((diagnostic.pointer + diagnostic.value).find('\x1b'), std::string::npos);
    }
  }
}

}  // namespace
}  // namespace attnjit
