if(TARGET app_pki)
  codicil_fuzz_target(caa app_pki ${codicil_io})
endif()
