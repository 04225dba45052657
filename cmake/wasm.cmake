# Toolchain file for WebAssembly from Debian's packages (clang-19, lld-19, libc++-19-dev-wasm32,
# libc++abi-19-dev-wasm32, libclang-rt-19-dev-wasm32, wasi-libc):
#
#   cmake -B build/wasm --toolchain cmake/wasm.cmake
#
# One thread, no files, and no exceptions: a throw ends the instance with its sentence, see
# web/exceptions.cpp.
set(CMAKE_SYSTEM_NAME Generic)
set(CMAKE_SYSTEM_PROCESSOR wasm32)
set(CMAKE_CXX_COMPILER clang++-19)
set(CMAKE_CXX_COMPILER_TARGET wasm32-wasi)
set(CMAKE_AR llvm-ar-19)
set(CMAKE_RANLIB llvm-ranlib-19)
set(CMAKE_CXX_FLAGS_INIT "-stdlib=libc++ -msimd128 -fignore-exceptions")
set(CMAKE_EXE_LINKER_FLAGS_INIT "-fuse-ld=lld")
set(CMAKE_EXECUTABLE_SUFFIX_CXX .wasm)
# What lies on this machine for its own processor is of no use, but for headers.
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY NEVER)

set(CHAINRULE_ENGINE_ONLY ON CACHE BOOL "Build the engine alone")
set(CHAINRULE_THREADS OFF CACHE BOOL "Use threads")
