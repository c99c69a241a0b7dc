if(TARGET app_pki)
  codicil_fuzz_target(cert_text app_pki ${codicil_io})
endif()
