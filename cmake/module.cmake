# codicil_module(NAME SOURCES … MAY_INCLUDE module… LINK library…)
#
# One module of the library as an object library. Its own directory is on its include path, and so
# are those of the modules that it may include, and no others: a wrong include does not compile.
# The objects of all modules make libcodicil (src/CMakeLists.txt); tests link them directly, so
# that internals are reachable without including a .c file.
function(codicil_module name)
  cmake_parse_arguments(M "" "" "SOURCES;MAY_INCLUDE;LINK" ${ARGN})
  add_library(codicil_${name} OBJECT ${M_SOURCES})
  target_compile_definitions(codicil_${name} PRIVATE CODICIL_BUILDING)
  target_include_directories(codicil_${name}
    PUBLIC ${PROJECT_SOURCE_DIR}/include ${CMAKE_CURRENT_SOURCE_DIR})
  foreach(dep ${M_MAY_INCLUDE})
    target_link_libraries(codicil_${name} PUBLIC codicil_${dep})
  endforeach()
  target_link_libraries(codicil_${name} PUBLIC ${M_LINK})
  set_property(GLOBAL APPEND PROPERTY CODICIL_MODULES codicil_${name})
endfunction()
