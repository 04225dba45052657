# Looks for what the Python package needs, and sets CHAINRULE_PYTHON when it is there. Debian's own
# Python comes first: its pybind11, numpy and scikit-learn are of no use to another one.
if(CHAINRULE_SANITIZE AND CHAINRULE_BUILD_PYTHON STREQUAL "AUTO")
  return()  # python3 would have to be started with the sanitizer's library loaded before it
endif()
if(NOT Python_EXECUTABLE AND EXISTS /usr/bin/python3)
  set(Python_EXECUTABLE /usr/bin/python3)
endif()
set(PYBIND11_FINDPYTHON ON)
find_package(Python 3.9 QUIET COMPONENTS Interpreter Development.Module)
if(Python_FOUND)
  find_package(pybind11 2.10 QUIET)
endif()
if(pybind11_FOUND)
  set(CHAINRULE_PYTHON ON)
elseif(NOT CHAINRULE_BUILD_PYTHON STREQUAL "AUTO")
  message(FATAL_ERROR "The Python package needs Python 3.9 with its headers and pybind11 2.10 "
                      "(Debian: python3-dev, pybind11-dev)")
endif()
