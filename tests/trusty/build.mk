# Tests of the Trusty API: its headers, an app that tries it from inside, and Linux programs that try
# it from outside, against a private TEE with the example apps; and the same for the TrustZone
# machine's guest, where tests/arm64/apps-test runs them.

trusty_TEST_HEADERS := trusty=api/client/trusty
$(eval $(call app,tests/trusty/prober,5d6a5f2c-8a1b-4f0e-9d1d-3b0d6f2b7a11))
$(eval $(call app,tests/trusty/victim,5d6a5f2c-8a1b-4f0e-9d1d-3b0d6f2b7a12))
$(eval $(call objects,trusty-probe,tests/trusty/probe.c,,$(trusty_TEST_HEADERS)))
$(eval $(call program,out/tests/trusty/probe,@trusty-probe out/lib/libpostern_trusty.a))
$(eval $(call app,tests/trusty/both,5d6a5f2c-8a1b-4f0e-9d1d-3b0d6f2b7a13))
$(eval $(call app,tests/trusty/clerk,5d6a5f2c-8a1b-4f0e-9d1d-3b0d6f2b7a14))
trusty_TEST_APPS := out/apps/5d6a5f2c-8a1b-4f0e-9d1d-3b0d6f2b7a13.ta \
    out/apps/5d6a5f2c-8a1b-4f0e-9d1d-3b0d6f2b7a11.ta \
    out/apps/5d6a5f2c-8a1b-4f0e-9d1d-3b0d6f2b7a12.ta \
    out/apps/5d6a5f2c-8a1b-4f0e-9d1d-3b0d6f2b7a14.ta
$(eval $(call objects,trusty-outside,tests/trusty/outside.c,-pthread,abi $(trusty_TEST_HEADERS)))
$(eval $(call program,out/tests/trusty/outside,@trusty-outside out/lib/libpostern_trusty.a,-pthread))
$(eval $(call objects,trusty-library,tests/trusty/library.c,-pthread,$(trusty_TEST_HEADERS)))
$(eval $(call program,out/tests/trusty/library,@trusty-library out/lib/libpostern_trusty.a,-pthread))
$(eval $(call objects,trusty-together,tests/trusty/together.c,-pthread,$(trusty_TEST_HEADERS) \
    $(foreach h,$(wildcard api/client/*.h),$(notdir $h)=$h)))
$(eval $(call program,out/tests/trusty/together,@trusty-together out/lib/libpostern_trusty.a \
    out/lib/libpostern_teec.a,-pthread))
trusty_TESTS := $(patsubst %,tests/trusty/trusty-%.sh,headers inside outside library samples together)
$(trusty_TESTS): | $(trusty_TEST_APPS) $(patsubst %,out/tests/trusty/%,probe outside library together)
TESTS += $(trusty_TESTS)

# The same in the TrustZone machine's guest; tests/arm64/apps-test runs them there. Linux has no
# driver for Trusty: the app bridge is the way in.
trusty_GUEST_APPS := apps/echo:01 apps/echo-client:02 apps/echo-robust:03 tests/trusty/prober:11 \
    tests/trusty/victim:12 tests/trusty/both:13 tests/trusty/bridge:20
trusty_guest_uuid = 5d6a5f2c-8a1b-4f0e-9d1d-3b0d6f2b7a$(lastword $(subst :, ,$1))
$(foreach a,$(trusty_GUEST_APPS),\
    $(eval $(call app_arm64,$(firstword $(subst :, ,$a)),$(call trusty_guest_uuid,$a))))
ARM64_TEST_NEEDS += $(foreach a,$(trusty_GUEST_APPS),out/arm64/apps/$(call trusty_guest_uuid,$a).ta)
$(eval $(call objects,trusty-arm64,tests/trusty/probe.c tests/trusty/together.c apps/echo/client.c \
    tests/trusty/bridge_tipc.c,,$(trusty_TEST_HEADERS) $(client_HEADERS),arm64))

# $(call trusty_guest_program,NAME,SOURCE)
define trusty_guest_program
$(call program,out/arm64/tests/$1,out/obj/trusty-arm64/$2.o \
    out/obj/trusty-arm64/tests/trusty/bridge_tipc.o out/arm64/lib/libpostern_teec.a,\
    -static -pthread,arm64)
ARM64_TEST_NEEDS += out/arm64/tests/$1
endef
$(eval $(call trusty_guest_program,trusty-probe,tests/trusty/probe))
$(eval $(call trusty_guest_program,trusty-together,tests/trusty/together))
$(eval $(call trusty_guest_program,echo-client,apps/echo/client))
TESTS += tests/arm64/apps-test tests/arm64/trusty-headers-test
