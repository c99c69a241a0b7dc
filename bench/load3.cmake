if(codicil_has_quic)
  codicil_bench_script(load3)
endif()
