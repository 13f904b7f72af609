// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * What the linker script (image.ld) says of the image: link-time addresses of the upper half. A symbol's address is its
 * value; none of these is an object.
 */
#ifndef HAL_ARM64_IMAGE_H
#define HAL_ARM64_IMAGE_H

extern char image_start[], image_text_end[], image_rodata_end[], image_end[];
extern char image_boot_stack_guard[], image_boot_stack_top[];
extern char image_exception_stack_guard[], image_exception_stack_top[];

#endif
