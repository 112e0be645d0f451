//===- Isa.h - what the kernel generators know of an instruction set ------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Register blocking of the kernels. A block is `rows` x `vectors`
// accumulators; beside them a product needs the vectors of one k step of the
// right operand and at least one broadcast of the left one.
//===----------------------------------------------------------------------===//

#ifndef QOPT_LIB_CODEGEN_KERNELS_ISA_H
#define QOPT_LIB_CODEGEN_KERNELS_ISA_H

#include "llvm/ADT/StringRef.h"
#include <cstdint>
#include <optional>

namespace mlir::qopt::kernels {

/// How AArch64 multiplies codes: smull and sadalp, sdot, or smmla.
enum class ArmDot { None, Long, Dot, Matrix };

struct Isa {
  llvm::StringRef name;
  /// f32 lanes of a vector register.
  int64_t lanes;
  /// Whether codes are multiplied by vpdpbusd, which takes its left operand as
  /// u8: they are then stored as code + 128.
  bool vnni;
  int64_t integerRows;
  int64_t floatRows, floatVectors;
  /// Columns of a task.
  int64_t integerColumns, floatColumns;
  /// Operations worth handing to another thread: about 5 us of work.
  int64_t integerGrain, floatGrain;
  /// Whether products of 16 rows or more are made of tiles, which are signed on
  /// both sides: codes are then stored as they are, and VNNI adds the 128.
  bool amx = false;
  /// None on x86. AArch64 multiplies signed codes and widens none.
  ArmDot arm = ArmDot::None;

  bool isArm() const { return arm != ArmDot::None; }
  /// Whether codes are multiplied by vpmaddubsw, and widened to 16 bits where
  /// that could saturate and with scales per group.
  bool widens() const { return !vnni && !isArm(); }
  /// Codes of one column side by side in packed weights.
  int64_t packedDepth() const { return isArm() ? 8 : 4; }
  int64_t codeOffset() const { return vnni && !amx ? 128 : 0; }
  /// Registers that accumulators may take.
  int64_t registers() const { return floatRows * floatVectors; }
  /// Vectors of results of an integer block of `rows` rows: fewer rows leave
  /// registers for more columns, and whole panels are read as one stream.
  int64_t integerVectorsOf(int64_t rows) const {
    if (arm == ArmDot::Long)
      return 1;
    if (isArm())
      return rows > 4 ? 2 : kMostVectors;
    return vectorsOf(rows, widens() ? 2 : 1);
  }
  /// The same of a block that vpmaddubsw multiplies.
  int64_t byteVectorsOf(int64_t rows) const { return vectorsOf(rows, 1); }
  int64_t vectorsOf(int64_t rows, int64_t registersEach) const {
    int64_t vectors = 1;
    while (2 * vectors <= kMostVectors &&
           2 * vectors * rows * registersEach <= registers())
      vectors *= 2;
    return vectors;
  }
  /// The block with scales per group, which has f32 sums beside the i32 ones.
  int64_t groupedRows() const { return vnni || isArm() ? 3 : 4; }
  int64_t groupedVectors() const {
    if (isArm())
      return integerVectorsOf(groupedRows());
    return registers() / (groupedRows() * (vnni ? 2 : 3));
  }

  static constexpr int64_t kMostVectors = 4;
};

/// 32 registers of 512 bits: 24 accumulators leave 8 for operands. Twelve rows
/// rather than six read each weight half as often.
inline constexpr Isa kAVX512VNNI = {"avx512vnni", 16, true,    12,     12, 2,
                                    64,           32, 4000000, 1000000};
/// 16 registers of 256 bits: 12 accumulators leave 4.
inline constexpr Isa kAVXVNNI = {"avxvnni", 8,  true, 6,       6,
                                 2,         64, 16,   2000000, 500000};
/// The same registers, of which vpmaddubsw needs two more for what it passes
/// on. An integer vector of widened codes takes two accumulators.
inline constexpr Isa kAVX2 = {"avx2", 8,  false, 5,       6,
                              2,      64, 16,    1000000, 500000};

/// AVX512-VNNI, but for the integer products of many rows.
inline constexpr Isa kAMX = {"amx", 16, true,    12,      12,  2,
                             64,    32, 5000000, 1000000, true};

/// 32 registers of 128 bits. Beside 24 accumulators the rows and weights of a
/// step have no room: LLVM then spills in the loop. sdot takes the weights of
/// four columns out of two registers, which pays with many rows.
inline constexpr Isa kDotprod = {
    "dotprod", 4, false, 8, 6, 4, 64, 16, 500000, 250000, false, ArmDot::Dot};
/// An accumulator is 2 rows x 2 columns.
inline constexpr Isa kI8MM = {
    "i8mm", 4, false, 4, 6, 4, 64, 16, 1000000, 250000, false, ArmDot::Matrix};
/// A column of results takes an accumulator of four partial sums.
inline constexpr Isa kNEON = {"neon", 4,  false,  4,      6,     4,
                              64,     16, 250000, 250000, false, ArmDot::Long};

inline std::optional<Isa> getIsa(llvm::StringRef name) {
  for (const Isa &isa :
       {kAMX, kAVX512VNNI, kAVXVNNI, kAVX2, kI8MM, kDotprod, kNEON})
    if (isa.name == name)
      return isa;
  return std::nullopt;
}

} // namespace mlir::qopt::kernels

#endif // QOPT_LIB_CODEGEN_KERNELS_ISA_H
