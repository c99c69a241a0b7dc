codicil_bench_script(load)
