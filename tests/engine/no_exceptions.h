// Included before each test of the engine in WebAssembly: a throw ends the program there.
#pragma once

#include <gtest/gtest.h>

#undef EXPECT_THROW
#define EXPECT_THROW(statement, type) static_cast<void>(0)
