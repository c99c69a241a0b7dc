codicil_fuzz_target(session codicil_session codicil_x509 codicil_ea codicil_name codicil_wire
  codicil_base OpenSSL::Crypto)
target_sources(fuzz_session PRIVATE ../tests/unit/session/session_fixture.c
  ../tests/unit/session/bound_fixture.c
  ../tests/unit/pki_fixture.c)
target_include_directories(fuzz_session PRIVATE ../tests/unit ../tests/unit/session)
