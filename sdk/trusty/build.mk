# The Trusty API of trusted apps, a part of libpostern_ta.a (sdk/build.mk), and its unit test.

sdk-trusty_SOURCES := $(addprefix sdk/trusty/,tipc.c tipc_srv.c trusty_file.c trusty_handle.c trusty_local.c \
    trusty_memory.c trusty_memref.c trusty_message.c trusty_port.c trusty_time.c trusty_uuid.c \
    trusty_wait.c)

$(eval $(call objects,sdk-trusty,$(sdk-trusty_SOURCES),\
    -Iapi/ta -fPIE -ffunction-sections -fdata-sections,abi lib sdk))

$(eval $(call objects,sdk-trusty-test,$(sdk-trusty_SOURCES) sdk/trusty/test/local_test.c lib/uuid.c,\
    -Iapi/ta,abi lib sdk,sanitize))
$(eval $(call program,out/tests/sdk-trusty,@sdk-trusty-test,-lcmocka,sanitize))
TESTS += out/tests/sdk-trusty
