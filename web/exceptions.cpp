// Exceptions in WebAssembly, where the C++ library has none: a throw hands its sentence to
// JavaScript, which throws it as an error and never calls this instance again.
#include <cstdlib>
#include <cxxabi.h>
#include <exception>

/// Throws in JavaScript; the text is zero-terminated.
extern "C" __attribute__((import_module("chainrule"), import_name("fail"))) void chainrule_fail(
    const char* sentence);

extern "C" {

void* __cxa_allocate_exception(std::size_t size) noexcept { return std::malloc(size); }
void __cxa_free_exception(void* exception) noexcept { std::free(exception); }

/// Every exception of this library and of the standard one derives from std::exception, first among
/// its bases. A destructor returns its argument in WebAssembly.
void __cxa_throw(void* thrown, std::type_info*, void* (*)(void*)) {
  chainrule_fail(static_cast<std::exception*>(thrown)->what());
  std::abort();
}

void __cxa_rethrow() { std::abort(); }
}
