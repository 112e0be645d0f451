//===- peak.h - what the instructions of the kernels can do at most -------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Callable from C and from Python's ctypes. Whether the machine has the
// instructions is for the caller to know.
//===----------------------------------------------------------------------===//

#ifndef QOPT_BENCH_PEAK_H
#define QOPT_BENCH_PEAK_H

#include <cstdint>

extern "C" {

// Each runs `steps` rounds over registers and returns the operations of one
// round, where a multiply and an add are two; 0 where the system grants no
// tiles.
int64_t peakAvx2Int8(int64_t steps);
int64_t peakAvxVnniInt8(int64_t steps);
int64_t peakAvx512VnniInt8(int64_t steps);
int64_t peakAvx2Float(int64_t steps);
int64_t peakAvx512Float(int64_t steps);
// With the four tile loads out of L1 that four products need.
int64_t peakAmxInt8(int64_t steps);
int64_t peakAmxBF16(int64_t steps);

// Reads every byte once: in order, with prefetches, in four streams side by
// side. Which is fastest depends on where the bytes are.
void readPlain(const char *data, int64_t bytes);
void readPrefetched(const char *data, int64_t bytes);
void readFourStreams(const char *data, int64_t bytes);

// Zeroed memory for them, on huge pages where the system has them.
char *readBuffer(int64_t bytes);
void readFree(char *data);
}

#endif // QOPT_BENCH_PEAK_H
