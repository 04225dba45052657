#include "chainrule/data/write_idx.h"

#include <gtest/gtest.h>

#include "chainrule/core/error.h"
#include "chainrule/data/digits.h"
#include "chainrule/data/idx.h"
#include "chainrule/data/toy.h"

namespace chainrule {
namespace {

TEST(WriteIdx, WhatIsWrittenIsReadBack) {
  const std::filesystem::path folder =
      std::filesystem::path(::testing::TempDir()) / "chainrule_write_idx";
  std::filesystem::create_directories(folder);
  const Splits made = data::digits({.seed = 3, .train = 70, .test = 20, .threads = 1});
  data::write_mnist(folder, made);
  const Splits read = data::mnist(folder);
  EXPECT_EQ(read.train.bytes, made.train.bytes);
  EXPECT_EQ(read.train.classes, made.train.classes);
  EXPECT_EQ(read.test.bytes, made.test.bytes);
  EXPECT_EQ(read.test.classes, made.test.classes);
  EXPECT_EQ(read.train.image, made.train.image);
  std::filesystem::remove_all(folder);
  EXPECT_THROW(data::write_mnist(folder, made), DataError);
}

TEST(WriteIdx, OnlyPictures) {
  EXPECT_THROW(data::write_mnist(::testing::TempDir(), data::xor_gate()), DataError);
}

}  // namespace
}  // namespace chainrule
