// Holds the precompiled header of the tests.
#include "tests/check.h"
