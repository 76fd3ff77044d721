# Tests of the Trusty API: its headers, an app that tries it from inside, and Linux programs that try
# it from outside, against a private TEE with the example apps.

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
TESTS += tests/trusty/trusty-headers.sh tests/trusty/trusty-inside.sh tests/trusty/trusty-outside.sh \
    tests/trusty/trusty-library.sh tests/trusty/trusty-samples.sh tests/trusty/trusty-together.sh
ALL += $(trusty_TEST_APPS) out/tests/trusty/probe out/tests/trusty/outside \
    out/tests/trusty/library out/tests/trusty/together
