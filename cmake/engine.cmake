# chainrule_engine: the folders that need only the standard library and Highway, and neither threads
# nor files. The library is made of its objects and those of the other folders; a program for a
# browser or a small device links it alone (CHAINRULE_ENGINE_ONLY).
set(CHAINRULE_ENGINE_FOLDERS core kernels graph check ops losses layers optim)
set(engine_sources "")
foreach(folder IN LISTS CHAINRULE_ENGINE_FOLDERS)
  file(GLOB found CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/chainrule/${folder}/*.cpp)
  list(APPEND engine_sources ${found})
endforeach()

# Kernels are compiled once for each instruction set of Highway, and each takes as long as any other:
# between plain C++ and AVX2, SSE4 is enough. Without Highway's library, which finds out what the
# processor has, they are compiled for the one that the compiler is told.
set(CHAINRULE_KERNEL_DEFINITIONS "HWY_DISABLED_TARGETS=(HWY_SSSE3|HWY_AVX3_DL)")
if(CMAKE_CROSSCOMPILING)
  list(APPEND CHAINRULE_KERNEL_DEFINITIONS HWY_COMPILE_ONLY_STATIC)
else()
  find_package(HWY REQUIRED)
endif()
set(kernels ${engine_sources})
list(FILTER kernels INCLUDE REGEX "/chainrule/kernels/")
set_source_files_properties(${kernels} PROPERTIES COMPILE_DEFINITIONS "${CHAINRULE_KERNEL_DEFINITIONS}"
                            SKIP_UNITY_BUILD_INCLUSION ON)  # each includes itself again

include(${CMAKE_CURRENT_LIST_DIR}/operations.cmake)
chainrule_name_operations(engine_sources)

# Nobody reads errno or floating-point traps here; without this a loop with sqrt is not vectorised.
# Neither changes a result.
# With a section for each function, a program contains only those that it calls.
set(CHAINRULE_COMPILE_OPTIONS -ffunction-sections -fdata-sections -fno-math-errno -fno-trapping-math)

add_library(chainrule_engine OBJECT ${engine_sources})
add_library(chainrule::engine ALIAS chainrule_engine)
set_target_properties(chainrule_engine PROPERTIES POSITION_INDEPENDENT_CODE "${BUILD_SHARED_LIBS}")
target_include_directories(chainrule_engine PUBLIC ${PROJECT_SOURCE_DIR})
target_compile_features(chainrule_engine PUBLIC cxx_std_20)
target_compile_options(chainrule_engine PRIVATE ${CHAINRULE_COMPILE_OPTIONS})
if(TARGET hwy::hwy)
  target_link_libraries(chainrule_engine PRIVATE hwy::hwy)
endif()
if(CHAINRULE_THREADS)
  find_package(Threads REQUIRED)
  target_link_libraries(chainrule_engine PUBLIC Threads::Threads)
else()
  target_compile_definitions(chainrule_engine PRIVATE CHAINRULE_ONE_THREAD)
endif()
