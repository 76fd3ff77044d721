# postern-supplicant, for this machine and for the TrustZone machine.

supplicant_SOURCES := $(addprefix normal/supplicant/,main.c answer.c socket.c device.c)

$(eval $(call objects,supplicant,$(supplicant_SOURCES),,abi))
$(eval $(call program,out/bin/postern-supplicant,@supplicant))
$(eval $(call objects,supplicant-sanitize,$(supplicant_SOURCES),,abi,sanitize))
$(eval $(call program,out/tests/sanitized/postern-supplicant,@supplicant-sanitize,,sanitize))
$(eval $(call objects,supplicant-arm64,$(supplicant_SOURCES),,abi,arm64))
$(eval $(call program,out/arm64/bin/postern-supplicant,@supplicant-arm64,-static,arm64))

ALL += out/bin/postern-supplicant
ARM64_ALL += out/arm64/bin/postern-supplicant

$(eval $(call objects,supplicant-test,normal/supplicant/answer_test.c normal/supplicant/answer.c,,\
    abi,sanitize))
$(eval $(call program,out/tests/supplicant,@supplicant-test,-lcmocka,sanitize))
TESTS += out/tests/supplicant
