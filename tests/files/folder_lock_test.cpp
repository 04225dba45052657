#include "chainrule/files/folder_lock.h"

#include <csignal>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <string>
#include <sys/wait.h>
#include <unistd.h>

#include "chainrule/core/error.h"
#include "chainrule/files/atomic_file.h"

namespace chainrule {
namespace {

namespace fs = std::filesystem;

class FolderTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::temp_directory_path() / ("chainrule_lock_" + std::to_string(::getpid()));
    fs::create_directory(folder_);
  }
  void TearDown() override { fs::remove_all(folder_); }
  std::string refusal() const {
    try {
      FolderLock second(folder_);
    } catch (const DataError& e) {
      return e.what();
    }
    return "held";
  }
  fs::path folder_;
};

TEST_F(FolderTest, OneAtATimeAndNothingStays) {
  {
    FolderLock first(folder_);
    EXPECT_NE(refusal().find("another run (process " + std::to_string(::getpid()) + ")"),
              std::string::npos)
        << refusal();
  }
  EXPECT_EQ(refusal(), "held");
  EXPECT_TRUE(fs::is_empty(folder_));
}

TEST_F(FolderTest, AKilledProcessLetsGo) {
  int ready[2];
  ASSERT_EQ(::pipe(ready), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    FolderLock held(folder_);
    if (::write(ready[1], "x", 1) == 1)
      for (;;) ::pause();
    ::_exit(1);
  }
  char byte;
  ASSERT_EQ(::read(ready[0], &byte, 1), 1);
  EXPECT_NE(refusal(), "held");
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  EXPECT_TRUE(fs::exists(folder_ / ".lock"));
  EXPECT_EQ(refusal(), "held");
  ::close(ready[0]), ::close(ready[1]);
}

TEST_F(FolderTest, WhatOthersCalledLockIsLeftAlone) {
  const fs::path lock = folder_ / ".lock", other = folder_ / "other";
  const auto content = [](const fs::path& file) {
    std::ifstream in(file);
    return std::string(std::istreambuf_iterator<char>(in), {});
  };
  for (const std::string text : {"precious\n", "4711\n"}) {
    std::ofstream(lock) << text;
    {
      FolderLock held(folder_);
      EXPECT_NE(refusal().find("another run"), std::string::npos);
    }
    EXPECT_TRUE(fs::exists(lock));
    EXPECT_EQ(content(lock), text);
    fs::remove(lock);
  }
  std::ofstream(other) << "precious";
  fs::create_symlink(other, lock);
  EXPECT_NE(refusal().find("symbolic link"), std::string::npos) << refusal();
  EXPECT_EQ(content(other), "precious");
  fs::remove(lock);
  fs::create_symlink(folder_ / "dangling", lock);
  EXPECT_NE(refusal().find("symbolic link"), std::string::npos) << refusal();
  EXPECT_FALSE(fs::exists(folder_ / "dangling"));
  fs::remove(lock);
  fs::create_hard_link(other, lock);
  EXPECT_EQ(refusal(), "held");
  EXPECT_EQ(content(other), "precious");
}

TEST_F(FolderTest, AnEmptyFileIsWhatAKilledRunLeft) {
  std::ofstream(folder_ / ".lock").close();
  EXPECT_EQ(refusal(), "held");
  EXPECT_TRUE(fs::is_empty(folder_));
}

TEST_F(FolderTest, AFolderThatIsNotThereCannotBeLocked) {
  EXPECT_THROW(FolderLock(folder_ / "none"), DataError);
}

TEST_F(FolderTest, OnlyLeftoversAreRemoved) {
  for (const char* name : {".m.safetensors.chainrule-a1B2c3", ".chainrule-a1B2c3",
                           "m.chainrule-a1B2c3", ".m.chainrule-a1B2", "m.safetensors"})
    std::ofstream(folder_ / name) << "x";
  remove_leftovers(folder_);
  EXPECT_FALSE(fs::exists(folder_ / ".m.safetensors.chainrule-a1B2c3"));
  for (const char* name :
       {".chainrule-a1B2c3", "m.chainrule-a1B2c3", ".m.chainrule-a1B2", "m.safetensors"})
    EXPECT_TRUE(fs::exists(folder_ / name)) << name;
  remove_leftovers(folder_ / "none");
}

}  // namespace
}  // namespace chainrule
