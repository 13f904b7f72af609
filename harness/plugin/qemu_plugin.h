/* SPDX-License-Identifier: BSD-2-Clause */
/* SPDX-FileCopyrightText: The Rumpk authors */

/*
 * The part of QEMU's TCG plugin interface, version 1, that the plugins here use, declared from its documentation: the distribution
 * builds QEMU with plugins and packages no header. QEMU refuses a plugin whose `qemu_plugin_version` it does not serve, so
 * that a change of the interface is an error at the start and not a wrong number.
 *
 * Spec: QEMU 7.2, docs/devel/tcg-plugins.rst "QEMU TCG Plugins", section "API".
 */
#ifndef HARNESS_PLUGIN_QEMU_PLUGIN_H
#define HARNESS_PLUGIN_QEMU_PLUGIN_H

#include <stddef.h>
#include <stdint.h>

#define QEMU_PLUGIN_VERSION 1
#define QEMU_PLUGIN_EXPORT __attribute__((visibility("default")))

typedef uint64_t qemu_plugin_id_t;

struct qemu_info;
struct qemu_plugin_tb;
struct qemu_plugin_insn;

enum qemu_plugin_op { QEMU_PLUGIN_INLINE_ADD_U64 };
enum qemu_plugin_cb_flags { QEMU_PLUGIN_CB_NO_REGS };

typedef void (*qemu_plugin_translated)(qemu_plugin_id_t id, struct qemu_plugin_tb *block);
typedef void (*qemu_plugin_executed)(unsigned int cpu, void *arg);

/* What a plugin offers. */
extern int qemu_plugin_version;
int qemu_plugin_install(qemu_plugin_id_t id, const struct qemu_info *info, int argc, char **argv);

/* What QEMU offers. `block` and its instructions are valid only inside the callback. */
void qemu_plugin_register_vcpu_tb_trans_cb(qemu_plugin_id_t id, qemu_plugin_translated translated);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *block);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *block, size_t index);
uint64_t qemu_plugin_insn_vaddr(const struct qemu_plugin_insn *instruction);

/* Adds `value` to *counter each time the instruction is about to run, in translated code: no call is made. */
void qemu_plugin_register_vcpu_insn_exec_inline(struct qemu_plugin_insn *instruction, enum qemu_plugin_op op, void *counter,
						uint64_t value);

/* Calls `executed` each time before the instruction runs. */
void qemu_plugin_register_vcpu_insn_exec_cb(struct qemu_plugin_insn *instruction, qemu_plugin_executed executed,
					    enum qemu_plugin_cb_flags flags, void *arg);

#endif
