//===- ModelTest.cpp - the C++ class over the C interface -----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "qopt/model.hpp"

#include "gtest/gtest.h"

#include <cstdio>
#include <fstream>
#include <iterator>

namespace {

TEST(ModelTest, RunsByName) {
  qopt::Model model(FAKE_MODEL);
  std::vector<float> x = {1, 2, 3};
  bool mask[5] = {true, true, true, true, true};
  int64_t mode = 2;
  auto outputs = model({{"x", {x.data(), {1, 3}}},
                        {"mask", {mask, {1, 5}}},
                        {"mode", {&mode, {}}}});
  ASSERT_EQ(outputs.size(), 4u);
  EXPECT_EQ(outputs.at("y").dims(), (std::vector<int64_t>{1, 3}));
  EXPECT_EQ(outputs.at("y").data<float>()[2], 4.0f);
  EXPECT_EQ(outputs.at("tail").size(), 4);
  EXPECT_THROW(outputs.at("y").data<int64_t>(), qopt::Error);
}

TEST(ModelTest, Refusals) {
  EXPECT_THROW(qopt::Model("/nonexistent.so"), qopt::Error);
  qopt::Model model(FAKE_MODEL);
  int64_t mode = 0;
  std::map<std::string, qopt::View> inputs = {{"mode", {&mode, {}}}};
  EXPECT_THROW(model(inputs), qopt::Error);
  float x[3] = {};
  bool mask[3] = {};
  inputs.insert({{"x", {x, {1, 3}}}, {"mask", {mask, {1, 3}}}});
  EXPECT_NO_THROW(model(inputs));
  inputs.insert({"other", {x, {1, 3}}});
  EXPECT_THROW(model(inputs), qopt::Error);
  inputs.erase("other");
  mode = -1;
  try {
    model(inputs);
    FAIL();
  } catch (const qopt::Error &error) {
    EXPECT_EQ(error.status(), QOPT_E_MODEL);
    EXPECT_STREQ(error.what(), "mode -1 is refused (42); {2} %s");
  }
}

std::string readFile(const char *path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

TEST(ModelTest, FileWrittenAgainWhileItsLibraryIsOpen) {
  std::string path = testing::TempDir() + "written-again.so";
  std::string content = readFile(FAKE_MODEL);
  auto write = [&] {
    std::ofstream(path + ".new", std::ios::binary) << content;
    ASSERT_EQ(std::rename((path + ".new").c_str(), path.c_str()), 0);
  };
  write();
  qopt::Model before(path);
  std::string name = "\"count\"";
  for (size_t at = 0; (at = content.find(name, at)) != std::string::npos;)
    content.replace(at, name.size(), "\"other\"");
  write();
  qopt::Model after(path);
  EXPECT_NE(before.signatureJson().find("\"count\""), std::string::npos);
  EXPECT_NE(after.signatureJson().find("\"other\""), std::string::npos);
}

TEST(ModelTest, Moves) {
  qopt::Model a(FAKE_MODEL);
  qopt::Model b(std::move(a));
  // What a moved-from model is belongs to its interface.
  EXPECT_EQ(a.get().model, nullptr); // NOLINT(bugprone-use-after-move)
  EXPECT_NE(b.signatureJson().find("\"mask\""), std::string::npos);
  a = std::move(b);
  EXPECT_NE(a.get().model, nullptr);
}

} // namespace
