# The Trusty examples: the document's echo service and client, and the robust service.
$(eval $(call objects,echo-client,apps/echo/client.c,,trusty=api/client/trusty))
$(eval $(call program,out/apps/echo-client,@echo-client out/lib/libpostern_trusty.a))
$(eval $(call app,apps/echo,5d6a5f2c-8a1b-4f0e-9d1d-3b0d6f2b7a01))
$(eval $(call app,apps/echo-client,5d6a5f2c-8a1b-4f0e-9d1d-3b0d6f2b7a02))
$(eval $(call app,apps/echo-robust,5d6a5f2c-8a1b-4f0e-9d1d-3b0d6f2b7a03))
trusty_APPS := $(foreach n,1 2 3,out/apps/5d6a5f2c-8a1b-4f0e-9d1d-3b0d6f2b7a0$n.ta)
ALL += $(trusty_APPS) out/apps/echo-client
