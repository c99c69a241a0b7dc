if(TARGET app_io)
  codicil_fuzz_target(ct_logs app_io)
endif()
