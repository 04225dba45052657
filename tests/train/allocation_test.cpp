// A training step allocates nothing after the first. This file counts for the whole program.
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <gtest/gtest.h>
#include <new>
#include <string>
#include <unistd.h>

#include "chainrule/data/digits.h"
#include "chainrule/data/toy.h"
#include "chainrule/train/checkpoint.h"
#include "chainrule/train/fit.h"

namespace {

std::atomic<std::int64_t> allocations = 0;

void* counted(std::size_t bytes, std::size_t alignment) noexcept {
  ++allocations;
  const std::size_t whole = (bytes + alignment - 1) / alignment * alignment;
  return std::aligned_alloc(alignment, whole == 0 ? alignment : whole);
}

void* or_throw(void* p) {
  if (p == nullptr) throw std::bad_alloc();
  return p;
}

constexpr std::size_t kOrdinary = alignof(std::max_align_t);

}  // namespace

void* operator new(std::size_t n) { return or_throw(counted(n, kOrdinary)); }
void* operator new(std::size_t n, std::align_val_t a) {
  return or_throw(counted(n, static_cast<std::size_t>(a)));
}
void* operator new(std::size_t n, const std::nothrow_t&) noexcept { return counted(n, kOrdinary); }
void* operator new(std::size_t n, std::align_val_t a, const std::nothrow_t&) noexcept {
  return counted(n, static_cast<std::size_t>(a));
}
void operator delete(void* p) noexcept { std::free(p); }
void operator delete(void* p, std::size_t) noexcept { std::free(p); }
void operator delete(void* p, std::align_val_t) noexcept { std::free(p); }
void operator delete(void* p, std::size_t, std::align_val_t) noexcept { std::free(p); }

namespace chainrule {
namespace {

struct Counter : Observer {
  void on_step(const StepInfo& info) override {
    if (info.step == since) first = allocations;
    last = allocations;
  }
  std::int64_t since = 1, first = 0, last = 0;
};

TEST(Allocation, TheCounterCounts) {
  const std::int64_t before = allocations;
  ::operator delete(::operator new(1));  // a new-expression may be optimised away, a call may not
  EXPECT_EQ(allocations, before + 1);
}

// Over three epochs with a shorter last batch, measuring and keeping the best included.
TEST(Allocation, NoneAfterTheFirstStep) {
  for (const int threads : {1, 2}) {
    Splits s = data::blobs({.rows = 1000});
    s.validation = s.test;
    Model model("linear 16, relu, dropout 0.1, batch_norm, linear 3", s.features(),
                {.l2 = {{"*.weight", 1e-4}}});
    Counter counter;
    const History h = fit(model, s,
                          {.schedule = Schedule::cosine().warmup(3),
                           .epochs = 3,
                           .batch = 64,
                           .threads = threads,
                           .clip_value = 1,
                           .clip_norm = 1,
                           .patience = 5,
                           .observers = {&counter}});
    EXPECT_EQ(h.steps, 39);
    EXPECT_GT(counter.first, 0);
    EXPECT_EQ(counter.last, counter.first) << threads << " threads";
  }
}

// One checkpoint is written after step 20, the other at the end: nothing in between.
TEST(Allocation, NoneBetweenCheckpoints) {
  const auto folder = std::filesystem::temp_directory_path() /
                      ("chainrule_allocation_" + std::to_string(::getpid()));
  const Splits s = data::blobs({.rows = 1000});
  Model model("linear 16, relu, linear 3", s.features());
  Checkpointer checkpointer({.folder = folder, .every = 20});
  Counter counter;
  counter.since = 21;
  fit(model, s, {.epochs = 3, .batch = 64, .threads = 2, .observers = {&counter, &checkpointer}});
  EXPECT_TRUE(std::filesystem::exists(folder / "step-000000020.safetensors"));
  std::filesystem::remove_all(folder);
  EXPECT_GT(counter.first, 0);
  EXPECT_EQ(counter.last, counter.first);
}

// Large enough that every thread takes part, with zeros to skip and without.
TEST(Allocation, NoneAfterTheFirstStepOfALargeNetwork) {
  for (const bool sparse : {true, false}) {
    Splits s = data::digits({.train = 600, .test = 0});
    if (!sparse)
      for (std::uint8_t& b : s.train.bytes) b = static_cast<std::uint8_t>(b | 1);
    Model model("linear 300, relu, linear 300, relu, linear 10", s.features());
    Counter counter;
    fit(model, s, {.steps = 12, .batch = 200, .threads = 4, .observers = {&counter}});
    EXPECT_EQ(counter.last, counter.first) << (sparse ? "sparse" : "dense");
  }
}

}  // namespace
}  // namespace chainrule
