# What `cmake --install` puts in place: headers, library, program, and the files by which
# find_package(chainrule) and pkg-config find them.
include(CMakePackageConfigHelpers)

set(config_dir ${CMAKE_INSTALL_LIBDIR}/cmake/chainrule)
install(TARGETS chainrule EXPORT chainrule-targets)
install(EXPORT chainrule-targets NAMESPACE chainrule:: DESTINATION ${config_dir})
install(DIRECTORY ${PROJECT_SOURCE_DIR}/chainrule DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}
        FILES_MATCHING PATTERN "*.h" PATTERN "*-inl.h" EXCLUDE PATTERN "dist" EXCLUDE)

# A static library hands the libraries that it uses on to the programs that link it.
get_target_property(library_type chainrule TYPE)
set(dependencies "find_dependency(Threads)")
set(pkgconfig_libs "")
if(library_type STREQUAL "STATIC_LIBRARY")
  string(APPEND dependencies "\nfind_dependency(HWY)\nfind_dependency(ZLIB)")
  set(pkgconfig_libs "-lhwy -lz")
  if(PNG_FOUND)
    string(APPEND dependencies "\nfind_dependency(PNG)")
    string(APPEND pkgconfig_libs " -lpng")
  endif()
  if(JPEG_FOUND)
    string(APPEND dependencies "\nfind_dependency(JPEG)")
    string(APPEND pkgconfig_libs " -ljpeg")
  endif()
endif()
configure_package_config_file(${PROJECT_SOURCE_DIR}/cmake/chainrule-config.cmake.in
                              ${PROJECT_BINARY_DIR}/chainrule-config.cmake
                              INSTALL_DESTINATION ${config_dir})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/chainrule-config-version.cmake
                                 COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/chainrule-config.cmake
              ${PROJECT_BINARY_DIR}/chainrule-config-version.cmake DESTINATION ${config_dir})

# Paths relative to the file itself, so that an installed tree may be moved.
file(RELATIVE_PATH prefix_from_pc /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)
configure_file(${PROJECT_SOURCE_DIR}/cmake/chainrule.pc.in ${PROJECT_BINARY_DIR}/chainrule.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/chainrule.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
