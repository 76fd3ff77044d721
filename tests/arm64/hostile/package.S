/* The package that this normal world's supplicant has. The build names the file. */
.section .rodata.package, "a"
.balign 16
.global package, package_end
package:
.incbin PACKAGE
package_end:
