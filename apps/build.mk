# The example apps. Each folder has a Makefile that builds app and client against an installed Postern.
# Here the packages are made by those very Makefiles, with the SDK as users get it (sdk/build.mk,
# `app`); the clients by the tree's rules, so that nothing needs to be installed first.

# What client programs include, by the names that the headers have when installed.
client_HEADERS := $(foreach h,$(wildcard api/client/tee_client_*.h),$(notdir $h)=$h)

# $(call example,NAME,UUID): out/apps/UUID.ta, out/apps/NAME-client, the test apps/NAME/test.sh.
define example
$(call objects,$1-client,apps/$1/client.c,,$(client_HEADERS))
$(call program,out/apps/$1-client,@$1-client out/lib/libpostern_teec.a,-pthread)
$(call app,apps/$1,$2)
ALL += out/apps/$2.ta out/apps/$1-client
TESTS += apps/$1/test.sh
endef

$(eval $(call example,hello,444fbfd3-0c95-479c-8f40-02d0946d2d8d))
$(eval $(call example,digest,c6bd3e65-76fb-422d-888d-891320ea9f0f))
$(eval $(call example,counter,625503bc-7b0b-4148-a594-ac22efc907a9))

# The way of one call, drawn.
$(eval $(call objects,way,apps/demo/way.c apps/demo/way_draw.c,,$(client_HEADERS) apps))
$(eval $(call program,out/apps/way,@way out/lib/libpostern_teec.a,-pthread))
ALL += out/apps/way

DEMO += apps/demo/demo.sh
