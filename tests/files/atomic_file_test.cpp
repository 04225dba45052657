#include "chainrule/files/atomic_file.h"

#include <atomic>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <string>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>

#include "chainrule/core/error.h"

namespace chainrule {
namespace {

namespace fs = std::filesystem;

class AtomicFile : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::temp_directory_path() / ("chainrule_atomic_" + std::to_string(::getpid()));
    fs::create_directory(folder_);
  }
  void TearDown() override { fs::remove_all(folder_); }
  static std::string content(const fs::path& file) {
    // At once: a slow reader would see what is written meanwhile.
    std::string text(5'000'000, '\0');
    std::ifstream in(file, std::ios::binary);
    in.read(text.data(), static_cast<std::streamsize>(text.size()));
    text.resize(static_cast<std::size_t>(in.gcount()));
    return text;
  }
  fs::path folder_;
};

// Who reads while the file is replaced sees one of the two, at every moment, and never a part.
TEST_F(AtomicFile, IsWholeWhileItIsReplaced) {
  const fs::path file = folder_ / "model";
  const std::string small(1000, 'a'), large(4'000'000, 'b');
  write_file(file, small);
  std::atomic<bool> over{false};
  std::jthread writer([&] {
    for (int i = 0; i < 60; ++i) write_file(file, i % 2 == 0 ? large : small);
    over = true;
  });
  int reads = 0;
  for (; !over; ++reads) {
    const std::string seen = content(file);
    ASSERT_TRUE(seen == small || seen == large) << seen.size() << " bytes";
  }
  EXPECT_GT(reads, 0);
}

TEST_F(AtomicFile, PermissionsAreThoseOfAnyNewFile) {
  for (const mode_t mask : {0022, 0077, 0002}) {
    const mode_t before = ::umask(mask);
    write_file(folder_ / "f", "x");
    std::ofstream(folder_ / "plain") << "x";
    struct stat ours {
    }, plain{};
    ASSERT_EQ(::stat((folder_ / "f").c_str(), &ours), 0);
    ASSERT_EQ(::stat((folder_ / "plain").c_str(), &plain), 0);
    ::umask(before);
    EXPECT_EQ(ours.st_mode, plain.st_mode) << mask;
    EXPECT_EQ(ours.st_gid, plain.st_gid);
    fs::remove(folder_ / "plain");
  }
}

TEST_F(AtomicFile, ALinkIsReplacedAndNotFollowed) {
  write_file(folder_ / "other", "precious");
  fs::create_symlink(folder_ / "other", folder_ / "f");
  write_file(folder_ / "f", "new");
  EXPECT_EQ(content(folder_ / "other"), "precious");
  EXPECT_EQ(content(folder_ / "f"), "new");
}

TEST_F(AtomicFile, WhatCannotBeWrittenLeavesTheOldOne) {
  write_file(folder_ / "f", "old");
  EXPECT_THROW(write_file(folder_ / "none" / "f", "new"), DataError);
  EXPECT_THROW(write_file(folder_, "new"), DataError);
  EXPECT_EQ(content(folder_ / "f"), "old");
  EXPECT_EQ(std::distance(fs::directory_iterator(folder_), {}), 1);
}

}  // namespace
}  // namespace chainrule
