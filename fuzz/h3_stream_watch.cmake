if(NGHTTP3_FOUND)
  codicil_fuzz_target(h3_stream_watch codicil_h3 codicil_session codicil_x509 codicil_ea codicil_name
    codicil_wire codicil_base)
endif()
