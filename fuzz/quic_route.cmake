if(codicil_has_quic)
  codicil_fuzz_target(quic_route app_io_endpoint app_io_quic_tls app_io)
endif()
