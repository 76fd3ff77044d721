# make bench: the hosted TEE's benchmarks (out/bench/hosted.json).

$(eval $(call objects,bench,$(wildcard bench/*.c),-Wno-format-truncation,abi bench tests $(client_HEADERS) \
    trusty=api/client/trusty))
$(eval $(call program,out/bench/hosted,@bench @e2e out/lib/libpostern_teec.a \
    out/lib/libpostern_trusty.a,-lcrypto -pthread))
# The echo service and the prober are signed anew from their ELF files.
out/bench/hosted: | $(e2e_NEEDS) out/apps/5d6a5f2c-8a1b-4f0e-9d1d-3b0d6f2b7a03.ta \
    out/apps/5d6a5f2c-8a1b-4f0e-9d1d-3b0d6f2b7a11.ta out/apps/5d6a5f2c-8a1b-4f0e-9d1d-3b0d6f2b7a03.ta \
    out/apps/5d6a5f2c-8a1b-4f0e-9d1d-3b0d6f2b7a11.ta

BENCH_NEEDS += out/bench/hosted
BENCH += out/bench/hosted out/bench/hosted.json
