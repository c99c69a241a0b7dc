codicil_fuzz_target(h2_input codicil_h2 codicil_session codicil_x509 codicil_ea codicil_name
  codicil_wire codicil_base OpenSSL::Crypto)
target_sources(fuzz_h2_input PRIVATE h2_client.c ../tests/unit/session/session_fixture.c
  ../tests/unit/pki_fixture.c)
target_include_directories(fuzz_h2_input PRIVATE ../tests/unit ../tests/unit/session)
