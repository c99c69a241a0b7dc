if(TARGET app_pki)
  codicil_fuzz_target(cert_bundle app_pki ${codicil_io})
endif()
