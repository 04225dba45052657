# An operation registers itself before main(), in the object file of its own. A linker takes from a
# static library only files that somebody names, so each file of ops/ and losses/ is compiled through
# a line that gives it a name, and operations.cpp names them all; the registry refers to that.
#
# chainrule_name_operations(SOURCES): puts these files in place of those in the list SOURCES.
function(chainrule_name_operations list)
  set(folder ${PROJECT_BINARY_DIR}/operations)
  set(declared "")
  set(called "")
  set(sources "")
  foreach(source IN LISTS ${list})
    if(NOT source MATCHES "/chainrule/(ops|losses)/([a-z0-9_]+)\\.cpp$")
      list(APPEND sources ${source})
      continue()
    endif()
    set(name ${CMAKE_MATCH_1}_${CMAKE_MATCH_2})
    set(CHAINRULE_FILE "chainrule/${CMAKE_MATCH_1}/${CMAKE_MATCH_2}.cpp")
    set(CHAINRULE_NAME ${name})
    configure_file(${PROJECT_SOURCE_DIR}/cmake/operation.cpp.in ${folder}/${name}.cpp @ONLY)
    list(APPEND sources ${folder}/${name}.cpp)
    string(APPEND declared "void name_${name}();\n")
    string(APPEND called "  name_${name}();\n")
  endforeach()
  set(CHAINRULE_DECLARED "${declared}")
  set(CHAINRULE_CALLED "${called}")
  configure_file(${PROJECT_SOURCE_DIR}/cmake/operations.cpp.in ${folder}/operations.cpp @ONLY)
  list(APPEND sources ${folder}/operations.cpp)
  set(${list} ${sources} PARENT_SCOPE)
endfunction()
