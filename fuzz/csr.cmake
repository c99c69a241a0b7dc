if(TARGET app_pki)
  codicil_fuzz_target(csr app_pki ${codicil_io})
endif()
