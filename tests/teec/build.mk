# libpostern_teec's tests: against a TEE of the tests' own, which keeps or breaks the protocol
# (peer.c), and a TEE driver of the tests' own (test_device.c). Each is built plainly with the
# library as it is installed, and with the sanitizers. Against posternd: test_posternd.c.

teectests_FOLDERS := abi postern=api/client

# $(call teec_test,NAME,SOURCES,KIND,LIBRARY,LINKFLAGS)
define teec_test
$(call objects,teec-test-$1-$3,$2,-pthread,$(teectests_FOLDERS),$3)
$(call program,out/tests/teec-$1$(if $(filter hosted,$3),,-$3),@teec-test-$1-$3 $4,-pthread $5,$3)
TESTS += out/tests/teec-$1$(if $(filter hosted,$3),,-$3)
endef

$(foreach t,api hostile threads,\
    $(eval $(call teec_test,$t,tests/teec/test_$t.c tests/teec/peer.c,hosted,out/lib/libpostern_teec.a))\
    $(eval $(call teec_test,$t,tests/teec/test_$t.c tests/teec/peer.c,sanitize,@libteec-sanitize)))
$(eval $(call teec_test,threads,tests/teec/test_threads.c tests/teec/peer.c,thread,@libteec-thread))
$(eval $(call teec_test,device,tests/teec/test_device.c,sanitize,@libteec-sanitize,-Wl$(,)--wrap=ioctl))
$(eval $(call teec_test,syscalls,tests/teec/test_syscalls.c tests/teec/peer.c,hosted,out/lib/libpostern_teec.a))

TESTS += tests/teec/headers.sh

# Against the real TEE: programs that posternd.sh runs.
# $(call teec_posternd,KIND,LIBRARY)
define teec_posternd
$(call objects,teec-posternd-$1,tests/teec/test_posternd.c,-pthread,$(teectests_FOLDERS) tests/e2e/probe,$1)
$(call program,out/tests/programs/teec-posternd$(if $(filter hosted,$1),,-$1),@teec-posternd-$1 $2,-pthread,$1)
teec_PROGRAMS += out/tests/programs/teec-posternd$(if $(filter hosted,$1),,-$1)
endef
teec_PROGRAMS :=
$(eval $(call teec_posternd,hosted,out/lib/libpostern_teec.a))
$(eval $(call teec_posternd,sanitize,@libteec-sanitize))
$(eval $(call teec_posternd,thread,@libteec-thread))
tests/teec/posternd.sh: | $(teec_PROGRAMS) out/tests/e2e/obj/probe/probe.elf out/bin/postern \
    out/bin/posternd out/bin/postern-supplicant
TESTS += tests/teec/posternd.sh
tests/teec/headers.sh: | out/lib/libpostern_teec.so.0 out/lib/libpostern_teec.so out/lib/libpostern_teec.a
