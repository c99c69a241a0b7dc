# build/bench/h3load: the load generator that bench/load3 uses. It is no benchmark of its own.
if(TARGET app_io_quic)
  add_executable(h3load h3load.c)
  target_link_libraries(h3load PRIVATE app_io_quic app_io_quic_tls app_io codicil_static)
endif()
