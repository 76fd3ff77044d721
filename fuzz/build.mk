# Fuzz targets that are no single module's own. `make fuzz FUZZER=name` runs one for longer.

$(eval $(call objects,port-test-fuzz,$(wildcard port/test/*.c),,abi lib port port/test,fuzz))

$(eval $(call fuzzer,decode,fuzz/decode.c,,abi lib port kernel,@kernel-fuzz @kernel-lib-fuzz \
    @port-test-fuzz out/lib/libpostern_crypto-fuzz.a,-lcrypto))
$(eval $(call fuzzer,list,fuzz/list.c port/aarch64/list.c,,port/aarch64,))
$(eval $(call fuzzer,kernel,fuzz/kernel.c,,abi lib port port/test kernel,@kernel-fuzz \
    @kernel-lib-fuzz @port-test-fuzz out/lib/libpostern_crypto-fuzz.a,-lcrypto))
