//===- onednn.cpp - oneDNN's integer matmul behind three C functions ------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// bench/peer_calls.py builds this against the wheels `onednn`, `onednn-devel`
// and calls it. The product is that of a token-wise quantized layer: 8-bit rows
// with a scale each, 8-bit weights with a scale per column, a bias, f32 out.
//
// The wheel's only CPU runtime is SYCL. A call is a task of an in-order queue,
// which costs some microseconds; `onednnRun` hands over several before it
// waits, as a model's layers would be, and the caller measures a tiny product
// beside to know what is left of that cost.
//===----------------------------------------------------------------------===//

#include <cstdint>
#include <cstdio>
#include <cstring>
#include <oneapi/dnnl/dnnl.hpp>
#include <unordered_map>

using namespace dnnl;

namespace {

using Type = memory::data_type;
using Tag = memory::format_tag;

struct Queue {
  engine cpu{engine::kind::cpu, 0};
  stream tasks{cpu};
};

struct Product {
  matmul primitive;
  std::unordered_map<int, memory> arguments;
  std::string kernel;
  bool scalePerRow;
};

/// One for the process: every engine would bring threads of its own.
Queue &queue() {
  static Queue result;
  return result;
}

memory filled(const memory::desc &desc, const void *data) {
  memory result(desc, queue().cpu);
  if (data)
    std::memcpy(result.get_data_handle(), data, desc.get_size());
  return result;
}

/// With a scale for each row, as a mask with groups, or one for all of them.
matmul::primitive_desc describe(const memory::desc &rows,
                                const memory::desc &weights,
                                const memory::desc &bias,
                                const memory::desc &result, bool scalePerRow) {
  primitive_attr attributes;
  constexpr int perRowAndGroup = 3, perColumn = 2;
  if (scalePerRow)
    attributes.set_scales(DNNL_ARG_SRC, perRowAndGroup,
                          {1, weights.get_dims()[0]}, Type::f32);
  else
    attributes.set_scales_mask(DNNL_ARG_SRC, 0);
  attributes.set_scales_mask(DNNL_ARG_WEIGHTS, perColumn);
  return {queue().cpu, rows, weights, bias, result, attributes};
}

Product *makeProduct(bool isUnsigned, int64_t m, int64_t k, int64_t n,
                     const void *rows, const float *rowScales,
                     const int8_t *weights, const float *columnScales,
                     const float *bias) {
  Type rowType = isUnsigned ? Type::u8 : Type::s8;
  memory::desc rowsDesc({m, k}, rowType, Tag::ab);
  memory::desc anyWeights({k, n}, Type::s8, Tag::any);
  memory::desc biasDesc({1, n}, Type::f32, Tag::ab);
  memory::desc resultDesc({m, n}, Type::f32, Tag::ab);
  // Only the tile kernels scale rows. Where the answer is the reference code,
  // its fast kernel with less to do is the fairer peer.
  bool scalePerRow = true;
  auto desc = describe(rowsDesc, anyWeights, biasDesc, resultDesc, true);
  if (std::strncmp(desc.impl_info_str(), "ref", 3) == 0) {
    scalePerRow = false;
    desc = describe(rowsDesc, anyWeights, biasDesc, resultDesc, false);
  }
  memory::desc scalesDesc = scalePerRow
                                ? memory::desc({m, 1}, Type::f32, Tag::ab)
                                : memory::desc({1}, Type::f32, Tag::a);

  // The weights in the order that the kernel asked for.
  memory plain = filled({{k, n}, Type::s8, Tag::ab}, weights);
  memory packed(desc.weights_desc(), queue().cpu);
  reorder(plain, packed).execute(queue().tasks, plain, packed);
  queue().tasks.wait();

  auto *product =
      new Product{matmul(desc), {}, desc.impl_info_str(), scalePerRow};
  product->arguments = {
      {DNNL_ARG_SRC, filled(rowsDesc, rows)},
      {DNNL_ARG_WEIGHTS, packed},
      {DNNL_ARG_BIAS, filled(biasDesc, bias)},
      {DNNL_ARG_DST, memory(resultDesc, queue().cpu)},
      {DNNL_ARG_ATTR_SCALES | DNNL_ARG_SRC, filled(scalesDesc, rowScales)},
      {DNNL_ARG_ATTR_SCALES | DNNL_ARG_WEIGHTS,
       filled({{n}, Type::f32, Tag::a}, columnScales)}};
  return product;
}

} // namespace

/// Null, with the reason on stderr, where oneDNN cannot do it.
extern "C" Product *onednnProduct(int isUnsigned, int64_t m, int64_t k,
                                  int64_t n, const void *rows,
                                  const float *rowScales, const int8_t *weights,
                                  const float *columnScales,
                                  const float *bias) {
  try {
    return makeProduct(isUnsigned, m, k, n, rows, rowScales, weights,
                       columnScales, bias);
  } catch (const error &failure) {
    std::fprintf(stderr, "oneDNN: %s\n", failure.what());
    return nullptr;
  }
}

extern "C" void onednnRun(Product *product, int times) {
  for (int i = 0; i < times; ++i)
    product->primitive.execute(queue().tasks, product->arguments);
  queue().tasks.wait();
}

extern "C" const float *onednnResult(Product *product) {
  return static_cast<const float *>(
      product->arguments.at(DNNL_ARG_DST).get_data_handle());
}

extern "C" const char *onednnKernel(Product *product) {
  return product->kernel.c_str();
}

extern "C" int onednnScalesRows(Product *product) {
  return product->scalePerRow;
}

extern "C" void onednnFree(Product *product) { delete product; }
