# The port contract's test on the test port and on the hosted port, both under ASan and UBSan.

$(eval $(call objects,contract-test,port/contract/contract.c tests/contract/test.c,,\
    abi lib port port/test port/contract,sanitize))
$(eval $(call program,out/tests/contract/test,@contract-test @port-test @kernel-sanitize \
    @kernel-lib-sanitize out/lib/libpostern_crypto-sanitize.a,-lcrypto,sanitize))
$(eval $(call objects,contract-host,port/contract/contract.c tests/contract/host.c,,\
    abi lib port port/host port/contract,sanitize))
$(eval $(call program,out/tests/contract/host,@contract-host @host-parts-sanitize,-pthread,sanitize))
tests/contract/contract.test.sh: | out/tests/contract/test out/tests/contract/host out/bin/postern
TESTS += tests/contract/contract.test.sh
