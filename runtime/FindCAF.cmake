# Debian's libcaf-dev has neither a CMake config nor a .pc file. Gives the
# imported targets caf::core and caf::io; their headers are SYSTEM headers.
find_path(CAF_INCLUDE_DIR caf/config.hpp)
foreach(part core io)
  find_library(CAF_${part}_LIBRARY caf_${part})
endforeach()

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(CAF
  REQUIRED_VARS CAF_core_LIBRARY CAF_io_LIBRARY CAF_INCLUDE_DIR)

if(CAF_FOUND AND NOT TARGET caf::core)
  find_package(Threads REQUIRED)
  foreach(part core io)
    add_library(caf::${part} UNKNOWN IMPORTED)
    set_target_properties(caf::${part} PROPERTIES
      IMPORTED_LOCATION ${CAF_${part}_LIBRARY}
      INTERFACE_INCLUDE_DIRECTORIES ${CAF_INCLUDE_DIR})
  endforeach()
  target_link_libraries(caf::core INTERFACE Threads::Threads)
  target_link_libraries(caf::io INTERFACE caf::core)
endif()
mark_as_advanced(CAF_INCLUDE_DIR CAF_core_LIBRARY CAF_io_LIBRARY)
