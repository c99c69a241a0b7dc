codicil_bench(x509_bench codicil_ea codicil_x509 codicil_name codicil_base)
target_sources(bench_x509_bench PRIVATE ${PROJECT_SOURCE_DIR}/tests/unit/pki_fixture.c)
target_include_directories(bench_x509_bench PRIVATE ${PROJECT_SOURCE_DIR}/tests/unit)
