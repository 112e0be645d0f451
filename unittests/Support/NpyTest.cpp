//===- NpyTest.cpp - the npy grammar --------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "qopt/Support/Npy.h"

#include "llvm/Support/raw_ostream.h"

#include "gtest/gtest.h"

#include <sys/stat.h>
#include <vector>

using namespace llvm;
using namespace mlir::qopt;

namespace {

std::string npy(const std::string &header, size_t dataBytes, int major = 1) {
  std::string file = "\x93NUMPY";
  file += char(major);
  file += '\0';
  size_t lengthBytes = major == 1 ? 2 : 4;
  for (size_t i = 0; i < lengthBytes; ++i)
    file += char(header.size() >> (8 * i));
  return file + header + std::string(dataBytes, '\1');
}

std::string header(const std::string &type, const std::string &shape,
                   const std::string &order = "False") {
  return "{'descr': '" + type + "', 'fortran_order': " + order +
         ", 'shape': " + shape + ", }     \n";
}

std::string refusal(const std::string &file) {
  Expected<NpyArray> array = parseNpy(file);
  return array ? "" : toString(array.takeError());
}

TEST(NpyTest, AcceptsWhatNumPyWrites) {
  std::string file = npy(header("<f4", "(2, 3)"), 24);
  Expected<NpyArray> array = parseNpy(file);
  ASSERT_TRUE(bool(array)) << toString(array.takeError());
  EXPECT_EQ(array->type.str(), "float32");
  EXPECT_EQ(array->shape, (SmallVector<int64_t, 4>{2, 3}));
  EXPECT_EQ(array->elements, 6);
  EXPECT_EQ(array->data.size(), 24u);

  for (auto [type, name, bytes] :
       {std::tuple("|b1", "bool", 1), std::tuple("|i1", "int8", 1),
        std::tuple("|u1", "uint8", 1), std::tuple("<i8", "int64", 8),
        std::tuple("<u2", "uint16", 2), std::tuple("<f2", "float16", 2),
        std::tuple("<f8", "float64", 8)}) {
    std::string scalar = npy(header(type, "()"), bytes);
    Expected<NpyArray> parsed = parseNpy(scalar);
    ASSERT_TRUE(bool(parsed)) << type << toString(parsed.takeError());
    EXPECT_EQ(parsed->type.str(), name);
    EXPECT_EQ(parsed->elements, 1);
  }
  EXPECT_EQ(refusal(npy(header("<f4", "(3,)"), 12, 2)), "");
  EXPECT_EQ(refusal(npy(header("<f4", "(3,)"), 12, 3)), "");
  EXPECT_EQ(refusal(npy(header("<f4", "(0, 9223372036854775807)"), 0)), "");
  // Any order of the entries, either quote.
  EXPECT_EQ(refusal(npy("{\"shape\":(1,),\"descr\":\"<i4\",'fortran_order':"
                        "False}\n",
                        4)),
            "");
}

TEST(NpyTest, RefusesOtherArrays) {
  EXPECT_EQ(refusal(npy(header(">f4", "(1,)"), 4)),
            "the array is big-endian; expected little-endian");
  EXPECT_EQ(refusal(npy(header("|O", "(1,)"), 4)),
            "the array holds pickled objects; expected numbers");
  EXPECT_EQ(refusal(npy(header("<c8", "(1,)"), 8)),
            "the element type '<c8' is not supported");
  EXPECT_EQ(refusal(npy(header("<f4", "(2, 3)", "True"), 24)),
            "the array is in Fortran order; expected C order "
            "(numpy.ascontiguousarray)");
  EXPECT_EQ(refusal(npy("{'descr': [('a', '<f4')], 'fortran_order': False, "
                        "'shape': (1,), }",
                        4)),
            "the array is structured; expected plain numbers");
}

TEST(NpyTest, RefusesWrongSizes) {
  EXPECT_EQ(refusal(npy(header("<f4", "(2, 3)"), 23)),
            "holds 23 bytes of data, expected 24");
  EXPECT_EQ(refusal(npy(header("<f4", "(2, 3)"), 25)),
            "holds 25 bytes of data, expected 24");
  EXPECT_EQ(refusal(npy(header("<f4", "(4294967296, 4294967296)"), 0)),
            "the dims are too large");
  EXPECT_EQ(refusal(npy(header("<f8", "(2305843009213693952,)"), 0)),
            "the dims are too large");
}

TEST(NpyTest, RefusesMalformedHeaders) {
  for (const char *shape :
       {"(3)", "(3 4)", "(,)", "(-1,)", "(3,,)", "[3]", "(0x3,)", "(03,)",
        "(3L,)", "(99999999999999999999,)", "(3", "(3,"})
    EXPECT_NE(refusal(npy(header("<f4", shape), 12)), "") << shape;
  for (const char *text :
       {"", "{", "}", "{}", "{'descr'}", "{'descr': '<f4'}",
        "{'descr': '<f4', 'descr': '<f4'}", "{'other': 1}", "__import__('os')",
        "{'descr': '<f4', 'fortran_order': False, 'shape': ()} x",
        "{'descr': '<f4' 'fortran_order': False, 'shape': ()}",
        "{, 'descr': '<f4', 'fortran_order': False, 'shape': ()}",
        "{'descr': '<f4', 'fortran_order': 0, 'shape': ()}"})
    EXPECT_NE(refusal(npy(text, 4)), "") << text;
  EXPECT_EQ(refusal(npy(header("<f4", "()"), 4, 4)),
            "npy version 4.0 is unknown");
  EXPECT_EQ(refusal("PK\3\4"), "is not an npy file");
  EXPECT_EQ(refusal(""), "is not an npy file");
}

TEST(NpyTest, RefusesEveryTruncation) {
  for (int major : {1, 2}) {
    std::string file = npy(header("<f4", "(2, 3)"), 24, major);
    for (size_t size = 0; size < file.size(); ++size)
      EXPECT_NE(refusal(file.substr(0, size)), "") << size;
    // A length field that promises more than there is.
    file[9] = 127;
    EXPECT_NE(refusal(file), "");
  }
}

TEST(NpyTest, WritesWhatItReads) {
  const std::vector<std::vector<int64_t>> shapes = {{}, {3}, {2, 3}, {0, 5}};
  for (const std::vector<int64_t> &shape : shapes) {
    int64_t bytes = 4;
    for (int64_t dim : shape)
      bytes *= dim;
    std::string data(bytes, 'x'), file;
    raw_string_ostream os(file);
    writeNpy(os, {'i', 4}, shape, data);
    os.flush();
    EXPECT_EQ((file.size() - bytes) % 64, 0u);
    Expected<NpyArray> array = parseNpy(file);
    ASSERT_TRUE(bool(array)) << toString(array.takeError());
    EXPECT_EQ(ArrayRef<int64_t>(array->shape), ArrayRef<int64_t>(shape));
    EXPECT_EQ(array->data, data);
    EXPECT_EQ(array->type.str(), "int32");
  }
}

TEST(NpyTest, OnlyRegularFiles) {
  EXPECT_EQ(toString(readNpy("/dev/zero").takeError()),
            "is not a regular file");
  EXPECT_EQ(toString(readNpy("/").takeError()), "is not a regular file");
  std::string fifo = testing::TempDir() + "qopt-npy-fifo";
  ::remove(fifo.c_str());
  ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
  EXPECT_EQ(toString(readNpy(fifo).takeError()), "is not a regular file");
  ::remove(fifo.c_str());
  EXPECT_EQ(toString(readNpy(fifo).takeError()), "No such file or directory");
}

} // namespace
