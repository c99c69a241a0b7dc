if(TARGET bound_fixture)
  codicil_bench(required_domain_bench bound_fixture)
endif()
