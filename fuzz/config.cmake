if(TARGET app_server)
  codicil_fuzz_target(config app_server ${codicil_io})
endif()
