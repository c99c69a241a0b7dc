if(NGHTTP3_FOUND)
  codicil_fuzz_target(h3_input codicil_h3 codicil_session codicil_x509 codicil_ea codicil_name
    codicil_wire codicil_base OpenSSL::Crypto)
  target_sources(fuzz_h3_input PRIVATE h3_fed.c ../tests/unit/h3/h3_end.c
    ../tests/unit/session/session_fixture.c ../tests/unit/pki_fixture.c)
  target_include_directories(fuzz_h3_input PRIVATE ../tests/unit ../tests/unit/session
    ../tests/unit/h3)
endif()
