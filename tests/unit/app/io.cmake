if(codicil_has_quic)
  codicil_unit_test(app io_quic_tls app_io_quic_tls app_io pki_fixture)
  target_sources(app_io_quic_tls_test PRIVATE ${CMAKE_CURRENT_SOURCE_DIR}/quic_pair.c
    ${CMAKE_CURRENT_SOURCE_DIR}/quic_other_client_${quic_tls}.c)
  codicil_unit_test(app io_h3 app_io_quic app_io_quic_tls app_io session_fixture)
endif()
