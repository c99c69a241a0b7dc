if(TARGET app_client)
  codicil_fuzz_target(alt_svc app_client ${codicil_io})
endif()
