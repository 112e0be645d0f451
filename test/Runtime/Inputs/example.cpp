#include <cstdio>
#include <qopt/model.hpp>
int main() {
  qopt::Model model("model.so");
  std::vector<int64_t> ids = {464, 3290, 318, 257};
  auto outputs = model({{"input_ids", {ids.data(), {1, 4}}}});
  const float *logits = outputs.at("logits").data<float>();
  std::printf("%g\n", logits[3 * 50257]);
}
