# The tool that puts a trust table behind the AArch64 kernel's image.
$(eval $(call objects,tools-image,tools/image/image.c,,abi lib))
$(eval $(call objects,tools-image-lib,lib/uuid.c lib/manifest.c lib/error.c,,abi lib))
$(eval $(call program,out/bin/postern-image,@tools-image @trust @tools-image-lib))
ALL += out/bin/postern-image
