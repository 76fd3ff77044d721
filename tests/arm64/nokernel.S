/*
 * A secure kernel that gives up at once (opteed: no vector): with it the monitor is tested alone.
 */
.global start
start:
    mov w0, #0
    movk w0, #0xbe00, lsl #16
    mov x1, #0
    smc #0
