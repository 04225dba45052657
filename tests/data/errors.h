// Asks for an error of one kind that says a given thing, in one sentence.
#pragma once

#include <gtest/gtest.h>
#include <string>
#include <string_view>
#include <typeinfo>

#include "chainrule/core/error.h"

namespace chainrule::testing {

template <class E, class F>
void expect_error(F function, std::string_view says) {
  try {
    function();
    ADD_FAILURE() << "expected an error that says: " << says;
  } catch (const Error& error) {
    const std::string_view text = error.what();
    EXPECT_TRUE(typeid(error) == typeid(E)) << "another kind of error: " << text;
    EXPECT_NE(text.find(says), text.npos) << "got: " << text << "\nexpected: " << says;
    EXPECT_EQ(text.find('\n'), text.npos) << "more than one line: " << text;
  }
}

}  // namespace chainrule::testing
