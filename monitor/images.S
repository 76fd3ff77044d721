/*
 * What the flash holds beside the monitor: the kernel's image (with its trust table right behind it)
 * and what the normal world starts with. The build names the files.
 */
.section .images, "a"
.balign 16
.global image_kernel, image_kernel_end, image_payload, image_payload_end
image_kernel:
.incbin IMAGE_KERNEL
.balign 16
image_kernel_end:
image_payload:
.incbin IMAGE_PAYLOAD
.balign 16
image_payload_end:
