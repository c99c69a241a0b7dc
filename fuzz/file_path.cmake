if(TARGET app_server)
  codicil_fuzz_target(file_path app_server ${codicil_io})
endif()
