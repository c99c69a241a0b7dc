# build/bench/codicil-plain: `codicil serve` with secondary_none.c in place of secondary*.c, to measure
# what the feature costs a client that does not negotiate it. No #ifdef: another object.
if(TARGET app_server)
  set(objects $<TARGET_OBJECTS:app_server>)
  set(none without_feature/secondary_none.c)
  if(codicil_has_quic)
    list(APPEND none without_feature/secondary_none_h3.c)
  endif()
  add_executable(codicil_plain without_feature/main.c ${none}
    ${PROJECT_SOURCE_DIR}/cmd/serve.c $<FILTER:${objects},EXCLUDE,/secondary.*[.]c[.]o>)
  codicil_whole_program_objects(codicil_plain)
  codicil_whole_program_link(codicil_plain)
  set_target_properties(codicil_plain PROPERTIES OUTPUT_NAME codicil-plain)
  target_include_directories(codicil_plain PRIVATE ${PROJECT_SOURCE_DIR}/app
    ${PROJECT_SOURCE_DIR}/cmd)
  target_link_libraries(codicil_plain PRIVATE ${codicil_io} codicil_static codicil_libev OpenSSL::SSL
    PkgConfig::NGHTTP2 PkgConfig::YAML Threads::Threads)
endif()
