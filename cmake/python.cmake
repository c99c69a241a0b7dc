# CODICIL_PYTHON: a Python 3 that has pytest. The first on the path may be one without it.
function(codicil_find_python out)
  find_program(path_python python3)
  foreach(candidate ${path_python} /usr/bin/python3)
    execute_process(COMMAND ${candidate} -c "import pytest" RESULT_VARIABLE failed
      OUTPUT_QUIET ERROR_QUIET)
    if(NOT failed)
      set(${out} ${candidate} PARENT_SCOPE)
      return()
    endif()
  endforeach()
  message(FATAL_ERROR "No Python 3 with pytest: run scripts/deps, or set CODICIL_PYTHON")
endfunction()

if(NOT CODICIL_PYTHON)
  codicil_find_python(found)
  set(CODICIL_PYTHON ${found} CACHE FILEPATH "A Python 3 that has pytest")
endif()
