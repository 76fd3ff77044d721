# The tools that make what EL3 starts of the AArch64 kernel's image, a trust table and the crypto library;
# and the library's image of what the linker made.
$(eval $(call objects,tools-image,tools/image/image.c,,abi lib tools))
$(eval $(call objects,tools-library,tools/image/library.c,,abi lib tools))
$(eval $(call objects,tools-image-lib,lib/uuid.c lib/manifest.c lib/error.c lib/elf.c lib/library.c \
    tools/file.c tools/say.c,,abi lib tools))
$(eval $(call program,out/bin/postern-image,@tools-image @trust @tools-image-lib))
$(eval $(call program,out/bin/postern-library,@tools-library @tools-image-lib))
ALL += out/bin/postern-image out/bin/postern-library
