# Release builds of the program: its many small functions in many files are optimized as one, which
# is some twentieth of a request's CPU over HTTP/3.
#
# The library's objects are left alone: what a linker needs for this is good for one version of one
# compiler. Tests link the same objects as ever: each has its machine code as well.
set(codicil_whole_program OFF)
if(CMAKE_BUILD_TYPE STREQUAL "Release" AND CMAKE_C_COMPILER_ID STREQUAL "GNU")
  set(codicil_whole_program ON)
  add_link_options(-fno-lto)
endif()

function(codicil_whole_program_objects target)
  if(codicil_whole_program)
    target_compile_options(${target} PRIVATE -flto -ffat-lto-objects)
  endif()
endfunction()

function(codicil_whole_program_link target)
  if(codicil_whole_program)
    target_link_options(${target} PRIVATE -flto=auto)
  endif()
endfunction()
