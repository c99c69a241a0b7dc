codicil_unit_test(app io_pool app_io)
if(codicil_has_quic)
  foreach(name io_quic_tls io_quic_tls_tickets)
    codicil_unit_test(app ${name} app_io_quic_tls app_io pki_fixture)
    target_sources(app_${name}_test PRIVATE ${CMAKE_CURRENT_SOURCE_DIR}/quic_tls_fixture.c
      ${CMAKE_CURRENT_SOURCE_DIR}/quic_pair.c
      ${CMAKE_CURRENT_SOURCE_DIR}/quic_other_client_${quic_tls}.c)
  endforeach()
  if(quic_tls STREQUAL "gnutls")
    codicil_unit_test(app io_quic_tls_gnutls app_io_quic_tls app_io pki_fixture)
    codicil_unit_test(app io_replay app_io_quic_tls app_io)
  endif()
  codicil_unit_test(app io_h3 app_io_quic app_io_quic_tls app_io session_fixture)
endif()
