# What `make install` puts where: headers, libraries, their pkg-config file and CMake package, the
# program, its man pages.
include(CMakePackageConfigHelpers)

# A binding's header goes where its binding was built.
set(pc_requires "libssl libcrypto libnghttp2")
set(libraries codicil_shared codicil_static)
set(unbuilt "")
if(TARGET codicil_h3)
  string(APPEND pc_requires " libnghttp3")
else()
  list(APPEND unbuilt PATTERN h3.h EXCLUDE)
endif()
if(TARGET codicil_gnutls_shared)
  list(APPEND libraries codicil_gnutls_shared codicil_gnutls_static)
else()
  list(APPEND unbuilt PATTERN gnutls.h EXCLUDE)
endif()
install(DIRECTORY include/codicil DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} FILES_MATCHING
  PATTERN *.h ${unbuilt})
install(TARGETS ${libraries} EXPORT codicil
  ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR}
  LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})

# The prefix is found from where the file lies, so that `--prefix` may be chosen when installing.
set(pc_dir ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
file(RELATIVE_PATH CODICIL_PC_PREFIX /${pc_dir} /)
configure_file(packaging/codicil.pc.in codicil.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/codicil.pc DESTINATION ${pc_dir})
if(TARGET codicil_gnutls_shared)
  configure_file(packaging/codicil_gnutls.pc.in codicil_gnutls.pc @ONLY)
  install(FILES ${PROJECT_BINARY_DIR}/codicil_gnutls.pc DESTINATION ${pc_dir})
endif()

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/codicil)
configure_package_config_file(packaging/codicilConfig.cmake.in codicilConfig.cmake
  INSTALL_DESTINATION ${package_dir})
write_basic_package_version_file(codicilConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/codicilConfig.cmake
  ${PROJECT_BINARY_DIR}/codicilConfigVersion.cmake DESTINATION ${package_dir})
install(EXPORT codicil NAMESPACE codicil:: FILE codicilTargets.cmake DESTINATION ${package_dir})

if(CODICIL_APP)
  install(TARGETS codicil RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
  file(GLOB pages CONFIGURE_DEPENDS docs/man/*.1 docs/man/*.5)
  foreach(page ${pages})
    string(REGEX REPLACE ".*\\." "man" section ${page})
    install(FILES ${page} DESTINATION ${CMAKE_INSTALL_MANDIR}/${section})
  endforeach()
endif()
