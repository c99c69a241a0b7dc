foreach(name options url hosts choose report write_out output dial fields alt_svc
        alt_svc_cache race)
  codicil_unit_test(app client_${name} app_client ${codicil_io})
endforeach()
codicil_unit_test(app client_resolver app_client ${codicil_io} dns_fixture)
if(codicil_has_quic)
  codicil_unit_test(app client_verbose_h3 app_client ${codicil_io})
endif()
