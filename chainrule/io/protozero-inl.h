// Protozero for the files that need it. A field of the wrong wire type is bad input, not a mistake
// of the program: protozero's assertions on it become exceptions.
#pragma once

#include <protozero/exception.hpp>

#define protozero_assert(x) \
  ((x) ? static_cast<void>(0) : throw protozero::unknown_pbf_wire_type_exception())

#include <protozero/pbf_message.hpp>
#include <protozero/pbf_writer.hpp>
