codicil_bench(ea_bench codicil_ea codicil_base)
