if(TARGET app_pki)
  codicil_fuzz_target(caa_record app_pki ${codicil_io})
endif()
