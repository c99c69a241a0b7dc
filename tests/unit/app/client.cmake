foreach(name options url hosts choose report write_out output dial resolver fields alt_svc
        alt_svc_cache race)
  codicil_unit_test(app client_${name} app_client ${codicil_io})
endforeach()
