if(TARGET pki_fixture)
  codicil_bench(handshake_bench codicil_static pki_fixture OpenSSL::SSL OpenSSL::Crypto)
endif()
