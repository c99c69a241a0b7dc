if(TARGET session_fixture)
  codicil_bench(session_bench session_fixture)
endif()
