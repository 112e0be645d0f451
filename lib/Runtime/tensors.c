//===- tensors.c - sizes, strides and copies ------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Geometry of the caller's tensors, and the copy between a strided and a
// compact tensor. Elements are moved, never computed with.
//===----------------------------------------------------------------------===//

#include "runtime.h"

void rt_unpack(int8_t *elements, const uint8_t *packed, int64_t n, int bits,
               bool is_signed) {
  int per_byte = 8 / bits, spare = 8 - bits;
  for (int64_t i = 0; i < n; ++i) {
    uint8_t top =
        (uint8_t)(packed[i / per_byte] << (spare - (int)(i % per_byte) * bits));
    elements[i] =
        is_signed ? (int8_t)((int8_t)top >> spare) : (int8_t)(top >> spare);
  }
}

void rt_pack(uint8_t *packed, const int8_t *elements, int64_t n, int bits) {
  int per_byte = 8 / bits;
  uint8_t mask = (uint8_t)((1 << bits) - 1);
  memset(packed, 0, rt_packed_bytes(n, bits));
  for (int64_t i = 0; i < n; ++i)
    packed[i / per_byte] |=
        (uint8_t)(((uint8_t)elements[i] & mask) << (int)(i % per_byte) * bits);
}

int64_t rt_elements(int rank, const int64_t *dims, int64_t element_bytes) {
  int64_t elements = 1, bytes;
  for (int i = 0; i < rank; ++i)
    if (dims[i] == 0)
      return 0;
  for (int i = 0; i < rank; ++i)
    if (__builtin_mul_overflow(elements, dims[i], &elements))
      return -1;
  if (__builtin_mul_overflow(elements, element_bytes, &bytes))
    return -1;
  return elements;
}

bool rt_is_compact(int rank, const int64_t *dims, const int64_t *strides) {
  int64_t expected = 1;
  if (!strides)
    return true;
  for (int i = rank - 1; i >= 0; --i) {
    if (dims[i] == 0)
      return true;
    // The stride of a dim of one element is never used.
    if (dims[i] != 1 && strides[i] != expected)
      return false;
    expected *= dims[i];
  }
  return true;
}

static void copy_elements(char *to, int64_t to_step, const char *from,
                          int64_t from_step, int64_t n, int bytes) {
  for (int64_t i = 0; i < n; ++i)
    memcpy(to + i * to_step, from + i * from_step, (size_t)bytes);
}

// Walks all index tuples; the innermost dim is one call of copy_elements.
static void copy_strided(char *compact, char *strided, bool gather, int rank,
                         const int64_t *dims, const int64_t *strides,
                         int bytes) {
  int64_t index[QOPT_MAX_RANK] = {0};
  int64_t inner = rank ? dims[rank - 1] : 1;
  int64_t step = rank ? strides[rank - 1] * bytes : bytes;
  for (;;) {
    if (gather)
      copy_elements(compact, bytes, strided, step, inner, bytes);
    else
      copy_elements(strided, step, compact, bytes, inner, bytes);
    compact += inner * bytes;
    int axis = rank - 2;
    for (; axis >= 0; --axis) {
      strided += strides[axis] * bytes;
      if (++index[axis] < dims[axis])
        break;
      strided -= dims[axis] * strides[axis] * bytes;
      index[axis] = 0;
    }
    if (axis < 0)
      return;
  }
}

void rt_gather(void *compact, const void *strided, int rank,
               const int64_t *dims, const int64_t *strides, int element_bytes) {
  copy_strided(compact, (char *)(uintptr_t)strided, true, rank, dims, strides,
               element_bytes);
}

void rt_scatter(void *strided, const void *compact, int rank,
                const int64_t *dims, const int64_t *strides,
                int element_bytes) {
  copy_strided((char *)(uintptr_t)compact, strided, false, rank, dims, strides,
               element_bytes);
}

void rt_extent(const DLTensor *tensor, uintptr_t *begin, uintptr_t *end) {
  int bits = tensor->dtype.bits;
  int64_t bytes = rt_element_bytes(bits), low = 0, high = 0, dense = 1;
  for (int i = tensor->ndim - 1; i >= 0; --i) {
    int64_t stride = tensor->strides ? tensor->strides[i] : dense;
    int64_t span = (tensor->shape[i] - 1) * stride;
    dense *= tensor->shape[i];
    low += span < 0 ? span : 0;
    high += span > 0 ? span : 0;
  }
  uintptr_t base = (uintptr_t)tensor->data + tensor->byte_offset;
  *begin = base + (uintptr_t)(low * bytes);
  // Packed elements are compact.
  *end = base + (bits < 8 ? rt_packed_bytes(dense, bits)
                          : (uintptr_t)((high + 1) * bytes));
}
